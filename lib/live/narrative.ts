/*
 * Narrative: NOW, WHY and NEXT in one line each, from rules; every clause names its evidence.
 * In: freshness, the last evaluations, transitions, and the live seeds of a small run. Out: clauses of text and links.
 * Invariant: rules, never a guess: what the inputs do not carry is said as "I don't know"; stale inputs never make a claim about now.
 * Source: features H14; docs/ux.md "other page notes".
 */
import type { Freshness } from '../contracts/freshness.ts'
import type { SeedState } from '../contracts/lifecycle.ts'
import type { RunDescriptor } from '../contracts/runDescriptor.ts'
import { formatAge, formatCount, formatLoss, formatPercent, stateText } from './formatValue.ts'
import { guardText } from './guardWords.ts'
import { controlAt, controlEnd } from './hostCurve.ts'
import type { EvaluationRecord, TransitionRecord } from './recordLog.ts'
import type { SeedRef } from './urlState.ts'

export type NarrativeTarget =
  | { readonly kind: 'seed'; readonly seed: SeedRef }
  | { readonly kind: 'panel'; readonly panel: 'curve' | 'events' | 'lifecycle' | 'freshness' }

export interface NarrativePart {
  readonly text: string
  readonly target?: NarrativeTarget
  readonly strong?: boolean
}

export type NarrativeLine = readonly NarrativePart[]
export interface Narrative {
  readonly now: NarrativeLine
  readonly why: NarrativeLine
  readonly next: NarrativeLine
}

/** One seed that is being grown, with what the next guard looks at; null = unmeasured. */
export interface LiveSeed {
  readonly ref: SeedRef
  readonly state: SeedState
  readonly ticksInState: number | null
  readonly alpha: number | null
  readonly stability: number | null
  readonly reconstruction: number | null
  readonly contribution: number | null
}

export interface NarrativeInput {
  readonly freshness: Freshness
  readonly ageMs: number | null
  readonly nowMs: number
  readonly descriptor: RunDescriptor
  readonly lastEvaluation: EvaluationRecord | null
  readonly transitions: readonly TransitionRecord[]
  /** Exact counts of the state columns; null while no picture has arrived. */
  readonly counts: { readonly total: number; readonly live: number; readonly fossilized: number } | null
  /** Seeds in states 1 to 6; empty for large runs, where single seeds are not named. */
  readonly liveSeeds: readonly LiveSeed[]
}

const seedName = (ref: SeedRef): string => `${ref.layerId}/${ref.seedId}`
const seedPart = (ref: SeedRef): NarrativePart => ({
  text: seedName(ref),
  target: { kind: 'seed', seed: ref },
  strong: true,
})
const curvePart = (text: string): NarrativePart => ({ text, target: { kind: 'panel', panel: 'curve' }, strong: true })
const refOf = (record: TransitionRecord): SeedRef => ({ layerId: record.layer_id, seedId: record.seed_id })

const plural = (count: number, word: string): string => `${formatCount(count)} ${word}${count === 1 ? '' : 's'}`

const unknownLine = (input: NarrativeInput): NarrativeLine => [
  { text: "I don't know: ", strong: true },
  input.ageMs === null || !Number.isFinite(input.ageMs)
    ? { text: 'no telemetry has arrived yet', target: { kind: 'panel', panel: 'freshness' } }
    : { text: `the newest value is ${formatAge(input.ageMs)} old`, target: { kind: 'panel', panel: 'freshness' } },
  { text: '.' },
]

const nowLine = (input: NarrativeInput): NarrativeLine => {
  const { lastEvaluation: last, counts, descriptor } = input
  const parts: NarrativePart[] = []
  if (last && last.val_accuracy !== null) {
    parts.push(curvePart(formatPercent(last.val_accuracy)), { text: ' validation accuracy' })
    const control = controlAt(descriptor.control_curve, last.step)
    if (control !== null) {
      const points = (last.val_accuracy - control) * 100
      const side = points >= 0 ? 'over' : 'under'
      parts.push({ text: ', ' }, curvePart(`${Math.abs(points).toFixed(1)} pp ${side}`), {
        text: ' the recorded run without growth',
      })
    } else {
      const end = controlEnd(descriptor.control_curve)
      if (end && last.step > end.step)
        parts.push({
          text: `; the recorded run without growth ended at step ${formatCount(end.step)} with ${formatPercent(end.value)}`,
        })
    }
    parts.push({ text: '. ' })
  } else if (descriptor.origin === 'trainer') {
    parts.push({ text: 'Not yet evaluated. ' })
  }
  if (counts) {
    parts.push({
      text: `${formatCount(counts.live)} of ${formatCount(counts.total)} seeds growing, ${formatCount(counts.fossilized)} fossilised`,
      target: { kind: 'panel', panel: 'lifecycle' },
    })
    parts.push({ text: '.' })
  } else parts.push({ text: 'No seed has reported yet.' })
  return parts
}

