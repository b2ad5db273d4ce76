import { formatAge, formatCount, formatUtc } from '../../lib/live/formatValue.ts'
import type { PastGap } from '../../lib/live/replaySource.ts'

const CAUSES: Readonly<Record<string, string>> = {
  bus_down: 'the bus was down',
  producer_silent: 'the producer was silent',
  lost: 'telemetry was lost',
  server_restart: 'the server restarted',
  not_recorded: 'nothing was recorded',
  damaged: 'a part of the record can not be read',
}

/** Says a gap of the record: its cause, how long, from when, what was lost. */
export function gapWords({ fromMs, toMs, cause, lost }: PastGap): string {
  const what = CAUSES[cause] ?? cause
  const counted = lost === null || lost === 0 ? '' : `, ${formatCount(lost)} lost`
  return `${what} for ${formatAge(toMs - fromMs)} from ${formatUtc(fromMs)} UTC${counted}`
}
