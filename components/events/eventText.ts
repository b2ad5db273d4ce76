/*
 * Event text: for each kind of record one short line, and beside it everything the record carries.
 * In: a live record. Out: subject, words, full detail, glyph or icon, tone, kind of filter.
 * Invariant: the guard's reading and who triggered are in the detail when the record carries them, and never invented.
 * Source: docs/ux.md 'pages: live'.
 */
import { causeOf } from '../../lib/contracts/causes.ts'
import { SEED_STATE_ID } from '../../lib/contracts/lifecycleTable.ts'
import type { LiveRecord } from '../../lib/contracts/liveRecords.ts'
import { formatCount, formatPercent, stateText } from '../../lib/live/formatValue.ts'
import { guardText } from '../../lib/live/guardWords.ts'
import { stateLabel } from '../heatmap/stateGlyph.ts'
import type { IconName } from '../ui/Icon.tsx'

export type EventFilter = 'main' | 'all' | 'transitions' | 'commands' | 'trouble'
export type CommandRecord = Extract<LiveRecord, { kind: 'command' }>
type TransitionRecord = Extract<LiveRecord, { kind: 'transition' }>

/** Tells whether a line belongs under a filter; `main` leaves out what worked as it should: checkpoints and applied commands. */
export function isUnder(filter: EventFilter, line: Pick<EventLine, 'filter' | 'tone'>): boolean {
  if (filter === 'all') return true
  if (filter === 'main') return line.filter !== 'commands' || line.tone !== 'plain'
  return line.filter === filter
}

export interface EventLine {
  readonly subject: string
  readonly text: string
  /** All the record says, for the tooltip, the focused row and the inspector. */
  readonly detail: string
  readonly glyph: number | null
  readonly icon: IconName
  readonly tone: 'plain' | 'info' | 'warn' | 'crit'
  readonly filter: 'transitions' | 'commands' | 'trouble'
  readonly seed: { readonly layerId: string; readonly seedId: number } | null
}

const tones = { info: 'info', warning: 'warn', critical: 'crit' } as const
const icons = { info: 'info', warning: 'warning', critical: 'critical' } as const
const seedOf = (layerId: string | null, seedId: number | null): EventLine['seed'] =>
  layerId !== null && seedId !== null ? { layerId, seedId } : null
const nameOf = (layerId: string | null, seedId: number | null): string => {
  if (layerId === null) return 'run'
  return seedId === null ? layerId : `${layerId}/${seedId}`
}

/** Finds the applied commands whose transition is listed: the transition says it all, once. */
export function mergedCommands(records: readonly LiveRecord[]): ReadonlyMap<string, CommandRecord> {
  const applied = new Map<string, CommandRecord>()
  for (const record of records)
    if (record.kind === 'command' && record.outcome === 'applied') applied.set(record.command_id, record)
  const shown = new Set(records.flatMap((record) => (record.kind === 'transition' ? [causeOf(record) ?? ''] : [])))
  return new Map([...applied].filter(([id]) => shown.has(id)))
}

const transitionLine = (record: TransitionRecord, command: CommandRecord | null): EventLine => {
  const to = stateLabel(SEED_STATE_ID[record.to_state]).toLowerCase()
  const from = stateLabel(SEED_STATE_ID[record.from_state]).toLowerCase()
  const edge = record.legal ? '' : 'ILLEGAL EDGE '
  const planted = record.to_state === 'GERMINATED' && record.blueprint_id !== null ? ` as ${record.blueprint_id}` : ''
  // The policy is the rule; whoever else acts is named.
  const by = ['policy', 'unknown'].includes(record.triggered_by) ? '' : ` by ${record.triggered_by}`
  const check = guardText(record.guard)
  const why = record.reason === '' ? check : record.reason
  const detail = [
    `${edge}${from} to ${to}`,
    record.blueprint_id,
    record.triggered_by === 'unknown' ? '' : `by ${record.triggered_by}`,
    record.reason,
    check === '' ? '' : `check: ${check}`,
    record.step === null ? '' : `step ${formatCount(record.step)}`,
    command ? `command ${command.command_id.slice(0, 8)} ${command.outcome}` : '',
  ]
  return {
    subject: nameOf(record.layer_id, record.seed_id),
    text: `${edge}to ${to}${planted}${by}${why === '' ? '' : `: ${why}`}`,
    detail: detail.filter(Boolean).join('; '),
    glyph: SEED_STATE_ID[record.to_state],
    icon: 'live',
    tone: record.legal ? (record.to_state === 'ROLLED_BACK' ? 'warn' : 'plain') : 'crit',
    filter: 'transitions',
    seed: seedOf(record.layer_id, record.seed_id),
  }
}