const ENDINGS: readonly SeedState[] = ['FOSSILIZED', 'CULLED', 'CANCELLED', 'ROLLED_BACK']

const whyLine = (input: NarrativeInput): NarrativeLine => {
  const last = input.transitions.findLast(
    (record) => ENDINGS.includes(record.to_state) || record.to_state === 'GERMINATED',
  )
  if (!last) {
    return input.descriptor.origin === 'trainer'
      ? [{ text: 'No seed has been planted yet: the controller waits for validation loss to stop falling.' }]
      : [{ text: "I don't know: ", strong: true }, { text: 'this run has reported no transitions.' }]
  }
  const ago = formatAge(input.nowMs - last.at_ms)
  const blueprint = last.blueprint_id === null ? '' : ` (${last.blueprint_id})`
  const by = last.triggered_by === 'unknown' ? '' : ` by ${last.triggered_by}`
  // The reason speaks for itself; the check is the evidence where no reason was given.
  const because = last.reason === '' ? guardText(last.guard) : last.reason
  const parts: NarrativePart[] = [
    seedPart(refOf(last)),
    { text: `${blueprint} ${stateText(last.to_state).toLowerCase()}${by} ` },
    { text: `${ago} ago`, target: { kind: 'panel', panel: 'events' } },
    { text: because === '' ? '.' : `: ${because}.` },
  ]
  const lives = input.transitions.filter((record) => ENDINGS.includes(record.to_state))
  const kept = lives.filter((record) => record.to_state === 'FOSSILIZED').length
  if (lives.length > 1)
    parts.push({ text: ` ${kept} of ${plural(lives.length, 'ended life').replace('lifes', 'lives')} kept.` })
  return parts
}

/** States what the seed's next guard waits for, most advanced first. */
const outlook = (seed: LiveSeed): string => {
  const ticks = seed.ticksInState === null ? '' : `, ${plural(seed.ticksInState, 'tick')} in`
  switch (seed.state) {
    case 'GERMINATED':
      return 'is queued to train'
    case 'TRAINING':
      return seed.reconstruction === null
        ? `trains${ticks}`
        : `trains${ticks}: reconstruction loss ${formatLoss(seed.reconstruction)}, at most 0.05`
    case 'GRAFTING':
      return seed.alpha === null ? 'is being blended in' : `is ${Math.round(seed.alpha * 100)} % blended in`
    case 'STABILIZATION':
      return `settles, fully blended in${ticks}`
    case 'EVALUATING':
      return seed.stability === null
        ? `is being measured${ticks}`
        : `is being measured: stability ${seed.stability.toFixed(2)}`
    case 'FINE_TUNING':
      return seed.contribution === null
        ? `is fine-tuned${ticks}`
        : `is fine-tuned: contribution ${(seed.contribution * 100).toFixed(2)} pp`
    case 'DORMANT':
    case 'FOSSILIZED':
    case 'CULLED':
    case 'CANCELLED':
    case 'ROLLED_BACK':
      return `is ${stateText(seed.state).toLowerCase()}`
  }
}

const ADVANCED: readonly SeedState[] = [
  'FINE_TUNING',
  'EVALUATING',
  'STABILIZATION',
  'GRAFTING',
  'TRAINING',
  'GERMINATED',
]

const nextLine = (input: NarrativeInput): NarrativeLine => {
  if (!input.counts) return unknownLine(input)
  if (input.counts.live === 0)
    return input.descriptor.origin === 'trainer'
      ? [{ text: 'Nothing is growing. The controller plants again when the host stops improving.' }]
      : [{ text: 'Nothing is growing.' }]
  const seeds = input.liveSeeds.toSorted((a, b) => ADVANCED.indexOf(a.state) - ADVANCED.indexOf(b.state)).slice(0, 2)
  if (seeds.length === 0)
    return [{ text: `${plural(input.counts.live, 'seed')} growing; single seeds are not named at this size.` }]
  return seeds.flatMap((seed, index): NarrativePart[] => [
    ...(index > 0 ? [{ text: ' ' }] : []),
    seedPart(seed.ref),
    { text: ` ${outlook(seed)}.` },
  ])
}

/** Writes the three lines. Pure. */
export function writeNarrative(input: NarrativeInput): Narrative {
  const known = input.freshness === 'fresh' || input.freshness === 'late'
  return {
    now: known ? nowLine(input) : unknownLine(input),
    why: whyLine(input),
    next: known ? nextLine(input) : unknownLine(input),
  }
}
