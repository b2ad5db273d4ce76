/*
 * runTable: every run that was announced (or had to be assumed), with its shared tables and its history.
 * In: RunDescriptors, and shapes seen in dictionary messages. Out: runs by source, id or layer; announcements for readers.
 * Invariant: runs, layers, cells and history bytes are bounded, and a bound that is hit is refused by code; two sources with one
 * layer name stay two runs; what was never reported stays NaN.
 * Source: docs/protocol.md "runs".
 */
import { AppError } from '../../lib/contracts/appError.ts'
import type { MetricColumn } from '../../lib/contracts/metrics.ts'
import type { RunDescriptor } from '../../lib/contracts/runDescriptor.ts'
import { schemaIdOf } from '../../lib/frames/schemaId.ts'
import {
  layoutTables,
  openTables,
  TABLE_META,
  type SeedTable,
  type SeedTableShape,
} from '../../lib/frames/seedTable.ts'
import { ByteHistory, byteHistoryBytes, ByteHistoryWriter, planByteHistory } from './byteHistory.ts'
import { historyBytes, HistoryRing, planHistory, type HistoryShape } from './historyRing.ts'
import type { RunAnnouncement } from './ingestMessages.ts'

export const RUN_LIMITS = Object.freeze({
  runs: 64,
  layers: 4_096,
  /** Layers over all runs: each costs a summary per status and a row in /api/layers. */
  layersInAll: 8_192,
  /** Values in seed columns over all runs: 256 MB. A million seeds with all 26 columns are 26 M. */
  cells: 64_000_000,
  historyBytes: 64 * 1024 * 1024,
  /** Pictures of layers too large for a history of every tick: of all runs, and of one. */
  pictureBytes: 192 * 1024 * 1024,
  pictureBytesPerRun: 96 * 1024 * 1024,
})

/** Gaps between reports of a layer that the median interval is taken from. */
export const INTERVAL_GAPS = 20

export interface LayerClock {
  readonly gaps: Float64Array
  count: number
  lastMs: number
}

export interface Run {
  readonly index: number
  descriptor: RunDescriptor
  readonly implicit: boolean
  readonly firstSeenMs: number
  shapes: readonly SeedTableShape[]
  buffer: SharedArrayBuffer
  tables: readonly SeedTable[]
  history: readonly (HistoryRing | null)[]
  historyBuffers: RunAnnouncement['history']
  pictures: readonly (ByteHistoryWriter | null)[]
  pictureBuffers: RunAnnouncement['pictures']
  pictureBytes: number
  clocks: readonly LayerClock[]
  layerIndex: ReadonlyMap<string, number>
  cells: number
  historyBytes: number
  /** Packed frames were seen: dictionary messages of the same source repeat what the columns say. */
  framed: boolean
  lost: number
  /** Server wall ms of the newest report; 0 = none yet. */
  lastReportMs: number
}

export interface RunTable {
  /** Adds or confirms a run. Answers the run and whether readers must be told. @throws CONTRACT_INVALID beyond a bound */
  announce(
    descriptor: RunDescriptor,
    atMs: number,
    implicit?: boolean,
  ): { readonly run: Run; readonly changed: boolean }
  /** Gives an assumed run more layers, rows or columns; values that are there move along. @throws CONTRACT_INVALID */
  reshape(run: Run, descriptor: RunDescriptor): void
  bySource(src: string, epoch: number): Run | undefined
  byId(runId: string): Run | undefined
  /** The newest run that has the layer. */
  byLayer(layerId: string): Run | undefined
  all(): readonly Run[]
}

export interface RunTableOptions {
  readonly historySeconds: number
  readonly onRun: (announcement: RunAnnouncement) => void
  readonly onGone: (run: Run) => void
}

const tooMuch = (what: string, path: string): AppError =>
  new AppError('CONTRACT_INVALID', `${what} is over the bound of this server`, { path })

const cellsOf = (descriptor: RunDescriptor): number =>
  descriptor.layers.reduce((sum, layer) => sum + layer.seeds * descriptor.seed_columns.length, 0)

const toAnnouncement = (run: Run): RunAnnouncement => ({
  index: run.index,
  descriptor: run.descriptor,
  implicit: run.implicit,
  firstSeenMs: run.firstSeenMs,
  shapes: run.shapes,
  tables: run.buffer,
  history: run.historyBuffers,
  pictures: run.pictureBuffers,
})

