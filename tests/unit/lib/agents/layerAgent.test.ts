import { expect, test } from 'vitest'
import { createLayerAgent, type LayerAgentEvent } from '../../../../lib/agents/layerAgent.ts'
import { buildRunDescriptor } from '../../../../lib/agents/runDescriptor.ts'
import type { TrainerLink } from '../../../../lib/agents/trainerLink.ts'
import type { TrainerStatus } from '../../../../lib/agents/trainerProtocol.ts'
import { decodeEntry } from '../../../../lib/bus/codec.ts'
import { createMemoryBus } from '../../../../lib/bus/drivers/memory/memoryBus.ts'
import type { MessageBus } from '../../../../lib/bus/messageBus.ts'
import { createSharedRing } from '../../../../lib/telemetry/sharedRing.ts'
import { createSpirals } from '../../../../lib/training/dataset.ts'
import { createTrainer } from '../../../../lib/training/trainer.ts'
import type { TrainerEvent } from '../../../../lib/training/trainerTypes.ts'
import { createFlakyBus } from '../../../support/flakyBus.ts'
import { createManualClock } from '../../../support/manualClock.ts'

const STATUS: TrainerStatus = {
  step: 100,
  tick: 5,
  halted: true,
  held: [],
  faultActive: false,
  busyRatio: 0.25,
  stepsPerS: 0,
  ringDropped: 0,
  lagMs: 0,
  checkpointTick: null,
  checkpointFailures: 0,
}

async function setUp(status: TrainerStatus = STATUS) {
  const clock = createManualClock()
  const inner = createMemoryBus({ clock })
  await inner.start()
  let flushed = false
  const flaky = createFlakyBus(inner)
  /** After `flush` the run stream reads as empty, as after FLUSHALL. */
  const bus: MessageBus = {
    ...flaky,
    read: async (topic, range) =>
      flushed && topic === 'kasmina.run' ? { kind: 'entries', entries: [], next: null } : inner.read(topic, range),
  }
  const trainer = createTrainer({ seed: 1 }, createSpirals(1))
  const identity = {
    runId: 'r1',
    epoch: 2,
    origin: 'trainer',
    title: 't',
    expectedIntervalMs: 133,
    controlled: true,
  } as const
  const run = buildRunDescriptor(trainer.describe(), identity, null, clock)
  let listener: ((events: readonly TrainerEvent[]) => void) | null = null
  const link: TrainerLink = {
    execute: async () => ({ kind: 'lost' }),
    onEvents: (next) => (listener = next),
    onClose: () => undefined,
    status: () => status,
    onStandstill: () => undefined,
    stop: async () => undefined,
  }
  const events: LayerAgentEvent[] = []
  const ring = createSharedRing(4, 1_000).buffer
  const agent = createLayerAgent({ bus, clock, ring, trainer: link, run, onEvent: (event) => events.push(event) })
  const read = async (topic: string) => {
    const result = await inner.read(topic, {})
    if (result.kind !== 'entries') throw new Error('trimmed')
    return result.entries.map((entry) => {
      const decoded = decodeEntry(entry)
      if (decoded.kind !== 'message') throw new Error('not a message')
      return { entry, message: decoded.message }
    })
  }
  return {
    clock,
    flaky,
    agent,
    events,
    run,
    read,
    tell: (told: readonly TrainerEvent[]) => listener?.(told),
    setFlushed: (value: boolean) => (flushed = value),
  }
}

test('publishes the descriptor once, and again when the bus lost it', async () => {
  const { clock, agent, read, events, setFlushed, flaky } = await setUp()
  await agent.start()
  expect((await read('kasmina.run')).length).toBe(1)
  await clock.advance(60_000)
  expect((await read('kasmina.run')).length).toBe(1)
  setFlushed(true)
  await clock.advance(15_000)
  setFlushed(false)
  expect((await read('kasmina.run')).length).toBe(2)
  setFlushed(true)
  flaky.setMode('up')
  await clock.advance(1)
  setFlushed(false)
  expect((await read('kasmina.run')).length).toBe(3)
  expect(events.filter((event) => event.kind === 'run-published').map((event) => event.again)).toEqual([
    false,
    true,
    true,
  ])
  const stopping = agent.stop(1_000)
  await clock.advance(10)
  await stopping
  expect(clock.openTimers).toBe(0)
})

test('a bus that is away at the start gets the descriptor when it is back', async () => {
  const { clock, agent, read, flaky } = await setUp()
  flaky.setMode('reject')
  await agent.start()
  expect(await read('kasmina.run')).toEqual([])
  flaky.setMode('up')
  await clock.advance(1)
  expect((await read('kasmina.run')).length).toBe(1)
  const stopping = agent.stop(1_000)
  await clock.advance(10)
  await stopping
})

test('says how the trainer is, every second while it is halted, and says goodbye', async () => {
  const { clock, agent, read } = await setUp()
  await agent.start()
  await clock.advance(20_000)
  const beats = (await read('kasmina.service')).filter(({ message }) => message.message_type === 'Heartbeat')
  expect(beats.length).toBe(21)
  expect(beats[4]?.message).toMatchObject({
    service_id: 'trainer-r1',
    halted: true,
    busy_fraction: 0.25,
    status: 'healthy',
    metrics: { step: 100, dropped_ring: 0, dropped_buffer: 0 },
  })
  const stopping = agent.stop(1_000)
  await clock.advance(10)
  await stopping
  const states = (await read('kasmina.service')).flatMap(({ message }) =>
    message.message_type === 'ServiceAnnouncement' ? [message.state] : [],
  )
  expect(states).toEqual(['up', 'leaving'])
})

test('says every 5 s how a trainer is that moves', async () => {
  const { clock, agent, read } = await setUp({ ...STATUS, halted: false })
  await agent.start()
  await clock.advance(20_000)
  const beats = (await read('kasmina.service')).filter(({ message }) => message.message_type === 'Heartbeat')
  expect(beats.length).toBe(5)
  const stopping = agent.stop(1_000)
  await clock.advance(10)
  await stopping
})

test('events reach their layer in order with a contiguous seq, across an outage', async () => {
  const { clock, agent, read, tell, flaky } = await setUp()
  await agent.start()
  const evaluation = (step: number): TrainerEvent => ({
    kind: 'evaluation',
    seq: step,
    step,
    tick: 1,
    correlationId: null,
    valLoss: 1,
    valAccuracy: 0.5,
    trainLoss: null,
    trainAccuracy: null,
    parameters: 1,
  })
  tell([evaluation(1)])
  await clock.advance(1)
  flaky.setMode('reject')
  for (let step = 2; step <= 50; step++) tell([evaluation(step)])
  await clock.advance(5_000)
  flaky.setMode('up')
  await clock.advance(100)
  const told = await read('kasmina.event.layer.layer_0')
  expect(told.map(({ entry }) => entry.seq)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1))
  expect(told.map(({ message }) => message['step'])).toEqual(Array.from({ length: 50 }, (_, i) => i + 1))
  const stopping = agent.stop(1_000)
  await clock.advance(10)
  await stopping
})
