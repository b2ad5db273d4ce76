/*
 * evidencePlot: the window of values behind an alert, laid out for a small picture.
 * In: times and values, the threshold, a size. Out: paths in px, places of marks, the range in numbers.
 * Invariant: a value that was not measured breaks the line and is never drawn as zero; the threshold is always inside the picture.
 * Source: docs/ux.md "pages: alerts".
 */
import type { AlertItem } from '../../lib/contracts/alerts.ts'

export interface EvidencePlot {
  /** One path; each unmeasured value lifts the pen. */
  readonly line: string
  /** Points that stand alone between two unmeasured ones. */
  readonly dots: readonly { readonly x: number; readonly y: number }[]
  /** Stretches without a value, px. */
  readonly gaps: readonly { readonly from: number; readonly to: number }[]
  readonly thresholdY: number | null
  readonly triggerX: number | null
  readonly min: number
  readonly max: number
  readonly fromMs: number
  readonly toMs: number
  readonly measured: number
  readonly of: number
}

const AIR = 0.08

/** Lays out the window; null when it holds no measured value. */
export function layoutEvidence(
  evidence: AlertItem['evidence'],
  raisedAtMs: number | null,
  size: { readonly width: number; readonly height: number },
): EvidencePlot | null {
  const { t_ms: times, v: values } = evidence.window
  const finite = values.filter((value): value is number => value !== null && Number.isFinite(value))
  const fromMs = times[0]
  const toMs = times.at(-1)
  if (finite.length === 0 || fromMs === undefined || toMs === undefined) return null
  const all = evidence.threshold === null ? finite : [...finite, evidence.threshold]
  const low = Math.min(...all)
  const high = Math.max(...all)
  const air = high === low ? Math.max(Math.abs(high) * AIR, 0.5) : (high - low) * AIR
  const [min, max] = [low - air, high + air]
  const span = Math.max(1, toMs - fromMs)
  const x = (ms: number): number => Math.round(((ms - fromMs) / span) * size.width * 10) / 10
  const y = (value: number): number => Math.round((1 - (value - min) / (max - min)) * size.height * 10) / 10
  const isMeasured = (index: number): boolean => {
    const value = values[index]
    return value !== null && value !== undefined && Number.isFinite(value)
  }
  let line = ''
  const dots: { x: number; y: number }[] = []
  const gaps: { from: number; to: number }[] = []
  for (const [index, ms] of times.entries()) {
    const value = values[index]
    if (!isMeasured(index) || value === null || value === undefined) {
      const from = x(times[Math.max(0, index - 1)] ?? ms)
      const to = x(times[index + 1] ?? ms)
      const last = gaps.at(-1)
      if (last && last.to >= from) last.to = to
      else gaps.push({ from, to })
      continue
    }
    const isFirst = index === 0 || !isMeasured(index - 1)
    const isLast = index === times.length - 1 || !isMeasured(index + 1)
    line += `${isFirst ? 'M' : 'L'}${x(ms)} ${y(value)}`
    if (isFirst && isLast) dots.push({ x: x(ms), y: y(value) })
  }
  return {
    line,
    dots,
    gaps,
    thresholdY: evidence.threshold === null ? null : y(evidence.threshold),
    triggerX: raisedAtMs === null || raisedAtMs < fromMs || raisedAtMs > toMs ? null : x(raisedAtMs),
    min,
    max,
    fromMs,
    toMs,
    measured: finite.length,
    of: values.length,
  }
}
