/*
 * Event text: one line for each kind of record: who, what, why, measured by what.
 * In: a live record. Out: subject, words, glyph or icon, tone, kind of filter.
 * Invariant: the guard's reading and who triggered are shown when the record carries them, and never invented.
 * Source: docs/ux 'pages: live'.
 */
import { SEED_STATE_ID } from '../../lib/contracts/lifecycle.ts'
import type { GuardReading, LiveRecord } from '../../lib/contracts/liveRecords.ts'
import { formatCount, formatNumber, formatPercent } from '../../lib/live/formatValue.ts'
import { stateLabel } from '../heatmap/stateGlyph.ts'
import type { IconName } from '../ui/Icon.tsx'

export type EventFilter = 'main' | 'all' | 'transitions' | 'commands' | 'trouble'

/** Tells whether a line belongs under a filter; `main` leaves out what worked as it should: checkpoints and applied commands. */
export function isUnder(filter: EventFilter, line: Pick<EventLine, 'filter' | 'tone'>): boolean {
  if (filter === 'all') return true
  if (filter === 'main') return line.filter !== 'commands' || line.tone !== 'plain'
  return line.filter === filter
}

export interface EventLine {
  readonly subject: string
  readonly text: string
  readonly glyph: number | null
  readonly icon: IconName
  readonly tone: 'plain' | 'info' | 'warn' | 'crit'
  readonly filter: 'transitions' | 'commands' | 'trouble'
  readonly seed: { readonly layerId: string; readonly seedId: number } | null
}

/** Writes a guard's reading: "stability 0.71 against 0.80, refused". */
export function guardText(guard: GuardReading | null): string {
  if (!guard) return ''
  const value = guard.value === null ? 'unmeasured' : formatNumber(guard.value)
  const against = guard.threshold === null ? '' : ` against ${formatNumber(guard.threshold)}`
  return `${guard.name} ${value}${against}${guard.passed ? '' : ', not passed'}`
}

const tones = { info: 'info', warning: 'warn', critical: 'crit' } as const
const icons = { info: 'info', warning: 'warning', critical: 'critical' } as const
const seedOf = (layerId: string | null, seedId: number | null): EventLine['seed'] =>
  layerId !== null && seedId !== null ? { layerId, seedId } : null
const nameOf = (layerId: string | null, seedId: number | null): string =>
  layerId === null ? 'run' : seedId === null ? layerId : `${layerId}/${seedId}`

/** Writes the line of one record. */
export function eventText(record: LiveRecord): EventLine {
  switch (record.kind) {
    case 'transition': {
      const blueprint = record.blueprint_id === null || record.to_state === 'DORMANT' ? '' : `, ${record.blueprint_id}`
      const by = record.triggered_by === 'unknown' ? '' : `, by ${record.triggered_by}`
      const why = [guardText(record.guard), record.reason].filter((part) => part !== '').join('; ')
      return {
        subject: nameOf(record.layer_id, record.seed_id),
        text: `${record.legal ? '' : 'ILLEGAL EDGE '}to ${stateLabel(SEED_STATE_ID[record.to_state]).toLowerCase()}${blueprint}${by}${why === '' ? '' : `: ${why}`}`,
        glyph: SEED_STATE_ID[record.to_state],
        icon: 'live',
        tone: record.legal ? (record.to_state === 'ROLLED_BACK' ? 'warn' : 'plain') : 'crit',
        filter: 'transitions',
        seed: seedOf(record.layer_id, record.seed_id),
      }
    }
    case 'command':
      return {
        subject: nameOf(record.layer_id, record.seed_id),
        text: `${record.command_type} ${record.outcome}${record.code === null ? '' : ` (${record.code})`}${record.text === '' ? '' : `: ${record.text}`}`,
        glyph: null,
        icon: 'command',
        tone: ['refused', 'failed', 'rejected'].includes(record.outcome) ? 'warn' : 'plain',
        filter: 'commands',
        seed: seedOf(record.layer_id, record.seed_id),
      }
    case 'fault':
      return {
        subject: nameOf(record.layer_id, record.seed_id),
        text: `fault ${record.fault_id}: ${record.text}`,
        glyph: null,
        icon: 'bolt',
        tone: 'warn',
        filter: 'trouble',
        seed: seedOf(record.layer_id, record.seed_id),
      }
    case 'alert':
      return {
        subject: nameOf(record.layer_id, null),
        text: record.text,
        glyph: null,
        icon: icons[record.severity],
        tone: tones[record.severity],
        filter: 'trouble',
        seed: null,
      }
    case 'checkpoint':
      return {
        subject: nameOf(record.layer_id, null),
        text: `checkpoint ${record.checkpoint_id}, ${formatCount(record.bytes)} bytes`,
        glyph: null,
        icon: 'disk',
        tone: 'plain',
        filter: 'commands',
        seed: null,
      }
    case 'incident':
      return {
        subject: 'bus',
        text: `${record.text}${record.lost === null || record.lost === 0 ? '' : `, ${formatCount(record.lost)} lost`}`,
        glyph: null,
        icon: icons[record.severity],
        tone: tones[record.severity],
        filter: 'trouble',
        seed: null,
      }
    case 'evaluation':
      return {
        subject: 'host',
        text: `validation ${formatPercent(record.val_accuracy)} at step ${formatCount(record.step)}`,
        glyph: null,
        icon: 'info',
        tone: 'plain',
        filter: 'transitions',
        seed: null,
      }
    default: {
      const never: never = record
      return never
    }
  }
}
