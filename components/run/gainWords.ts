/*
 * gainWords: whether growing helped, as one sentence that is true.
 * In: the evaluations of a run, its recorded control, its seed. Out: a figure where there is one, and words.
 * Invariant: compared at the same step only, with a control of the same run seed only; where that ends, the sentence says so.
 * Source: docs/training.md; docs/ux.md "pages: run".
 */
import type { RunPoint } from '../../lib/contracts/httpRuns.ts'
import type { RunDescriptor } from '../../lib/contracts/runDescriptor.ts'
import { formatCount, formatPercent } from '../../lib/live/formatValue.ts'
import { controlAt, controlEnd } from '../../lib/live/hostCurve.ts'

export interface Gain {
  /** Percent points over the control; null where nothing can be compared. */
  readonly points: number | null
  readonly text: string
}

type Point = Pick<RunPoint, 'step' | 'val_accuracy'>

/** Writes a difference of shares as percent points. */
export const pointsText = (difference: number, digits = 1): string => {
  const text = Math.abs(difference * 100).toFixed(digits)
  return Number(text) === 0 ? `0 pp` : `${difference < 0 ? '−' : '+'}${text} pp`
}

/** Finds the last evaluation with an accuracy. */
export const lastMeasured = <P extends Point>(curve: readonly P[]): P | undefined =>
  curve.findLast((point) => point.val_accuracy !== null)

/** The sentence. `curve` oldest first. */
export function gainWords(curve: readonly Point[], control: RunDescriptor['control_curve'], seed: number): Gain {
  const last = lastMeasured(curve)
  if (last === undefined || last.val_accuracy === null)
    return { points: null, text: 'Nothing was evaluated yet: it can not be said whether growing helps.' }
  const now = `${formatPercent(last.val_accuracy)} at step ${formatCount(last.step)}`
  const end = controlEnd(control)
  if (end === null)
    return {
      points: null,
      text: `${now}. No run without growth was recorded for run seed ${seed}, so this says nothing about growing.`,
    }
  const beside = controlAt(control, last.step)
  if (beside !== null) {
    const difference = last.val_accuracy - beside
    const side = Math.abs(difference) < 0.0005 ? 'as much as' : difference > 0 ? 'over' : 'against'
    return {
      points: difference * 100,
      text: `${pointsText(difference)} ${side} the recorded run without growth at step ${formatCount(last.step)} (${formatPercent(last.val_accuracy)} to ${formatPercent(beside)}, both of run seed ${seed}).`,
    }
  }
  if (last.step < end.step)
    return { points: null, text: `${now}. The recorded run without growth begins later than that.` }
  const reached = curve.findLast((point) => point.step <= end.step && point.val_accuracy !== null)
  const old = reached === undefined ? null : controlAt(control, reached.step)
  const then =
    reached === undefined || reached.val_accuracy === null || old === null
      ? 'What this run had at that step is not kept.'
      : `Up to there, at step ${formatCount(reached.step)}, it was ${pointsText(reached.val_accuracy - old)}.`
  return {
    points: null,
    text: `${now}. The recorded run without growth ended at step ${formatCount(end.step)} with ${formatPercent(end.value)}, so now there is nothing to compare with. ${then}`,
  }
}
