/*
 * externalReports: dictionary telemetry (LayerHealthReport, SeedMetricsSnapshot) into the same columns as packed frames.
 * In: validated messages. Out: columns of a run; an assumed run for publishers that sent no descriptor.
 * Invariant: nothing is made up: a metric that was not reported stays NaN, a seed that was not reported stays never; an averaged
 * state id stays as it came and reads as unknown. Growth is bounded, and an assumed run is rebuilt at most twice per settling.
 * Source: seed-design.md 2.2; docs/protocol.md "dictionary telemetry".
 */
import type { Delivery } from '../../lib/bus/messageBus.ts'
import { AppError } from '../../lib/contracts/appError.ts'
import { SEED_STATE_ID } from '../../lib/contracts/lifecycleTable.ts'
import { WireId } from '../../lib/contracts/ids.ts'
import { SEED_COLUMNS, type MetricColumn } from '../../lib/contracts/metrics.ts'
import { columnIndex } from '../../lib/contracts/columnIndex.ts'
import type { RunDescriptor } from '../../lib/contracts/runDescriptor.ts'
import type { LayerHealthReport, SeedMetricsSnapshot } from '../../lib/contracts/telemetry.ts'
import { schemaIdOf } from '../../lib/frames/schemaId.ts'
import { TABLE_META } from '../../lib/frames/seedTable.ts'
import { stableHash } from '../../lib/primitives/stableHash.ts'
import type { EntryMarks } from './entryMarks.ts'
import { appendHistory } from './frameIngest.ts'
import type { IngestLatency } from './ingestLatency.ts'
import { noteReport, type Run, type RunTable } from './runTable.ts'

/** Metric names beyond our own columns that one run may bring. */
const MAX_EXTRA_COLUMNS = 64
/** RunLayer.seeds. */
const MAX_ROWS = 65_536
const COLUMN_NAME = /^[a-z][a-z0-9_]{0,63}$/
/** Messages that may wait for the tables of their run to grow; more make it grow at once. */
const MAX_WAITING = 1_024
const MAX_WAITING_BYTES = 4 * 1024 * 1024

export interface ExternalReportsOptions {
  readonly runs: RunTable
  readonly refuse: (error: unknown, delivery: Delivery) => void
  readonly toWallMs: (busMs: number) => number
  readonly onReport: (run: Run, atMs: number, publishedMs: number) => void
  /** Writes where the values lie on the bus into a table's meta. */
  readonly mark: EntryMarks['mark']
  readonly latency: IngestLatency
}

export interface ExternalReports {
  /** @throws CONTRACT_INVALID beyond a bound */
  accept(message: LayerHealthReport | SeedMetricsSnapshot, delivery: Delivery): void
  /** Gives assumed runs what waits for it, all at once; called a few times a second. Never throws. */
  settle(): void
  reports(): number
}

type Report = LayerHealthReport | SeedMetricsSnapshot
type Metrics = Readonly<Record<string, number | null>>

/** A report that is checked and ready, and what its run's tables must have for it. */
interface Waiting {
  readonly message: Report
  readonly delivery: Delivery
  readonly rows: readonly Row[]
  readonly wanted: number
  readonly names: ReadonlySet<string>
  /** Named by a snapshot; the table of the run gives it its number. */
  readonly blueprint: string | null
  readonly readMs: number
}
interface Row {
  readonly seed: number
  readonly metrics: Metrics
  readonly state: number | null
}

/** Blueprints of a run: their number in the column is 1 to 255. */
const MAX_BLUEPRINTS = 255

const blueprintOf = (message: Report): string | null => {
  const id = message.message_type === 'SeedMetricsSnapshot' ? message.blueprint_id : null
  return typeof id === 'string' && WireId.safeParse(id).success ? id : null
}

const knows = ({ blueprints }: RunDescriptor, id: string | null): boolean =>
  id === null || blueprints.length >= MAX_BLUEPRINTS || blueprints.some((one) => one.blueprint_id === id)

/** The blueprint table with every named one; what a publisher did not tell about it is not known, and said so. */
function withBlueprints(before: RunDescriptor, ids: readonly (string | null)[]): RunDescriptor['blueprints'] {
  const table = [...before.blueprints]
  for (const id of new Set(ids)) {
    if (id === null || knows({ ...before, blueprints: table }, id)) continue
    const note = 'Named by its publisher, who tells nothing else of it; its size is not known.'
    table.push({ blueprint_id: id, index: table.length + 1, parameters: 0, note })
  }
  return table
}

/** `lifecycle_state` inside health metrics is the id of our `state` column, as a float. */
const toColumnName = (name: string): string => (name === 'lifecycle_state' ? 'state' : name.toLowerCase())

const extraColumn = (name: string): MetricColumn => ({
  name,
  unit: '',
  min: 0,
  max: 1,
  scale: 'linear',
  worst: 'none',
  provenance: 'proxy',
  label: name,
  help: 'A metric this publisher sends; its range is not declared, so 0 to 1 is assumed for colour.',
})

