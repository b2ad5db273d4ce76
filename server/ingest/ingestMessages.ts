/*
 * ingestMessages: what the ingest thread tells the main thread, and nothing else.
 * In: nothing. Out: the union of messages, plain data and shared buffers only.
 * Invariant: columns never travel as messages; everything here is small, bounded and batched.
 * Source: docs/architecture.md "processes and threads".
 */
import type { BusHealth } from '../../lib/bus/messageBus.ts'
import type { CoverageGap, LiveRecord } from '../../lib/contracts/liveRecords.ts'
import type { RunDescriptor } from '../../lib/contracts/runDescriptor.ts'
import type { SeedTableShape } from '../../lib/frames/seedTable.ts'
import type { AlertSignal, WatchBeat } from '../alerts/alertSignals.ts'
import type { ByteHistoryShape } from './byteHistory.ts'
import type { HistoryShape } from './historyRing.ts'
import type { LifeNote } from './lifeNotes.ts'

type Unnumbered<R> = R extends unknown ? Omit<R, 'offset'> : never
/** A record before the log gave it its number. */
export type RecordDraft = Unnumbered<LiveRecord>

/** What is shared with readers of one run. A run whose shape changed is announced again under the same index. */
export interface RunAnnouncement {
  readonly index: number
  readonly descriptor: RunDescriptor
  readonly implicit: boolean
  readonly firstSeenMs: number
  readonly shapes: readonly SeedTableShape[]
  readonly tables: SharedArrayBuffer
  /** Null where the memory bound of the history is used up. */
  readonly history: readonly ({ readonly shape: HistoryShape; readonly buffer: SharedArrayBuffer } | null)[]
  /** For layers whose history does not hold every tick: a picture per bucket of time. Null where there is none. */
  readonly pictures: readonly ({ readonly shape: ByteHistoryShape; readonly buffer: SharedArrayBuffer } | null)[]
}

export interface RefusalSample {
  readonly code: string
  readonly path: string | null
  readonly topic: string
  readonly cursor: string
  readonly text: string
  readonly atMs: number
}

/** What is only known of publishers we did not write. */
export interface ForeignCounters {
  /** Values that arrived after newer ones of the same seed and were not put over them. */
  readonly overtaken: number
  /** Batches whose payload lies in a file we could not read. */
  readonly claimChecksMissing: number
  readonly commands: { readonly waiting: number; readonly unknown: number; readonly settled: number }
  /** Values by layer and kind (nan, inf, ...) that were no numbers at the source and are unmeasured here. */
  readonly flagged: Readonly<Record<string, Readonly<Partial<Record<string, number>>>>>
  /** Records of the newer generation that are kept on their stream and not drawn, by type. */
  readonly opaque: Readonly<Record<string, number>>
}

/** One group of one topic; null where the bus did not tell. */
export interface GroupReading {
  readonly topic: string
  readonly group: string
  /** Entries handed over and not settled. */
  readonly pending: number | null
  /** Entries not handed to anybody of the group. */
  readonly lag: number | null
}

export interface IngestCounters {
  /** Layer reports merged: one per layer and tick, or one per JSON message. */
  readonly reports: number
  readonly entries: number
  readonly bytes: number
  readonly lost: number
  readonly duplicates: number
  /** Events that came after later ones, and events whose number never came. Absent before the first counting. */
  readonly events?: { readonly late: number; readonly lost: number }
  /** Frames that wait for their descriptor now. */
  readonly waiting: number
  readonly refusedTotal: number
  readonly refusedByReason: Readonly<Record<string, number>>
  readonly recentRefusals: readonly RefusalSample[]
  /** Entries of types we do not know, kept raw and counted. */
  readonly unknownTypes: Readonly<Record<string, number>>
  readonly lostByRun: Readonly<Record<string, number>>
  readonly topics: number
  readonly deadLetters: number
  /** Messages from before the ingest began: merged, and not measured. Absent before the first counting. */
  readonly replayed?: number
  /** Absent before the first counting. */
  readonly foreign?: ForeignCounters
  /** At most 512. `lag`: entries not read yet; null while it is not known. */
  readonly streams: readonly {
    readonly topic: string
    readonly entries: number
    readonly lastMs: number
    readonly lag: number | null
  }[]
  /** At most 512; absent before the first counting. */
  readonly groups?: readonly GroupReading[]
}

export type IngestMessage =
  /** First of all: descriptors and events follow from their beginning, whatever was told before. */
  | { readonly kind: 'began' }
  | { readonly kind: 'run'; readonly run: RunAnnouncement }
  | { readonly kind: 'run-gone'; readonly index: number; readonly runId: string }
  | { readonly kind: 'records'; readonly records: readonly RecordDraft[] }
  /** What happened to single seeds, with all that lives are told from. */
  | { readonly kind: 'life-notes'; readonly notes: readonly LifeNote[] }
  /** From now on `index` in a table's meta means this topic. */
  | { readonly kind: 'topic'; readonly index: number; readonly topic: string }
  /** A producer's newest heartbeat. */
  | {
      readonly kind: 'beat'
      readonly source: string
      readonly runId: string | null
      readonly atMs: number
      readonly metrics: Readonly<Record<string, number | null>>
    }
  | { readonly kind: 'gap'; readonly runId: string; readonly gap: CoverageGap }
  | {
      readonly kind: 'bus'
      readonly health: BusHealth
      readonly checkedMs: number
      readonly patterns: readonly string[]
    }
  | { readonly kind: 'gone'; readonly runId: string; readonly gone: boolean }
  | { readonly kind: 'counters'; readonly counters: IngestCounters }
  /** What the watch of the alert engine sees, and that it runs. */
  | { readonly kind: 'alerts'; readonly signals: readonly AlertSignal[] }
  | { readonly kind: 'alert-beat'; readonly beat: WatchBeat }
