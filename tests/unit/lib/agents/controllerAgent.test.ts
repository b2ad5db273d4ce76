import { expect, test } from 'vitest'
import { type ControllerEvent, createControllerAgent } from '../../../../lib/agents/controllerAgent.ts'
import { buildRunDescriptor } from '../../../../lib/agents/runDescriptor.ts'
import { decodeEntry } from '../../../../lib/bus/codec.ts'
import { createMemoryBus } from '../../../../lib/bus/drivers/memory/memoryBus.ts'
import { LAYER_COLUMNS, SEED_COLUMNS } from '../../../../lib/contracts/metrics.ts'
import { encodeJson } from '../../../../lib/telemetry/messageWriter.ts'
import { stampEntry } from '../../../../lib/telemetry/publisher.ts'
import { createTickEncoder } from '../../../../lib/telemetry/tickEncoder.ts'
import { createSpirals } from '../../../../lib/training/dataset.ts'
import { createTrainer } from '../../../../lib/training/trainer.ts'
import { createManualClock } from '../../../support/manualClock.ts'

interface RunChanges {
  readonly controlled?: boolean
  readonly origin?: 'trainer' | 'external'
}

/** A host on a plateau: all seeds dormant, validation loss that never improves. The policy must want to grow. */
async function setUp({ controlled = true, origin = 'trainer' }: RunChanges = {}) {
  const clock = createManualClock()
  const bus = createMemoryBus({ clock })
  await bus.start()
  const description = createTrainer({ seed: 3 }, createSpirals(1)).describe()
  const identity = { runId: 'r1', epoch: 2, origin, title: 't', expectedIntervalMs: 133, controlled } as const
  const run = buildRunDescriptor(description, identity, null, clock)
  const seedsPerLayer = run.layers.map((layer) => layer.seeds)
  const encoder = createTickEncoder({
    schemaId: run.schema_id,
    seedsPerLayer,
    seedColumns: SEED_COLUMNS.length,
    layerColumns: LAYER_COLUMNS.length,
  })
  const events: ControllerEvent[] = []
  const controller = createControllerAgent({ bus, clock, onEvent: (event) => events.push(event) })
  await controller.start()
  const summary = new Float32Array(LAYER_COLUMNS.length).fill(Number.NaN)
  const setSummary = (name: string, value: number): void => {
    summary[LAYER_COLUMNS.findIndex((column) => column.name === name)] = value
  }
  let tick = 0
  const publishRun = async (epoch: number) => {
    const data = encodeJson({ ...run, epoch })
    await bus.publish('kasmina.run', { type: 'RunDescriptor', enc: 'json', data, src: 's', epoch, seq: epoch })
    await clock.advance(1)
  }
  /** Publishes ticks, each with a fresh validation; `copies` > 1 re-sends the entry as a publisher does after a lost reply. */
  const publishTicks = async (count: number, { epoch = 2, copies = 1, flags = 0 } = {}) => {
    for (let i = 0; i < count; i++) {
      tick++
      setSummary('val_loss', 1)
      setSummary('val_accuracy', 0.5)
      setSummary('as_of_step', tick * 20)
      const data = new Uint8Array(encoder.tickBytes)
      const head = { seq: 0, step: tick * 20, tick, publishedAtS: 1, flags, windowMs: 133 }
      seedsPerLayer.reduce((at, seeds, layer) => {
        const columns = new Float32Array(seeds * SEED_COLUMNS.length)
        return encoder.encodeLayer(data, at, layer, head, columns, summary)
      }, 0)
      stampEntry(data, tick, 1)
      const entry = { type: 'TelemetryFrames', enc: 'columns', data, src: run.telemetry_src, epoch, seq: tick } as const
      for (let copy = 0; copy < copies; copy++) await bus.publish('kasmina.telemetry.shard.0', entry)
      await clock.advance(1)
    }
  }
  const commands = async () => {
    const read = await Promise.all(run.layers.map((layer) => bus.read(`kasmina.control.layer.${layer.layer_id}`, {})))
    return read.flatMap((result) =>
      result.kind === 'entries' ? result.entries.map((entry) => decodeEntry(entry)) : [],
    )
  }
  return { clock, bus, run, controller, events, publishRun, publishTicks, commands }
}

test('a plateau leads to one command, however often the ticks are re-sent', async () => {
  const { controller, events, publishRun, publishTicks, commands, clock } = await setUp()
  await publishRun(2)
  await publishTicks(9, { copies: 3 })
  const sent = await commands()
  expect(sent.length).toBe(1)
  expect(sent[0]?.kind === 'message' && sent[0].message).toMatchObject({
    message_type: 'LifecycleTransitionCommand',
    target_state: 'GERMINATED',
    issued_by: 'controller',
    expect: { from_state: 'DORMANT', generation: 0 },
  })
  expect(events.filter((event) => event.kind === 'issued').length).toBe(1)
  expect(events.filter((event) => event.kind === 'error')).toEqual([])
  await controller.stop(100)
  expect(clock.openTimers).toBe(0)
})

test.each([
  ['without a descriptor', {}, null],
  ['of an external publisher', { origin: 'external' }, 2],
  ['that opted out', { controlled: false }, 2],
] as const)('a run %s is left alone', async (_name, changes, epoch) => {
  const { controller, publishRun, publishTicks, commands } = await setUp(changes)
  if (epoch !== null) await publishRun(epoch)
  await publishTicks(12)
  expect(await commands()).toEqual([])
  await controller.stop(100)
})

test('an older epoch is ignored, in descriptors and in ticks', async () => {
  const { controller, events, publishRun, publishTicks, commands } = await setUp()
  await publishRun(5)
  await publishRun(2)
  await publishTicks(12, { epoch: 2 })
  expect(await commands()).toEqual([])
  expect(events.filter((event) => event.kind === 'run').length).toBe(1)
  await publishTicks(9, { epoch: 5 })
  expect((await commands()).length).toBe(1)
  await controller.stop(100)
})

test('a halted run gets no commands', async () => {
  const { controller, publishRun, publishTicks, commands } = await setUp()
  await publishRun(2)
  await publishTicks(20, { flags: 2 })
  expect(await commands()).toEqual([])
  await controller.stop(100)
})

test('garbage on its topics is told and passed over', async () => {
  const { bus, clock, controller, events, publishRun, publishTicks, commands } = await setUp()
  await publishRun(2)
  await publishTicks(2)
  const noise = Uint8Array.from({ length: 100 }, (_, i) => i)
  for (const topic of ['kasmina.run', 'kasmina.ack.layer.layer_0', 'kasmina.telemetry.shard.0'])
    await bus.publish(topic, { type: 'RunDescriptor', enc: 'json', data: noise, src: 'x', epoch: 1, seq: 1 })
  await bus.publish('kasmina.telemetry.shard.0', {
    type: 'TelemetryFrames',
    enc: 'columns',
    data: noise,
    src: 'trainer-r1',
    epoch: 2,
    seq: 3,
  })
  await clock.advance(1)
  await publishTicks(1)
  await publishTicks(9)
  expect(events.some((event) => event.kind === 'error')).toBe(true)
  expect((await commands()).length).toBe(1)
  await controller.stop(100)
})
