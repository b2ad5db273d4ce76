import { expect, test } from 'vitest'
import { createMemoryBus } from '../../../../lib/bus/drivers/memory/memoryBus.ts'
import { encodeMessage } from '../../../../lib/bus/codec.ts'
import { systemClock as clock } from '../../../../lib/primitives/clock.ts'
import { createIngest } from '../../../../server/ingest/ingest.ts'
import type { IngestCounters, IngestMessage } from '../../../../server/ingest/ingestMessages.ts'
import { createLayerReader, readSeedColumns } from '../../../../server/state/layerReader.ts'
import type { KnownRun } from '../../../../server/state/runBook.ts'
import { createRunBook } from '../../../../server/state/runBook.ts'
import { createColumnPublisher } from '../../../support/columnPublisher.ts'
import { waitUntil } from '../../../support/waitUntil.ts'

function seedColumnsOf(run: KnownRun, layer: number, nowMs: number) {
  const { rows, state, metrics, ageMs } = readSeedColumns(run, layer, nowMs)
  const list = <T>(valueOf: (row: number) => T): T[] => Array.from({ length: rows }, (_, row) => valueOf(row))
  return {
    state: list(state),
    age_ms: list(ageMs),
    metrics: Object.fromEntries(metrics.map(([name, valueOf]) => [name, list(valueOf)])),
  }
}

async function open() {
  const bus = createMemoryBus({ clock })
  await bus.start()
  const messages: IngestMessage[] = []
  const book = createRunBook()
  let counters: IngestCounters | null = null
  const ingest = createIngest({
    bus,
    clock,
    historySeconds: 60,
    post: (message) => {
      messages.push(message)
      if (message.kind === 'run') book.announce(message.run)
      if (message.kind === 'counters') counters = message.counters
    },
  })
  await ingest.start()
  return {
    bus,
    messages,
    book,
    counters: () => counters!,
    records: () => messages.flatMap((message) => (message.kind === 'records' ? message.records : [])),
    async end() {
      await ingest.stop(1_000)
      await bus.stop()
    },
  }
}

const base = (type: string, source = 'torch-1') => ({
  message_id: globalThis.crypto.randomUUID(),
  timestamp: clock.wallMs() / 1_000,
  source,
  version: '2.0',
  message_type: type,
})
const report = (source: string, seeds: Record<string, Record<string, number | null>>, total: number) =>
  encodeMessage({
    ...base('LayerHealthReport', source),
    message_type: 'LayerHealthReport',
    layer_id: 'encoder',
    total_seeds: total,
    active_seeds: 0,
    health_metrics: seeds,
    performance_summary: {},
    telemetry_window: [1, 2],
  })

test('frames that arrive before their descriptor wait and are then merged, none lost', async () => {
  const world = await open()
  const publisher = createColumnPublisher({ bus: world.bus, layers: 2, seedsPerLayer: 8 })
  for (let tick = 0; tick < 3; tick++) await publisher.publishTick()
  await waitUntil('waiting', () => world.counters()?.waiting > 0)
  await publisher.publishRun()
  await waitUntil('merged', () => world.counters().waiting === 0 && world.counters().reports >= 6)
  expect(world.counters()).toMatchObject({ lost: 0, duplicates: 0, refusedTotal: 0 })
  const run = world.book.all()[0]!
  expect(createLayerReader().summary(run, 0, { nowMs: clock.wallMs(), lost: 0 })).toMatchObject({
    total_seeds: 8,
    tick: publisher.tick,
    freshness: 'fresh',
  })
  await world.end()
})

test('dictionary reports of two sources with one layer name are two runs; what was not reported stays unknown', async () => {
  const world = await open()
  const topic = 'kasmina.telemetry.layer.encoder.health'
  await world.bus.publish(
    topic,
    report('torch-1', { 0: { health_score: 0.5, lifecycle_state: 2 }, 2: { lifecycle_state: 2.5, my_metric: 7 } }, 4),
  )
  await world.bus.publish(topic, report('torch-2', { 0: { health_score: 0.25 } }, 1))
  await waitUntil('two runs', () => world.book.all().length === 2)
  await waitUntil('values', () => world.book.all().every((run) => run.tables[0]!.version() > 2))
  const [first, second] = world.book.all()
  const seeds = seedColumnsOf(first!, 0, clock.wallMs())
  expect(seeds.state).toEqual(['TRAINING', 'UNKNOWN', 'UNKNOWN', 'UNKNOWN'])
  expect(seeds.metrics['health_score']).toEqual([0.5, null, null, null])
  expect(seeds.metrics['my_metric']).toEqual([null, null, 7, null])
  expect(seeds.age_ms.map((age) => age === null)).toEqual([false, true, false, true])
  expect(seedColumnsOf(second!, 0, clock.wallMs()).metrics['health_score']).toEqual([0.25])
  expect(first!.descriptor.origin).toBe('external')
  await world.bus.publish(topic, report('torch-1', { 9: { health_score: 1 } }, 10))
  await waitUntil('grown', () => world.book.all()[0]!.tables[0]!.shape.rows === 10)
  expect(seedColumnsOf(world.book.all()[0]!, 0, clock.wallMs()).metrics['health_score']![0]).toBe(0.5)
  await world.end()
})

