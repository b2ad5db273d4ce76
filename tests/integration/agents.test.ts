/*
 * Agents end to end on the memory bus: the real training thread, real commands, replay to the same hashes.
 * In: trainer worker, layer agent and controller. Out: what any bus client would see.
 * Invariant: seed, options and command log reproduce a live run bit by bit.
 * Source: docs/training.md "determinism"; seed-design.md 4.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { decodeEntry } from '../../lib/bus/codec.ts'
import { createMemoryBus } from '../../lib/bus/drivers/memory/memoryBus.ts'
import type { Delivery, MessageBus } from '../../lib/bus/messageBus.ts'
import { createSequenceGuard } from '../../lib/bus/sequenceGuard.ts'
import type { AnyMessage } from '../../lib/contracts/messageTypes.ts'
import { systemClock as clock } from '../../lib/primitives/clock.ts'
import { parseDigits } from '../../lib/training/dataset.ts'
import { createTrainer } from '../../lib/training/trainer.ts'
import type { RunLog } from '../../server/workers/checkpointFiles.ts'
import { DIGITS_PATH, startLiveTrainer, startTrainerThread } from '../support/liveTrainer.ts'
import { waitUntil as until } from '../support/waitUntil.ts'

/** Reads everything like an outside observer; every entry must pass the public codec. */
async function observe(bus: MessageBus) {
  const messages: { readonly topic: string; readonly message: AnyMessage }[] = []
  const guard = createSequenceGuard()
  const refusals: unknown[] = []
  let frames = 0
  const take = (delivery: Delivery): void => {
    if (delivery.src !== undefined && delivery.seq !== undefined)
      guard.check(delivery.src, delivery.epoch ?? 0, delivery.seq)
    try {
      const decoded = decodeEntry(delivery)
      if (decoded.kind === 'frames') frames++
      else messages.push({ topic: delivery.topic, message: decoded.message })
    } catch (error) {
      refusals.push(error)
    }
  }
  await bus.subscribe('kasmina.#', take, { mode: 'broadcast', from: 'earliest' })
  const of = <T extends AnyMessage['message_type']>(type: T) =>
    messages.flatMap(({ message }) =>
      message.message_type === type ? [message as Extract<AnyMessage, { message_type: T }>] : [],
    )
  return { messages, guard, refusals, of, frames: () => frames }
}

test(
  'a live run at full speed germinates through real commands and replays to the same hashes',
  { timeout: 180_000 },
  async () => {
    const bus = createMemoryBus({ clock })
    await bus.start()
    const seen = await observe(bus)
    const folder = mkdtempSync(join(tmpdir(), 'morphoscope-run-'))
    try {
      const live = await startLiveTrainer(bus, {
        options: { seed: 1 },
        stepsPerS: null,
        maxSteps: 4_000,
        runsFolder: folder,
      })
      await Promise.race([live.exited, live.failed])
      await until('the last tick', () => seen.frames() >= live.agent.counters().publisher.published, 60_000)
      await live.stop()

      expect(seen.refusals).toEqual([])
      const commands = seen.of('LifecycleTransitionCommand')
      const outcomes = seen.of('CommandOutcome')
      expect(commands.length).toBeGreaterThan(0)
      expect(commands.every((command) => command.issued_by === 'controller' && command.expect !== null)).toBe(true)
      expect(new Set(commands.map((command) => command.message_id)).size).toBe(commands.length)
      const answered = outcomes.map((outcome) => outcome.command_id)
      expect(new Set(answered).size).toBe(answered.length)

      const transitions = seen.of('StateTransitionEvent')
      const germinated = transitions.find((event) => event.to_state === 'GERMINATED')
      expect(germinated?.triggered_by).toBe('policy')
      const planting = commands.find((command) => command.message_id === germinated?.causation_id)
      expect(planting?.causation_id).toMatch(/^kasmina\.telemetry\.shard\.0@/)
      expect(germinated?.correlation_id).toBe(planting?.correlation_id)
      const answer = outcomes.find((outcome) => outcome.command_id === planting?.message_id)
      expect(answer).toMatchObject({ correlation_id: planting?.correlation_id, causation_id: planting?.message_id })
      expect(seen.of('EvaluationEvent').length).toBe(40)
      expect(seen.of('RunDescriptor').map((run) => run.run_id)).toEqual([live.run.run_id])
      expect(seen.of('LayerHealthReport').length).toBeGreaterThanOrEqual(3)
      expect(seen.of('Heartbeat').length).toBeGreaterThan(0)

      // Telemetry, events, outcomes: contiguous per source; what the ring dropped is the only gap.
      expect(seen.guard.lostOf(live.run.telemetry_src)).toBe(live.agent.counters().publisher.droppedRing)
      expect(seen.frames() + live.agent.counters().publisher.droppedRing).toBe(200)
      expect(seen.guard.counters()).toMatchObject({ duplicates: 0, late: 0 })

      const log = JSON.parse(readFileSync(join(folder, live.run.run_id, 'commands.json'), 'utf8')) as RunLog
      expect(log.step).toBe(4_000)
      const again = createTrainer(log.options, parseDigits(readFileSync(DIGITS_PATH)))
      const queue = [...log.commands]
      for (let position = 0; ; position++) {
        while (queue[0] && queue[0].position === position) {
          const { command } = queue.shift() as RunLog['commands'][number]
          again.execute(command)
        }
        if (again.step >= 4_000) break
        again.runStep()
      }
      expect(queue).toEqual([])
      expect(again.hash()).toEqual(log.hash)
      process.stdout.write(
        `live run: ${commands.length} commands, ${transitions.length} transitions, ${seen.frames()} ticks, ring dropped ${live.agent.counters().publisher.droppedRing}, hash ${log.hash?.weights.slice(0, 12)} twice\n`,
      )
    } finally {
      rmSync(folder, { recursive: true, force: true })
      await bus.stop()
    }
  },
)

