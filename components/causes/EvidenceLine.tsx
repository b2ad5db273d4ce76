/*
 * EvidenceLine: the values an alert was raised from, as a small line with its threshold; the numbers stand beside it as words.
 * In: the window of an alert. Out: a drawing for the eye, words for everybody.
 * Invariant: unmeasured values leave holes; without two values there is no line.
 * Source: docs/ux.md "causal thread".
 */
import type { EvidenceWindow } from '../../lib/contracts/httpThreads.ts'
import { formatNumber } from '../../lib/live/formatValue.ts'

const WIDTH = 240
const HEIGHT = 48

export function EvidenceLine({ evidence }: { readonly evidence: EvidenceWindow }) {
  const { t_ms: times, v: values, threshold, trigger, worst, live, metric } = evidence
  const measured = values.filter((value) => value !== null)
  const all = threshold === null ? measured : [...measured, threshold]
  const [low, high] = [Math.min(...all), Math.max(...all)]
  const span = high - low || 1
  const from = times[0] ?? 0
  const wide = (times.at(-1) ?? 0) - from || 1
  const y = (value: number): number => 3 + (1 - (value - low) / span) * (HEIGHT - 6)
  const points = values.flatMap((value, at) =>
    value === null ? [] : [`${((((times[at] ?? from) - from) / wide) * WIDTH).toFixed(1)},${y(value).toFixed(1)}`],
  )
  const words = [
    ['trigger', trigger],
    ['worst', worst],
    ['live', live],
    ['threshold', threshold],
  ] as const
  return (
    <div className="evidence">
      {points.length > 1 && (
        <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width={WIDTH} height={HEIGHT} aria-hidden="true">
          {threshold !== null && <line className="threshold" x1={0} x2={WIDTH} y1={y(threshold)} y2={y(threshold)} />}
          <polyline points={points.join(' ')} />
        </svg>
      )}
      <p className="t2">
        {metric ?? 'value'}:{' '}
        {words
          .filter(([, value]) => value !== null)
          .map(([name, value]) => `${name} ${formatNumber(value ?? 0)}`)
          .join(', ') || 'unmeasured'}
      </p>
    </div>
  )
}
