/*
 * effectGrade: did it do what was said of it: the change of the commanded seed against siblings that nobody touched.
 * In: readings before and after. Out: a verdict in words and numbers.
 * Invariant: what was not measured is not graded; the siblings' own change is taken off first, so a good hour of the run is no merit.
 * Source: docs/commands.md "did it help"; docs/ux.md.
 */
import type { ExpectedEffect } from '../../lib/contracts/commandDraft.ts'
import type { EffectVerdict } from '../../lib/contracts/httpCommands.ts'

export interface EffectReadings {
  readonly before: number | null
  readonly after: number | null
  readonly siblingsBefore: number | null
  readonly siblingsAfter: number | null
  readonly siblings: number
}

/** Half of what was said counts as having come true; a tenth the other way as harm. */
const ENOUGH = 0.5
const HARM = -0.1

/** Grades; pure. */
export function gradeEffect(effect: ExpectedEffect, readings: EffectReadings, atMs: number): EffectVerdict {
  const { before, after, siblingsBefore, siblingsAfter, siblings } = readings
  const base = {
    metric: effect.metric,
    expected_delta: effect.delta,
    before,
    after,
    siblings_before: siblingsBefore,
    siblings_after: siblingsAfter,
    siblings,
    at: new Date(atMs).toISOString(),
  }
  if (before === null || after === null)
    return {
      ...base,
      grade: 'unmeasured',
      text: `${effect.metric} was not measured ${before === null ? 'before' : 'afterwards'}`,
    }
  const drift = siblingsBefore === null || siblingsAfter === null ? 0 : siblingsAfter - siblingsBefore
  const own = after - before - drift
  const share = effect.delta === 0 ? (own === 0 ? 1 : 0) : own / effect.delta
  const grade = share >= ENOUGH ? 'helped' : share <= HARM ? 'hurt' : 'neutral'
  const beside = siblings === 0 ? 'no sibling to compare with' : `siblings ${signed(drift)}`
  return {
    ...base,
    grade,
    text: `${effect.metric} ${signed(after - before)} in ${effect.within_s} s, ${beside}; said ${signed(effect.delta)}`,
  }
}

const signed = (value: number): string => `${value >= 0 ? '+' : ''}${Number(value.toPrecision(3))}`