test(
  'the paced trainer keeps its pace, answers commands in a burst and continues from its files',
  { timeout: 120_000 },
  async () => {
    const bus = createMemoryBus({ clock })
    await bus.start()
    const seen = await observe(bus)
    const folder = mkdtempSync(join(tmpdir(), 'morphoscope-run-'))
    try {
      const live = await startLiveTrainer(bus, { options: { seed: 2 }, stepsPerS: 600, runsFolder: folder })
      const command = {
        message_id: globalThis.crypto.randomUUID(),
        timestamp: clock.wallMs() / 1_000,
        source: 'tests',
        version: '2.0',
        message_type: 'LifecycleTransitionCommand',
        issued_by: 'operator-1',
        reason: 'by hand',
        ttl_ms: 10_000,
        layer_id: 'layer_1',
        seed_id: 2,
        target_state: 'GERMINATED',
        force: true,
        expect: { from_state: 'DORMANT' },
        parameters: { blueprint_id: 'mlp', grafting_strategy: 'linear' },
      }
      const data = new TextEncoder().encode(JSON.stringify(command))
      const send = () =>
        bus.publish('kasmina.control.layer.layer_1', { type: 'LifecycleTransitionCommand', enc: 'json', data })
      await send()
      await until('the outcome', () => seen.of('CommandOutcome').length === 1)
      await send()
      await until('the duplicate', () => seen.of('CommandOutcome').length === 2)
      expect(seen.of('CommandOutcome').map((outcome) => [outcome.command_id, outcome.kind])).toEqual([
        [command.message_id, 'applied'],
        [command.message_id, 'duplicate'],
      ])
      await until('the event', () => seen.of('StateTransitionEvent').length > 0)
      const event = seen.of('StateTransitionEvent')[0]
      expect([event?.layer_id, event?.seed_id, event?.to_state, event?.triggered_by, event?.correlation_id]).toEqual([
        'layer_1',
        2,
        'GERMINATED',
        'operator',
        command.message_id,
      ])
      await until('a checkpoint', () => (live.link.status()?.checkpointTick ?? 0) > 0)
      await until('a snapshot of the live seed', () =>
        seen.of('SeedMetricsSnapshot').some((seed) => seed.seed_id === 2),
      )
      const status = live.link.status()
      expect(status?.stepsPerS).toBeLessThan(900)
      await live.stop()
      expect(seen.of('ServiceAnnouncement').map((announcement) => announcement.state)).toContain('leaving')
      expect(seen.refusals).toEqual([])

      const resumed = startTrainerThread({
        options: { seed: 2 },
        resumeFrom: join(folder, live.run.run_id),
        maxSteps: 100_000,
        stepsPerS: 150,
      })
      await until('the resumed trainer', () => resumed.notes.some((note) => note.kind === 'started'))
      const started = resumed.notes.find((note) => note.kind === 'started')
      expect(started?.kind === 'started' && started.resumedAtStep).toBeGreaterThanOrEqual(500)
      expect(resumed.notes.filter((note) => note.kind === 'warning')).toEqual([])
      await resumed.worker.terminate()
      resumed.port.close()

      const broken = startTrainerThread({
        options: { seed: 2 },
        resumeFrom: join(folder, 'nothing'),
        controlCurvePath: join(folder, 'none.json'),
        stepsPerS: 150,
      })
      await until('the fresh trainer', () => broken.notes.some((note) => note.kind === 'started'))
      expect(broken.notes.flatMap((note) => (note.kind === 'warning' ? [note.code] : []))).toEqual([
        'STATE_NOT_FOUND',
        'INTERNAL',
      ])
      await broken.worker.terminate()
      broken.port.close()
    } finally {
      rmSync(folder, { recursive: true, force: true })
      await bus.stop()
    }
  },
)

test('a trainer that died is reported, and commands for it are answered', { timeout: 60_000 }, async () => {
  const bus = createMemoryBus({ clock })
  await bus.start()
  const live = await startLiveTrainer(bus, { options: { seed: 3 }, stepsPerS: 300 })
  await live.worker.terminate()
  await until('the report', () => live.agentEvents.some((event) => event.kind === 'trainer-lost'))
  const seen = await observe(bus)
  const command = {
    message_id: globalThis.crypto.randomUUID(),
    timestamp: clock.wallMs() / 1_000,
    source: 'tests',
    version: '2.0',
    message_type: 'NoOp',
    issued_by: 'tests',
    ttl_ms: 5_000,
  }
  await bus.publish('kasmina.control.layer.layer_0', {
    type: 'NoOp',
    enc: 'json',
    data: new TextEncoder().encode(JSON.stringify(command)),
  })
  await until('the answer', () => seen.of('CommandOutcome').length > 0)
  expect(seen.of('CommandOutcome').map((outcome) => [outcome.kind, outcome.code])).toEqual([['failed', 'INTERNAL']])
  await live.stop()
  await bus.stop()
})

test('a trainer whose agent went away ends by itself', { timeout: 60_000 }, async () => {
  const thread = startTrainerThread({ stepsPerS: 150 })
  await until('the start', () => thread.notes.some((note) => note.kind === 'started'))
  thread.port.close()
  expect(await thread.exited).toBe(0)
  expect(thread.notes.at(-1)?.kind).toBe('stopped')
})
