/*
 * threadIndex: what happened, by thread, moment and place, in the records database; written in batches beside everything else.
 * In: nodes from whoever saw something happen. Out: rows by thread, place and moment; how far back they go and what was lost.
 * Invariant: adding never waits; a node told twice is one row; bounded in memory, age and number, and every loss is counted.
 * Source: docs/protocol.md "threads"; docs/adr/0009-records-database.md.
 */
import type { Kysely } from 'kysely'
import type { IndexState } from '../../lib/contracts/httpThreads.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { RecordsSchema, ThreadNodeRow } from '../stores/recordsSchema.ts'
import { toRow, type NodeDraft } from './threadNode.ts'

export interface ThreadIndex {
  add(nodes: readonly NodeDraft[]): void
  /** Waits until what was added is written, or the bound of patience is reached. Never throws. */
  settle(): Promise<void>
  ofThread(id: string, limit: number): Promise<{ readonly rows: readonly ThreadNodeRow[]; readonly of: number }>
  /** Changes of a span, newest first. */
  changes(span: PlaceSpan, limit: number): Promise<readonly ThreadNodeRow[]>
  /** Everything of one kind up to a moment, newest first: what may still go on. */
  newest(kind: string, beforeMs: number, limit: number): Promise<readonly ThreadNodeRow[]>
  /** Everything that names a seed, and what is about its layer, its run or the installation, of a span; oldest first. */
  ofPlace(place: SeedSpan, limit: number): Promise<readonly ThreadNodeRow[]>
  /** Everything that names this seed, over all its lives; oldest first. */
  ofSeed(place: Omit<SeedSpan, 'fromMs' | 'toMs'>, limit: number): Promise<readonly ThreadNodeRow[]>
  state(): IndexState
  stop(): Promise<void>
}

export interface PlaceSpan {
  readonly fromMs: number
  readonly toMs: number
  readonly runId: string | null
}

export interface SeedSpan {
  readonly runId: string
  readonly layerId: string
  readonly seedId: number
  readonly fromMs: number
  readonly toMs: number
}

export interface ThreadIndexOptions {
  readonly db: Kysely<RecordsSchema>
  readonly clock: Clock
  readonly onProblem: (text: string) => void
  readonly maxRows?: number
  readonly maxWaiting?: number
}

export const INDEX_BOUNDS = Object.freeze({ rows: 300_000, ageMs: 30 * 86_400_000, waiting: 20_000 })

const FLUSH_MS = 500
/** Fourteen values a row: far below what either database takes in one statement. */
const BATCH = 500
const PRUNE_MS = 600_000
const PATIENCE_MS = 2_000

