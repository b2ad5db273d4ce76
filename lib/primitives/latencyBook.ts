/*
 * latencyBook: histograms of many series in one shared buffer: one thread counts, another reads, nobody waits.
 * In: a series number and milliseconds, on the hot path. Out: counts that only grow, sums, skew, samples of where a value came from.
 * Invariant: recording allocates nothing and costs a few nanoseconds; what was counted between two readings is the difference;
 * at most one sample per series, bucket and slice, and each new greatest value; memory is fixed.
 * Source: docs/performance.md "latency"; docs/architecture.md "latency".
 */
import {
  BUCKET_BASE,
  BUCKET_SHIFT,
  BUCKET_UNITS,
  bucketOf,
  LATENCY_BUCKETS,
  SHOWN_ALL,
  SHOWN_SHIFT,
} from './latencyBuckets.ts'

const HEAD_WORDS = 4
const HEAD = Object.freeze({ slice: 0, sampled: 1 })
const SAMPLE_SLOTS = 8_192
const SAMPLE_WORDS = 8
/** Of one slice: samples for buckets, and beyond them new greatest values; together less than the ring, so a reader is never overrun. */
const MAX_BUCKET_SAMPLES = 4_096
const MAX_SAMPLES = 7_168
/** Whole milliseconds of a bus id are taken at their middle: a reading this little below zero is that, and no skew. */
const RESOLUTION_MS = 1

/** Where a value came from: what an operator needs to find the entry behind it. */
export interface LatencySample {
  readonly series: number
  readonly ms: number
  /** Both parts of the entry's id and the number of its topic; NaN = no entry. */
  readonly entryMs: number
  readonly entrySeq: number
  readonly topic: number
  readonly atMs: number
}

interface Layout {
  readonly head: Int32Array
  readonly sums: Float64Array
  readonly skewWorst: Float64Array
  readonly samples: Float64Array
  readonly skewed: Uint32Array
  readonly counts: Uint32Array
}

const bytesOf = (series: number): number =>
  HEAD_WORDS * 4 + series * 16 + SAMPLE_SLOTS * SAMPLE_WORDS * 8 + series * (4 + LATENCY_BUCKETS * 4)

const SERIES_OF_BYTES = 16 + 4 + LATENCY_BUCKETS * 4
const seriesIn = (buffer: SharedArrayBuffer): number =>
  (buffer.byteLength - HEAD_WORDS * 4 - SAMPLE_SLOTS * SAMPLE_WORDS * 8) / SERIES_OF_BYTES

function layout(buffer: SharedArrayBuffer): Layout {
  const series = seriesIn(buffer)
  if (!Number.isInteger(series) || series < 1) throw new RangeError('this buffer is no latency book')
  let at = HEAD_WORDS * 4
  const f64 = (length: number): Float64Array => {
    const view = new Float64Array(buffer, at, length)
    at += view.byteLength
    return view
  }
  const u32 = (length: number): Uint32Array => {
    const view = new Uint32Array(buffer, at, length)
    at += view.byteLength
    return view
  }
  return {
    head: new Int32Array(buffer, 0, HEAD_WORDS),
    sums: f64(series),
    skewWorst: f64(series),
    samples: f64(SAMPLE_SLOTS * SAMPLE_WORDS),
    skewed: u32(series),
    counts: u32(series * LATENCY_BUCKETS),
  }
}

/** Allocates the buffer of a book with room for so many series. */
export function createLatencyBuffer(series: number): SharedArrayBuffer {
  return new SharedArrayBuffer(bytesOf(series))
}

/** The one writer of a book. */
export class LatencyWriter {
  readonly seriesCount: number
  readonly #book: Layout
  readonly #scratch = new Float64Array(1)
  readonly #words: Uint32Array
  /** Slice in which a bucket of a series was last sampled. */
  readonly #tags: Int32Array
  readonly #sliceOf: Int32Array
  readonly #greatest: Float64Array
  readonly #mark = new Float64Array(4).fill(Number.NaN)
  #slice = -1
  #inSlice = 0

  constructor(buffer: SharedArrayBuffer) {
    this.#book = layout(buffer)
    this.seriesCount = this.#book.sums.length
    this.#words = new Uint32Array(this.#scratch.buffer)
    this.#tags = new Int32Array(this.seriesCount * SHOWN_ALL).fill(-1)
    this.#sliceOf = new Int32Array(this.seriesCount).fill(-1)
    this.#greatest = new Float64Array(this.seriesCount)
  }

  /** Says where the values recorded next come from; NaN for what is not known. */
  mark(entryMs: number, entrySeq: number, topic: number, atMs: number): void {
    const mark = this.#mark
    mark[0] = entryMs
    mark[1] = entrySeq
    mark[2] = topic
    mark[3] = atMs
  }

