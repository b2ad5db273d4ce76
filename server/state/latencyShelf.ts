/*
 * latencyShelf: what the books of all threads counted, cut into slices of five seconds and kept for a quarter of an hour.
 * In: books, the labels of their series, a turn every few seconds. Out: sums over slices by label; exemplars with their entry.
 * Invariant: memory is bounded and packed; a count is told once, under the label it was made for; sums are exact additions.
 * Source: docs/architecture.md "latency".
 */
import type { LatencyExemplar } from '../../lib/contracts/httpLatency.ts'
import { LATENCY_LIMITS } from '../../lib/contracts/httpLatency.ts'
import type { LatencyStage, LatencyTopic } from '../../lib/contracts/latencyStages.ts'
import { LatencyReader, type LatencySample } from '../../lib/primitives/latencyBook.ts'
import { bucketFloorMs, bucketOf, LATENCY_BUCKETS, shownBucket } from '../../lib/primitives/latencyBuckets.ts'
import type { LatencyNote, SeriesLabel } from '../ingest/latencyRecorder.ts'

/** Exemplars of one slice per stage and shown bucket. */
const PER_BUCKET = 6

/** One slice, packed: part p is what one label counted, its buckets lie from offsets[p] to offsets[p + 1]. */
export interface LatencySliceData {
  readonly fromMs: number
  readonly toMs: number
  readonly labels: readonly SeriesLabel[]
  readonly n: Float64Array
  readonly sumMs: Float64Array
  readonly maxMs: Float64Array
  readonly skewed: Float64Array
  readonly skewMs: Float64Array
  readonly offsets: Uint32Array
  readonly buckets: Uint16Array
  readonly counts: Uint32Array
  readonly exemplars: readonly Omit<LatencyExemplar, 'source'>[]
}

export interface LatencyFilter {
  readonly stage?: LatencyStage | undefined
  readonly layer?: string | undefined
  readonly run?: string | undefined
  readonly topic?: LatencyTopic | undefined
}

export interface LatencyShelf {
  /** Takes a book in; its series are told by notes. */
  open(book: string, buffer: SharedArrayBuffer): void
  note(book: string, note: LatencyNote): void
  /** Ends the slice under way. */
  turn(): void
  /** Slices that ended after `fromMs` and began before `toMs`, oldest first. */
  slices(fromMs: number, toMs: number): readonly LatencySliceData[]
  /** End of the newest slice; null before the first. */
  newestMs(): number | null
  /** Grows with every turn: answers of the same turn are the same. */
  turns(): number
  startedMs(): number
}

export interface LatencyShelfOptions {
  readonly nowMs: () => number
  readonly topicOf: (index: number) => string | undefined
}

interface Book {
  readonly reader: LatencyReader
  readonly labels: (SeriesLabel | null)[]
  /** Told once more, then without a label until they get another. */
  leaving: Set<number>
}

/** Whether a label is one the filter asks for. */
export function matchesLabel(label: SeriesLabel, { stage, layer, run, topic }: LatencyFilter): boolean {
  return (
    (stage === undefined || label.stage === stage) &&
    (topic === undefined || label.topic === topic) &&
    (layer === undefined || label.layerId === layer) &&
    (run === undefined || label.runId === run)
  )
}

