/*
 * frameIngest: packed columnar entries into the shared tables: check everything, then one copy per layer.
 * In: entries of type TelemetryFrames. Out: columns, history slots, exact loss and duplicate counts, coverage gaps.
 * Invariant: an entry is applied whole or refused whole; entries whose descriptor is unknown wait, bounded and counted.
 * Source: docs/protocol.md "frames"; docs/adr/0004-columns-on-the-hot-path.md.
 */
import { decodeEntry, type PackedFrame } from '../../lib/bus/codec.ts'
import type { Delivery } from '../../lib/bus/messageBus.ts'
import { createSequenceGuard } from '../../lib/bus/sequenceGuard.ts'
import { AppError } from '../../lib/contracts/appError.ts'
import type { CoverageGap } from '../../lib/contracts/liveRecords.ts'
import { columnIndex } from '../../lib/contracts/columnIndex.ts'
import { TABLE_META } from '../../lib/frames/seedTable.ts'
import { FRAME_KIND, WIRE_HEADER_BYTES } from '../../lib/frames/wireFrame.ts'
import { copyBytes } from '../../lib/primitives/copyBytes.ts'
import type { EntryMarks } from './entryMarks.ts'
import type { IngestLatency } from './ingestLatency.ts'
import { noteReport, type Run, type RunTable } from './runTable.ts'

const MAX_WAITING_ENTRIES = 512
const MAX_WAITING_BYTES = 4 * 1024 * 1024
/** A descriptor is published before the first frame; one that is this late does not come any more. */
const MAX_WAITING_MS = 3_000

export interface FrameIngestOptions {
  readonly runs: RunTable
  readonly nowMs: () => number
  /** Bus-server time to this process's wall clock, ms. */
  readonly toWallMs: (busMs: number) => number
  readonly refuse: (error: unknown, delivery: Delivery) => void
  readonly onGap: (run: Run, gap: CoverageGap) => void
  /** The tables changed: called first of all, because somebody may wait for it. Must be cheap. */
  readonly onMerged: () => void
  /** Called once per merged entry, after the tables changed and its history was kept. */
  readonly onEntry: (run: Run, atMs: number, publishedMs: number) => void
  /** Writes where the values lie on the bus into a table's meta. */
  readonly mark: EntryMarks['mark']
  readonly latency: IngestLatency
}

export interface FrameIngest {
  accept(delivery: Delivery): void
  /** A descriptor arrived: merges what waited for it. */
  settleWaiting(): void
  /** Refuses what has waited too long. */
  expire(nowMs: number): void
  counters(): { reports: number; lost: number; duplicates: number; waiting: number; entries: number; bytes: number }
}

const invalid = (text: string, path: string) => new AppError('CONTRACT_INVALID', text, { path })

