/*
 * reportPublisher: a process that publishes reports of 1,000 seeds x 4 metrics, the product's way or the design document's.
 * In: argv url, layers, seeds; messages { form, reports }. Out: one message per order with the CPU time it took.
 * Invariant: columns travel ring -> publisher -> bus as the trainer's do; JSON is the design document's dictionary, built anew
 * for each report; a full ring or bus is waited for, so nothing is dropped.
 * Source: seed-design.md 5.2; docs/performance.md "end to end".
 */
import { createRedisBus } from '../../lib/bus/drivers/redis/redisBus.ts'
import { MESSAGE_VERSION } from '../../lib/contracts/envelope.ts'
import { SEED_COLUMNS } from '../../lib/contracts/metrics.ts'
import { topicName } from '../../lib/contracts/topics.ts'
import { schemaIdOf } from '../../lib/frames/schemaId.ts'
import { systemClock as clock } from '../../lib/primitives/clock.ts'
import { encodeJson } from '../../lib/telemetry/messageWriter.ts'
import { createTelemetryPublisher } from '../../lib/telemetry/publisher.ts'
import { createSharedRing, ringReader, ringWriter } from '../../lib/telemetry/sharedRing.ts'
import { createTickEncoder } from '../../lib/telemetry/tickEncoder.ts'

export type ReportOrder = { readonly form: 'columns' | 'json'; readonly reports: number } | { readonly form: 'stop' }
export interface ReportsDone {
  readonly sent: number
  readonly cpuUs: number
  readonly dropped: number
}

export const REPORT_METRICS = ['health_score', 'demand_grad_norm', 'flow_grad_norm', 'alpha'] as const
export const BENCH_RUN = 'bench-end-to-end'
export const BENCH_SOURCE = `loadgen-${BENCH_RUN}`

/** As few as keep both sides busy: a trainer leaves one or two, and what lies longer is cold when it is sent. */
const RING_SLOTS = 8
const JSON_IN_FLIGHT = 8
const [, , url = '', layersText = '10', seedsText = '1000'] = process.argv
const layerCount = Number(layersText)
const rows = Number(seedsText)
const seedColumns = SEED_COLUMNS.filter((column) => (REPORT_METRICS as readonly string[]).includes(column.name))
const layers = Array.from({ length: layerCount }, (_, layer) => ({ layer_id: `bench_${layer}`, seeds: rows }))
const epoch = Math.floor(clock.wallMs())
const schemaId = schemaIdOf(layers, seedColumns, [])
const bus = createRedisBus({ url, clock, name: 'bench-publisher' })
const encoder = createTickEncoder({
  schemaId,
  seedsPerLayer: layers.map((layer) => layer.seeds),
  seedColumns: seedColumns.length,
  layerColumns: 0,
})
const ring = createSharedRing(RING_SLOTS, encoder.tickBytes)
const writer = ringWriter(ring.buffer)
const reader = ringReader(ring.buffer)
const publisher = createTelemetryPublisher({
  bus,
  clock,
  ring: reader,
  topic: topicName('telemetryShard', 0),
  src: BENCH_SOURCE,
  epoch,
  expectedIntervalMs: 10,
})
const columns = Float32Array.from({ length: rows * seedColumns.length }, (_, i) => Math.fround(Math.sin(i)))
const none = new Float32Array(0)
let tick = 0

/** The last value of every layer tells the tick, so that the far side can prove what it merged. */
function writeTick(slot: Uint8Array): number {
  const head = { seq: 0, step: tick * 20, tick, publishedAtS: clock.wallMs() / 1_000, flags: 0, windowMs: 10 }
  columns[columns.length - 1] = tick
  let offset = 0
  for (let layer = 0; layer < layerCount; layer++)
    offset = encoder.encodeLayer(slot, offset, layer, head, columns, none)
  return offset
}