test('events become records of their run, refusals are counted, duplicates dropped, holes told once', async () => {
  const world = await open()
  const publisher = createColumnPublisher({ bus: world.bus, layers: 1, seedsPerLayer: 4 })
  await publisher.publishRun()
  await publisher.publishTick()
  await world.bus.publish(
    'kasmina.event.layer.layer_0',
    encodeMessage({
      ...base('StateTransitionEvent'),
      message_type: 'StateTransitionEvent',
      layer_id: publisher.run.layers[0]!.layer_id,
      seed_id: 1,
      from_state: 'DORMANT',
      to_state: 'FOSSILIZED',
      run_id: publisher.run.run_id,
    }),
  )
  await waitUntil('record', () => world.records().some((record) => record.kind === 'transition'))
  expect(world.records().find((record) => record.kind === 'transition')).toMatchObject({
    run_id: publisher.run.run_id,
    legal: false,
    seed_id: 1,
  })
  await world.bus.publish('kasmina.run', {
    type: 'RunDescriptor',
    enc: 'json',
    data: new TextEncoder().encode('{"a":'),
  })
  await world.bus.publish('kasmina.run', { type: 'Nonsense', enc: 'json', data: new TextEncoder().encode('{}') })
  await publisher.publishTick({ skipSeq: 2 })
  await waitUntil('told', () =>
    world.records().some((record) => record.kind === 'incident' && record.code === 'TELEMETRY_LOST'),
  )
  expect(world.counters()).toMatchObject({
    lost: 2,
    refusedByReason: { CONTRACT_JSON: 1, CONTRACT_TYPE: 1 },
    unknownTypes: { Nonsense: 1 },
  })
  expect(world.counters().recentRefusals[0]).toMatchObject({ code: 'CONTRACT_TYPE', topic: 'kasmina.run' })
  const gaps = world.messages.filter((message) => message.kind === 'gap')
  expect(gaps).toHaveLength(1)
  expect(gaps[0]).toMatchObject({ gap: { cause: 'lost', lost: 2 } })
  await world.end()
})

test('a thousand layers of one foreign source are one run that is rebuilt a few times, not a thousand', async () => {
  const world = await open()
  const layers = 1_000
  const of = (layer: number, value: number) => {
    const message = {
      ...base('LayerHealthReport'),
      message_type: 'LayerHealthReport' as const,
      layer_id: `l${layer}`,
      total_seeds: 2,
      active_seeds: 0,
      health_metrics: { 0: { health_score: value }, 1: { [`extra_${layer % 3}`]: 1 } },
      performance_summary: {},
      telemetry_window: [1, 2] as [number, number],
    }
    return encodeMessage(message)
  }
  for (let layer = 0; layer < layers; layer++)
    await world.bus.publish(`kasmina.telemetry.layer.l${layer}.health`, of(layer, 0.25))
  for (let layer = 0; layer < layers; layer++)
    await world.bus.publish(`kasmina.telemetry.layer.l${layer}.health`, of(layer, 0.75))
  await waitUntil('all layers', () => world.book.all()[0]?.tables.length === layers)
  await waitUntil('all reports', () => world.counters()?.reports === 2 * layers)
  const rebuilt = world.messages.filter((message) => message.kind === 'run').length
  expect(rebuilt).toBeLessThan(40)
  const run = world.book.all()[0]!
  // The newest of each layer, also of those that waited.
  for (let layer = 0; layer < layers; layer += 37)
    expect(seedColumnsOf(run, run.layerIndex.get(`l${layer}`)!, clock.wallMs()).metrics['health_score']).toEqual([
      0.75,
      null,
    ])
  expect(world.counters().refusedTotal).toBe(0)
  await world.end()
})

test('a report that came before the descriptor of its run does not take the name from it', async () => {
  const world = await open()
  const publisher = createColumnPublisher({ bus: world.bus, layers: 1, seedsPerLayer: 4 })
  const early = {
    ...base('LayerHealthReport'),
    message_type: 'LayerHealthReport' as const,
    run_id: publisher.run.run_id,
    layer_id: 'load_0',
    total_seeds: 4,
    active_seeds: 0,
    health_metrics: { 0: { health_score: 0.5 } },
    performance_summary: {},
    telemetry_window: [1, 2] as [number, number],
  }
  await world.bus.publish('kasmina.telemetry.layer.load_0.health', encodeMessage(early))
  await waitUntil('assumed', () => world.book.get(publisher.run.run_id)?.descriptor.origin === 'external')
  await publisher.publishRun()
  await publisher.publishTick()
  await waitUntil('frames merged', () => world.counters()?.reports === 2)
  expect(world.book.get(publisher.run.run_id)?.descriptor.origin).toBe('load-generator')
  expect(world.counters()).toMatchObject({ refusedTotal: 0, lost: 0 })
  await world.end()
})

test('an ingest that begins says so first, so that replayed events are not there twice', async () => {
  const world = await open()
  expect(world.messages[0]).toEqual({ kind: 'began' })
  const publisher = createColumnPublisher({ bus: world.bus, layers: 1, seedsPerLayer: 1 })
  await publisher.publishRun()
  await waitUntil('run', () => world.book.all().length === 1)
  world.book.clear()
  expect(world.book.all()).toEqual([])
  await world.end()
})

test('entries from before a restart of their source are counted, and are no loss of it', async () => {
  const world = await open()
  const before = createColumnPublisher({
    bus: world.bus,
    layers: 1,
    seedsPerLayer: 1,
    runId: 'old',
    src: 'one',
    epoch: 1,
  })
  const after = createColumnPublisher({
    bus: world.bus,
    layers: 1,
    seedsPerLayer: 1,
    runId: 'new',
    src: 'one',
    epoch: 2,
  })
  await before.publishRun()
  await after.publishRun()
  await before.publishTick()
  await after.publishTick()
  await after.publishTick({ skipSeq: 3 })
  await before.publishTick()
  await waitUntil('counted', () => world.counters()?.duplicates === 1)
  expect(world.counters()).toMatchObject({ lost: 3, lostByRun: { old: 0, new: 3 } })
  await world.end()
})
