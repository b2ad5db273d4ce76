/*
 * recordNodes: records and notes of single seeds as nodes of the index.
 * In: numbered records, life notes, gaps. Out: node drafts; nothing for what only curves and charts are made of.
 * Invariant: pure; the id is made from the bus entry where there is one, so that a replay adds nothing; texts come from their producer.
 * Source: docs/protocol.md "threads".
 */
import { causeOf } from '../../lib/contracts/causes.ts'
import { THREAD_LINKS } from '../../lib/contracts/threadLinks.ts'
import type { ThreadNode } from '../../lib/contracts/httpThreads.ts'
import type { CoverageGap, EntryRef, LiveRecord } from '../../lib/contracts/liveRecords.ts'
import type { LifeNote } from '../ingest/lifeNotes.ts'
import type { NodeDraft } from './threadNode.ts'

/** Order of what carries the same millisecond: what causes stands before what is caused. */
export const ORDER = Object.freeze({
  fault: 10,
  alert: 20,
  command: 100,
  outcome: 200,
  transition: 300,
  rest: 400,
  cleared: 900,
})

const wordsOf = (state: string): string => state.toLowerCase().replaceAll('_', ' ')
const entryId = (kind: string, entry: EntryRef | null | undefined, otherwise: string): string =>
  entry ? `${kind} ${entry.topic}@${entry.entry_id}` : `${kind} ${otherwise}`

type Of<K extends LiveRecord['kind']> = Extract<LiveRecord, { kind: K }>

const common = (record: LiveRecord) => ({
  atMs: record.at_ms,
  runId: record.run_id,
  correlationId: record.correlation_id ?? null,
  causationId: causeOf(record),
  entry: record.entry ?? null,
  ...(record.late === true ? { late: true } : {}),
})

const OUTCOME_TONES: Readonly<Record<string, ThreadNode['tone']>> = { applied: 'ok', duplicate: 'plain' }

/** A command that another component issued: seen by its one outcome. */
function commandNodes(record: Of<'command'>): NodeDraft[] {
  const place = { layerId: record.layer_id, seedId: record.seed_id, commandId: record.command_id }
  const shared = { ...common(record), ...place, correlationId: record.correlation_id ?? record.command_id }
  const what = record.command_type.replace(/Command$/, '')
  const said = record.text === '' ? '' : `: ${record.text}`
  const code = record.code === null ? '' : ` (${record.code})`
  const outcome: NodeDraft = {
    ...shared,
    id: entryId('outcome', record.entry, `${record.command_id} ${record.outcome}`),
    kind: 'outcome',
    ord: ORDER.outcome,
    text: `${what} ${record.outcome}${code}${said}`,
    tone: OUTCOME_TONES[record.outcome] ?? 'warn',
    by: 'layer',
  }
  if (typeof record.issued_ms !== 'number') return [outcome]
  const { entry: _entry, late: _late, causationId: _cause, ...rest } = shared
  const issued: NodeDraft = {
    ...rest,
    id: `command ${record.command_id}`,
    kind: 'command',
    ord: ORDER.command,
    atMs: record.issued_ms,
    text: `${what} issued`,
    by: 'controller',
  }
  return [issued, outcome]
}

/** Translates a record. Transitions and refusals come as notes, with all their guards. */
export function nodesOfRecord(record: LiveRecord): readonly NodeDraft[] {
  const shared = common(record)
  switch (record.kind) {
    case 'command':
      return commandNodes(record)
    case 'fault': {
      const ends = record.action === 'cleared'
      return [
        {
          ...shared,
          id: entryId('fault', record.entry, `${record.fault_id} ${record.action ?? ''} ${record.at_ms}`),
          kind: 'fault',
          ord: ORDER.fault,
          correlationId: shared.correlationId ?? `fault:${record.fault_id}`.slice(0, 128),
          layerId: record.layer_id,
          seedId: record.seed_id,
          step: record.step,
          text: `fault ${record.fault_id} ${ends ? 'ended' : 'injected'}: ${record.text}`,
          tone: ends ? 'plain' : 'warn',
          isChange: true,
          ends,
        },
      ]
    }
    case 'alert':
      return [
        {
          ...shared,
          id: entryId('alert', record.entry, `${record.layer_id ?? ''} ${record.at_ms} ${record.text}`),
          kind: 'alert',
          ord: ORDER.alert,
          layerId: record.layer_id,
          text: record.text,
          tone: record.severity === 'critical' ? 'crit' : record.severity === 'warning' ? 'warn' : 'plain',
          isChange: record.severity === 'critical',
        },
      ]
    case 'checkpoint':
      return [
        {
          ...shared,
          id: entryId('checkpoint', record.entry, record.checkpoint_id),
          kind: 'checkpoint',
          ord: ORDER.rest,
          layerId: record.layer_id,
          step: record.step,
          text: `checkpoint ${record.checkpoint_id}, ${record.bytes} bytes`,
        },
      ]
    case 'incident':
      return [
        {
          ...shared,
          id: entryId('incident', record.entry, `${record.code} ${record.run_id ?? ''} ${Math.round(record.at_ms)}`),
          kind: 'incident',
          ord: ORDER.rest,
          atMs: record.from_ms ?? record.at_ms,
          untilMs: record.to_ms,
          text: record.text,
          tone: record.severity === 'critical' ? 'crit' : record.severity === 'warning' ? 'warn' : 'plain',
          isChange: true,
          by: record.code,
          link: THREAD_LINKS.bus,
        },
      ]
    case 'change': {
      const ofRun = record.what.startsWith('run.')
      const quiet = !ofRun || record.what === 'run.announced' || record.what === 'run.back'
      return [
        {
          ...shared,
          id: `change ${record.what} ${record.run_id ?? record.correlation_id ?? ''} ${Math.round(record.at_ms)}`,
          kind: ofRun ? 'run' : 'change',
          ord: ORDER.rest,
          text: record.text,
          tone: quiet ? 'plain' : 'warn',
          by: record.by,
          isChange: true,
          link: ofRun && record.run_id !== null ? THREAD_LINKS.run(record.run_id) : null,
        },
      ]
    }
    case 'transition':
    case 'evaluation':
      return []
  }
}

