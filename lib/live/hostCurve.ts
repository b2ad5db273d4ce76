/*
 * Host curve: evaluations, growth marks, parameter steps and gaps as plain points by step, ready to draw.
 * In: curve and event records of a run, its recorded control. Out: series with an honest range, decimated by min and max only.
 * Invariant: a point that was not measured is a break, never zero; decimation keeps every extreme and says "n of m".
 * Source: features A13; docs/ux.md "pages: live".
 */
import type { CoverageGap, LiveRecord } from '../contracts/liveRecords.ts'
import type { SeedState } from '../contracts/lifecycle.ts'
import type { RunDescriptor } from '../contracts/runDescriptor.ts'
import { stateText } from './formatValue.ts'
import type { EvaluationRecord } from './recordLog.ts'

export interface CurvePoint {
  readonly step: number
  readonly value: number | null
}

export type MarkKind = 'GERMINATED' | 'FOSSILIZED' | 'CULLED' | 'CANCELLED' | 'ROLLED_BACK' | 'fault'
export interface GrowthMark {
  readonly step: number
  readonly kind: MarkKind
  readonly layerId: string | null
  readonly seedId: number | null
  readonly text: string
}

export interface HostCurve {
  readonly validation: readonly CurvePoint[]
  readonly training: readonly CurvePoint[]
  readonly control: readonly CurvePoint[]
  /** The last step of the recorded control once the run has gone beyond it; null while it still reaches. */
  readonly controlEnded: number | null
  readonly parameters: readonly CurvePoint[]
  readonly marks: readonly GrowthMark[]
  /** Intervals of steps without telemetry. */
  readonly gaps: readonly { readonly from: number; readonly to: number; readonly cause: string }[]
  readonly steps: readonly [number, number]
  /** Accuracy range of the axis, multiples of 0.05; not from zero, and labelled so. */
  readonly accuracy: readonly [number, number]
  readonly shown: number
  readonly of: number
}

const MARKED: readonly SeedState[] = ['GERMINATED', 'FOSSILIZED', 'CULLED', 'CANCELLED', 'ROLLED_BACK']

/** Interpolates the recorded control at a step; null outside its range or without a control. */
export function controlAt(curve: RunDescriptor['control_curve'], step: number): number | null {
  if (!curve) return null
  const points = curve.filter((point) => point.val_accuracy !== null)
  const after = points.findIndex((point) => point.step >= step)
  if (after < 0) return null
  const right = points[after]
  const left = points[Math.max(0, after - 1)]
  if (!right || !left || (after === 0 && right.step > step)) return null
  const span = right.step - left.step
  const share = span === 0 ? 0 : (step - left.step) / span
  return (left.val_accuracy ?? 0) + share * ((right.val_accuracy ?? 0) - (left.val_accuracy ?? 0))
}

/** Finds the last measured point of the recorded control; null without one. */
export function controlEnd(
  curve: RunDescriptor['control_curve'],
): { readonly step: number; readonly value: number } | null {
  const last = curve?.findLast((point) => point.val_accuracy !== null)
  return last === undefined || last.val_accuracy === null ? null : { step: last.step, value: last.val_accuracy }
}

/** Keeps at most `limit` points: of each bucket the least and the greatest, in order. Breaks (null) stay breaks. */
export function decimateMinMax(points: readonly CurvePoint[], limit: number): readonly CurvePoint[] {
  if (points.length <= limit) return points
  const buckets = Math.max(1, Math.floor(limit / 2))
  const size = points.length / buckets
  const kept: CurvePoint[] = []
  for (let bucket = 0; bucket < buckets; bucket++) {
    const slice = points.slice(Math.floor(bucket * size), Math.floor((bucket + 1) * size))
    const known = slice.filter((point) => point.value !== null)
    if (known.length === 0) {
      if (slice[0]) kept.push(slice[0])
      continue
    }
    const low = known.reduce((a, b) => ((b.value ?? 0) < (a.value ?? 0) ? b : a))
    const high = known.reduce((a, b) => ((b.value ?? 0) > (a.value ?? 0) ? b : a))
    if (low === high) kept.push(low)
    else kept.push(...(low.step < high.step ? [low, high] : [high, low]))
  }
  return kept
}

