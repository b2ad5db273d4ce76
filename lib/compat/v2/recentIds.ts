/*
 * recentIds: which messages were seen already, and which came after newer ones.
 * In: source, id, a producer's time. Out: yes or no.
 * Invariant: bounded per source and in all; a busy source never makes the window of a quiet one shorter.
 * Source: docs/protocol.md "the v2 client".
 */
const PER_SOURCE = 4_096
const SOURCES = 4_096
const IN_ALL = 262_144
const MAX_KEYS = 131_072
/** Retries wait 1 s, then 2 s, and a lost reply adds its timeout: what is older by more is a clock that was set back. */
const REORDER_S = 10

export interface RecentIds {
  /** Notes the id; true when it was there. */
  isRepeat(source: string, id: string): boolean
}

/** Creates an empty window: the newest 4,096 ids of each of the 4,096 sources heard last. */
export function createRecentIds(): RecentIds {
  const sources = new Map<string, Set<string>>()
  let total = 0
  return {
    isRepeat(source, id) {
      const ids = sources.get(source) ?? new Set<string>()
      if (ids.has(id)) return true
      // Heard last goes last: the first of the map is the one to forget.
      sources.delete(source)
      sources.set(source, ids)
      ids.add(id)
      total++
      if (ids.size > PER_SOURCE) {
        ids.delete(ids.values().next().value as string)
        total--
      }
      while (sources.size > 1 && (sources.size > SOURCES || total > IN_ALL)) {
        const [oldest, gone] = sources.entries().next().value as [string, Set<string>]
        sources.delete(oldest)
        total -= gone.size
      }
      return false
    },
  }
}

export interface NewestFirst {
  /** True when something newer about the key was told less than 10 s of the producer's time ago: do not overwrite it. */
  isOvertaken(key: string, timestampS: number): boolean
}

/** Creates the memory of the newest producer time per key, for at most 131,072 keys. */
export function createNewestFirst(): NewestFirst {
  const newest = new Map<string, number>()
  return {
    isOvertaken(key, timestampS) {
      const before = newest.get(key)
      if (before !== undefined && timestampS < before && before - timestampS <= REORDER_S) return true
      if (before === undefined && newest.size >= MAX_KEYS) newest.delete(newest.keys().next().value as string)
      newest.set(key, timestampS)
      return false
    },
  }
}
