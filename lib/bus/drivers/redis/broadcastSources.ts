/*
 * broadcastSources: where a broadcast reader stands on each of its topics, and what trimming took before it came there.
 * In: entries handed over, the state of streams. Out: cursors to read on from, gaps with their size, how far it is behind.
 * Invariant: each look at a stream leaves a mark (its newest id and how many entries there ever were up to it); who comes to the mark
 * with fewer entries than that has missed the rest. No loss stays untold, whatever happened between two looks.
 * Source: docs/bus.md "gaps"; docs/adr/0003-redis-streams-semantics.md.
 */
import type { TopicLag, TrimGap } from '../../messageBus.ts'
import type { Place } from '../../consumerLane.ts'
import type { Caller } from './redisConnection.ts'
import { compareIds, idMs } from './streamEntry.ts'
import { judgeReader, readStreamState, type StreamState } from './streamState.ts'

/** How often a stream is looked at whose entries just come one after the other. */
const CALM_LOOK_MS = 10_000

export interface Source {
  readonly topic: string
  readonly place: Place
  /** Where the next XREAD starts. */
  cursor: string
  /** Entries ever added up to `cursor`; null when unknown. */
  readCount: number | null
  /** Trimming may have overtaken us: look before the next read. */
  suspect: boolean
  /** Up to here nothing was missed without being told. */
  sure: string
  mark: { readonly id: string; readonly added: number } | null
  lookedMs: number
  /** Entries came since the last look. */
  moved: boolean
}

export interface BroadcastSources {
  readonly size: number
  all(): Iterable<Source>
  keys(): Iterable<string>
  get(topic: string): Source | undefined
  add(topic: string, cursor: string, readCount: number | null, resumed: boolean): Source
  delete(topic: string): void
  suspectAll(): void
  /** Looks at the streams that may have been trimmed, one XINFO each. */
  look(connection: Caller, signal: AbortSignal): Promise<void>
  /** An entry was taken. */
  take(source: Source, cursor: string): void
  /** The part of a stream in one reply begins. */
  begin(source: Source): void
  /** It was taken; full: it held as much as one read may, so more waits. */
  taken(source: Source, isFull: boolean, lookEveryMs: number): void
  /** The reply ends: a stream that was not in it had nothing to give. */
  settle(): void
  /** Nothing waited on any stream: what moved is looked at once. */
  idle(): void
  /** How far behind each topic is; asks only for those that may be: a reader that waits in XREAD is level. */
  lag(connection: Caller): Promise<readonly TopicLag[]>
}

export interface BroadcastSourcesOptions {
  readonly nowMs: () => number
  readonly onGap: (gap: TrimGap) => void
}

/** Creates the books of one reader. */
export function createBroadcastSources({ nowMs, onGap }: BroadcastSourcesOptions): BroadcastSources {
  const sources = new Map<string, Source>()
  /** Streams of the reply under way, and those whose last part was full. */
  let behind = new Set<Source>()
  let fullNow = new Set<Source>()

  /** The reader stands where `added` entries there ever were: what it did not see of them is missing. */
  const compare = (source: Source, added: number): void => {
    const missing = source.readCount === null ? 0 : added - source.readCount
    if (missing > 0) onGap({ topic: source.topic, after: source.sure, firstAvailable: source.cursor, missing })
    source.readCount = added
    source.sure = source.cursor
    source.mark = null
  }

  const judge = (source: Source, state: StreamState): void => {
    const verdict = judgeReader(state, source.cursor, source.readCount)
    source.readCount = verdict.readCount
    if (verdict.kind !== 'ok') {
      const missing = verdict.kind === 'trimmed' ? verdict.missing : null
      const firstAvailable = state.firstId ?? state.lastId
      onGap({ topic: source.topic, after: source.cursor, firstAvailable, missing })
      if (verdict.kind === 'recreated') source.cursor = verdict.cursor
      else if (state.firstId === null) source.cursor = state.lastId
      source.sure = source.cursor
    }
    source.mark = null
    if (state.added === null) return
    if (source.cursor === state.lastId) compare(source, state.added)
    else source.mark = { id: state.lastId, added: state.added }
  }

  const lookAt = async (source: Source, connection: Caller, signal: AbortSignal): Promise<void> => {
    const state = await readStreamState(connection, source.topic)
    if (signal.aborted) return
    source.suspect = false
    source.moved = false
    source.lookedMs = nowMs()
    if (state) judge(source, state)
  }

  const lagOf = async (source: Source, connection: Caller): Promise<TopicLag> => {
    const { topic, place } = source
    const open = place.open.reduce((sum, mark) => sum + (mark.settled ? 0 : 1), 0)
    const state = behind.has(source) ? await readStreamState(connection, topic) : null
    const { cursor, readCount } = source
    const newest = state === null || compareIds(state.lastId, cursor) < 0 ? cursor : state.lastId
    const isLevel = newest === cursor
    const known = state?.added == null || readCount === null ? null : Math.max(0, state.added - readCount)
    return {
      topic,
      cursor: cursor === '0-0' ? null : cursor,
      newest: newest === '0-0' ? null : newest,
      entries: isLevel ? 0 : known,
      behindMs: isLevel ? 0 : cursor === '0-0' ? null : idMs(newest) - idMs(cursor),
      unsettled: open,
    }
  }

  return {
    get size() {
      return sources.size
    },
    all: () => sources.values(),
    keys: () => sources.keys(),
    get: (topic) => sources.get(topic),
    add(topic, cursor, readCount, resumed) {
      const place: Place = { topic, cursor: resumed ? cursor : null, open: [] }
      const state = { suspect: resumed, sure: cursor, mark: null, lookedMs: nowMs(), moved: false }
      const source: Source = { topic, place, cursor, readCount, ...state }
      sources.set(topic, source)
      return source
    },
    delete(topic) {
      const source = sources.get(topic)
      if (source) behind.delete(source)
      sources.delete(topic)
    },
    suspectAll() {
      for (const source of sources.values()) source.suspect = true
    },
    async look(connection, signal) {
      const work: Promise<void>[] = []
      for (const source of sources.values()) if (source.suspect) work.push(lookAt(source, connection, signal))
      if (work.length > 0) await Promise.all(work)
    },
    take(source, cursor) {
      source.cursor = cursor
      if (source.readCount !== null) source.readCount += 1
      const { mark } = source
      if (mark !== null && cursor === mark.id) compare(source, mark.added)
    },
    begin: (source) => void behind.add(source),
    taken(source, isFull, lookEveryMs) {
      if (isFull) fullNow.add(source)
      source.moved = true
      // The entry of the mark itself is gone: there was a loss, and another look tells its size.
      const isPassed = source.mark !== null && compareIds(source.cursor, source.mark.id) > 0
      const dueMs = nowMs() - source.lookedMs
      if (isPassed || dueMs >= CALM_LOOK_MS || (isFull && dueMs >= lookEveryMs)) source.suspect = true
    },
    settle() {
      behind = fullNow
      fullNow = new Set()
    },
    idle() {
      for (const source of sources.values()) if (source.moved) source.suspect = true
    },
    lag: (connection) => Promise.all([...sources.values()].map((source) => lagOf(source, connection))),
  }
}
