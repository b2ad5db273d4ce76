/*
 * alertEvidence: what was measured around the moment of an alarm, and what is measured now.
 * In: a raise signal or an alarm, and the tables and history of its run. Out: the evidence, a live value.
 * Invariant: only values that were measured are shown; without kept history the window is empty, never drawn up.
 * Source: docs/alerts.md "evidence".
 */
import type { Alarm, AlarmEvidence } from '../../lib/alerts/alarmTypes.ts'
import { ALERT_LIMITS } from '../../lib/contracts/alertTable.ts'
import { columnIndex } from '../../lib/contracts/columnIndex.ts'
import { readSeries } from '../state/historyReader.ts'
import type { KnownRun } from '../state/runBook.ts'
import type { RaiseSignal } from './alertSignals.ts'

const WINDOW_MS = 120_000

/** Takes what the signal tells, and the window before it out of the history. */
export function takeEvidence(signal: RaiseSignal, run: KnownRun | undefined, nowMs: number): AlarmEvidence {
  const { metric, unit, value, threshold, place } = signal
  const told = { metric, unit, trigger: value, worst: value, threshold }
  const layer = place.layerId === null ? undefined : run?.layerIndex.get(place.layerId)
  if (run === undefined || layer === undefined || metric === null || place.seedId === null)
    return { ...told, windowMs: [], windowValues: [] }
  const series = readSeries({
    run,
    layer,
    metric,
    fromMs: nowMs - WINDOW_MS,
    toMs: nowMs,
    points: ALERT_LIMITS.windowPoints,
    seed: place.seedId,
  })
  return {
    ...told,
    windowMs: series.at_ms.slice(-ALERT_LIMITS.windowPoints),
    windowValues: (series.values[0] ?? []).slice(-ALERT_LIMITS.windowPoints),
  }
}

/** Reads the metric of an alarm as it is now; null when it is not measured, or no column. */
export function liveValue({ evidence, layerId, seedId }: Alarm, run: KnownRun | undefined): number | null {
  if (run === undefined || evidence.metric === null) return null
  const layer = run.layerIndex.get(layerId ?? run.descriptor.layers[0]?.layer_id ?? '')
  const table = layer === undefined ? undefined : run.tables[layer]
  if (table === undefined) return null
  if (seedId === null) {
    const at = columnIndex(run.descriptor.layer_columns, evidence.metric)
    return at < 0 ? null : finite(table.layer[at])
  }
  const column = columnIndex(run.descriptor.seed_columns, evidence.metric)
  return column < 0 ? null : finite(table.seeds[column * table.shape.rows + seedId])
}

// One number is read whole: it is of the newest tick or of the one before it.
const finite = (value: number | undefined): number | null =>
  value !== undefined && Number.isFinite(value) ? value : null
