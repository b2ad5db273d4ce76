/*
 * Contribution chart: what the seed was worth at each reading, with the interval the reading allows.
 * In: readings of one life. Out: an SVG with a zero line, and the same as a table for screen readers.
 * Invariant: an interval is always drawn with its kind in words; a reading without one is a bare point.
 * Source: features A15; docs/training.md "contribution".
 */
import type { ContributionRead } from '../../lib/contracts/httpSeed.ts'
import { formatCount, formatUtc, UNKNOWN_TEXT } from '../../lib/live/formatValue.ts'

const SIZE = { width: 480, height: 120, left: 40, right: 8, top: 8, bottom: 18 }
/** A fossil needs this much: half a percent point. */
const NEEDED = 0.005

const points = (value: number | null): string =>
  value === null ? UNKNOWN_TEXT : `${value > 0 ? '+' : ''}${(value * 100).toFixed(2)}`

export function ContributionChart({ reads }: { readonly reads: readonly ContributionRead[] }) {
  const known = reads.filter((read) => read.contribution !== null)
  const ends = known.flatMap((read) => [read.low ?? read.contribution ?? 0, read.high ?? read.contribution ?? 0])
  const low = Math.min(0, ...ends)
  const high = Math.max(NEEDED * 1.4, ...ends)
  const inner = { width: SIZE.width - SIZE.left - SIZE.right, height: SIZE.height - SIZE.top - SIZE.bottom }
  const x = (index: number): number => SIZE.left + (inner.width * (index + 0.5)) / Math.max(1, reads.length)
  const y = (value: number): number => SIZE.top + inner.height * (1 - (value - low) / Math.max(1e-9, high - low))
  const first = reads[0]
  const last = reads.at(-1)
  const kinds = new Set(known.map((read) => read.method))
  return (
    <figure className="contribution">
      <svg viewBox={`0 0 ${SIZE.width} ${SIZE.height}`} aria-hidden="true">
        <line className="zero" x1={SIZE.left} x2={SIZE.width - SIZE.right} y1={y(0)} y2={y(0)} />
        <line className="needed" x1={SIZE.left} x2={SIZE.width - SIZE.right} y1={y(NEEDED)} y2={y(NEEDED)} />
        <text x={SIZE.left - 5} y={y(0) + 4} textAnchor="end">
          0
        </text>
        <text x={SIZE.left - 5} y={Math.min(y(NEEDED) + 4, y(0) - 9)} textAnchor="end">
          +0.5
        </text>
        {reads.map((read, index) =>
          read.contribution === null ? null : (
            <g key={`${read.at_ms} ${index}`} className={read.low !== null && read.low > 0 ? 'read sure' : 'read'}>
              {read.low !== null && read.high !== null && (
                <line x1={x(index)} x2={x(index)} y1={y(read.low)} y2={y(read.high)} />
              )}
              <circle cx={x(index)} cy={y(read.contribution)} r={3} />
            </g>
          ),
        )}
        <text x={SIZE.left} y={SIZE.height - 4}>
          {first === undefined ? '' : formatUtc(first.at_ms)}
        </text>
        <text x={SIZE.width - SIZE.right} y={SIZE.height - 4} textAnchor="end">
          {last === undefined || reads.length < 2 ? '' : formatUtc(last.at_ms)}
        </text>
      </svg>
      <figcaption className="t2">
        Newest {points(last?.contribution ?? null)} pp
        {last?.low == null || last.high === null ? '' : ` (${points(last.low)} to ${points(last.high)})`}, of{' '}
        {formatCount(last?.samples ?? 0)} samples.{' '}
        <span className="t3">
          {kinds.has('paired') ? '95 % of the paired difference' : '95 % as if the samples differed, which is too wide'}
          ; dashed: what a fossil needs.
        </span>
      </figcaption>
      <div className="visually-hidden">
        <table>
          <caption>Contribution readings</caption>
          <thead>
            <tr>
              <th scope="col">UTC</th>
              <th scope="col">Contribution, pp</th>
              <th scope="col">Low</th>
              <th scope="col">High</th>
            </tr>
          </thead>
          <tbody>
            {reads.slice(-24).map((read, index) => (
              <tr key={`${read.at_ms} ${index}`}>
                <td>{formatUtc(read.at_ms)}</td>
                <td>{points(read.contribution)}</td>
                <td>{points(read.low)}</td>
                <td>{points(read.high)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </figure>
  )
}
