/*
 * alertWords: an alert in words and shapes: its state, its owner, its values, the bell that tells what is still to be done.
 * In: items of the API. Out: short texts, names of shapes.
 * Invariant: a state is carried by a shape and a word, never by colour alone; what was not measured reads "?", never 0.
 * Source: docs/ux.md "pages: alerts".
 */
import type { AlertItem } from '../../lib/contracts/alerts.ts'
import { formatAge, formatLocal, formatNumber, formatUtc } from '../../lib/live/formatValue.ts'
import type { IconName } from '../ui/Icon.tsx'

/** filled: nobody has it; dashed: being acknowledged; ring: somebody has it; hollow: cleared, not seen; clock: shelved; lock: latched; slashed: out of service. */
export type BellShape = 'filled' | 'dashed' | 'ring' | 'hollow' | 'clock' | 'lock' | 'slashed' | 'check'

const SHAPES: Readonly<Record<AlertItem['state'], BellShape>> = {
  unacked_active: 'filled',
  acked_active: 'ring',
  unacked_cleared: 'hollow',
  normal: 'check',
  shelved: 'clock',
  latched: 'lock',
  out_of_service: 'slashed',
}

export function bellShape(alert: Pick<AlertItem, 'state'>, isSending = false): BellShape {
  return isSending ? 'dashed' : SHAPES[alert.state]
}

export const SEVERITY_ICONS: Readonly<Record<AlertItem['severity'], IconName>> = {
  critical: 'critical',
  warning: 'warning',
  info: 'info',
}
export const SEVERITY_TONES: Readonly<Record<AlertItem['severity'], string>> = {
  critical: 'tone-crit',
  warning: 'tone-warn',
  info: 'tone-info',
}

export const URGENCY_WORDS: Readonly<Record<AlertItem['urgency'], string>> = {
  now: 'look now',
  soon: 'within the shift',
  later: 'when there is time',
}

const ms = (iso: string | null): number | null => {
  const read = iso === null ? Number.NaN : Date.parse(iso)
  return Number.isFinite(read) ? read : null
}

/** Age of a moment, null when there is none. */
export function ageOf(iso: string | null, nowMs: number): number | null {
  const at = ms(iso)
  return at === null ? null : Math.max(0, nowMs - at)
}

/** Says where an alert is: layer and seed, layer, run, or the product itself. */
export function placeText(alert: Pick<AlertItem, 'layer_id' | 'seed_id' | 'run_id'>): string {
  if (alert.layer_id !== null) return alert.seed_id === null ? alert.layer_id : `${alert.layer_id}/${alert.seed_id}`
  return alert.run_id ?? 'the system'
}

/** A moment as HH:MM:SS UTC, with the reader's own time for a tooltip. */
export function timeText(iso: string | null): { readonly utc: string; readonly local: string } {
  const at = ms(iso)
  return at === null ? { utc: '?', local: '' } : { utc: formatUtc(at), local: `${formatLocal(at)} where you are` }
}

/** What is so, who has it, since when. */
export function stateWords(alert: AlertItem, nowMs: number): string {
  const since = (iso: string | null): string => {
    const age = ageOf(iso, nowMs)
    return age === null ? '' : ` ${formatAge(age)} ago`
  }
  const owner = alert.acked_by === null ? 'acknowledged' : `${alert.acked_by}${since(alert.acked_at)}`
  switch (alert.state) {
    case 'unacked_active':
      return 'not acknowledged'
    case 'acked_active':
      return owner
    case 'unacked_cleared':
      return 'returned to normal, not seen'
    case 'normal':
      return alert.cleared_at === null ? 'normal' : `cleared${since(alert.cleared_at)}`
    case 'shelved':
      return alert.shelved_until === null
        ? `shelved until it clears${alert.shelved_by === null ? '' : ` by ${alert.shelved_by}`}`
        : `shelved until ${timeText(alert.shelved_until).utc.slice(0, 5)} UTC${alert.shelved_by === null ? '' : ` by ${alert.shelved_by}`}`
    case 'latched':
      return alert.acked_by === null ? 'latched: waits to be acknowledged' : `latched, ${owner}`
    case 'out_of_service':
      return 'out of service'
  }
}

/** Tells whether acknowledging would change anything. */
export function canAck(alert: AlertItem): boolean {
  if (alert.state === 'latched') return alert.acked_by === null
  return alert.state === 'unacked_active' || alert.state === 'unacked_cleared'
}

/** A value with its unit; "?" when it was not measured or is no number. */
export function valueText(value: number | null | undefined, unit: string | null): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '?'
  const text = formatNumber(value)
  return unit === null || unit === '' || unit === 'ratio' || unit === 'id' ? text : `${text} ${unit}`
}

/** Words of a group's line: how many, how many of them critical, how many still wait. */
export function groupWords(group: {
  readonly count: number
  readonly critical: number
  readonly unacked: number
}): string {
  const parts = [group.count === 1 ? '1 alert' : `${group.count} alerts`]
  if (group.critical > 0) parts.push(`${group.critical} critical`)
  if (group.unacked === 0) parts.push('all acknowledged')
  else if (group.unacked < group.count) parts.push(`${group.unacked} not acknowledged`)
  return parts.join(', ')
}

/** How long something has been going on, in one word after it: "12 s". */
export function forHowLong(alert: AlertItem, nowMs: number): string {
  const age = ageOf(alert.raised_at, nowMs)
  return age === null ? '?' : formatAge(age)
}