/** Creates an empty shelf. */
export function createLatencyShelf({ nowMs, topicOf }: LatencyShelfOptions): LatencyShelf {
  const books = new Map<string, Book>()
  const startedMs = nowMs()
  let slices: LatencySliceData[] = []
  let sliceFromMs = startedMs
  let turns = 0

  const entryOf = ({ entryMs, entrySeq, topic }: LatencySample): LatencyExemplar['entry'] => {
    const name = Number.isNaN(topic) ? undefined : topicOf(topic)
    return name === undefined || Number.isNaN(entryMs) ? null : { topic: name, entry_id: `${entryMs}-${entrySeq}` }
  }

  const createCutter = () => {
    const labels: SeriesLabel[] = []
    const numbers: number[] = []
    const offsets: number[] = [0]
    const buckets: number[] = []
    const counts: number[] = []
    const byBucket = new Map<string, Omit<LatencyExemplar, 'source'>[]>()

    const keep = (label: SeriesLabel, sample: LatencySample): void => {
      const key = `${label.stage} ${shownBucket(bucketOf(sample.ms))}`
      let list = byBucket.get(key)
      if (list === undefined) byBucket.set(key, (list = []))
      const least = list.reduce((at, one, index) => (one.latency_ms < list[at]!.latency_ms ? index : at), 0)
      if (list.length >= PER_BUCKET && list[least]!.latency_ms >= sample.ms) return
      const exemplar = {
        stage: label.stage,
        topic: label.topic,
        run_id: label.runId,
        layer_id: label.layerId,
        latency_ms: sample.ms,
        at_ms: sample.atMs,
        entry: entryOf(sample),
      }
      if (list.length < PER_BUCKET) list.push(exemplar)
      else list[least] = exemplar
    }

    return {
      cut({ reader, labels: named, leaving }: Book): void {
        const greatest = new Map<number, number>()
        reader.turn()
        const first = labels.length
        const seriesAt: number[] = []
        named.forEach((label, series) => {
          // Without a label nothing is taken: it waits until its label is told.
          if (label === null || label === undefined) return
          let top = 0
          const delta = reader.take(series, (bucket, count) => {
            buckets.push(bucket)
            counts.push(count)
            top = bucket
          })
          if (delta !== null) {
            labels.push(label)
            offsets.push(buckets.length)
            seriesAt.push(series)
            numbers.push(delta.n, delta.sumMs, delta.n === 0 ? 0 : bucketFloorMs(top + 1), delta.skewed)
            numbers.push(delta.skewed === 0 ? 0 : reader.skewWorstMs(series))
          }
        })
        reader.samples((sample) => {
          const label = named[sample.series]
          if (label === null || label === undefined) return
          if (sample.ms > (greatest.get(sample.series) ?? -1)) greatest.set(sample.series, sample.ms)
          keep(label, sample)
        })
        // The greatest value was sampled; its bucket's bound stands in only where the bound of samples was hit.
        seriesAt.forEach((series, index) => {
          const at = (first + index) * 5 + 2
          const exact = greatest.get(series)
          if (exact !== undefined && bucketFloorMs(bucketOf(exact) + 1) >= numbers[at]!) numbers[at] = exact
        })
        for (const series of leaving) named[series] = null
        leaving.clear()
      },
      finish(fromMs: number, toMs: number): LatencySliceData {
        const column = (at: number): Float64Array =>
          Float64Array.from({ length: labels.length }, (_, part) => numbers[part * 5 + at]!)
        return {
          fromMs,
          toMs,
          labels,
          n: column(0),
          sumMs: column(1),
          maxMs: column(2),
          skewed: column(3),
          skewMs: column(4),
          offsets: Uint32Array.from(offsets),
          buckets: Uint16Array.from(buckets),
          counts: Uint32Array.from(counts),
          exemplars: [...byBucket.values()].flat(),
        }
      },
    }
  }

  const turn = (): void => {
    const cutter = createCutter()
    for (const book of books.values()) cutter.cut(book)
    const toMs = nowMs()
    slices.push(cutter.finish(sliceFromMs, toMs))
    sliceFromMs = toMs
    turns++
    const oldestMs = toMs - LATENCY_LIMITS.windowS * 1_000 - LATENCY_LIMITS.sliceMs
    slices = slices.filter((slice) => slice.toMs > oldestMs)
  }

  return {
    open(name, buffer) {
      const reader = new LatencyReader(buffer)
      books.set(name, { reader, labels: Array<SeriesLabel | null>(reader.seriesCount).fill(null), leaving: new Set() })
    },
    note(name, note) {
      const book = books.get(name)
      if (book === undefined) return
      switch (note.kind) {
        case 'began':
          // What the thread before counted is told first; then its numbers mean nothing.
          if (book.labels.some((label) => label !== null)) turn()
          book.labels.fill(null)
          return
        case 'series':
          book.labels[note.series] = note.label
          book.leaving.delete(note.series)
          return
        case 'run-gone':
          book.labels.forEach((label, series) => label?.runId === note.runId && book.leaving.add(series))
      }
    },
    turn,
    slices: (fromMs, toMs) => slices.filter((slice) => slice.toMs > fromMs && slice.fromMs < toMs),
    newestMs: () => slices.at(-1)?.toMs ?? null,
    turns: () => turns,
    startedMs: () => startedMs,
  }
}

/** What the parts of some slices add up to. */
export interface LatencyTally {
  readonly counts: Float64Array
  n: number
  sumMs: number
  maxMs: number
  skewed: number
  skewMs: number
}

/** Creates an empty tally. */
export const createTally = (): LatencyTally => ({
  counts: new Float64Array(LATENCY_BUCKETS),
  n: 0,
  sumMs: 0,
  maxMs: 0,
  skewed: 0,
  skewMs: 0,
})

/** Makes a tally empty again. */
export function clearTally(tally: LatencyTally): void {
  tally.counts.fill(0)
  tally.n = tally.sumMs = tally.maxMs = tally.skewed = tally.skewMs = 0
}

/** Adds one part of a slice. */
export function addPart(tally: LatencyTally, slice: LatencySliceData, part: number): void {
  for (let at = slice.offsets[part]!; at < slice.offsets[part + 1]!; at++)
    tally.counts[slice.buckets[at]!]! += slice.counts[at]!
  tally.n += slice.n[part]!
  tally.sumMs += slice.sumMs[part]!
  tally.maxMs = Math.max(tally.maxMs, slice.maxMs[part]!)
  tally.skewed += slice.skewed[part]!
  tally.skewMs = Math.min(tally.skewMs, slice.skewMs[part]!)
}
