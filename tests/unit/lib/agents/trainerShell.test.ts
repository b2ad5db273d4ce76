import { expect, test } from 'vitest'
import type { ExecuteRequest, FromTrainer, ToTrainer } from '../../../../lib/agents/trainerProtocol.ts'
import { createTrainerShell } from '../../../../lib/agents/trainerShell.ts'
import { createSwitchBuffer, createSwitchReader, createSwitchWriter } from '../../../../lib/agents/trainerSwitch.ts'
import { decodeWireHeader, FRAME_FLAG } from '../../../../lib/frames/wireFrame.ts'
import { createSharedRing, ringReader, ringWriter } from '../../../../lib/telemetry/sharedRing.ts'
import { createTickEncoder } from '../../../../lib/telemetry/tickEncoder.ts'
import { createSpirals } from '../../../../lib/training/dataset.ts'
import { createTrainer } from '../../../../lib/training/trainer.ts'
import type { CheckpointInfo, TrainerCommand } from '../../../../lib/training/trainerTypes.ts'
import { createManualClock } from '../../../support/manualClock.ts'

const dataset = createSpirals(1)
const noop: TrainerCommand = { type: 'noop', correlationId: null }

function setUp(
  options: { stepsPerS?: number | null; slots?: number; maxSteps?: number; save?: (info: CheckpointInfo) => void } = {},
) {
  const clock = createManualClock()
  const trainer = createTrainer({ seed: 5 }, dataset)
  const description = trainer.describe()
  const encoder = createTickEncoder({
    schemaId: 1,
    seedsPerLayer: description.layers.map((layer) => layer.seeds),
    seedColumns: description.seed_columns.length,
    layerColumns: description.layer_columns.length,
  })
  const ring = createSharedRing(options.slots ?? 64, encoder.tickBytes)
  const mail: ToTrainer[] = []
  const told: FromTrainer[] = []
  const switches = createSwitchBuffer(trainer.layerIds.length)
  const shell = createTrainerShell({
    trainer,
    clock,
    encoder,
    ring: ringWriter(ring.buffer),
    post: (message) => told.push(message),
    receive: () => mail.shift() ?? null,
    switches: createSwitchReader(switches),
    stepsPerS: options.stepsPerS === undefined ? 150 : options.stepsPerS,
    ...(options.maxSteps === undefined ? {} : { maxSteps: options.maxSteps }),
    ...(options.save ? { saveCheckpoint: options.save } : {}),
  })
  let requestId = 0
  const request = (command: TrainerCommand, key = `k${requestId + 1}`, remainingMs = 60_000): ExecuteRequest => {
    requestId++
    return {
      kind: 'execute',
      requestId,
      key,
      commandId: `id-${requestId}`,
      entry: `t ${requestId}`,
      expiresAtMs: clock.wallMs() + remainingMs,
      command,
    }
  }
  const replies = () => told.flatMap((message) => (message.kind === 'reply' ? [message] : []))
  const writer = createSwitchWriter(switches)
  return { clock, trainer, reader: ringReader(ring.buffer), mail, told, shell, request, replies, writer }
}

test('keeps the pace of the clock and writes one slot per tick', async () => {
  const { clock, trainer, reader, shell } = setUp()
  shell.start()
  await clock.advance(2_000)
  expect(trainer.step).toBeGreaterThanOrEqual(295)
  expect(trainer.step).toBeLessThanOrEqual(300)
  expect(reader.backlog()).toBe(Math.floor(trainer.step / 20))
  const slot = reader.read()
  const header = decodeWireHeader(slot ?? new Uint8Array(), 0)
  expect([header.step, header.tick, header.layer, header.kind]).toEqual([20, 1, 0, 1])
  shell.stop()
  expect(clock.openTimers).toBe(0)
})

test('a thread that slept does not run after its pace', async () => {
  const { clock, trainer, shell } = setUp()
  shell.burst()
  await clock.advance(60_000)
  for (let i = 0; i < 50; i++) shell.burst()
  expect(trainer.step).toBe(0)
  await clock.advance(500)
  for (let i = 0; i < 50; i++) shell.burst()
  expect(trainer.step).toBe(75)
})

