/*
 * metrics: the numbers of this process for Prometheus, read when they are asked for.
 * In: the status board, fan-out counters. Out: exposition text.
 * Invariant: label sets are closed: refusal codes of the catalogue, never layers of strangers, never seeds.
 * Source: docs/runbooks "metrics".
 */
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { FanoutCounters } from '../fanout/frameTicker.ts'
import type { StatusBoard } from '../state/liveStatus.ts'

export interface Metrics {
  readonly contentType: string
  text(): Promise<string>
}

export interface MetricsSources {
  readonly board: StatusBoard
  readonly fanout: () => FanoutCounters
  readonly viewers: () => number
  readonly recordsOffset: () => number
  readonly threads: () => { readonly lost: number; readonly waiting: number }
}

/** Creates a registry of its own: two servers in one process do not share counters. */
export function createMetrics({ board, fanout, viewers, recordsOffset, threads }: MetricsSources): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, prefix: 'morphoscope_' })
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name: `morphoscope_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(read())
      },
    })
  }
  gauge('ingest_reports_total', 'Layer reports merged.', () => board.counters().reports)
  gauge('ingest_entries_total', 'Telemetry entries read.', () => board.counters().entries)
  gauge('ingest_bytes_total', 'Bytes of telemetry read.', () => board.counters().bytes)
  gauge('ingest_lost', 'Reports whose sequence numbers are missing.', () => board.counters().lost)
  gauge('ingest_duplicates_total', 'Entries seen before and not applied.', () => board.counters().duplicates)
  gauge(
    'events_late_total',
    'Events that came after later ones of their source.',
    () => board.counters().events?.late ?? 0,
  )
  gauge('events_missing', 'Events whose number never came.', () => board.counters().events?.lost ?? 0)
  gauge('threads_lost_total', 'Moments the index of threads could not keep.', () => threads().lost)
  gauge('threads_waiting', 'Moments that wait to be written.', () => threads().waiting)
  gauge('bus_up', '1 while the bus answers.', () => (board.busHealth().state === 'up' ? 1 : 0))
  gauge('bus_reconnects_total', 'Reconnects of the ingest.', () => board.busHealth().reconnects)
  gauge('viewers', 'Open pages.', viewers)
  gauge('frames_sent_total', 'Frames sent to viewers.', () => fanout().framesSent)
  gauge('frames_skipped_total', 'Frames skipped for slow viewers.', () => fanout().framesSkipped)
  gauge('frame_bytes_total', 'Bytes of frames sent.', () => fanout().bytesSent)
  gauge('telemetry_blocks_total', 'Turns of telemetry work over 10 ms.', () => fanout().blocks)
  gauge('telemetry_stalls_total', 'Turns over 10 ms by the clock that computed less.', () => fanout().stalls)
  gauge('telemetry_longest_turn_ms', 'Longest turn of telemetry work, ms.', () => fanout().longestTurnMs)
  gauge('records_offset', 'Offset of the newest record.', recordsOffset)
  new Gauge({
    name: 'morphoscope_ingest_refused_total',
    help: 'Entries refused, by reason.',
    labelNames: ['reason'],
    registers: [registry],
    collect() {
      for (const [reason, count] of Object.entries(board.counters().refusedByReason)) this.set({ reason }, count)
    },
  })
  return { contentType: registry.contentType, text: () => registry.metrics() }
}
