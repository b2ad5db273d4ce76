/*
 * RecordFacts: what is kept of the run, how much it takes, how long it stays, and what the recorder could not keep.
 * In: the coverage of the record. Out: facts; losses in words.
 * Invariant: every loss the recorder counted is said; nothing lost is said as well.
 * Source: docs/history.md; docs/ux.md "honest gaps".
 */
import type { ReplayCoverage } from '../../lib/contracts/httpReplay.ts'
import { formatAge, formatCount } from '../../lib/live/formatValue.ts'

const megabytes = (bytes: number): string => `${(bytes / 1_000_000).toFixed(bytes < 10_000_000 ? 1 : 0)} MB`

/** Says what the recorder could not keep; "nothing" when it kept all. */
export function lossWords({ recorder }: Pick<ReplayCoverage, 'recorder'>): string {
  const lost = [
    [recorder.missed_ticks, 'reports came too fast'],
    [recorder.thinned_ticks, 'reports left out of runs too large'],
    [recorder.dropped_events, 'events not written'],
    [recorder.torn_blocks, 'damaged parts left out'],
  ] as const
  const said = lost.flatMap(([count, words]) => (count > 0 ? [`${formatCount(count)} ${words}`] : []))
  return said.length === 0 ? 'nothing' : said.join(', ')
}

export function RecordFacts({ coverage }: { readonly coverage: ReplayCoverage }) {
  const { from, to, retention, recorder } = coverage
  const facts: readonly (readonly [string, string])[] = [
    ['Recorder', recorder.problem === null ? recorder.state : `${recorder.state}: ${recorder.problem}`],
    [
      'Kept of this run',
      from === null || to === null ? 'nothing yet' : `${formatAge(to - from)}, ${megabytes(coverage.bytes)}`,
    ],
    ['Reports', formatCount(coverage.ticks)],
    ['Events', formatCount(coverage.events)],
    ['Gaps', formatCount(coverage.gaps.length)],
    ['Not kept', lossWords(coverage)],
    [
      'Retention',
      `${megabytes(retention.max_bytes)}${retention.max_age_ms === null ? '' : `, ${formatAge(retention.max_age_ms)}`}; ${megabytes(coverage.total_bytes)} in use by ${formatCount(coverage.runs.length)} runs`,
    ],
  ]
  return (
    <dl className="facts timeline-facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}
