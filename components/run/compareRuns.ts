/*
 * compareRuns: two runs side by side: where they stood at the last step both reached, and what each kept.
 * In: two answers about runs. Out: figures at the common step and at each end, blueprints that fossilised, what makes them unlike.
 * Invariant: a difference is of the same step; nothing is compared that one of them did not measure; unlike runs are named so.
 * Source: features A14; docs/ux.md "pages: run".
 */
import type { RunDetail, RunPoint } from '../../lib/contracts/httpRuns.ts'
import { formatCount } from '../../lib/live/formatValue.ts'
import { lastMeasured } from './gainWords.ts'

export interface ComparedBlueprint {
  readonly blueprintId: string
  /** Null when the run neither announced nor used it. */
  readonly one: { readonly tried: number; readonly fossilised: number } | null
  readonly other: { readonly tried: number; readonly fossilised: number } | null
}

/** How the two are called in sentences. */
export interface RunNames {
  readonly one: string
  readonly other: string
}

export interface ComparedRuns {
  /** The last step both were evaluated at or after; null when they do not overlap. */
  readonly step: number | null
  readonly one: RunPoint | null
  readonly other: RunPoint | null
  /** Accuracy of the first minus accuracy of the second at that step. */
  readonly accuracy: number | null
  readonly parameters: number | null
  readonly blueprints: readonly ComparedBlueprint[]
  /** Why a difference may not be about growing. */
  readonly unlike: readonly string[]
}

/** The newest evaluation at or before a step. */
export const pointAt = (curve: readonly RunPoint[], step: number): RunPoint | null =>
  curve.findLast((point) => point.step <= step && point.val_accuracy !== null) ?? null

const sizeOf = (run: RunDetail): string => run.layers.map((layer) => layer.seeds).join(', ')

function unlikeness(one: RunDetail, other: RunDetail): readonly string[] {
  const parts: string[] = []
  if (one.origin !== other.origin) parts.push(`one is a ${one.origin} run, the other a ${other.origin} run`)
  if (one.seed !== other.seed) parts.push(`run seeds ${one.seed} and ${other.seed}`)
  if (one.host_parameters !== other.host_parameters)
    parts.push(`hosts of ${formatCount(one.host_parameters)} and ${formatCount(other.host_parameters)} parameters`)
  if (sizeOf(one) !== sizeOf(other)) parts.push('other layers or numbers of seeds')
  return parts
}

/** Compares the first with the second. */
export function compareRuns(one: RunDetail, other: RunDetail): ComparedRuns {
  const [a, b] = [lastMeasured(one.curve), lastMeasured(other.curve)]
  const step = a === undefined || b === undefined ? null : Math.min(a.step, b.step)
  const [here, there] = step === null ? [null, null] : [pointAt(one.curve, step), pointAt(other.curve, step)]
  const both = here !== null && there !== null
  const names = new Set([...one.blueprints, ...other.blueprints].map((row) => row.blueprint_id))
  const find = (run: RunDetail, id: string): ComparedBlueprint['one'] => {
    const row = run.blueprints.find((entry) => entry.blueprint_id === id)
    return row === undefined ? null : { tried: row.tried, fossilised: row.fossilised }
  }
  return {
    step: both ? step : null,
    one: here,
    other: there,
    accuracy: both ? here.val_accuracy! - there.val_accuracy! : null,
    parameters:
      both && here.parameters !== null && there.parameters !== null ? here.parameters - there.parameters : null,
    blueprints: [...names].map((id) => ({ blueprintId: id, one: find(one, id), other: find(other, id) })),
    unlike: unlikeness(one, other),
  }
}