test('a command waits for the tick boundary and is done once per key', async () => {
  const { clock, trainer, mail, shell, request, replies } = setUp()
  shell.start()
  await clock.advance(60)
  expect(trainer.step % 20).not.toBe(0)
  const transition: TrainerCommand = {
    type: 'transition',
    layerId: 'layer_0',
    seedId: 0,
    targetState: 'GERMINATED',
    reason: 't',
    triggeredBy: 'operator',
    force: true,
    expect: null,
    correlationId: null,
  }
  mail.push(request(transition, 'one'), request(transition, 'one'), request(noop, 'two'))
  await clock.advance(20)
  expect(replies()).toEqual([])
  await clock.advance(200)
  const all = replies()
  expect(all.map((reply) => [reply.requestId, reply.repeated, reply.record.commandId, reply.record.step])).toEqual([
    [1, false, 'id-1', 20],
    [2, true, 'id-1', 20],
    [3, false, 'id-3', 20],
  ])
  expect(all[0]?.record.outcome).toMatchObject({ kind: 'done', result: { status: 'applied', state: 'GERMINATED' } })
  expect(trainer.commandLog().length).toBe(1)
  shell.stop()
})

test('a command whose time ends before the boundary has no effect, and stays without one', async () => {
  const { clock, trainer, mail, shell, request, replies } = setUp()
  shell.start()
  await clock.advance(60)
  mail.push(request({ type: 'halt', correlationId: null }, 'late', 10))
  await clock.advance(300)
  mail.push(request({ type: 'halt', correlationId: null }, 'late', 60_000))
  await clock.advance(300)
  expect(replies().map((reply) => reply.record.outcome.kind)).toEqual(['expired', 'expired'])
  expect(trainer.halted).toBe(false)
  shell.stop()
})

test('a halted trainer answers at once, adds no step, and goes on at its pace', async () => {
  const { clock, trainer, mail, shell, request, replies } = setUp()
  shell.start()
  await clock.advance(60)
  mail.push(request({ type: 'halt', correlationId: null }))
  await clock.advance(300)
  const at = trainer.step
  await clock.advance(10_000)
  expect([trainer.halted, trainer.step]).toEqual([true, at])
  mail.push(request({ type: 'resume', correlationId: null }))
  await clock.advance(1_000)
  expect(replies().length).toBe(2)
  expect(trainer.step - at).toBeGreaterThan(130)
  expect(trainer.step - at).toBeLessThanOrEqual(150)
  shell.stop()
})

test('a trainer that throws on a command answers failed and goes on', async () => {
  const { clock, trainer, mail, shell, request, replies } = setUp()
  shell.start()
  mail.push(
    request({ type: 'checkpoint_restore', checkpointId: 'x', mode: 'what' } as never),
    request(undefined as never),
    request(noop),
  )
  await clock.advance(300)
  expect(replies().map((reply) => reply.record.outcome.kind)).toEqual(['done', 'failed', 'done'])
  expect(trainer.step).toBeGreaterThan(0)
  shell.stop()
})

test('a full ring drops ticks, counts them in the columns and never slows the trainer', async () => {
  const { clock, trainer, reader, shell } = setUp({ slots: 2 })
  shell.start()
  await clock.advance(3_000)
  expect(trainer.step).toBeGreaterThanOrEqual(440)
  expect(reader.dropped()).toBe(Math.floor(trainer.step / 20) - 2)
  expect(shell.status().ringDropped).toBeGreaterThan(0)
  shell.stop()
})

test(
  'saves when the trainer is healthy; a failing disk is counted and stops nothing',
  { timeout: 60_000 },
  async () => {
    let calls = 0
    const { trainer, told, shell } = setUp({
      stepsPerS: null,
      maxSteps: 1_000,
      save: () => {
        calls++
        if (calls === 1) throw new Error('disk full')
      },
    })
    while (trainer.step < 1_000) shell.burst()
    expect(calls).toBe(2)
    expect(shell.status().checkpointFailures).toBeLessThanOrEqual(1)
    const saves = trainer.commandLog().filter((entry) => entry.command.type === 'checkpoint_save')
    expect(saves.map((entry) => entry.step)).toEqual([500, 1_000])
    const last = told.at(-1)
    expect(last).toMatchObject({ kind: 'stopped', step: 1_000, ...trainer.hash() })
  },
)

