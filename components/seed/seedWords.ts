/*
 * Seed words: what the seed's page says of lives, ends, edges and scores.
 * In: parts of the seed's answer. Out: short sentences.
 * Invariant: what is not known is said to be unknown; a score is never shown without what it was computed from.
 * Source: docs/ux.md "pages: seed".
 */
import type { LifeStay, SeedDetail, SeedLife, SiblingScore } from '../../lib/contracts/httpSeed.ts'
import type { SeedState } from '../../lib/contracts/lifecycle.ts'
import { LEGAL_EDGES } from '../../lib/contracts/lifecycleTable.ts'
import type { MetricColumn } from '../../lib/contracts/metrics.ts'
import { formatAge, formatCount, formatMetric, stateText, unitText } from '../../lib/live/formatValue.ts'

/** From here on a value is called unusual (Iglewicz and Hoaglin). */
export const UNUSUAL_Z = 3.5

/** Names a life: "Life 3, affine". */
export function lifeName(life: SeedLife): string {
  const number = life.generation === null ? 'Life of unknown number' : `Life ${formatCount(life.generation)}`
  return life.blueprint_id === null ? number : `${number}, ${life.blueprint_id}`
}

/** Says how a life ended, or that it goes on. */
export function endText(life: SeedLife): string {
  const last = life.states.at(-1)
  if (life.end === null)
    return life.to === null
      ? `goes on, now ${last ? stateText(last.state).toLowerCase() : 'in an unknown state'}`
      : 'its end was not seen'
  const { state, reason, triggered_by } = life.end
  const by = triggered_by === 'unknown' ? '' : ` by ${triggered_by}`
  return `${stateText(state).toLowerCase()}${by}${reason === '' ? '' : `: ${reason}`}`
}

/** Says how long a stay lasted. */
export function dwellText(stay: LifeStay, nowMs: number): string {
  const ticks = stay.dwell_ticks === null ? '' : `, ${formatCount(stay.dwell_ticks)} ticks`
  if (stay.to === null) return `${formatAge(Math.max(0, nowMs - stay.from.at_ms))} so far`
  return stay.dwell_ms === null ? 'for an unknown time' : `${formatAge(stay.dwell_ms)}${ticks}`
}

/** Explains a score against siblings in one sentence; what hinders it when there is none. */
export function scoreText(score: SiblingScore, column: MetricColumn): string {
  const where = score.scope === 'run' ? 'the run' : 'the layer'
  if (score.median === null || score.mad === null)
    return `${formatCount(score.n)} siblings measured in ${where}: too few to compare`
  const unit = unitText(column)
  const middle = `median ${formatMetric(score.median, column)}${unit === '' ? '' : ` ${unit}`} of ${formatCount(score.n)} siblings in ${where}`
  if (score.mad === 0) return `${middle}; they all agree, so no distance can be told`
  const spread = `median deviation ${formatMetric(score.mad, { ...column, min: 0 })}`
  return score.z === null ? `${middle}, ${spread}` : `robust z ${signed(score.z)}: ${middle}, ${spread}`
}

/** Writes a score with its sign and one digit. */
export function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(1)}`
}

/** Finds the metrics in which the seed stands out, the farthest first. */
export function unusualOf(detail: SeedDetail): readonly { readonly metric: string; readonly score: SiblingScore }[] {
  return Object.entries(detail.metrics)
    .flatMap(([metric, { siblings }]) =>
      siblings !== null && siblings.z !== null && Math.abs(siblings.z) >= UNUSUAL_Z
        ? [{ metric, score: siblings }]
        : [],
    )
    .toSorted((a, b) => Math.abs(b.score.z ?? 0) - Math.abs(a.score.z ?? 0))
}

/** Finds the shortest way along legal edges; null when there is none. Both ends are part of it. */
export function wayBetween(from: SeedState, to: SeedState): readonly SeedState[] | null {
  const before = new Map<SeedState, SeedState | null>([[from, null]])
  const queue: SeedState[] = [from]
  for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
    for (const next of LEGAL_EDGES[at]) {
      if (before.has(next)) continue
      before.set(next, at)
      queue.push(next)
    }
  }
  if (from === to || !before.has(to)) return null
  const way: SeedState[] = []
  for (let at: SeedState | null = to; at !== null; at = before.get(at) ?? null) way.unshift(at)
  return way
}

/** Tells whether nothing leads back: the lock on an edge. */
export function isOneWay(from: SeedState, to: SeedState): boolean {
  return LEGAL_EDGES[from].includes(to) && wayBetween(to, from) === null
}

/** Says why a state can not be entered from here. */
export function whyNot(from: SeedState, to: SeedState): string {
  const way = wayBetween(from, to)
  if (way === null)
    return from === to ? 'it is this state' : `nothing leads from ${stateText(from).toLowerCase()} any more`
  return `needs ${way
    .slice(1, -1)
    .map((state) => stateText(state).toLowerCase())
    .join(', then ')} first`
}
