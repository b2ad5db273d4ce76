/*
 * runBook: every run the ingest announced, with its tables opened for reading, its curve, its events and its gaps.
 * In: announcements, numbered records, gaps. Out: runs by id and index, snapshots for late joiners.
 * Invariant: everything is bounded (curve 4,096 thinned evenly, events 500, gaps 256); tables are only read here.
 * Source: docs/protocol.md "records stream".
 */
import type { CoverageGap, LiveRecord, RunSnapshot } from '../../lib/contracts/liveRecords.ts'
import type { RunDescriptor } from '../../lib/contracts/runDescriptor.ts'
import { openTables, type SeedTable } from '../../lib/frames/seedTable.ts'
import { ByteHistory } from '../ingest/byteHistory.ts'
import { HistoryRing } from '../ingest/historyRing.ts'
import type { RunAnnouncement } from '../ingest/ingestMessages.ts'

const KEPT = Object.freeze({ curve: 4_096, events: 500, gaps: 256, incidents: 200, transitions: 2_000 })

export interface KnownRun {
  readonly index: number
  descriptor: RunDescriptor
  readonly firstSeenMs: number
  tables: readonly SeedTable[]
  history: readonly (HistoryRing | null)[]
  pictures: readonly (ByteHistory | null)[]
  layerIndex: ReadonlyMap<string, number>
  readonly curve: LiveRecord[]
  readonly events: LiveRecord[]
  readonly gaps: CoverageGap[]
  transitionsTotal: number
  /** The producer said goodbye. */
  gone: boolean
  /** Grows when the shape changes: encoders of older shapes are void. */
  shapeVersion: number
}

export interface RunBook {
  announce(announcement: RunAnnouncement): KnownRun
  forget(runId: string): void
  /** The ingest began anew and tells everything again: what is known is dropped, or each event would be there twice. */
  clear(): void
  record(records: readonly LiveRecord[]): void
  gap(runId: string, gap: CoverageGap): void
  setGone(runId: string, gone: boolean): void
  /** The topic that tables mean by this number. */
  nameTopic(index: number, topic: string): void
  topicOf(index: number): string | undefined
  get(runId: string): KnownRun | undefined
  all(): readonly KnownRun[]
  snapshotOf(run: KnownRun): RunSnapshot
  snapshot(): { readonly runs: readonly RunSnapshot[]; readonly incidents: readonly LiveRecord[] }
}

/** Halves a full curve by dropping every second old point: the newest stay dense, the shape stays. */
function thin(curve: LiveRecord[]): void {
  if (curve.length <= KEPT.curve) return
  const half = curve.length >> 1
  const older = curve.slice(0, half).filter((_, index) => index % 2 === 0)
  curve.splice(0, half, ...older)
}

const keep = <T>(list: T[], bound: number): void => {
  if (list.length > bound) list.splice(0, list.length - bound)
}

/** Creates an empty book. */
export function createRunBook(): RunBook {
  const runs = new Map<string, KnownRun>()
  const incidents: LiveRecord[] = []
  const topics = new Map<number, string>()

  const snapshotOf = (run: KnownRun): RunSnapshot => ({
    descriptor: run.descriptor,
    first_seen_ms: run.firstSeenMs,
    curve: run.curve.slice(),
    events: run.events.slice(),
    gaps: run.gaps.slice(),
    transitions_total: run.transitionsTotal,
  })

  return {
    announce(announcement) {
      const { descriptor, index, firstSeenMs } = announcement
      const known = runs.get(descriptor.run_id)
      // A new index under an old name is another run: the old one was let go, or the ingest began anew.
      const same = known !== undefined && known.index === index ? known : undefined
      const run =
        same ??
        ({
          index,
          firstSeenMs: known?.firstSeenMs ?? firstSeenMs,
          curve: known?.curve ?? [],
          events: known?.events ?? [],
          gaps: known?.gaps ?? [],
          transitionsTotal: known?.transitionsTotal ?? 0,
          gone: false,
          shapeVersion: 0,
        } as unknown as KnownRun)
      run.descriptor = descriptor
      run.tables = openTables(announcement.tables, announcement.shapes)
      run.history = announcement.history.map((entry) =>
        entry === null ? null : new HistoryRing(entry.buffer, entry.shape),
      )
      run.pictures = announcement.pictures.map((entry) =>
        entry === null ? null : new ByteHistory(entry.buffer, entry.shape),
      )
      run.layerIndex = new Map(descriptor.layers.map((layer, at) => [layer.layer_id, at]))
      run.shapeVersion++
      runs.set(descriptor.run_id, run)
      return run
    },
    forget: (runId) => void runs.delete(runId),
    clear: () => runs.clear(),
    record(records) {
      for (const record of records) {
        if (record.kind === 'incident') {
          incidents.push(record)
          keep(incidents, KEPT.incidents)
        }
        const run = record.run_id === null ? undefined : runs.get(record.run_id)
        if (run === undefined) continue
        if (record.kind === 'evaluation') {
          run.curve.push(record)
          thin(run.curve)
          continue
        }
        if (record.kind === 'transition') run.transitionsTotal++
        run.events.push(record)
        keep(run.events, KEPT.events)
      }
    },
    gap(runId, gap) {
      const run = runs.get(runId)
      if (run === undefined) return
      run.gaps.push(gap)
      keep(run.gaps, KEPT.gaps)
    },
    setGone(runId, gone) {
      const run = runs.get(runId)
      if (run !== undefined) run.gone = gone
    },
    nameTopic: (index, topic) => void topics.set(index, topic),
    topicOf: (index) => topics.get(index),
    get: (runId) => runs.get(runId),
    all: () => [...runs.values()],
    snapshotOf,
    snapshot: () => ({ runs: [...runs.values()].map(snapshotOf), incidents: incidents.slice() }),
  }
}