const COMMAND_WORDS: Readonly<Record<string, string>> = {
  LifecycleTransitionCommand: 'transition',
  BlueprintUpdateCommand: 'blueprint update',
  EmergencyStopCommand: 'emergency stop',
}

/** Tells whether a record only says that a layer answered: a probe asks every few seconds, and nothing happened. */
export function isAnsweredProbe(record: LiveRecord): boolean {
  return record.kind === 'command' && record.command_type === 'NoOp' && record.outcome === 'applied'
}

/** Turns names of states and columns inside a sentence into words. */
const spoken = (text: string): string =>
  text
    .replace(/\b([A-Z][A-Z_]+) -> ([A-Z][A-Z_]+)\b/g, (_, from: string, to: string) =>
      `${stateText(from)} to ${stateText(to)}`.toLowerCase(),
    )
    .replace(/\b[a-z]+(?:_[a-z]+)+\b/g, (name) => name.replaceAll('_', ' '))

const commandLine = (record: CommandRecord): EventLine => {
  const what = COMMAND_WORDS[record.command_type] ?? record.command_type
  const text = `${what} ${record.outcome}${record.text === '' ? '' : `: ${spoken(record.text)}`}`
  return {
    subject: nameOf(record.layer_id, record.seed_id),
    text,
    detail: `${record.command_type} ${record.command_id}; ${text}${record.code === null ? '' : ` (${record.code})`}`,
    glyph: null,
    icon: 'command',
    tone: ['refused', 'failed', 'rejected', 'expired', 'cancelled'].includes(record.outcome) ? 'warn' : 'plain',
    filter: 'commands',
    seed: seedOf(record.layer_id, record.seed_id),
  }
}

type Other = Exclude<LiveRecord, { kind: 'transition' | 'command' }>
const otherLine = (record: Other): EventLine => {
  const line = (subject: string, text: string, rest: Pick<EventLine, 'icon' | 'tone' | 'filter'>): EventLine => ({
    subject,
    text,
    detail: text,
    glyph: null,
    seed: null,
    ...rest,
  })
  switch (record.kind) {
    case 'fault':
      return {
        ...line(nameOf(record.layer_id, record.seed_id), `fault ${record.fault_id}: ${record.text}`, {
          icon: 'bolt',
          tone: 'warn',
          filter: 'trouble',
        }),
        seed: seedOf(record.layer_id, record.seed_id),
      }
    case 'alert':
      return line(nameOf(record.layer_id, null), record.text, {
        icon: icons[record.severity],
        tone: tones[record.severity],
        filter: 'trouble',
      })
    case 'checkpoint':
      return line(
        nameOf(record.layer_id, null),
        `checkpoint ${record.checkpoint_id}, ${formatCount(record.bytes)} bytes`,
        { icon: 'disk', tone: 'plain', filter: 'commands' },
      )
    case 'incident':
      return line(
        'bus',
        `${record.text}${record.lost === null || record.lost === 0 ? '' : `, ${formatCount(record.lost)} lost`}`,
        { icon: icons[record.severity], tone: tones[record.severity], filter: 'trouble' },
      )
    case 'evaluation':
      return line('host', `validation ${formatPercent(record.val_accuracy)} at step ${formatCount(record.step)}`, {
        icon: 'info',
        tone: 'plain',
        filter: 'transitions',
      })
    case 'change': {
      const trouble = record.what === 'run.gone' || record.what === 'run.restarted'
      return record.what.startsWith('run.')
        ? line('run', record.text, {
            icon: 'live',
            tone: trouble ? 'warn' : 'plain',
            filter: trouble ? 'trouble' : 'commands',
          })
        : line(record.what, `${record.text} by ${record.by}`, { icon: 'info', tone: 'info', filter: 'commands' })
    }
    default: {
      const never: never = record
      return never
    }
  }
}

/** Writes the line of one record; a transition also tells of the command that asked for it. */
export function eventText(record: LiveRecord, command: CommandRecord | null = null): EventLine {
  if (record.kind === 'transition') return transitionLine(record, command)
  return record.kind === 'command' ? commandLine(record) : otherLine(record)
}
