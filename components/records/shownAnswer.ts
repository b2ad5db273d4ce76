/*
 * Shown answer: what a page shows while its question changes: the answer to it, or else the last one there was.
 * In: the answer to the present address, the one kept from before. Out: data, the time it is of, whether it is of a former question.
 * Invariant: an answer that is kept is named as such; without leave to keep it, an answer to another question is never shown.
 * Source: docs/ux.md "freshness model".
 */
import { formatUtc } from '../../lib/live/formatValue.ts'

export interface KeptAnswer<T> {
  readonly data: T
  /** Browser time at which it was given, Unix ms. */
  readonly atMs: number
}

export interface ShownAnswer<T> {
  readonly data: T | null
  readonly atMs: number | null
  /** It answers an earlier question: the present one has no answer yet, or failed. */
  readonly isFormer: boolean
}

/** Chooses what is shown. */
export function shownAnswer<T>(now: KeptAnswer<T> | null, before: KeptAnswer<T> | null, keep: boolean): ShownAnswer<T> {
  if (now !== null) return { ...now, isFormer: false }
  return keep && before !== null ? { ...before, isFormer: true } : { data: null, atMs: null, isFormer: false }
}

/** Says of a failed question what stands in its place. */
export function standsWords({ data, atMs, isFormer }: ShownAnswer<unknown>): string {
  if (data === null || atMs === null) return ''
  const at = `${formatUtc(atMs)} UTC`
  return isFormer
    ? ` Shown is the last answer there was, of ${at}, to the question before.`
    : ` Shown is that of ${at}.`
}