const rowsOf = (message: LayerHealthReport | SeedMetricsSnapshot): readonly Row[] =>
  message.message_type === 'SeedMetricsSnapshot'
    ? [{ seed: message.seed_id, metrics: message.metrics, state: SEED_STATE_ID[message.lifecycle_state] }]
    : Object.entries(message.health_metrics).map(([key, metrics]) => ({ seed: Number(key), metrics, state: null }))

/** The descriptor with room for all of these reports, or null when it has it. */
function grown(before: RunDescriptor, waiting: readonly Waiting[]): RunDescriptor | null {
  const known = new Set(before.seed_columns.map((column) => column.name))
  const room = Math.max(0, SEED_COLUMNS.length + MAX_EXTRA_COLUMNS - before.seed_columns.length)
  const names = new Set(waiting.flatMap((one) => [...one.names]))
  const fresh = [...names].filter((name) => !known.has(name) && COLUMN_NAME.test(name)).slice(0, room)
  const seeds = new Map(before.layers.map((layer) => [layer.layer_id, layer.seeds]))
  let larger = false
  for (const { message, wanted } of waiting) {
    if ((seeds.get(message.layer_id) ?? 0) >= wanted) continue
    seeds.set(message.layer_id, wanted)
    larger = true
  }
  const blueprints = withBlueprints(
    before,
    waiting.map((one) => one.blueprint),
  )
  if (!larger && fresh.length === 0 && blueprints.length === before.blueprints.length) return null
  // Known layers keep their order: a map hands out its keys as they came in.
  const layers = [...seeds].map(([layer_id, rows]) => ({ layer_id, seeds: rows }))
  const seedColumns = [...before.seed_columns, ...fresh.map(extraColumn)]
  return {
    ...before,
    layers,
    blueprints,
    seed_columns: seedColumns,
    schema_id: schemaIdOf(layers, seedColumns, before.layer_columns),
  }
}

