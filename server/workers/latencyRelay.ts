/*
 * latencyRelay: what a process without pages counted of latency, told to the one that shows it, once a second and summed.
 * In: books and notes of its threads; on the other side, what was told. Out: sums by label; counts in a book of the shown process.
 * Invariant: each count is told once; labels and buckets are those of all latencies, so that the sums simply add up; what nobody could
 * hear is lost and only makes n smaller.
 * Source: docs/architecture.md "latency".
 */
import { LatencyReader } from '../../lib/primitives/latencyBook.ts'
import { bucketFloorMs } from '../../lib/primitives/latencyBuckets.ts'
import type { LatencyNote, LatencyRecorder, SeriesLabel } from '../ingest/latencyRecorder.ts'

export interface LatencySum {
  readonly label: SeriesLabel
  readonly counts: readonly (readonly [bucket: number, count: number])[]
  readonly slowest: { readonly ms: number; readonly atMs: number } | null
}

export interface LatencyTeller {
  open(book: string, buffer: SharedArrayBuffer): void
  note(book: string, note: LatencyNote): void
  /** Takes what was counted since the last time. */
  take(): readonly LatencySum[]
}

/** Creates the telling side. */
export function createLatencyTeller(): LatencyTeller {
  const books = new Map<string, { readonly reader: LatencyReader; readonly labels: Map<number, SeriesLabel> }>()
  return {
    open: (book, buffer) => void books.set(book, { reader: new LatencyReader(buffer), labels: new Map() }),
    note(book, note) {
      const labels = books.get(book)?.labels
      if (note.kind === 'series') labels?.set(note.series, note.label)
      else if (note.kind === 'began') labels?.clear()
    },
    take() {
      return [...books.values()].flatMap(({ reader, labels }) => {
        reader.turn()
        const slowest = new Map<number, { ms: number; atMs: number }>()
        reader.samples(({ series, ms, atMs }) => {
          if (ms >= (slowest.get(series)?.ms ?? 0)) slowest.set(series, { ms, atMs })
        })
        return [...labels].flatMap(([series, label]) => {
          const counts: [number, number][] = []
          const delta = reader.take(series, (bucket, count) => void counts.push([bucket, count]))
          return delta === null || delta.n === 0 ? [] : [{ label, counts, slowest: slowest.get(series) ?? null }]
        })
      })
    },
  }
}

/** The hearing side: counts what another process told. */
export function addSums(recorder: LatencyRecorder, sums: readonly LatencySum[]): void {
  for (const { label, counts, slowest } of sums) {
    if (label.runId === null || label.layerId === null) continue
    const series = recorder.seriesOf(label.stage, label.topic, label.runId, label.layerId)
    for (const [bucket, count] of counts)
      recorder.writer.add(series, bucket, count, (bucketFloorMs(bucket) + bucketFloorMs(bucket + 1)) / 2)
    if (slowest === null) continue
    recorder.writer.mark(Number.NaN, Number.NaN, Number.NaN, slowest.atMs)
    recorder.writer.sample(series, slowest.ms)
  }
}