/** Translates what happened to one seed; paired readings stay with the live history. */
export function nodeOfNote(note: LifeNote): NodeDraft | null {
  if (note.kind === 'reading') return null
  const shared = {
    atMs: note.at_ms,
    runId: note.run_id,
    layerId: note.layer_id,
    seedId: note.seed_id,
    generation: note.generation,
    step: note.step,
    entry: note.entry,
    ...(note.late === true ? { late: true } : {}),
    note,
  }
  const id = (kind: string): string =>
    entryId(kind, note.entry, `${note.run_id} ${note.layer_id} ${note.seed_id} ${note.generation} ${note.at_ms}`)
  switch (note.kind) {
    case 'transition': {
      const cause = causeOf(note)
      const edge = `${wordsOf(note.from_state)} to ${wordsOf(note.to_state)}`
      return {
        ...shared,
        id: `${id('transition')} ${note.to_state}`,
        kind: 'transition',
        ord: ORDER.transition,
        correlationId: note.correlation_id ?? cause,
        causationId: cause,
        commandId: cause,
        text: `${note.legal ? '' : 'not in the scheme: '}${edge}${note.reason === '' ? '' : `: ${note.reason}`}`,
        tone: note.legal ? (note.to_state === 'ROLLED_BACK' ? 'warn' : 'plain') : 'crit',
        by: note.triggered_by,
        state: note.to_state,
        guards: note.guards.length > 0 ? note.guards : note.guard === null ? [] : [note.guard],
        // What an operator commanded stands in the list as that command.
        isChange: note.triggered_by !== 'operator',
      }
    }
    case 'refusal':
      return {
        ...shared,
        id: id('refusal'),
        kind: 'refusal',
        ord: ORDER.transition,
        text: `not to ${wordsOf(note.to_state)}${note.suppressed > 0 ? `, and ${note.suppressed} times before` : ''}`,
        guards: [note.guard],
        tone: 'plain',
      }
    case 'blueprint':
      return {
        ...shared,
        id: `${id('blueprint')} ${note.blueprint_id}`,
        kind: 'blueprint',
        ord: ORDER.rest,
        text: `carries ${note.blueprint_id}${note.strategy === null ? '' : `, blended by ${note.strategy}`}`,
        isChange: true,
      }
  }
}

const GAP_WORDS: Readonly<Record<CoverageGap['cause'], string>> = {
  bus_down: 'the bus was away',
  producer_silent: 'its producer was silent',
  lost: 'reports never arrived',
  server_restart: 'this server was not running',
  not_recorded: 'nothing was recorded',
  damaged: 'the record is damaged',
}

/** A hole in the telemetry of a run, kept as an incident with its cause. */
export function nodeOfGap(runId: string, gap: CoverageGap): NodeDraft {
  const lost = gap.lost === null ? '' : `, ${gap.lost} lost`
  return {
    id: `gap ${runId} ${gap.cause} ${Math.round(gap.from_ms)}`,
    atMs: gap.from_ms,
    untilMs: gap.to_ms,
    kind: 'incident',
    ord: ORDER.rest,
    runId,
    text: `no telemetry for ${((gap.to_ms - gap.from_ms) / 1_000).toFixed(1)} s: ${GAP_WORDS[gap.cause]}${lost}`,
    tone: 'warn',
    by: `gap:${gap.cause}`,
    isChange: true,
    link: THREAD_LINKS.bus,
    note: gap,
  }
}