/** Creates the ingest of dictionary telemetry. */
export function createExternalReports({
  runs,
  toWallMs,
  refuse,
  onReport,
  mark,
  latency,
}: ExternalReportsOptions): ExternalReports {
  let count = 0
  /** Runs that grew since the last settling: what else they need waits, or a thousand layers would be a thousand rebuilds. */
  const grewNow = new Set<Run>()
  const waitingOf = new Map<Run, Waiting[]>()
  let waitingCount = 0
  let waitingBytes = 0

  const assume = (message: LayerHealthReport | SeedMetricsSnapshot, runId: string, rows: number): RunDescriptor => {
    const layers = [{ layer_id: message.layer_id, seeds: rows }]
    return {
      message_id: message.message_id,
      timestamp: message.timestamp,
      source: message.source,
      version: message.version,
      message_type: 'RunDescriptor',
      metadata: {},
      run_id: runId,
      origin: 'external',
      title: `Assumed from the reports of ${message.source.slice(0, 64)}`,
      telemetry_src: runId,
      epoch: 0,
      schema_id: schemaIdOf(layers, SEED_COLUMNS, []),
      layers,
      seed_columns: [...SEED_COLUMNS],
      layer_columns: [],
      blueprints: [],
      seed: 0,
      steps_per_tick: 1,
      expected_interval_ms: 1_000,
      dataset: { name: 'unknown', sha256: null, samples: 0, split: 'unknown' },
      architecture: 'unknown',
      host_parameters: 0,
      config: {},
      faults_allowed: false,
      control_curve: null,
    }
  }

  const findRun = (
    message: LayerHealthReport | SeedMetricsSnapshot,
    delivery: Delivery,
    rows: number,
    atMs: number,
  ): Run => {
    const { src, epoch } = delivery
    const declared =
      (typeof message.run_id === 'string' ? runs.byId(message.run_id) : undefined) ??
      (src !== undefined && epoch !== undefined ? runs.bySource(src, epoch) : undefined)
    if (declared !== undefined) return declared
    // Kept apart by what the publisher calls itself: two sources with one layer name are two runs.
    const runId =
      message.run_id ??
      `external-${stableHash(src ?? message.source)
        .toString(16)
        .padStart(8, '0')}`
    return runs.byId(runId) ?? runs.announce(assume(message, runId, rows), atMs, true).run
  }

  const write = (run: Run, layer: number, rows: readonly Row[], atMs: number): void => {
    const table = run.tables[layer]!
    const columns = run.descriptor.seed_columns
    const state = columnIndex(columns, 'state')
    const size = table.shape.rows
    for (const { seed, metrics, state: named } of rows) {
      if (seed >= size) continue
      for (const [name, value] of Object.entries(metrics)) {
        const column = columnIndex(columns, toColumnName(name))
        if (column >= 0) table.seeds[column * size + seed] = value ?? Number.NaN
      }
      if (named !== null && state >= 0) table.seeds[state * size + seed] = named
      if (table.shape.rowTimes) table.rowTimes[seed] = atMs
    }
  }

  const writeBlueprint = (run: Run, layer: number, seed: number, id: string): void => {
    const column = columnIndex(run.descriptor.seed_columns, 'blueprint')
    const table = run.tables[layer]!
    const named = run.descriptor.blueprints.find((entry) => entry.blueprint_id === id)
    if (column < 0 || named === undefined || seed >= table.shape.rows) return
    table.seeds[column * table.shape.rows + seed] = named.index
  }

  const apply = (run: Run, { message, delivery, rows, blueprint, readMs }: Waiting): void => {
    const layer = run.layerIndex.get(message.layer_id)
    if (layer === undefined) throw new AppError('CONTRACT_INVALID', 'the run has no such layer', { path: 'layer_id' })
    const atMs = toWallMs(delivery.acceptedAtMs)
    const table = run.tables[layer]!
    table.begin()
    write(run, layer, rows, atMs)
    if (blueprint !== null) writeBlueprint(run, layer, rows[0]!.seed, blueprint)
    noteReport(run, layer, atMs)
    table.meta[TABLE_META.publishedMs] = message.timestamp * 1_000
    table.meta[TABLE_META.skewMs] = message.timestamp * 1_000 - delivery.acceptedAtMs
    if (typeof message.step === 'number') table.meta[TABLE_META.step] = message.step
    if (typeof message.tick === 'number') table.meta[TABLE_META.tick] = message.tick
    mark(table.meta, delivery)
    latency.begin(delivery, readMs)
    latency.merged(run, layer, message.timestamp * 1_000)
    table.end()
    appendHistory(run, layer, atMs, table.meta[TABLE_META.tick]!)
    count++
    onReport(run, atMs, message.timestamp * 1_000)
  }

  const fits = (run: Run, { message, wanted, names, blueprint }: Waiting): boolean => {
    const layer = run.layerIndex.get(message.layer_id)
    if (layer === undefined || run.tables[layer]!.shape.rows < wanted) return false
    if (!knows(run.descriptor, blueprint)) return false
    const columns = run.descriptor.seed_columns
    const full = columns.length >= SEED_COLUMNS.length + MAX_EXTRA_COLUMNS
    return full || [...names].every((name) => columnIndex(columns, name) >= 0 || !COLUMN_NAME.test(name))
  }

  const settleRun = (run: Run, waiting: readonly Waiting[]): void => {
    try {
      const next = grown(run.descriptor, waiting)
      if (next !== null) runs.reshape(run, next)
    } catch (error) {
      // Together they are too much: each is tried alone, so that one that asks for too much costs only itself.
      if (waiting.length === 1) return refuse(error, waiting[0]!.delivery)
      for (const one of waiting) settleRun(run, [one])
      return
    }
    for (const one of waiting)
      try {
        apply(run, one)
      } catch (error) {
        refuse(error, one.delivery)
      }
  }

  const settle = (): void => {
    const all = [...waitingOf]
    waitingOf.clear()
    grewNow.clear()
    waitingCount = 0
    waitingBytes = 0
    for (const [run, waiting] of all) {
      grewNow.add(run)
      // The run may have given its name to the one that was announced meanwhile.
      if (runs.byId(run.descriptor.run_id) === run) settleRun(run, waiting)
      else for (const { message, delivery } of waiting) retry(message, delivery)
    }
  }

  const retry = (message: Report, delivery: Delivery): void => {
    try {
      accept(message, delivery)
    } catch (error) {
      refuse(error, delivery)
    }
  }

  const accept = (message: Report, delivery: Delivery): void => {
    const rows = rowsOf(message)
    const last = rows.reduce((max, row) => Math.max(max, row.seed), -1)
    const declared = message.message_type === 'LayerHealthReport' ? message.total_seeds : 0
    const wanted = Math.max(1, last + 1, declared)
    if (wanted > MAX_ROWS)
      throw new AppError('CONTRACT_INVALID', `${wanted} seeds in one layer, ${MAX_ROWS} are accepted`, {
        path: message.message_type === 'LayerHealthReport' ? 'health_metrics' : 'seed_id',
      })
    const run = findRun(message, delivery, wanted, toWallMs(delivery.acceptedAtMs))
    // The columns of this source already carry these numbers, newer.
    if (run.framed) return
    const names = new Set(rows.flatMap((row) => Object.keys(row.metrics).map(toColumnName)))
    const one: Waiting = {
      message,
      delivery,
      rows,
      wanted,
      names,
      blueprint: blueprintOf(message),
      readMs: latency.readMs(),
    }
    const before = waitingOf.get(run)
    const behind = before?.some((other) => other.message.layer_id === message.layer_id) === true
    if (!run.implicit || (!behind && fits(run, one))) return apply(run, one)
    if (before === undefined && !grewNow.has(run)) {
      grewNow.add(run)
      const next = grown(run.descriptor, [one])
      if (next !== null) runs.reshape(run, next)
      return apply(run, one)
    }
    // Only the parsed message is kept: the bus reuses its buffer.
    const kept = { ...one, delivery: { ...delivery, data: new Uint8Array(0) } }
    if (before === undefined) waitingOf.set(run, [kept])
    else before.push(kept)
    waitingCount++
    waitingBytes += delivery.data.byteLength
    if (waitingCount >= MAX_WAITING || waitingBytes >= MAX_WAITING_BYTES) settle()
  }

  return { accept, settle, reports: () => count }
}
