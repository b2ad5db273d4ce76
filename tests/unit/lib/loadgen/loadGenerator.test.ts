/*
 * The generator on a bus: what it publishes, how it says what it is, and what happens when the bus or the clock is in the way.
 * In: the memory bus, a clock that stands still. Out: proof that runs are reproducible, labelled, bounded, counted.
 * Invariant: entries are read back from the bus, as any consumer would.
 * Source: docs/performance.md "load generator".
 */
import { afterEach, expect, test } from 'vitest'
import { createMemoryBus } from '../../../../lib/bus/drivers/memory/memoryBus.ts'
import type { Delivery, MessageBus } from '../../../../lib/bus/messageBus.ts'
import { decodeEntry } from '../../../../lib/bus/codec.ts'
import { AppError, isAppError } from '../../../../lib/contracts/appError.ts'
import { createLoadGenerator, type LoadGenerator } from '../../../../lib/loadgen/loadGenerator.ts'
import type { LoadShape } from '../../../../lib/loadgen/loadRun.ts'
import { copyWireColumns, decodeWireHeader } from '../../../../lib/frames/wireFrame.ts'
import { createManualClock, type ManualClock } from '../../../support/manualClock.ts'
import { shipped } from './loadFixture.ts'

const SHARD = 'kasmina.telemetry.shard.0'
const SHAPE: LoadShape = { layers: 3, seedsPerLayer: 50, hz: 10, metrics: 4, seed: 5 }
const undo: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const each of undo.splice(0)) await each()
})

interface Bench {
  readonly bus: MessageBus
  readonly clock: ManualClock
  readonly generator: LoadGenerator
}

async function bench(
  shape: Partial<LoadShape> = {},
  options: { readonly bus?: (bus: MessageBus) => MessageBus; readonly eventsPerSecond?: number } = {},
): Promise<Bench> {
  const clock = createManualClock()
  const memory = createMemoryBus({ clock, defaultMaxLen: 5_000 })
  await memory.start()
  const bus = options.bus?.(memory) ?? memory
  const generator = createLoadGenerator({
    bus,
    clock,
    shape: { ...SHAPE, ...shape },
    tables: shipped,
    runId: 'load-test',
    epoch: 1,
    eventsPerSecond: options.eventsPerSecond ?? 10,
  })
  undo.push(async () => {
    const stopping = generator.stop()
    await clock.advance(4_000)
    await stopping
    await memory.stop()
  })
  return { bus: memory, clock, generator }
}

async function entriesOf(bus: MessageBus, topic: string): Promise<readonly Delivery[]> {
  const result = await bus.read(topic, { limit: 5_000 })
  return result.kind === 'entries' ? result.entries : []
}

const dataOf = async (shape: Partial<LoadShape>): Promise<string[]> => {
  const { bus, clock, generator } = await bench(shape)
  await generator.start()
  await clock.advance(950)
  return (await entriesOf(bus, SHARD)).map((entry) => Buffer.from(entry.data).toString('base64'))
}

test('the same seed gives the same bytes of every frame, another seed does not', async () => {
  const first = await dataOf({})
  expect(first).toHaveLength(10)
  expect(await dataOf({})).toEqual(first)
  expect((await dataOf({ seed: 6 })).some((entry) => first.includes(entry))).toBe(false)
})

test('a run says everywhere that it is generated', async () => {
  const { bus, clock, generator } = await bench({}, { eventsPerSecond: 100 })
  await generator.start()
  await clock.advance(20_000)
  const [run] = (await entriesOf(bus, 'kasmina.run')).map((entry) => decodeEntry(entry))
  expect(run).toMatchObject({
    kind: 'message',
    message: { origin: 'load-generator', run_id: 'load-test', telemetry_src: 'loadgen-load-test', layer_columns: [] },
  })
  expect(generator.run.title).toContain('Load generator')
  expect(generator.run.metadata['transitions']).toContain('at most 100 per second')
  const sources = new Set((await entriesOf(bus, SHARD)).map((entry) => entry.src))
  expect(sources).toEqual(new Set(['loadgen-load-test']))
  const events = (
    await Promise.all([0, 1, 2].map((layer) => entriesOf(bus, `kasmina.event.layer.load_${layer}`)))
  ).flat()
  expect(events.length).toBe(generator.counters().transitionsPublished)
  expect(events.length).toBeGreaterThan(0)
  for (const event of events)
    expect(decodeEntry(event)).toMatchObject({
      message: { metadata: { generated: true, sampled: true }, run_id: 'load-test' },
    })
  const services = (await entriesOf(bus, 'kasmina.service')).map((entry) => decodeEntry(entry))
  expect(services.length).toBeGreaterThanOrEqual(5)
})