  /** Counts one latency. Below zero by more than the resolution of a bus id is skew: counted apart. NaN is not counted. */
  record(series: number, ms: number): void {
    const book = this.#book
    let value = ms
    if (!(value >= 0)) {
      if (!(value >= -RESOLUTION_MS)) return value === value ? this.skew(series, value) : undefined
      value = 0
    }
    this.#scratch[0] = value * BUCKET_UNITS
    const raw = (this.#words[1]! >>> BUCKET_SHIFT) - BUCKET_BASE
    const at = raw < 0 ? 0 : raw >= LATENCY_BUCKETS ? LATENCY_BUCKETS - 1 : raw
    book.counts[series * LATENCY_BUCKETS + at]!++
    book.sums[series]! += value
    const tag = series * SHOWN_ALL + (at >> SHOWN_SHIFT)
    if (this.#tags[tag] !== book.head[HEAD.slice] || value > this.#greatest[series]!) this.#sample(series, tag, value)
  }

  /** Adds counts that somebody else made in the same buckets; their values are taken at the middle. */
  add(series: number, bucket: number, count: number, ms: number): void {
    const book = this.#book
    book.counts[series * LATENCY_BUCKETS + bucket]! += count
    book.sums[series]! += count * ms
  }

  /** Keeps where one value came from, without counting it: the counts came by `add`. */
  sample(series: number, ms: number): void {
    this.#sample(series, series * SHOWN_ALL + (bucketOf(ms) >> SHOWN_SHIFT), ms)
  }

  /** Counts readings below zero: one clock was ahead, at the worst by -ms. */
  skew(series: number, ms: number, count = 1): void {
    const book = this.#book
    book.skewed[series]! += count
    if (ms < book.skewWorst[series]!) book.skewWorst[series] = ms
  }

  #sample(series: number, tag: number, ms: number): void {
    const { head, samples } = this.#book
    const slice = head[HEAD.slice]!
    if (slice !== this.#slice) {
      this.#slice = slice
      this.#inSlice = 0
    }
    const isGreatest = this.#sliceOf[series] !== slice || ms > this.#greatest[series]!
    this.#sliceOf[series] = slice
    if (isGreatest) this.#greatest[series] = ms
    this.#tags[tag] = slice
    if (this.#inSlice >= (isGreatest ? MAX_SAMPLES : MAX_BUCKET_SAMPLES)) return
    this.#inSlice++
    const written = head[HEAD.sampled]!
    const at = ((written >>> 0) % SAMPLE_SLOTS) * SAMPLE_WORDS
    samples[at] = series
    samples[at + 1] = ms
    samples.set(this.#mark, at + 2)
    // Published last: a reader that sees the number sees the sample.
    Atomics.store(head, HEAD.sampled, (written + 1) | 0)
  }
}

/** What one series counted since it was read before. */
export interface SeriesDelta {
  readonly n: number
  readonly sumMs: number
  readonly skewed: number
}

/** The one reader of a book. */
export class LatencyReader {
  readonly seriesCount: number
  readonly #book: Layout
  readonly #counts: Uint32Array
  readonly #sums: Float64Array
  readonly #skewed: Uint32Array
  #sampled = 0

  constructor(buffer: SharedArrayBuffer) {
    this.#book = layout(buffer)
    this.seriesCount = this.#book.sums.length
    this.#counts = new Uint32Array(this.#book.counts)
    this.#sums = new Float64Array(this.#book.sums)
    this.#skewed = new Uint32Array(this.#book.skewed)
    this.#sampled = Atomics.load(this.#book.head, HEAD.sampled)
  }

  /** Begins the next slice: each bucket may be sampled once more. */
  turn(): void {
    Atomics.add(this.#book.head, HEAD.slice, 1)
  }

  /** The greatest a publisher's clock was ever ahead in this series, ms below zero; 0 = never. */
  skewWorstMs(series: number): number {
    return this.#book.skewWorst[series]!
  }

  /** Takes what was counted since the last time; null when nothing was. `each` gets bucket and count. */
  take(series: number, each: (bucket: number, count: number) => void): SeriesDelta | null {
    const { sums, skewed, counts } = this.#book
    const from = series * LATENCY_BUCKETS
    const sum = sums[series]!
    const ahead = (skewed[series]! - this.#skewed[series]!) >>> 0
    // What adds nothing to the sum is 0 and lies in the first bucket.
    const isSame = sum === this.#sums[series] && counts[from] === this.#counts[from]
    if (isSame && ahead === 0) return null
    this.#skewed[series] = skewed[series]!
    const sumMs = sum - this.#sums[series]!
    this.#sums[series] = sum
    let n = 0
    for (let at = 0; at < LATENCY_BUCKETS; at++) {
      const now = counts[from + at]!
      const count = (now - this.#counts[from + at]!) >>> 0
      if (count === 0) continue
      this.#counts[from + at] = now
      n += count
      each(at, count)
    }
    return { n, sumMs, skewed: ahead }
  }

  /** Takes the samples kept since the last time. */
  samples(each: (sample: LatencySample) => void): void {
    const { head, samples } = this.#book
    const written = Atomics.load(head, HEAD.sampled)
    const waiting = Math.min((written - this.#sampled) >>> 0, SAMPLE_SLOTS)
    for (let back = waiting; back > 0; back--) {
      const at = (((written - back) | 0) >>> 0) % SAMPLE_SLOTS
      const [series, ms, entryMs, entrySeq, topic, atMs] = samples.subarray(at * SAMPLE_WORDS, at * SAMPLE_WORDS + 6)
      each({ series: series!, ms: ms!, entryMs: entryMs!, entrySeq: entrySeq!, topic: topic!, atMs: atMs! })
    }
    this.#sampled = written
  }
}
