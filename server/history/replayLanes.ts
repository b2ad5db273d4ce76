/*
 * replayLanes: what happened in a window, by kind and bin, with the health of the layers beside it.
 * In: the history of a run and that of the server, a window, a number of bins. Out: the answer of GET /api/replay/lanes.
 * Invariant: every record of the window is in exactly one bin; a block that lies in one bin is counted from its head, so a million
 * transitions cost no reading; a report stands for its bin and the seconds until it would be late, and nothing is made up after that.
 * Source: docs/history.md "lanes"; docs/ux.md "pages: timeline".
 */
import { AppError } from '../../lib/contracts/appError.ts'
import type { ReplayLanes, ReplayLanesQuery } from '../../lib/contracts/httpLanes.ts'
import { RECORD_KINDS } from '../../lib/contracts/httpReplay.ts'
import type { LiveRecord } from '../../lib/contracts/liveRecords.ts'
import type { MetricColumn } from '../../lib/contracts/metrics.ts'
import { dequantize, UNMEASURED_CELL } from '../../lib/frames/quantize.ts'
import { spanOf } from './historyLibrary.ts'
import { findTick, type FileBlock, type RunHistory } from './runHistory.ts'

export interface Stretch {
  readonly fromMs: number
  readonly toMs: number
}

/** The window of a query, inside nothing but itself. @throws CONTRACT_INVALID */
export function stretchOf(history: RunHistory, query: Pick<ReplayLanesQuery, 'from' | 'to'>): Stretch {
  const span = spanOf(history)
  const fromMs = query.from?.ms ?? span?.fromMs ?? 0
  const toMs = query.to?.ms ?? span?.toMs ?? fromMs
  if (toMs < fromMs) throw new AppError('CONTRACT_INVALID', 'to lies before from', { path: 'to' })
  return { fromMs, toMs }
}

/** The layers a query means. @throws STATE_NOT_FOUND */
export function layersOf(history: RunHistory, layerId: string | undefined) {
  const layers = history.run.descriptor.layers.filter((layer) => layerId === undefined || layer.layer_id === layerId)
  if (layers.length === 0) throw new AppError('STATE_NOT_FOUND', 'this layer is not known', { path: 'layer' })
  return layers
}

const isCritical = (record: LiveRecord): boolean =>
  (record.kind === 'alert' || record.kind === 'incident') && record.severity === 'critical'
/** As the freshness rule has it: what is older is late. */
const LATE_MS = 5_000
/** Kinds whose severity is drawn: their blocks are read. */
const TOLD_BY_SEVERITY: readonly number[] = [RECORD_KINDS.indexOf('alert'), RECORD_KINDS.indexOf('incident')]

function countBins(
  histories: readonly RunHistory[],
  { fromMs, toMs }: Stretch,
  binMs: number,
  bins: number,
  layerId: string | undefined,
): Pick<ReplayLanes, 'counts' | 'critical' | 'total'> {
  const byKind = RECORD_KINDS.map(() => Array.from({ length: bins }, () => 0))
  const critical = Array.from({ length: bins }, () => 0)
  let total = 0
  const binOf = (ms: number): number => Math.min(bins - 1, Math.max(0, Math.floor((ms - fromMs) / binMs)))
  const add = (kind: number, bin: number, count: number): void => {
    byKind[kind]![bin]! += count
    total += count
  }
  const read = (history: RunHistory, block: FileBlock): void => {
    for (const record of history.readEvents(block)) {
      if (record.at_ms < fromMs || record.at_ms > toMs) continue
      if (layerId !== undefined && 'layer_id' in record && record.layer_id !== layerId) continue
      add(RECORD_KINDS.indexOf(record.kind), binOf(record.at_ms), 1)
      if (isCritical(record)) critical[binOf(record.at_ms)]!++
    }
  }
  for (const history of histories)
    for (const block of history.events()) {
      if (block.toMs < fromMs || block.fromMs > toMs) continue
      const inOneBin = block.fromMs >= fromMs && block.toMs <= toMs && binOf(block.fromMs) === binOf(block.toMs)
      const bySeverity = TOLD_BY_SEVERITY.some((kind) => (block.counts[kind] ?? 0) > 0)
      if (!inOneBin || bySeverity || layerId !== undefined) read(history, block)
      else
        RECORD_KINDS.forEach((_, kind) => {
          if ((block.counts[kind] ?? 0) > 0) add(kind, binOf(block.fromMs), block.counts[kind]!)
        })
    }
  const counts = Object.fromEntries(
    RECORD_KINDS.flatMap((kind, at) => (byKind[at]!.some((count) => count > 0) ? [[kind, byKind[at]!]] : [])),
  )
  return { counts, critical, total }
}

/** Least, middle and greatest of one column over every seed, at the last report of each bin. */
function healthOf(
  history: RunHistory,
  layers: readonly { readonly layer_id: string }[],
  column: MetricColumn,
  { fromMs }: Stretch,
  binMs: number,
  bins: number,
): ReplayLanes['health'] {
  const low: (number | null)[] = []
  const middle: (number | null)[] = []
  const high: (number | null)[] = []
  const stretches = layers.map((layer) => history.stretches(layer.layer_id))
  for (let bin = 0; bin < bins; bin++) {
    const counts = new Uint32Array(UNMEASURED_CELL)
    let measured = 0
    for (const ofLayer of stretches) {
      const found = findTick(ofLayer, { ms: fromMs + (bin + 1) * binMs, seq: null })
      // An older report says nothing of this bin.
      const oldestMs = fromMs + (bin + 1) * binMs - Math.max(binMs, LATE_MS)
      if (found === null || (found.stretch.moments()[found.at]?.atMs ?? 0) < oldestMs) continue
      const bytes = found.stretch.bytes(column)
      if (bytes === null) continue
      const { rows } = found.stretch
      for (let row = found.at * rows; row < (found.at + 1) * rows; row++) {
        const byte = bytes[row]!
        if (byte >= UNMEASURED_CELL) continue
        counts[byte]!++
        measured++
      }
    }
    if (measured === 0) {
      for (const list of [low, middle, high]) list.push(null)
      continue
    }
    let [first, half, last, sum] = [-1, -1, 0, 0]
    for (let byte = 0; byte < counts.length; byte++) {
      if (counts[byte] === 0) continue
      sum += counts[byte]!
      if (first < 0) first = byte
      if (half < 0 && sum * 2 >= measured) half = byte
      last = byte
    }
    low.push(dequantize(first, column))
    middle.push(dequantize(half, column))
    high.push(dequantize(last, column))
  }
  return { column: column.name, low, middle, high }
}

/** Makes the answer of GET /api/replay/lanes. @throws STATE_NOT_FOUND, CONTRACT_INVALID */
export function lanesOf(histories: readonly RunHistory[], query: ReplayLanesQuery): ReplayLanes {
  const history = histories[0]!
  const stretch = stretchOf(history, query)
  const layers = layersOf(history, query.layer)
  const { bins } = query
  const binMs = Math.max(1, (stretch.toMs - stretch.fromMs) / bins)
  const column = history.run.descriptor.seed_columns.find((one) => one.name === 'health_score')
  return {
    run_id: history.run.run_id,
    layer_id: query.layer ?? null,
    from_ms: stretch.fromMs,
    to_ms: stretch.toMs,
    bin_ms: binMs,
    t_ms: Array.from({ length: bins }, (_, bin) => stretch.fromMs + bin * binMs),
    ...countBins(histories, stretch, binMs, bins, query.layer),
    health: column === undefined ? null : healthOf(history, layers, column, stretch, binMs, bins),
  }
}
