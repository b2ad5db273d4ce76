/*
 * backtestWords: what a rule would have done, in one sentence, and what that was judged on, in another.
 * In: the answer of a back-test. Out: words.
 * Invariant: nothing judged is said as that, never as "would not have fired".
 * Source: docs/alerts.md "back-test"; features D2.
 */
import type { RuleBacktest } from '../../lib/contracts/httpRules.ts'
import { formatAge, formatCount } from '../../lib/live/formatValue.ts'

export function backtestWords(test: RuleBacktest): string {
  if (test.judged === 0 || test.from_ms === null || test.to_ms === null)
    return 'Nothing of the kept past could be judged by this rule.'
  const past = `the last ${formatAge(test.to_ms - test.from_ms)}`
  if (test.firings === 0)
    return `It would not have fired in ${past}; ${formatCount(test.judged)} ticks of layers judged.`
  const times = test.firings === 1 ? 'once' : `${formatCount(test.firings)} times`
  const flaps = test.flaps === 0 ? 'no flaps' : test.flaps === 1 ? '1 flap' : `${formatCount(test.flaps)} flaps`
  return `It would have fired ${times} in ${past}, ${flaps}, ${test.per_10_min.toFixed(1)} alarms per 10 min; ${formatCount(test.would_ack)} to acknowledge; ${formatCount(test.judged)} ticks of layers judged.`
}

/** What was read, how much of what there was, and what is missing with its cause. */
export function coverageWords({ source, coverage }: RuleBacktest): string {
  const { ticks, of, gaps, gaps_total: total } = coverage
  const where = source === 'memory' ? 'memory' : 'the record on the disk'
  const much =
    of === null
      ? `${formatCount(ticks)} ticks of layers, of how many is not known`
      : `${formatCount(ticks)} of ${formatCount(of)} ticks of layers`
  const causes = [...new Set(gaps.map(({ cause }) => cause.replaceAll('_', ' ')))].join(', ')
  const holes = total === 0 ? '' : `; ${total === 1 ? '1 gap' : `${formatCount(total)} gaps`} (${causes})`
  return `Read from ${where}: ${much}${holes}.`
}
