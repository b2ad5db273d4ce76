/*
 * outcomeStore: remembers what became of each command, so that a repeat is answered and never done twice.
 * In: a command key and its record. Out: the record while it is kept.
 * Invariant: a record is kept for at least the time a repeat can arrive (24 h) unless more than `maxEntries` came since;
 * eviction is oldest-first and counted.
 * Source: seed-design.md 3.3; docs/protocol.md "commands".
 */
import type { Clock } from '../primitives/clock.ts'

export interface OutcomeStore<Entry> {
  get(key: string): Entry | null
  /** Stores the first record of a key; a later one for the same key is ignored. */
  add(key: string, entry: Entry): void
  readonly size: number
  /** Records dropped because of the bound before their time was over. */
  readonly evicted: number
  /** The newest kept records (default all), oldest first: what a checkpoint persists. */
  entries(newest?: number): readonly { readonly key: string; readonly atMs: number; readonly entry: Entry }[]
  /** Takes persisted records back; those that are too old by now are left out. */
  load(records: readonly { readonly key: string; readonly atMs: number; readonly entry: Entry }[]): void
}

export const OUTCOME_RETENTION_MS = 24 * 3_600_000
const MAX_ENTRIES = 100_000

/** Creates an empty store. Ages count on the wall clock, so that they survive a restart with the records. */
export function createOutcomeStore<Entry>(
  clock: Clock,
  limits: { readonly maxEntries?: number; readonly retentionMs?: number } = {},
): OutcomeStore<Entry> {
  const maxEntries = limits.maxEntries ?? MAX_ENTRIES
  const retentionMs = limits.retentionMs ?? OUTCOME_RETENTION_MS
  const kept = new Map<string, { readonly atMs: number; readonly entry: Entry }>()
  let evicted = 0

  const tidy = (nowMs: number): void => {
    // A Map iterates in insertion order, so the oldest come first.
    for (const [key, record] of kept) {
      const expired = nowMs - record.atMs > retentionMs
      if (!expired && kept.size <= maxEntries) return
      if (!expired) evicted++
      kept.delete(key)
    }
  }

  const add = (key: string, atMs: number, entry: Entry): void => {
    if (!kept.has(key)) kept.set(key, { atMs, entry })
    tidy(clock.wallMs())
  }

  return {
    get: (key) => kept.get(key)?.entry ?? null,
    add: (key, entry) => add(key, clock.wallMs(), entry),
    get size() {
      return kept.size
    },
    get evicted() {
      return evicted
    },
    entries: (newest = kept.size) =>
      [...kept].slice(Math.max(0, kept.size - newest)).map(([key, record]) => ({ key, ...record })),
    load(records) {
      for (const record of records) add(record.key, record.atMs, record.entry)
    },
  }
}
