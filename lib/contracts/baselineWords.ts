/*
 * Baseline: the moment that a picture is compared with, as text that fits a link and a query.
 * In: "ago-300", "at-1700000000000", "run-NAME". Out: a baseline and back.
 * Invariant: reading and writing is the identity; anything else is null, never a guess.
 * Source: docs/ux.md "delta mode"; features A5.
 */
import { isWireId } from './wireIdText.ts'

/** ago: seconds before now, moving along. at: one moment, Unix ms. run: another run at the same step. */
export type Baseline =
  | { readonly kind: 'ago'; readonly seconds: number }
  | { readonly kind: 'at'; readonly atMs: number }
  | { readonly kind: 'run'; readonly runId: string }

/** The longest that history is kept for. */
const MAX_AGO_S = 86_400

/** Reads a baseline; null for anything that is none. */
export function parseBaseline(text: string): Baseline | null {
  const found = /^(ago|at|run)-(.+)$/.exec(text)
  if (found === null) return null
  const [, kind, value = ''] = found
  if (kind === 'run') return isWireId(value) ? { kind, runId: value } : null
  if (!/^\d{1,15}$/.test(value)) return null
  const number = Number(value)
  if (kind === 'at') return { kind, atMs: number }
  return number >= 1 && number <= MAX_AGO_S ? { kind: 'ago', seconds: number } : null
}

/** Writes a baseline. */
export function baselineText(baseline: Baseline): string {
  switch (baseline.kind) {
    case 'ago':
      return `ago-${baseline.seconds}`
    case 'at':
      return `at-${baseline.atMs}`
    case 'run':
      return `run-${baseline.runId}`
  }
}