/** Creates the ingest of packed frames. */
export function createFrameIngest({
  runs,
  nowMs,
  toWallMs,
  refuse,
  onGap,
  onMerged,
  onEntry,
  mark,
  latency,
}: FrameIngestOptions): FrameIngest {
  const guard = createSequenceGuard()
  const waiting: { readonly delivery: Delivery; readonly sinceMs: number; readonly readMs: number }[] = []
  let waitingBytes = 0
  let reports = 0
  let entries = 0
  let bytes = 0

  const check = (delivery: Delivery, run: Run, frames: readonly PackedFrame[]): void => {
    for (const { header } of frames) {
      const layer = run.descriptor.layers[header.layer]
      if (header.schemaId !== run.descriptor.schema_id)
        throw new AppError('CONTRACT_SCHEMA_UNKNOWN', 'schema id is not the one of the run', { path: 'schemaId' })
      if (layer === undefined) throw invalid('layer index is beyond the run', 'layer')
      const seeds = header.kind === FRAME_KIND.seeds
      if (header.rows !== (seeds ? layer.seeds : 1)) throw invalid('row count is not the one of the run', 'rows')
      if (header.columns !== (seeds ? run.descriptor.seed_columns : run.descriptor.layer_columns).length)
        throw invalid('column count is not the one of the run', 'columns')
      if (header.seq !== delivery.seq) throw invalid('frame seq differs from its entry', 'seq')
    }
  }

  const apply = (delivery: Delivery, run: Run, packed: Uint8Array, frames: readonly PackedFrame[]): void => {
    const busMs = delivery.acceptedAtMs
    const atMs = toWallMs(busMs)
    let publishedMs = Number.NaN
    for (const { offset, header } of frames) {
      const table = run.tables[header.layer]!
      const seeds = header.kind === FRAME_KIND.seeds
      publishedMs = header.publishedAtS * 1_000
      table.begin()
      const { buffer, byteOffset, byteLength } = seeds ? table.seeds : table.layer
      const from = offset + WIRE_HEADER_BYTES
      // Rows and columns were held against the run, whose tables have that shape.
      copyBytes(new Uint8Array(buffer, byteOffset, byteLength), packed.subarray(from, from + header.payloadBytes))
      if (seeds) {
        noteReport(run, header.layer, atMs)
        table.meta[TABLE_META.publishedMs] = publishedMs
        table.meta[TABLE_META.step] = header.step
        table.meta[TABLE_META.tick] = header.tick
        table.meta[TABLE_META.flags] = header.flags
        mark(table.meta, delivery)
        const skew = publishedMs - busMs
        const before = table.meta[TABLE_META.skewMs]!
        // Network delay makes single readings late, never early: the slow average is near enough for a 2 s badge.
        table.meta[TABLE_META.skewMs] = Number.isNaN(before) ? skew : before + (skew - before) * 0.1
        latency.merged(run, header.layer, publishedMs)
        reports++
      }
      table.end()
    }
    // Pictures go out while the past is kept: of large layers that takes milliseconds.
    onMerged()
    for (const { header } of frames)
      if (header.kind === FRAME_KIND.seeds) appendHistory(run, header.layer, atMs, header.tick)
    run.framed = true
    onEntry(run, atMs, publishedMs)
  }

  const merge = (delivery: Delivery, run: Run, packed: Uint8Array, frames: readonly PackedFrame[]): void => {
    check(delivery, run, frames)
    const before = run.lastReportMs
    const { src, epoch, seq } = delivery as Required<Pick<Delivery, 'src' | 'epoch' | 'seq'>>
    const verdict = guard.check(src, epoch, seq)
    // An entry from before a restart must not give the old run the losses of the new one.
    if (verdict.kind !== 'old-epoch') run.lost = guard.lostOf(src)
    switch (verdict.kind) {
      case 'duplicate':
      case 'old-epoch':
        return
      case 'late':
        // It fills a hole of the count; the picture is already newer.
        return
      case 'gap':
        onGap(run, { from_ms: before, to_ms: toWallMs(delivery.acceptedAtMs), cause: 'lost', lost: verdict.missing })
        break
      case 'in-order':
      case 'new-epoch':
        break
    }
    apply(delivery, run, packed, frames)
  }

  const giveUpOldest = (): void => {
    const { delivery } = waiting.shift()!
    waitingBytes -= delivery.data.byteLength
    refuse(new AppError('CONTRACT_SCHEMA_UNKNOWN', 'no descriptor arrived for this entry', { path: 'src' }), delivery)
  }

  const park = (delivery: Delivery): void => {
    // The bus reuses its buffer once we return: what waits must be its own copy.
    const kept = { ...delivery, data: delivery.data.slice() }
    waiting.push({ delivery: kept, sinceMs: nowMs(), readMs: latency.readMs() })
    waitingBytes += kept.data.byteLength
    while (waiting.length > MAX_WAITING_ENTRIES || waitingBytes > MAX_WAITING_BYTES) giveUpOldest()
  }

  const accept = (delivery: Delivery, readMs?: number): void => {
    latency.begin(delivery, readMs)
    entries++
    bytes += delivery.data.byteLength
    try {
      const entry = decodeEntry(delivery)
      if (entry.kind !== 'frames') throw new AppError('CONTRACT_TYPE', 'not a packed entry', { path: 'type' })
      const run = runs.bySource(delivery.src!, delivery.epoch!)
      if (run === undefined) park(delivery)
      else merge(delivery, run, entry.bytes, entry.frames)
    } catch (error) {
      refuse(error, delivery)
    }
  }

  return {
    accept: (delivery) => accept(delivery),
    settleWaiting() {
      const all = waiting.splice(0)
      waitingBytes = 0
      entries -= all.length
      for (const { delivery, readMs } of all) {
        bytes -= delivery.data.byteLength
        accept(delivery, readMs)
      }
    },
    expire(atMs) {
      while (waiting[0] !== undefined && atMs - waiting[0].sinceMs > MAX_WAITING_MS) giveUpOldest()
    },
    counters() {
      const { lost, duplicates, oldEpochs } = guard.counters()
      // Neither kind is applied, and both were sent before: one number says how many entries were seen for nothing.
      return { reports, lost, duplicates: duplicates + oldEpochs, waiting: waiting.length, entries, bytes }
    },
  }
}

/** Writes one slot of the layer's history, in the form that was planned for it. */
export function appendHistory(run: Run, layer: number, atMs: number, tick: number): void {
  const table = run.tables[layer]!
  run.pictures[layer]?.add(atMs, tick, table.seeds)
  const ring = run.history[layer]
  if (ring === null || ring === undefined) return
  ring.append(atMs, tick, (values) => {
    if (ring.shape.mode === 'full') return values.set(table.seeds)
    values.set(table.layer)
    const column = Math.max(0, columnIndex(run.descriptor.seed_columns, 'health_score'))
    const { rows } = table.shape
    let low = Number.NaN
    let high = Number.NaN
    let sum = 0
    let measured = 0
    for (let at = column * rows; at < (column + 1) * rows; at++) {
      const value = table.seeds[at]!
      if (value !== value) continue
      low = low < value ? low : value
      high = high > value ? high : value
      sum += value
      measured++
    }
    values.set([low, measured === 0 ? Number.NaN : sum / measured, high], table.layer.length)
  })
}