async function sendColumns(reports: number): Promise<number> {
  const ticks = Math.ceil(reports / layerCount)
  const wanted = publisher.counters().published + ticks
  for (let sent = 0; sent < ticks; sent++) {
    while (reader.backlog() >= RING_SLOTS || publisher.counters().pending >= RING_SLOTS) await clock.sleep(1)
    tick++
    writer.tryWrite(writeTick)
  }
  while (publisher.counters().published < wanted) await clock.sleep(1)
  return ticks * layerCount
}

function jsonReport(layer: number): Uint8Array {
  const metrics: Record<string, Record<string, number>> = {}
  for (let row = 0; row < rows; row++) {
    const readings: Record<string, number> = {}
    seedColumns.forEach((column, at) => (readings[column.name] = columns[at * rows + row]!))
    metrics[row] = readings
  }
  return encodeJson({
    message_id: globalThis.crypto.randomUUID(),
    timestamp: clock.wallMs() / 1_000,
    source: `${BENCH_SOURCE}-json`,
    version: MESSAGE_VERSION,
    message_type: 'LayerHealthReport',
    layer_id: `json_${layer}`,
    total_seeds: rows,
    active_seeds: 0,
    health_metrics: metrics,
    performance_summary: {},
    telemetry_window: [0, 1],
  })
}

async function sendJson(reports: number): Promise<number> {
  const underWay = new Set<Promise<unknown>>()
  for (let sent = 0; sent < reports; sent++) {
    const layer = sent % layerCount
    const message = { type: 'LayerHealthReport', enc: 'json', data: jsonReport(layer) } as const
    const work: Promise<unknown> = bus
      .publish(topicName('telemetryHealth', `json_${layer}`), message, { maxLen: 1_000 })
      .then(() => void underWay.delete(work))
    underWay.add(work)
    if (underWay.size >= JSON_IN_FLIGHT) await Promise.race(underWay)
  }
  await Promise.all(underWay)
  return reports
}

async function announce(): Promise<void> {
  const run = {
    message_id: globalThis.crypto.randomUUID(),
    timestamp: clock.wallMs() / 1_000,
    source: BENCH_SOURCE,
    version: MESSAGE_VERSION,
    message_type: 'RunDescriptor',
    metadata: {},
    run_id: BENCH_RUN,
    origin: 'load-generator',
    title: 'Benchmark: 10 layers x 1,000 seeds x 4 metrics (generated)',
    telemetry_src: BENCH_SOURCE,
    epoch,
    schema_id: schemaId,
    layers,
    seed_columns: seedColumns,
    layer_columns: [],
    blueprints: [],
    seed: 0,
    steps_per_tick: 20,
    expected_interval_ms: 10,
    dataset: { name: 'none (generated numbers)', sha256: null, samples: 0, split: 'none' },
    architecture: 'none: a benchmark',
    host_parameters: 0,
    config: {},
    faults_allowed: false,
    control_curve: null,
  }
  await bus.publish('kasmina.run', { type: 'RunDescriptor', enc: 'json', data: encodeJson(run) }, { maxLen: 16 })
}

async function obey(order: ReportOrder): Promise<void> {
  if (order.form === 'stop') {
    await publisher.stop(2_000)
    await bus.stop(1_000)
    process.disconnect()
    return
  }
  const before = process.cpuUsage()
  const sent = order.form === 'columns' ? await sendColumns(order.reports) : await sendJson(order.reports)
  const { user, system } = process.cpuUsage(before)
  const { droppedRing, droppedBuffer, refused } = publisher.counters()
  const done: ReportsDone = { sent, cpuUs: user + system, dropped: droppedRing + droppedBuffer + refused }
  process.send?.(done)
}

// Imported for its names by the benchmark; run as a process it obeys.
if (process.send) {
  await bus.start()
  await announce()
  publisher.start()
  process.on('message', (order: ReportOrder) => void obey(order))
  process.send('ready')
}
