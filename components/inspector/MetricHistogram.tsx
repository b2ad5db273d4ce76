/*
 * Metric histogram: how the layer's seeds are spread over one metric, with the selected seed marked.
 * In: classes and counts. Out: bars, the greatest count beside them, what the first, middle and last class stand for below.
 * Invariant: every class has its bar; one that holds anybody is seen, however few. No chart library: choosing a seed must not load and
 * run one while the way on to its layer is waited for.
 * Source: docs/performance.md "profiles"; features A7.
 */
'use client'
import { formatCount } from '../../lib/live/formatValue.ts'

const WIDTH = 240
const HEIGHT = 96
const LEAST = 2

export interface HistogramClass {
  readonly label: string
  readonly count: number
  readonly own: boolean
}

export function MetricHistogram({ classes }: { readonly classes: readonly HistogramClass[] }) {
  const most = Math.max(0, ...classes.map(({ count }) => count))
  const width = WIDTH / Math.max(1, classes.length)
  const named = [0, classes.length >> 1, classes.length - 1]
  return (
    <div className="metric-histogram">
      <span className="most">{formatCount(most)}</span>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        {classes.map(({ count, own }, index) => {
          const x = index * width
          const height = count === 0 ? 0 : Math.max(LEAST, (count / most) * (HEIGHT - 1))
          return (
            <rect
              key={x}
              className={own ? 'own' : undefined}
              x={x + 0.5}
              y={HEIGHT - 1 - height}
              width={width - 1}
              height={height}
            />
          )
        })}
        <rect className="base" x={0} y={HEIGHT - 1} width={WIDTH} height={1} />
      </svg>
      <span className="classes">
        {named.map((at) => (
          <span key={at}>{classes[at]?.label}</span>
        ))}
      </span>
    </div>
  )
}