test('records taken back from a file answer repeats of an earlier process', () => {
  const { mail, shell, request, replies, trainer } = setUp()
  const record = {
    commandId: 'old',
    entry: 't 0',
    step: 5,
    tick: 0,
    executionMs: 0,
    outcome: { kind: 'expired' },
  } as const
  shell.loadRecords([{ key: 'k1', atMs: 1_700_000_000_000, entry: record }])
  mail.push(request({ type: 'halt', correlationId: null }, 'k1'))
  shell.burst()
  expect(replies()).toMatchObject([{ repeated: true, record: { commandId: 'old' } }])
  expect(trainer.halted).toBe(false)
})

const fence = (writer: ReturnType<typeof createSwitchWriter>) => ({ layer: 0, stops: writer.stopsOf(0) })
const germinate: TrainerCommand = {
  type: 'transition',
  layerId: 'layer_0',
  seedId: 0,
  targetState: 'GERMINATED',
  reason: 't',
  triggeredBy: 'operator',
  force: true,
  expect: null,
  correlationId: null,
}
const never = new Promise<void>(() => undefined)

test('a stop in the middle of a tick is obeyed before the next step and told with the frames of the moment', async () => {
  const { clock, trainer, reader, told, shell, writer } = setUp()
  shell.start()
  await clock.advance(60)
  const at = trainer.step
  expect(at % 20).not.toBe(0)
  const change = writer.hold([true, true, true], [0, 1, 2])
  await clock.advance(0)
  expect([trainer.halted, trainer.step]).toEqual([true, at])
  expect(await writer.obeyed(change, never)).toBe(true)
  expect(writer.step()).toBe(at)
  const header = decodeWireHeader(reader.read() ?? new Uint8Array(), 0)
  expect([header.step, header.flags & FRAME_FLAG.halted]).toEqual([at, FRAME_FLAG.halted])
  const status = told.findLast((message) => message.kind === 'status')
  expect(status).toMatchObject({ status: { halted: true, held: ['layer_0', 'layer_1', 'layer_2'] } })
  reader.release()
  await clock.advance(2_050)
  expect([trainer.step, reader.backlog()]).toEqual([at, 4])
  writer.hold([false, false, false], [])
  await clock.advance(1_000)
  expect(trainer.step).toBeGreaterThan(at + 130)
  shell.stop()
  expect(clock.openTimers).toBe(0)
})

test('a thread that starts under a stop makes no step', async () => {
  const { clock, trainer, shell, writer } = setUp()
  writer.hold([true, true, true], [])
  shell.start()
  await clock.advance(5_000)
  expect([trainer.step, trainer.halted]).toEqual([0, true])
  shell.stop()
})

test('one layer stands still and its frames say so, the others go on', async () => {
  const { clock, trainer, reader, shell, writer } = setUp()
  writer.hold([false, true, false], [1])
  shell.start()
  await clock.advance(400)
  expect(trainer.step).toBeGreaterThan(40)
  const flags: number[] = []
  for (let slot = reader.read(); slot; reader.release(), slot = reader.read())
    for (let offset = 0; offset < slot.length;) {
      const header = decodeWireHeader(slot, offset)
      if (header.kind === 1 && header.step === 20) flags.push(header.flags & FRAME_FLAG.halted)
      offset += 64 + header.payloadBytes
    }
  expect(flags).toEqual([0, FRAME_FLAG.halted, 0])
  shell.stop()
})

test('a command that a stop overtook is cancelled, also when the stop is over before its tick, and stays so', async () => {
  const { clock, trainer, mail, shell, request, replies, writer } = setUp()
  shell.start()
  await clock.advance(60)
  mail.push({ ...request(germinate, 'old'), fence: fence(writer) })
  writer.hold([true, true, true], [0, 1, 2])
  writer.hold([false, false, false], [])
  await clock.advance(300)
  mail.push(
    { ...request(germinate, 'old'), fence: fence(writer) },
    { ...request(germinate, 'new'), fence: fence(writer) },
  )
  await clock.advance(300)
  expect(replies().map((reply) => [reply.record.outcome.kind, reply.repeated])).toEqual([
    ['cancelled', false],
    ['cancelled', true],
    ['done', false],
  ])
  expect(trainer.commandLog().filter((entry) => entry.command.type === 'transition')).toHaveLength(1)
  shell.stop()
})

