/*
 * hostDetectors: gradients of the host that explode: one reading per tick against the median of the last.
 * In: host_grad_norm and clip_fraction of a tick. Out: bad, good or neither, and the words for it.
 * Invariant: pure but for its window; without enough readings nothing is judged; what is not finite is left to the rule for it.
 * Source: docs/alerts.md "rules that ship".
 */
import type { AlertRule } from '../contracts/alerts.ts'

const LEAST_READINGS = 20

export interface HostFinding {
  readonly on: 'raise' | 'clear'
  readonly value: number
  readonly threshold: number
  readonly text: string
}

export interface HostDetector {
  evaluate(gradNorm: number, clipFraction: number): HostFinding | null
  adopt(): void
}

/** Makes the detector of one run. */
export function createGradientDetector(rule: AlertRule): HostDetector {
  const {
    factor,
    window,
    raise_ticks: raiseTicks,
    clip_fraction: clip,
    clear_factor: clearFactor,
    clear_ticks: clearTicks,
  } = rule.params as Record<string, number>
  const ring = new Float64Array(Math.min(10_000, window!))
  let count = 0
  let raised = false
  let bad = 0
  let good = 0

  const median = (): number => {
    const known = Math.min(count, ring.length)
    const sorted = ring.slice(0, known).sort()
    return sorted[known >> 1]!
  }

  return {
    adopt() {
      raised = true
    },
    evaluate(gradNorm, clipFraction) {
      if (!Number.isFinite(gradNorm)) return null
      const usual = count >= LEAST_READINGS ? median() : Number.NaN
      ring[count++ % ring.length] = gradNorm
      const clipped = clipFraction > clip!
      const wild = gradNorm > factor! * usual
      bad = wild || clipped ? bad + 1 : 0
      good = !clipped && !(gradNorm >= clearFactor! * usual) ? good + 1 : 0
      if (!raised && bad >= raiseTicks!) {
        raised = true
        const text = wild
          ? `The gradient norm is ${gradNorm.toPrecision(3)}, ${(gradNorm / usual).toFixed(0)} times the median of the last ${Math.min(count - 1, ring.length)} ticks.`
          : `${Math.round(clipFraction * 100)} % of the steps of a tick were clipped.`
        return { on: 'raise', value: gradNorm, threshold: wild ? factor! * usual : clip!, text }
      }
      if (raised && good >= clearTicks!) {
        raised = false
        return { on: 'clear', value: gradNorm, threshold: clearFactor! * usual, text: '' }
      }
      return null
    },
  }
}
