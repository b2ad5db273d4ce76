/*
 * alertStore: alarms and their history on the disk, written behind in batches, in order.
 * In: alarms and events as they change. Out: what was open, lists of the past, histories, the mark up to which events were seen.
 * Invariant: one writer, in the order of the changes; `durable` resolves when everything given before is on the disk; what can not
 * be written is kept, tried again and said.
 * Source: docs/alerts.md "records"; docs/adr/0009-records-database.md.
 */
import { sql } from 'kysely'
import { isOver, type Alarm, type AlarmEvent } from '../../lib/alerts/alarmTypes.ts'
import { AppError } from '../../lib/contracts/appError.ts'
import type { AlertQuery } from '../../lib/contracts/httpAlerts.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { Records } from '../stores/recordsDatabase.ts'
import type { AlertEventRow, AlertRow } from '../stores/recordsSchema.ts'

export interface AlertStore {
  /** Everything that is not over, oldest first, and the newest of what is. */
  load(overLimit: number): Promise<readonly Alarm[]>
  /** Queues; returns at once. */
  put(alarm: Alarm, events: readonly AlarmEvent[]): void
  /** @throws STATE_STORAGE */
  durable(): Promise<void>
  history(id: string, limit: number): Promise<readonly AlertEventRow[]>
  get(id: string): Promise<Alarm | null>
  past(query: AlertQuery, overOnly: boolean, limit: number): Promise<{ alarms: readonly Alarm[]; next: string | null }>
  mark(name: string): Promise<number | null>
  setMark(name: string, value: number): void
  problem(): string | null
  /** How many alarms wait to be written. */
  waiting(): number
  /** Forgets what is over and older. */
  forget(beforeMs: number): Promise<void>
  stop(): Promise<void>
}

const BATCH_MS = 100
const BATCH = 250
const RETRY_MS = 1_000

const toRow = (alarm: Alarm, changedMs: number): AlertRow => ({
  id: alarm.id,
  fingerprint: alarm.fingerprint,
  rule: alarm.rule,
  group_key: alarm.group,
  severity: alarm.severity,
  is_over: isOver(alarm) ? 1 : 0,
  run_id: alarm.runId,
  layer_id: alarm.layerId,
  seed_id: alarm.seedId,
  correlation_id: alarm.correlationId,
  raised_ms: Math.round(alarm.raisedMs),
  changed_ms: Math.round(changedMs),
  words: wordsOf(alarm),
  record: JSON.stringify(alarm),
})

const fromRow = ({ record }: Pick<AlertRow, 'record'>): Alarm => JSON.parse(record) as Alarm

/** What a search looks in. */
export function wordsOf({ text, rule, layerId, seedId, runId, note, ackedBy, assignedTo }: Alarm): string {
  return [rule, layerId, seedId === null ? null : `seed ${seedId}`, runId, text, note, ackedBy, assignedTo]
    .filter((word) => word !== null)
    .join(' ')
    .toLowerCase()
}

function readCursor(cursor: string): { readonly ms: number; readonly id: string } {
  const match = /^(\d{1,15})\.([0-9a-f-]{36})$/.exec(cursor)
  if (match === null)
    throw new AppError('CONTRACT_INVALID', 'this cursor was not made for this list', { path: 'cursor' })
  return { ms: Number(match[1]), id: match[2]! }
}

export interface AlertStoreOptions {
  readonly records: Records
  readonly clock: Clock
  readonly onProblem: (text: string) => void
}