test('frames decode, seq is contiguous, every layer comes once a sweep, states are ids', async () => {
  const { bus, clock, generator } = await bench()
  await generator.start()
  await clock.advance(450)
  const entries = await entriesOf(bus, SHARD)
  expect(entries.map((entry) => entry.seq)).toEqual([1, 2, 3, 4, 5])
  for (const [i, entry] of entries.entries()) {
    const decoded = decodeEntry(entry)
    if (decoded.kind !== 'frames') throw new Error('not frames')
    expect(decoded.frames.map(({ header }) => [header.layer, header.tick, header.seq])).toEqual(
      [0, 1, 2].map((layer) => [layer, i + 1, i + 1]),
    )
    const header = decodeWireHeader(entry.data, 0)
    const columns = new Float32Array(header.rows * header.columns)
    copyWireColumns(entry.data, 0, header, columns)
    expect(header.columns).toBe(10)
    expect(columns.subarray(0, 50).every((state) => Number.isInteger(state) && state >= 0 && state <= 10)).toBe(true)
  }
})

test('large sweeps are split into entries below the bound of the bus', async () => {
  const { bus, clock, generator } = await bench({ layers: 7, seedsPerLayer: 10_000, hz: 1 })
  await generator.start()
  await clock.advance(500)
  const entries = await entriesOf(bus, SHARD)
  expect(entries).toHaveLength(7)
  for (const entry of entries) expect(entry.data.byteLength).toBeLessThan(1_048_576)
  expect(generator.counters()).toMatchObject({ sweeps: 1, entries: 7, failedEntries: 0, seedSamples: 70_000 })
})

test('no transition events are published when none are wanted, and the descriptor says so', async () => {
  const { bus, clock, generator } = await bench({ seedsPerLayer: 500 }, { eventsPerSecond: 0 })
  await generator.start()
  await clock.advance(5_000)
  expect(generator.run.metadata['transitions']).toBe('none are published')
  expect(generator.counters().transitions).toBeGreaterThan(0)
  expect((await bus.topics()).filter((topic) => topic.startsWith('kasmina.event'))).toEqual([])
})

test('what the bus refuses is counted and leaves a hole in the sequence', async () => {
  let calls = 0
  const flaky = (bus: MessageBus): MessageBus => ({
    ...bus,
    publish: (topic, message, options) =>
      topic === SHARD && ++calls === 2
        ? Promise.reject(new AppError('BUS_UNAVAILABLE', 'away'))
        : bus.publish(topic, message, options),
  })
  const { bus, clock, generator } = await bench({}, { bus: flaky })
  await generator.start()
  await clock.advance(450)
  expect((await entriesOf(bus, SHARD)).map((entry) => entry.seq)).toEqual([1, 3, 4, 5])
  expect(generator.counters()).toMatchObject({ entries: 4, failedEntries: 1, sweeps: 5 })
})

test('a bus that does not answer makes sweeps missed, never a growing queue', async () => {
  const slow = (bus: MessageBus): MessageBus => ({
    ...bus,
    publish: (topic, message, options) =>
      topic === SHARD ? new Promise(() => undefined) : bus.publish(topic, message, options),
  })
  const { clock, generator } = await bench({ layers: 40, seedsPerLayer: 2_000 }, { bus: slow })
  await generator.start()
  await clock.advance(3_000)
  const { sweeps, seedSamples } = generator.counters()
  expect(sweeps).toBeLessThan(3)
  expect(seedSamples * generator.run.seed_columns.length * 4).toBeLessThan(4_000_000)
})

test('stop says goodbye and leaves no timer', async () => {
  const { bus, clock, generator } = await bench()
  await generator.start()
  await clock.advance(200)
  await generator.stop()
  await clock.advance(0)
  expect(clock.openTimers).toBe(0)
  const last = (await entriesOf(bus, 'kasmina.service')).at(-1)
  expect(last && decodeEntry(last)).toMatchObject({ message: { state: 'leaving', run_id: 'load-test' } })
})

test.each([
  [{ layers: 0 }, 'layers 0'],
  [{ seedsPerLayer: 70_000 }, 'seeds 70000'],
  [{ hz: 0 }, 'hz 0'],
  [{ metrics: 20 }, 'metrics 20'],
  [{ layers: 1_000, seedsPerLayer: 20_000 }, '20000000 seeds in all'],
  [{ seedsPerLayer: 60_000, metrics: 19 }, 'the bus takes'],
])('a shape that can not be is refused: %o', (change, text) => {
  const clock = createManualClock()
  const bus = createMemoryBus({ clock })
  try {
    createLoadGenerator({ bus, clock, shape: { ...SHAPE, ...change }, tables: shipped })
    expect.unreachable()
  } catch (error) {
    expect(isAppError(error, 'CONFIG_INVALID')).toBe(true)
    expect((error as Error).message).toContain(text)
  }
})