/** Opens the index over an open database. Never throws. */
export async function openThreadIndex(options: ThreadIndexOptions): Promise<ThreadIndex> {
  const { db, clock, onProblem } = options
  const maxRows = options.maxRows ?? INDEX_BOUNDS.rows
  const maxWaiting = options.maxWaiting ?? INDEX_BOUNDS.waiting
  let waiting: ThreadNodeRow[] = []
  let writing: Promise<void> | null = null
  let lost = 0
  let sinceMs: number | null = null
  let troubled = false
  let stopped = false

  const insert = (batch: readonly ThreadNodeRow[]): Promise<unknown> =>
    db
      .insertInto('thread_nodes')
      .values(batch)
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute()
  /** One row that the database can not take must not hold the others back for ever. */
  const insertSingly = async (batch: readonly ThreadNodeRow[]): Promise<readonly ThreadNodeRow[]> => {
    const refused: ThreadNodeRow[] = []
    for (const row of batch)
      try {
        await insert([row])
      } catch {
        refused.push(row)
      }
    return refused
  }
  const leave = (batch: readonly ThreadNodeRow[]): void => {
    // What overflowed meanwhile left from the front as well.
    const gone = new Set(batch)
    waiting = waiting.filter((row) => !gone.has(row))
    const oldest = batch.reduce((least, row) => Math.min(least, row.at_ms), Number.POSITIVE_INFINITY)
    sinceMs = Math.min(sinceMs ?? Number.POSITIVE_INFINITY, oldest)
  }
  const write = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, BATCH)
      try {
        await insert(batch)
      } catch (error) {
        const refused = await insertSingly(batch)
        if (!troubled) onProblem(`threads can not be written: ${(error as Error).message}`)
        troubled = true
        // None at all: the database is away, and they wait for it.
        if (refused.length === batch.length) return
        lost += refused.length
      }
      troubled = false
      leave(batch)
    }
  }
  const flush = (): Promise<void> => {
    writing ??= write().finally(() => {
      writing = null
    })
    return writing
  }

  const readSince = async (): Promise<void> => {
    const row = await db
      .selectFrom('thread_nodes')
      .select((of) => of.fn.min('at_ms').as('since'))
      .executeTakeFirst()
    sinceMs = row?.since ?? null
  }
  /** By age first, then by number: the oldest leave. */
  const prune = async (): Promise<void> => {
    try {
      await db
        .deleteFrom('thread_nodes')
        .where('at_ms', '<', Math.round(clock.wallMs() - INDEX_BOUNDS.ageMs))
        .execute()
      const edge = await db
        .selectFrom('thread_nodes')
        .select('at_ms')
        .orderBy('at_ms', 'desc')
        .offset(maxRows)
        .limit(1)
        .executeTakeFirst()
      if (edge !== undefined) await db.deleteFrom('thread_nodes').where('at_ms', '<=', edge.at_ms).execute()
      await readSince()
    } catch (error) {
      onProblem(`old threads could not be let go: ${(error as Error).message}`)
    }
  }

  const rows = () => db.selectFrom('thread_nodes').selectAll()
  await prune()
  const undo = [clock.every(FLUSH_MS, () => void flush()), clock.every(PRUNE_MS, () => void prune())]

  return {
    add(nodes) {
      if (stopped) return
      for (const node of nodes) waiting.push(toRow(node))
      if (waiting.length > maxWaiting) lost += waiting.splice(0, waiting.length - maxWaiting).length
      if (waiting.length >= BATCH) void flush()
    },
    async settle() {
      if (waiting.length === 0 && writing === null) return
      let cancel = (): void => undefined
      const patience = new Promise<void>((resolve) => (cancel = clock.after(PATIENCE_MS, resolve)))
      await Promise.race([flush(), patience])
      cancel()
    },
    async ofThread(id, limit) {
      const found = await rows()
        .where('correlation_id', '=', id)
        .orderBy('at_ms')
        .orderBy('ord')
        .limit(limit + 1)
        .execute()
      if (found.length <= limit) return { rows: found, of: found.length }
      const counted = await db
        .selectFrom('thread_nodes')
        .select((of) => of.fn.countAll<number>().as('n'))
        .where('correlation_id', '=', id)
        .executeTakeFirstOrThrow()
      // The end says what came of it: it is kept at the cost of the middle.
      const half = limit >> 1
      const last = await rows()
        .where('correlation_id', '=', id)
        .orderBy('at_ms', 'desc')
        .orderBy('ord', 'desc')
        .limit(half)
        .execute()
      return { rows: [...found.slice(0, limit - half), ...last.toReversed()], of: Number(counted.n) }
    },
    changes: ({ fromMs, toMs, runId }, limit) => {
      let asked = rows()
        .where('is_change', '=', 1)
        .where('at_ms', '>=', Math.floor(fromMs))
        .where('at_ms', '<=', Math.ceil(toMs))
      if (runId !== null) asked = asked.where((of) => of.or([of('run_id', '=', runId), of('run_id', 'is', null)]))
      return asked.orderBy('at_ms', 'desc').orderBy('ord', 'desc').limit(limit).execute()
    },
    newest: (kind, beforeMs, limit) =>
      rows()
        .where('kind', '=', kind)
        .where('at_ms', '<=', Math.ceil(beforeMs))
        .orderBy('at_ms', 'desc')
        .limit(limit)
        .execute(),
    ofPlace: ({ runId, layerId, seedId, fromMs, toMs }, limit) =>
      rows()
        .where('at_ms', '>=', Math.floor(fromMs))
        .where('at_ms', '<=', Math.ceil(toMs))
        .where((of) => of.or([of('run_id', '=', runId), of('run_id', 'is', null)]))
        .where((of) => of.or([of('layer_id', '=', layerId), of('layer_id', 'is', null)]))
        .where((of) => of.or([of('seed_id', '=', seedId), of('seed_id', 'is', null)]))
        .orderBy('at_ms')
        .orderBy('ord')
        .limit(limit)
        .execute(),
    ofSeed: ({ runId, layerId, seedId }, limit) =>
      rows()
        .where('layer_id', '=', layerId)
        .where('seed_id', '=', seedId)
        .where('run_id', '=', runId)
        .orderBy('at_ms')
        .orderBy('ord')
        .limit(limit)
        .execute(),
    state: () => ({ since_ms: sinceMs, lost, waiting: waiting.length }),
    async stop() {
      stopped = true
      for (const cancel of undo) cancel()
      await flush()
      lost += waiting.length
      waiting = []
    },
  }
}