test('without a lease structure is refused at the tick, and a pause waits for the end of the tick', async () => {
  const { clock, trainer, mail, shell, request, replies, writer } = setUp()
  shell.start()
  await clock.advance(60)
  writer.allow({ structure: [false, true, true], steps: true })
  mail.push({ ...request(germinate), fence: fence(writer) })
  await clock.advance(300)
  expect(replies()[0]?.record.outcome).toMatchObject({ kind: 'refused', code: 'COMMAND_LEASE' })
  expect(trainer.halted).toBe(false)
  writer.allow({ structure: [false, false, false], steps: false })
  await clock.advance(300)
  const at = trainer.step
  expect([trainer.halted, at % 20]).toEqual([true, 0])
  await clock.advance(1_000)
  expect(trainer.step).toBe(at)
  writer.allow({ structure: [true, true, true], steps: true })
  await clock.advance(1_000)
  expect(trainer.step).toBeGreaterThan(at + 100)
  shell.stop()
})

test('asking for what is known of an unknown key has no effect and leaves no record', async () => {
  const { clock, trainer, mail, shell, request, replies } = setUp()
  shell.start()
  mail.push({ ...request(germinate, 'a'), onlyKnown: true }, request(germinate, 'a'), {
    ...request(germinate, 'a'),
    onlyKnown: true,
  })
  await clock.advance(300)
  expect(replies().map((reply) => [reply.record.outcome.kind, reply.repeated])).toEqual([
    ['expired', false],
    ['done', false],
    ['done', true],
  ])
  expect(trainer.commandLog()).toHaveLength(1)
  shell.stop()
})

test('a stop asked for while the trainer rests is in force before its thread has its turn: it looks before it moves', async () => {
  const { clock, trainer, shell, writer } = setUp()
  shell.start()
  await clock.advance(1_000)
  const step = trainer.step
  expect(writer.rests()).toBe(true)
  writer.hold(
    trainer.layerIds.map(() => true),
    [0],
  )
  // What `rests` answered after the change is what counts: the agent may say now that everything stands still.
  expect([writer.rests(), writer.step()]).toEqual([true, step])
  await clock.advance(1_000)
  expect(trainer.step).toBe(step)
  shell.stop()
})

test('in the middle of a step it does not rest, and what was asked for meanwhile is obeyed at the end of the burst', async () => {
  const { clock, trainer, shell, writer } = setUp()
  const asked: { rests: boolean; step: number }[] = []
  const runStep = trainer.runStep.bind(trainer)
  trainer.runStep = () => {
    const ended = runStep()
    if (asked.length === 0) {
      writer.hold(
        trainer.layerIds.map(() => true),
        [0],
      )
      asked.push({ rests: writer.rests(), step: trainer.step })
    }
    return ended
  }
  await clock.advance(10)
  shell.burst()
  expect(asked).toEqual([{ rests: false, step: 1 }])
  expect([trainer.step, trainer.halted, writer.rests(), writer.step()]).toEqual([1, true, true, 1])
})

test('a stop that comes while a tick is evaluated is in force before the evaluation ends, and its picture says so', () => {
  const { trainer, shell, writer, reader } = setUp({ stepsPerS: null })
  const all = trainer.layerIds.map(() => true)
  const runStep = trainer.runStep.bind(trainer)
  let change = 0
  const within: boolean[] = []
  trainer.runStep = (between) =>
    runStep((piece) => {
      if (change === 0) change = writer.hold(all, [0])
      between?.(piece)
      within.push(trainer.halted)
    })
  for (let bursts = 0; change === 0 && bursts < 100; bursts++) shell.burst()
  expect(within.length).toBeGreaterThan(0)
  expect(within.every(Boolean)).toBe(true)
  const step = trainer.step
  shell.burst()
  expect(trainer.step).toBe(step)
  const heads = []
  for (let slot = reader.read(); slot !== null; slot = reader.read()) {
    heads.push(decodeWireHeader(slot, 0))
    reader.release()
  }
  // Every picture of a tick but the last says that it moves.
  expect(heads.map(({ tick }) => tick)).toEqual(heads.map((_, at) => at + 1))
  expect(heads.map(({ flags }) => (flags & FRAME_FLAG.halted) !== 0)).toEqual(
    heads.map(({ tick }) => tick === trainer.tick),
  )
  shell.stop()
})
