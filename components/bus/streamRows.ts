/*
 * streamRows: the streams of a bus answer as a reader wants them: sorted by topic, narrowed by what is searched.
 */
import type { BusReport } from '../../lib/contracts/httpApi.ts'
import { formatAge, formatCount, formatNumber } from '../../lib/live/formatValue.ts'

export type StreamRow = BusReport['streams'][number]

/** What stands where nobody knows: never a zero. */
export const UNKNOWN = 'unknown'

/** Says a count; what is not known is said so. */
export const countOrUnknown = (value: number | null): string => (value === null ? UNKNOWN : formatCount(value))

/** Says an age; what is not known is said so. */
export const ageOrUnknown = (ms: number | null): string => (ms === null ? UNKNOWN : `${formatAge(ms)} ago`)

/** Says entries per second. */
export const rateText = (perS: number): string => (perS < 10 ? perS.toFixed(1) : formatNumber(perS))

/** Gives the streams whose topic holds every word of `search`, by topic. */
export function streamRows(streams: readonly StreamRow[], search: string): readonly StreamRow[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean)
  return streams
    .filter(({ topic }) => words.every((word) => topic.toLowerCase().includes(word)))
    .toSorted((a, b) => (a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : 0))
}