/** Creates the store over an open database. */
export function createAlertStore({ records: { db }, clock, onProblem }: AlertStoreOptions): AlertStore {
  // The newest form of each alarm that waits; every line of history.
  let alarms = new Map<string, { readonly alarm: Alarm; readonly changedMs: number }>()
  let events: AlertEventRow[] = []
  let marks = new Map<string, number>()
  let writing: Promise<void> | null = null
  let timer: (() => void) | null = null
  let problem: string | null = null
  let stopped = false

  const writeBatch = async (): Promise<void> => {
    const batch = [...alarms.values()].slice(0, BATCH)
    const lines = events.slice(0, BATCH * 2)
    const kept = [...marks]
    await db.transaction().execute(async (inside) => {
      if (batch.length > 0)
        await inside
          .insertInto('alerts')
          .values(batch.map(({ alarm, changedMs }) => toRow(alarm, changedMs)))
          .onConflict((conflict) =>
            conflict.column('id').doUpdateSet((of) => ({
              severity: of.ref('excluded.severity'),
              is_over: of.ref('excluded.is_over'),
              correlation_id: of.ref('excluded.correlation_id'),
              raised_ms: of.ref('excluded.raised_ms'),
              changed_ms: of.ref('excluded.changed_ms'),
              words: of.ref('excluded.words'),
              record: of.ref('excluded.record'),
            })),
          )
          .execute()
      if (lines.length > 0)
        await inside
          .insertInto('alert_events')
          .values(lines)
          .onConflict((conflict) => conflict.columns(['alert_id', 'version']).doNothing())
          .execute()
      for (const [name, value] of kept)
        await inside
          .insertInto('alert_marks')
          .values({ name, value })
          .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
          .execute()
    })
    for (const { alarm } of batch) if (alarms.get(alarm.id)?.alarm === alarm) alarms.delete(alarm.id)
    events.splice(0, lines.length)
    for (const [name, value] of kept) if (marks.get(name) === value) marks.delete(name)
    problem = null
  }

  const isIdle = (): boolean => alarms.size === 0 && events.length === 0 && marks.size === 0

  const write = (): Promise<void> => {
    if (writing !== null) return writing
    const work = (async () => {
      while (!isIdle()) await writeBatch()
    })()
    writing = work.finally(() => {
      writing = null
    })
    writing.catch((error: unknown) => {
      const text = `alerts can not be written: ${(error as Error).message}`
      if (problem === null) onProblem(text)
      problem = text
      if (!stopped) later(RETRY_MS)
    })
    return writing
  }
  function later(ms: number): void {
    timer ??= clock.after(ms, () => {
      timer = null
      void write().catch(() => undefined)
    })
  }

  const durable = async (): Promise<void> => {
    // A write that is under way may have begun before the newest change.
    while (!isIdle()) await write()
  }

  return {
    async load(overLimit) {
      const open = await db
        .selectFrom('alerts')
        .select('record')
        .where('is_over', '=', 0)
        .orderBy('raised_ms')
        .execute()
      const over = await db
        .selectFrom('alerts')
        .select('record')
        .where('is_over', '=', 1)
        .orderBy('changed_ms', 'desc')
        .limit(overLimit)
        .execute()
      return [...over.toReversed(), ...open].map(fromRow)
    },
    put(alarm, lines) {
      alarms.set(alarm.id, { alarm, changedMs: clock.wallMs() })
      const first = alarm.version - lines.length + 1
      lines.forEach(({ seq, atMs, actor, act, from, to, note }, at) =>
        events.push({
          alert_id: alarm.id,
          version: first + at,
          seq,
          at_ms: Math.round(atMs),
          actor,
          act,
          from_state: from,
          to_state: to,
          note,
        }),
      )
      later(BATCH_MS)
    },
    durable,
    async history(id, limit) {
      await durable().catch(() => undefined)
      const rows = await db
        .selectFrom('alert_events')
        .selectAll()
        .where('alert_id', '=', id)
        .orderBy('version', 'desc')
        .limit(limit)
        .execute()
      // What could not be written yet is part of the history too.
      const waiting = events.filter((line) => line.alert_id === id && !rows.some((row) => row.version === line.version))
      return [...rows.toReversed(), ...waiting].slice(-limit)
    },
    async get(id) {
      const row = await db.selectFrom('alerts').select('record').where('id', '=', id).executeTakeFirst()
      return row === undefined ? null : fromRow(row)
    },
    async past(query, overOnly, limit) {
      await durable()
      let asked = db
        .selectFrom('alerts')
        .select(['record', 'id', 'changed_ms'])
        .orderBy('changed_ms', 'desc')
        .orderBy('id', 'desc')
        .limit(limit + 1)
      if (overOnly) asked = asked.where('is_over', '=', 1)
      if (query.severity !== undefined) asked = asked.where('severity', '=', query.severity)
      if (query.layer !== undefined) asked = asked.where('layer_id', '=', query.layer)
      if (query.run !== undefined) asked = asked.where('run_id', '=', query.run)
      if (query.group !== undefined) asked = asked.where('group_key', '=', query.group)
      if (query.rule !== undefined) asked = asked.where('rule', '=', query.rule)
      for (const word of searchWords(query.q))
        asked = asked.where(sql<boolean>`words like ${likeText(word)} escape '\\'`)
      if (query.cursor !== undefined) {
        const { ms, id } = readCursor(query.cursor)
        asked = asked.where((of) =>
          of.or([of('changed_ms', '<', ms), of.and([of('changed_ms', '=', ms), of('id', '<', id)])]),
        )
      }
      const found = await asked.execute()
      const page = found.slice(0, limit)
      const last = page.at(-1)
      const next = found.length > limit && last !== undefined ? `${last.changed_ms}.${last.id}` : null
      return { alarms: page.map(fromRow), next }
    },
    async mark(name) {
      const row = await db.selectFrom('alert_marks').select('value').where('name', '=', name).executeTakeFirst()
      return row?.value ?? null
    },
    setMark(name, value) {
      marks.set(name, Math.round(value))
      later(BATCH_MS)
    },
    problem: () => problem,
    waiting: () => alarms.size,
    async forget(beforeMs) {
      const old = db
        .selectFrom('alerts')
        .select('id')
        .where('is_over', '=', 1)
        .where('changed_ms', '<', Math.round(beforeMs))
      await db.deleteFrom('alert_events').where('alert_id', 'in', old).execute()
      await db.deleteFrom('alerts').where('is_over', '=', 1).where('changed_ms', '<', Math.round(beforeMs)).execute()
    },
    async stop() {
      stopped = true
      timer?.()
      await durable().catch(() => undefined)
    },
  }
}

/** The words of a search, in small letters. */
export function searchWords(q: string | undefined): readonly string[] {
  return (q ?? '')
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
    .slice(0, 8)
}

const likeText = (word: string): string => `%${word.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`
