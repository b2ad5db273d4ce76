/*
 * pastTicks: a past window tick by tick as columns: what alert rules are tried on before they are kept.
 * In: a history, a window, the columns that are wanted. Out: one tick after the other, in the order of time over all layers.
 * Invariant: the columns handed out are those the live table had (float32, or within a 32nd of a cell's step in runs above 4,096 seeds;
 * docs/history.md "columns"); they are views, valid until the next tick; a hole is told with its length, never filled.
 * Source: docs/history.md "reading". For a back-test run it in a worker thread: unpacking a chunk of 10,000 seeds takes milliseconds.
 */
import type { MetricColumn } from '../../lib/contracts/metrics.ts'
import type { RunHistory, Stretch } from './runHistory.ts'
import { tickValues } from './tickAt.ts'

export interface PastTick {
  readonly layerId: string
  /** Place of the layer in the run. */
  readonly layer: number
  readonly atMs: number
  readonly step: number
  readonly tick: number
  readonly flags: number
  readonly rows: number
  /** Time since the tick before of this layer, ms; NaN for the first. More than a few intervals is a hole. */
  readonly sinceMs: number
  /** Values by the place of the column in `columns`; NaN where unmeasured, or where the run had no such column then. */
  readonly columns: readonly Float32Array[]
  /** The summary of the layer, in the order of the run's layer columns. */
  readonly layerValues: Float32Array
}

export interface PastWindow {
  readonly fromMs: number
  readonly toMs: number
  /** Names of seed columns; what the run does not have is all NaN. */
  readonly columns: readonly string[]
  readonly layerIds?: readonly string[] | undefined
}

interface Lane {
  readonly layerId: string
  readonly layer: number
  readonly stretches: readonly Stretch[]
  stretch: number
  at: number
  lastMs: number
}

/** The next tick of a lane inside the window; false at its end. */
function advance(lane: Lane, toMs: number): boolean {
  for (;;) {
    const stretch = lane.stretches[lane.stretch]
    if (stretch === undefined) return false
    const moment = stretch.moments()[lane.at]
    if (moment === undefined) {
      lane.stretch++
      lane.at = 0
    } else if (moment.atMs > toMs) return false
    else if (moment.atMs > lane.lastMs) return true
    else lane.at++
  }
}

/** Iterates a window. */
export function* pastTicks(history: RunHistory, window: PastWindow): Generator<PastTick, void, void> {
  const { descriptor } = history.run
  const columns = window.columns.map((name): MetricColumn | undefined =>
    descriptor.seed_columns.find((column) => column.name === name),
  )
  const lanes = descriptor.layers.flatMap(({ layer_id: layerId }, layer): Lane[] => {
    if (window.layerIds !== undefined && !window.layerIds.includes(layerId)) return []
    const stretches = history
      .stretches(layerId)
      .filter((stretch) => stretch.toMs >= window.fromMs && stretch.fromMs <= window.toMs)
    return [{ layerId, layer, stretches, stretch: 0, at: 0, lastMs: window.fromMs - 1 }]
  })
  let open = lanes.filter((lane) => advance(lane, window.toMs))
  const timeOf = (lane: Lane): number => lane.stretches[lane.stretch]!.moments()[lane.at]!.atMs
  while (open.length > 0) {
    const lane = open.reduce((first, one) => (timeOf(one) < timeOf(first) ? one : first))
    const stretch = lane.stretches[lane.stretch]!
    const { at } = lane
    const moment = stretch.moments()[at]!
    const unknown = new Float32Array(stretch.rows).fill(Number.NaN)
    yield {
      layerId: lane.layerId,
      layer: lane.layer,
      atMs: moment.atMs,
      step: moment.step,
      tick: moment.tick,
      flags: moment.flags,
      rows: stretch.rows,
      sinceMs: lane.lastMs < window.fromMs ? Number.NaN : moment.atMs - lane.lastMs,
      columns: columns.map((column) => (column === undefined ? unknown : tickValues(stretch, at, column))),
      layerValues: Float32Array.from(descriptor.layer_columns, (_, place) => stretch.layerValue(at, place)),
    }
    lane.lastMs = moment.atMs
    if (!advance(lane, window.toMs)) open = open.filter((one) => one !== lane)
  }
}
