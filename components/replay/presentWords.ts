/*
 * Present words: why a page can not show a moment of the past, and where what it shows can be looked up for then.
 * In: the path of a page that shows the present. Out: a sentence.
 * Invariant: every page that does not travel has its own sentence; none promises what is not kept.
 * Source: docs/ux.md "time travel"; features B3.
 */
const REASONS: readonly (readonly [path: string, words: string])[] = [
  ['/alerts', 'Alerts are listed as they stand now; what was raised by then is on the Timeline.'],
  [
    '/commands',
    'Commands are listed as they stand now; what was commanded by then is on the Timeline and in the audit trail.',
  ],
  ['/bus', 'Of streams and groups no past is kept; outages and refusals of then are on the Timeline.'],
  ['/latency', 'Latencies are kept in memory since the server began, and not per moment.'],
  ['/rules', 'Rules are shown in the version that holds now.'],
  ['/audit', 'The trail is whole at any time: each entry says when it was made.'],
  ['/threads', 'A thread is whole at any time: each of its parts says when it was.'],
  ['/admin', 'People, sessions and tokens are shown as they are now.'],
]

/** Says why this page shows the present. */
export function presentWords(path: string): string {
  return REASONS.find(([own]) => path === own || path.startsWith(`${own}/`))?.[1] ?? 'No past of this page is kept.'
}