/** Creates an empty table. */
export function createRunTable({ historySeconds, onRun, onGone }: RunTableOptions): RunTable {
  const runs = new Map<string, Run>()
  const sources = new Map<string, Run>()
  let nextIndex = 0
  let cells = 0
  let layers = 0
  let historyUsed = 0
  let picturesUsed = 0
  const sourceKey = (src: string, epoch: number) => `${epoch} ${src}`

  const build = (descriptor: RunDescriptor, implicit: boolean, budgetCells: number) => {
    const wanted = cellsOf(descriptor)
    if (descriptor.layers.length > RUN_LIMITS.layers) throw tooMuch(`${descriptor.layers.length} layers`, 'layers')
    if (wanted > budgetCells) throw tooMuch(`a table of ${wanted} cells`, 'layers')
    const shapes = descriptor.layers.map((layer) => ({
      rows: layer.seeds,
      seedColumns: descriptor.seed_columns.length,
      layerColumns: descriptor.layer_columns.length,
      rowTimes: implicit,
    }))
    const buffer = new SharedArrayBuffer(layoutTables(shapes).bytes)
    const tables = openTables(buffer, shapes)
    for (const table of tables) table.clear()
    return { shapes, buffer, tables, cells: wanted }
  }

  /** Layers that keep their form keep their past: `before` is the history by layer name. */
  const buildHistory = (
    descriptor: RunDescriptor,
    shapes: readonly SeedTableShape[],
    free: number,
    before: ReadonlyMap<string, { readonly ring: HistoryRing; readonly buffer: SharedArrayBuffer }>,
  ) => {
    let used = 0
    const kept = new Map<SharedArrayBuffer, HistoryRing>()
    const buffers = shapes.map((shape, layer) => {
      const plan: HistoryShape | null = planHistory({
        ...shape,
        intervalMs: descriptor.expected_interval_ms,
        seconds: historySeconds,
        budgetBytes: Math.floor((free - used) / (shapes.length - layer)),
      })
      if (plan === null) return null
      used += historyBytes(plan)
      const old = before.get(descriptor.layers[layer]!.layer_id)
      if (old === undefined || !sameForm(old.ring.shape, plan))
        return { shape: plan, buffer: new SharedArrayBuffer(historyBytes(plan)) }
      kept.set(old.buffer, old.ring)
      return { shape: plan, buffer: old.buffer }
    })
    const rings = buffers.map((entry) =>
      entry === null ? null : (kept.get(entry.buffer) ?? new HistoryRing(entry.buffer, entry.shape)),
    )
    return { buffers, rings, used }
  }

  /** Only for layers whose history is a summary, or none at all. */
  const buildPictures = (
    descriptor: RunDescriptor,
    shapes: readonly SeedTableShape[],
    history: readonly ({ readonly shape: HistoryShape } | null)[],
  ) => {
    const free = Math.min(RUN_LIMITS.pictureBytesPerRun, RUN_LIMITS.pictureBytes - picturesUsed)
    const wanted = shapes.map((_, layer) => history[layer]?.shape.mode !== 'full')
    let left = wanted.filter(Boolean).length
    let used = 0
    const buffers = shapes.map((shape, layer) => {
      if (!wanted[layer]) return null
      const plan = planByteHistory({
        rows: shape.rows,
        columns: descriptor.seed_columns,
        intervalMs: descriptor.expected_interval_ms,
        seconds: historySeconds,
        budgetBytes: Math.floor((free - used) / left--),
      })
      if (plan === null) return null
      const bytes = byteHistoryBytes(plan)
      used += bytes
      return { shape: plan, buffer: new SharedArrayBuffer(bytes) }
    })
    const writers = buffers.map((entry) =>
      entry === null
        ? null
        : new ByteHistoryWriter(new ByteHistory(entry.buffer, entry.shape), descriptor.seed_columns),
    )
    return { buffers, writers, used }
  }

  const drop = (run: Run): void => {
    runs.delete(run.descriptor.run_id)
    sources.delete(sourceKey(run.descriptor.telemetry_src, run.descriptor.epoch))
    cells -= run.cells
    layers -= run.tables.length
    historyUsed -= run.historyBytes
    picturesUsed -= run.pictureBytes
    onGone(run)
  }

  /** Makes room by letting go of the run that has been silent longest; a run that reports is never dropped for a new one. */
  const makeRoom = (wantedCells: number, wantedLayers: number, atMs: number): void => {
    const silent = [...runs.values()]
      .filter((run) => atMs - Math.max(run.lastReportMs, run.firstSeenMs) > 60_000)
      .sort((a, b) => Math.max(a.lastReportMs, a.firstSeenMs) - Math.max(b.lastReportMs, b.firstSeenMs))
    const excess = (): string | null => {
      if (runs.size >= RUN_LIMITS.runs) return `run ${runs.size + 1}`
      if (layers + wantedLayers > RUN_LIMITS.layersInAll) return 'the sum of layers'
      return cells + wantedCells > RUN_LIMITS.cells ? 'the sum of cells' : null
    }
    for (let what = excess(); what !== null; what = excess()) {
      const oldest = silent.shift()
      if (oldest === undefined) throw tooMuch(what, 'run_id')
      drop(oldest)
    }
  }

  const install = (run: Run, descriptor: RunDescriptor, built: ReturnType<typeof build>): void => {
    const history = buildHistory(descriptor, built.shapes, RUN_LIMITS.historyBytes / 4, historyOf(run))
    const fits = historyUsed + history.used <= RUN_LIMITS.historyBytes
    const pictures = buildPictures(descriptor, built.shapes, fits ? history.buffers : [])
    Object.assign(run, {
      descriptor,
      ...built,
      history: fits ? history.rings : built.shapes.map(() => null),
      historyBuffers: fits ? history.buffers : built.shapes.map(() => null),
      historyBytes: fits ? history.used : 0,
      pictures: pictures.writers,
      pictureBuffers: pictures.buffers,
      pictureBytes: pictures.used,
      clocks: descriptor.layers.map(() => ({ gaps: new Float64Array(INTERVAL_GAPS), count: 0, lastMs: 0 })),
      layerIndex: new Map(descriptor.layers.map((layer, index) => [layer.layer_id, index])),
    })
    cells += run.cells
    layers += run.tables.length
    historyUsed += run.historyBytes
    picturesUsed += run.pictureBytes
  }

  return {
    announce(descriptor, atMs, implicit = false) {
      const named = runs.get(descriptor.run_id)
      // An assumption gives way to the announcement: a report may arrive before the descriptor of its run.
      const assumed = named !== undefined && named.implicit && !implicit
      const known = assumed ? undefined : named
      if (known !== undefined) {
        const same =
          known.descriptor.telemetry_src === descriptor.telemetry_src && known.descriptor.epoch === descriptor.epoch
        // One id, two sources: the first keeps the name, or anyone could take over a run by repeating it.
        if (!same) throw new AppError('CONTRACT_INVALID', 'this run id belongs to another source', { path: 'run_id' })
        if (known.descriptor.schema_id !== descriptor.schema_id)
          throw new AppError('CONTRACT_INVALID', 'a run can not change its tables', { path: 'schema_id' })
        return { run: known, changed: false }
      }
      if (sources.has(sourceKey(descriptor.telemetry_src, descriptor.epoch)))
        throw new AppError('CONTRACT_INVALID', 'this source and epoch already belong to a run', {
          path: 'telemetry_src',
        })
      if (descriptor.schema_id !== schemaIdOf(descriptor.layers, descriptor.seed_columns, descriptor.layer_columns))
        throw new AppError('CONTRACT_INVALID', 'schema_id does not match the tables', { path: 'schema_id' })
      if (new Set(descriptor.layers.map((layer) => layer.layer_id)).size !== descriptor.layers.length)
        throw new AppError('CONTRACT_INVALID', 'two layers have one name', { path: 'layers' })
      if (cellsOf(descriptor) > RUN_LIMITS.cells) throw tooMuch(`a table of ${cellsOf(descriptor)} cells`, 'layers')
      if (descriptor.layers.length > RUN_LIMITS.layers) throw tooMuch(`${descriptor.layers.length} layers`, 'layers')
      if (assumed) drop(named)
      makeRoom(cellsOf(descriptor), descriptor.layers.length, atMs)
      const built = build(descriptor, implicit, RUN_LIMITS.cells - cells)
      const run = { index: nextIndex++, implicit, firstSeenMs: atMs, framed: false, lost: 0, lastReportMs: 0 } as Run
      install(run, descriptor, built)
      runs.set(descriptor.run_id, run)
      sources.set(sourceKey(descriptor.telemetry_src, descriptor.epoch), run)
      onRun(toAnnouncement(run))
      return { run, changed: true }
    },
    reshape(run, descriptor) {
      const before = {
        tables: run.tables,
        columns: run.descriptor.seed_columns,
        layers: run.layerIndex,
        cells: run.cells,
      }
      if (layers - run.tables.length + descriptor.layers.length > RUN_LIMITS.layersInAll)
        throw tooMuch('the sum of layers', 'layer_id')
      const built = build(descriptor, run.implicit, RUN_LIMITS.cells - cells + run.cells)
      cells -= run.cells
      layers -= run.tables.length
      historyUsed -= run.historyBytes
      picturesUsed -= run.pictureBytes
      const clocks = run.clocks
      install(run, descriptor, built)
      for (const [layerId, from] of before.layers) {
        const to = run.layerIndex.get(layerId)!
        moveTable(before.tables[from]!, before.columns, run.tables[to]!, descriptor.seed_columns)
        Object.assign(run.clocks[to]!, clocks[from]!)
      }
      onRun(toAnnouncement(run))
    },
    bySource: (src, epoch) => sources.get(sourceKey(src, epoch)),
    byId: (runId) => runs.get(runId),
    byLayer(layerId) {
      let newest: Run | undefined
      for (const run of runs.values())
        if (run.layerIndex.has(layerId) && (newest === undefined || run.firstSeenMs >= newest.firstSeenMs)) newest = run
      return newest
    },
    all: () => [...runs.values()],
  }
}

