/*
 * sequenceGuard: tells, per publisher and start of that publisher, what each sequence number means.
 * In: (src, epoch, seq) of every entry. Out: a verdict and exact counters of what is lost, late and double.
 * Invariant: memory is bounded by sources x holes; a number is counted as lost exactly once and taken back when it comes late.
 * Source: docs/bus.md "sequence"; docs/adr/0003-redis-streams-semantics.md.
 */
export type SequenceVerdict =
  | { readonly kind: 'in-order' }
  /** First entry of a source, or of a newer start of it. */
  | { readonly kind: 'new-epoch' }
  | { readonly kind: 'gap'; readonly missing: number }
  /** Fills a hole that was counted as lost. */
  | { readonly kind: 'late' }
  | { readonly kind: 'duplicate' }
  /** From before the source's restart: never apply it as new. */
  | { readonly kind: 'old-epoch' }

export interface SequenceCounters {
  readonly accepted: number
  /** Numbers that are missing now. */
  readonly lost: number
  readonly gaps: number
  readonly late: number
  readonly duplicates: number
  readonly oldEpochs: number
  /** Late entries of holes that were forgotten to keep memory bounded: counted as duplicates, their loss stands. */
  readonly forgottenHoles: number
  readonly sources: number
}

export interface SequenceGuard {
  /** Judges one entry. Entries whose verdict is duplicate or old-epoch must not be applied. */
  check(src: string, epoch: number, seq: number): SequenceVerdict
  counters(): SequenceCounters
  /** Missing numbers of one source in its current epoch. */
  lostOf(src: string): number
}

interface Hole {
  first: number
  last: number
}

interface Source {
  epoch: number
  high: number
  lost: number
  /** Ascending, disjoint. */
  holes: Hole[]
}

const IN_ORDER: SequenceVerdict = Object.freeze({ kind: 'in-order' })
const NEW_EPOCH: SequenceVerdict = Object.freeze({ kind: 'new-epoch' })
const LATE: SequenceVerdict = Object.freeze({ kind: 'late' })
const DUPLICATE: SequenceVerdict = Object.freeze({ kind: 'duplicate' })
const OLD_EPOCH: SequenceVerdict = Object.freeze({ kind: 'old-epoch' })

export interface SequenceGuardOptions {
  /** Sources remembered; the one unheard longest is forgotten first. Default 4,096. */
  readonly maxSources?: number
  /** Holes remembered per source. Default 256. */
  readonly maxHoles?: number
}

/** Creates an empty guard. Every call is O(1) for entries in order. */
export function createSequenceGuard(options: SequenceGuardOptions = {}): SequenceGuard {
  const maxSources = options.maxSources ?? 4_096
  const maxHoles = options.maxHoles ?? 256
  const sources = new Map<string, Source>()
  const count = { accepted: 0, lost: 0, gaps: 0, late: 0, duplicates: 0, oldEpochs: 0, forgottenHoles: 0 }
  let newest: string | null = null

  const touch = (src: string, source: Source): void => {
    if (newest === src) return
    sources.delete(src)
    sources.set(src, source)
    newest = src
    if (sources.size <= maxSources) return
    const oldest = sources.keys().next().value
    if (oldest !== undefined) sources.delete(oldest)
  }

  const openHole = (source: Source, first: number, last: number): SequenceVerdict => {
    const missing = last - first + 1
    source.holes.push({ first, last })
    if (source.holes.length > maxHoles) {
      source.holes.shift()
      count.forgottenHoles += 1
    }
    source.lost += missing
    count.lost += missing
    count.gaps += 1
    return { kind: 'gap', missing }
  }

  const fill = (source: Source, seq: number): SequenceVerdict => {
    const at = source.holes.findIndex((hole) => seq >= hole.first && seq <= hole.last)
    const hole = source.holes[at]
    if (!hole) {
      count.duplicates += 1
      return DUPLICATE
    }
    const rest: Hole[] = []
    if (hole.first < seq) rest.push({ first: hole.first, last: seq - 1 })
    if (seq < hole.last) rest.push({ first: seq + 1, last: hole.last })
    source.holes.splice(at, 1, ...rest)
    source.lost -= 1
    count.lost -= 1
    count.late += 1
    count.accepted += 1
    return LATE
  }

  return {
    check(src, epoch, seq) {
      const source = sources.get(src)
      if (!source || epoch > source.epoch) {
        const fresh: Source = { epoch, high: seq, lost: 0, holes: [] }
        if (source) newest = null
        touch(src, fresh)
        count.accepted += 1
        return NEW_EPOCH
      }
      if (epoch < source.epoch) {
        count.oldEpochs += 1
        return OLD_EPOCH
      }
      touch(src, source)
      if (seq <= source.high) return fill(source, seq)
      const expected = source.high + 1
      source.high = seq
      count.accepted += 1
      return seq === expected ? IN_ORDER : openHole(source, expected, seq - 1)
    },
    counters: () => ({ ...count, sources: sources.size }),
    lostOf: (src) => sources.get(src)?.lost ?? 0,
  }
}