const toMark = (record: LiveRecord): GrowthMark | null => {
  if (record.kind === 'transition' && MARKED.includes(record.to_state) && record.step !== null)
    return {
      step: record.step,
      kind: record.to_state as MarkKind,
      layerId: record.layer_id,
      seedId: record.seed_id,
      text: `${record.layer_id}/${record.seed_id} ${stateText(record.to_state).toLowerCase()}${record.blueprint_id === null ? '' : `, ${record.blueprint_id}`}`,
    }
  if (record.kind === 'fault' && record.step !== null)
    return { step: record.step, kind: 'fault', layerId: record.layer_id, seedId: record.seed_id, text: record.text }
  return null
}

/** Finds the step at a time by interpolating between evaluations; clamped to the known range. */
export function stepAt(curve: readonly Pick<EvaluationRecord, 'at_ms' | 'step'>[], atMs: number): number | null {
  const first = curve[0]
  const last = curve.at(-1)
  if (!first || !last) return null
  if (atMs <= first.at_ms) return first.step
  if (atMs >= last.at_ms) return last.step
  const after = curve.findIndex((record) => record.at_ms >= atMs)
  const right = curve[after] ?? last
  const left = curve[after - 1] ?? first
  const span = right.at_ms - left.at_ms
  return left.step + (span === 0 ? 0 : ((atMs - left.at_ms) / span) * (right.step - left.step))
}

const niceAccuracy = (points: readonly CurvePoint[]): readonly [number, number] => {
  // The first evaluations of an untrained host would press everything that matters into a thin band: the axis starts at the
  // lowest quartile's neighbourhood, and the cut is visible because the line leaves through the floor.
  const values = points.flatMap((point) => (point.value === null ? [] : [point.value])).toSorted((a, b) => a - b)
  if (values.length === 0) return [0, 1]
  const low = values[Math.floor(values.length * (values.length > 12 ? 0.12 : 0))] ?? 0
  const high = values.at(-1) ?? 1
  const floor = Math.max(0, Math.floor((low - 0.01) * 20) / 20)
  const ceiling = Math.min(1, Math.ceil((high + 0.005) * 20) / 20)
  return ceiling - floor < 0.1 ? [Math.max(0, ceiling - 0.1), ceiling] : [floor, ceiling]
}

/** Builds everything the chart draws. `limit` = points per line. Pure. */
export function buildHostCurve(
  input: {
    readonly curve: readonly EvaluationRecord[]
    readonly events: readonly LiveRecord[]
    readonly gaps: readonly Pick<CoverageGap, 'from_ms' | 'to_ms'>[]
    readonly control: RunDescriptor['control_curve']
  },
  limit: number,
): HostCurve {
  const { curve } = input
  const series = (read: (record: EvaluationRecord) => number | null): readonly CurvePoint[] =>
    decimateMinMax(
      curve.map((record) => ({ step: record.step, value: read(record) })),
      limit,
    )
  const validation = series((record) => record.val_accuracy)
  const training = series((record) => record.train_accuracy)
  const lastStep = curve.at(-1)?.step ?? 0
  const marks = input.events.map(toMark).filter((mark) => mark !== null)
  const end = Math.max(lastStep, ...marks.slice(-1).map((mark) => mark.step), 1)
  const start = Math.min(curve[0]?.step ?? 0, end)
  const control = decimateMinMax(
    (input.control ?? []).filter((p) => p.step <= end).map((p) => ({ step: p.step, value: p.val_accuracy })),
    limit,
  )
  const recordedTo = controlEnd(input.control)?.step ?? null
  const gaps = input.gaps.flatMap((gap) => {
    const from = stepAt(curve, gap.from_ms)
    const to = stepAt(curve, gap.to_ms)
    return from === null || to === null || to <= from
      ? []
      : [{ from, to, cause: 'cause' in gap ? String(gap.cause) : '' }]
  })
  return {
    validation,
    training,
    control,
    controlEnded: recordedTo !== null && recordedTo < lastStep ? recordedTo : null,
    parameters: curve.map((record) => ({ step: record.step, value: record.parameters })),
    marks,
    gaps,
    steps: [start > end / 2 ? start : 0, end],
    accuracy: niceAccuracy([...validation, ...training, ...control]),
    shown: validation.length,
    of: curve.length,
  }
}