const sameForm = (a: HistoryShape, b: HistoryShape): boolean =>
  a.slots === b.slots && a.width === b.width && a.mode === b.mode && a.stride === b.stride

/** The history a run has now, by layer name; a run that is being made has none. */
function historyOf(run: Run): Map<string, { readonly ring: HistoryRing; readonly buffer: SharedArrayBuffer }> {
  const entries = new Map<string, { readonly ring: HistoryRing; readonly buffer: SharedArrayBuffer }>()
  for (const [layerId, at] of run.layerIndex ?? []) {
    const [ring, held] = [run.history[at], run.historyBuffers[at]]
    if (ring && held) entries.set(layerId, { ring, buffer: held.buffer })
  }
  return entries
}

function moveTable(
  from: SeedTable,
  fromColumns: readonly MetricColumn[],
  to: SeedTable,
  toColumns: readonly MetricColumn[],
): void {
  const { rows } = from.shape
  const target = to.shape.rows
  to.begin()
  fromColumns.forEach((column, index) => {
    const at = toColumns.findIndex((other) => other.name === column.name)
    if (at >= 0) to.seeds.set(from.seeds.subarray(index * rows, index * rows + Math.min(rows, target)), at * target)
  })
  to.layer.set(from.layer.subarray(0, to.layer.length))
  to.rowTimes.set(from.rowTimes.subarray(0, to.rowTimes.length))
  to.meta.set(from.meta)
  to.end()
}

/** Notes a report's time on its layer's clock and in its table: age, and the median of the last gaps. */
export function noteReport(run: Run, layer: number, ingestMs: number): void {
  const clock = run.clocks[layer]!
  const { meta } = run.tables[layer]!
  if (clock.lastMs > 0 && ingestMs > clock.lastMs) {
    clock.gaps[clock.count % INTERVAL_GAPS] = ingestMs - clock.lastMs
    clock.count++
    const known = Math.min(clock.count, INTERVAL_GAPS)
    // The median moves slowly: each fifth report is enough, and a sort per report would cost more than the merge.
    if (clock.count <= 3 || clock.count % 5 === 0)
      meta[TABLE_META.intervalMs] = clock.gaps.slice(0, known).sort()[known >> 1]!
  }
  clock.lastMs = ingestMs
  if (ingestMs > run.lastReportMs) run.lastReportMs = ingestMs
  meta[TABLE_META.ingestMs] = ingestMs
  meta[TABLE_META.reports]!++
}
