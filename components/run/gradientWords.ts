/*
 * gradientWords: what a gradient of a seed says about its health, by fixed limits.
 * In: a metric and its value, the median of its layer. Out: vanishing, weak, exploding, fine or unknown, with the limit that decided.
 * Invariant: unmeasured is unknown, never vanishing; one look is not a verdict over time and does not pretend to be one.
 * Source: docs/ux.md "pages: run"; seed-design.md 4.2.
 */
import { formatNumber } from '../../lib/live/formatValue.ts'

export type GradientVerdict = 'vanishing' | 'weak' | 'exploding' | 'fine' | 'unknown'
export interface GradientWord {
  readonly verdict: GradientVerdict
  readonly why: string
}

export const GRADIENT_METRICS = Object.freeze([
  'flow_grad_norm',
  'demand_grad_norm',
  'seed_grad_norm',
  'grad_ratio',
  'update_ratio',
] as const)
export type GradientMetric = (typeof GRADIENT_METRICS)[number]

export const GRADIENT_LIMITS = Object.freeze({
  /** Of the layer's median flow: below the first it vanishes, above the second it has come back. */
  flowVanishing: 0.01,
  flowBack: 0.05,
  /** Before clipping. */
  norm: 5,
  /** The gate to grafting asks for this much of the host's gradient per root parameter. */
  ratio: 0.1,
  /** Of the layer's median demand. */
  timesMedian: 10,
})

/** Middle of the measured values; NaN without any. */
export function medianOf(values: readonly number[]): number {
  const known = values.filter(Number.isFinite).toSorted((a, b) => a - b)
  const half = known.length >> 1
  if (known.length === 0) return Number.NaN
  return known.length % 2 === 1 ? known[half]! : (known[half - 1]! + known[half]!) / 2
}

const word = (verdict: GradientVerdict, why: string): GradientWord => ({ verdict, why })

const JUDGES: Readonly<Record<GradientMetric, (value: number, median: number) => GradientWord>> = {
  flow_grad_norm(value, median) {
    const { flowVanishing, flowBack } = GRADIENT_LIMITS
    if (value === 0) return word('vanishing', 'nothing flows back: every unit is dead')
    if (value < flowVanishing * median) return word('vanishing', `below ${flowVanishing} of the layer’s median`)
    if (value < flowBack * median) return word('weak', `below ${flowBack} of the layer’s median`)
    return word('fine', 'within the limits')
  },
  demand_grad_norm(value, median) {
    const { norm, timesMedian } = GRADIENT_LIMITS
    if (value > norm) return word('exploding', `above ${norm}`)
    if (median > 0 && value > timesMedian * median)
      return word('exploding', `more than ${timesMedian} times the layer’s median`)
    return word('fine', 'within the limits')
  },
  seed_grad_norm: (value) =>
    value > GRADIENT_LIMITS.norm
      ? word('exploding', `above ${GRADIENT_LIMITS.norm}`)
      : word('fine', 'within the limits'),
  grad_ratio: (value) =>
    value < GRADIENT_LIMITS.ratio
      ? word('weak', `below ${GRADIENT_LIMITS.ratio}, which the gate to grafting asks for`)
      : word('fine', 'within the limits'),
  // No limit is documented for it: it is shown beside the others and not judged.
  update_ratio: () => word('fine', 'has no limit'),
}

/** Judges one value. */
export function judgeGradient(metric: GradientMetric, value: number, median: number): GradientWord {
  if (!Number.isFinite(value)) return word('unknown', 'not measured')
  return JUDGES[metric](value, median)
}

/** The value with its verdict, for people. */
export const gradientText = (value: number, { verdict, why }: GradientWord): string =>
  verdict === 'unknown' ? why : `${formatNumber(value)}: ${verdict === 'fine' ? why : `${verdict}, ${why}`}`
