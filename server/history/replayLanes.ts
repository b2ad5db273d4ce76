/*
 * replayLanes: what happened in a window, by kind and bin, with the health of the layers beside it.
 * In: the history of a run and that of the server, a window, a number of bins. Out: the answer of GET /api/replay/lanes.
 * Invariant: every record of the window is in exactly one bin, counted from columns and not from text; a report stands for its bin and the seconds until it would be late, and nothing is made up after that.
 * Source: docs/history.md "lanes"; docs/ux.md "pages: timeline".
 */
import { AppError } from '../../lib/contracts/appError.ts'
import type { ReplayLanes, ReplayLanesQuery } from '../../lib/contracts/httpLanes.ts'
import { RECORD_KINDS } from '../../lib/contracts/httpReplay.ts'
import type { MetricColumn } from '../../lib/contracts/metrics.ts'
import { dequantize, UNMEASURED_CELL } from '../../lib/frames/quantize.ts'
import { spanOf } from './historyLibrary.ts'
import { recordColumnsIn } from './recordColumns.ts'
import { CRITICAL_BIT, NO_LAYER } from './recordIndex.ts'
import { HEALTH } from './healthSummary.ts'
import type { Stretch as HealthStretch, RunHistory } from './runHistory.ts'

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

/** As the freshness rule has it: what is older is late. */
const LATE_MS = 5_000

function countBins(
  histories: readonly RunHistory[],
  { fromMs, toMs }: Stretch,
  binMs: number,
  bins: number,
  layerId: string | undefined,
): Pick<ReplayLanes, 'counts' | 'critical' | 'total'> {
  const byKind = RECORD_KINDS.map(() => Array.from({ length: bins }, () => 0))
  const critical = Array.from({ length: bins }, () => 0)
  const { count, atMs, kind, layer, layers } = recordColumnsIn(histories, fromMs, toMs)
  const wanted = layerId === undefined ? null : layers.indexOf(layerId)
  let total = 0
  for (let at = 0; at < count; at++) {
    // What is of no layer is beside every one.
    if (wanted !== null && layer[at] !== NO_LAYER && layer[at] !== wanted) continue
    const bin = Math.min(bins - 1, Math.max(0, Math.floor((atMs[at]! - fromMs) / binMs)))
    byKind[kind[at]! & ~CRITICAL_BIT]![bin]!++
    if ((kind[at]! & CRITICAL_BIT) !== 0) critical[bin]!++
    total++
  }
  const counts = Object.fromEntries(
    RECORD_KINDS.flatMap((kind, at) => (byKind[at]!.some((count) => count > 0) ? [[kind, byKind[at]!]] : [])),
  )
  return { counts, critical, total }
}

/** Reads, for times that grow, the counts of the last report up to each; null when it is older than wanted. */
function createHealthReader(stretches: readonly HealthStretch[]) {
  let next = 0
  return (endMs: number, oldestMs: number): Uint32Array | null => {
    while (next < stretches.length && stretches[next]!.fromMs <= endMs) next++
    for (let index = next - 1; index >= 0 && stretches[index]!.toMs >= oldestMs; index--) {
      const summary = stretches[index]!.health()
      const at = summary === null ? -1 : summary.atMs.findLastIndex((ms) => ms <= endMs)
      if (summary === null || at < 0) continue
      if (summary.atMs[at]! < oldestMs) return null
      return summary.counts.subarray(at * UNMEASURED_CELL, (at + 1) * UNMEASURED_CELL)
    }
    return null
  }
}

/** Least, middle and greatest health over every seed, at the last report of each bin. */
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
  const ofLayers = layers.map((layer) => createHealthReader(history.stretches(layer.layer_id)))
  for (let bin = 0; bin < bins; bin++) {
    const counts = new Uint32Array(UNMEASURED_CELL)
    const endMs = fromMs + (bin + 1) * binMs
    let measured = 0
    for (const lastBy of ofLayers) {
      // An older report says nothing of this bin.
      const own = lastBy(endMs, endMs - Math.max(binMs, LATE_MS))
      if (own === null) continue
      for (let byte = 0; byte < UNMEASURED_CELL; byte++) {
        counts[byte]! += own[byte]!
        measured += own[byte]!
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
  const column = history.run.descriptor.seed_columns.find((one) => one.name === HEALTH)
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
