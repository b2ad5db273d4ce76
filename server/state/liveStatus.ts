/*
 * liveStatus: everything small that has an age, twice a second; and the same numbers for the HTTP API.
 * In: counters of the ingest, bus health, runs, fan-out counters. Out: LiveStatus, Readiness, rates.
 * Invariant: what is not known is null; the mode is never better than its worst part.
 * Source: docs/protocol.md "status"; docs/ux.md "freshness model".
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { BusHealth } from '../../lib/bus/messageBus.ts'
import type { LayerSummary, LiveStatus } from '../../lib/contracts/liveRecords.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { Readiness } from '../handle.ts'
import type { IngestCounters, IngestMessage } from '../ingest/ingestMessages.ts'
import type { LayerReader } from './layerReader.ts'
import type { RunBook } from './runBook.ts'

/** Layers in a pushed status; the API gives all. 512 summaries are about 300 kB of JSON. */
const MAX_PUSHED_LAYERS = 512
const RATE_WINDOW_MS = 2_000
/** The event loop is judged by its last ten seconds: what the start cost is not what a page feels now. */
const LOOP_WINDOW_MS = 10_000

export const NO_COUNTERS: IngestCounters = Object.freeze({
  reports: 0,
  entries: 0,
  bytes: 0,
  lost: 0,
  duplicates: 0,
  waiting: 0,
  refusedTotal: 0,
  refusedByReason: {},
  recentRefusals: [],
  unknownTypes: {},
  lostByRun: {},
  topics: 0,
  deadLetters: 0,
  streams: [],
})

export interface StatusSources {
  readonly clock: Clock
  readonly runs: RunBook
  readonly reader: LayerReader
  readonly driver: 'redis' | 'memory'
  readonly address: string
  readonly epoch: string
  readonly offset: () => number
  readonly environment: LiveStatus['environment']
  readonly viewers: () => number
  readonly framesSkipped: () => number
  readonly trainer: () => LiveStatus['trainer']
  readonly stopReady: () => LiveStatus['stop_ready']
  readonly ingestStarted: () => boolean
  readonly causes: () => readonly { readonly code: string; readonly text: string }[]
}

export interface StatusBoard {
  onBus(message: Extract<IngestMessage, { kind: 'bus' }>): void
  onCounters(counters: IngestCounters): void
  counters(): IngestCounters
  busHealth(): BusHealth
  reportsPerSecond(): number
  entriesPerSecond(topic: string): number
  /** Newest runs first; at most `max`. */
  layers(max?: number): LayerSummary[]
  status(): LiveStatus
  stopReady(): LiveStatus['stop_ready']
  ready(): Readiness
  eventLoop(): { readonly p99Ms: number | null; readonly maxMs: number | null }
  setStopping(): void
  stop(): void
}

/** Creates the board; it starts the event-loop monitor. */
export function createStatusBoard(sources: StatusSources): StatusBoard {
  const { clock, runs, reader, driver } = sources
  const loop = monitorEventLoopDelay({ resolution: 5 })
  loop.enable()
  let health: BusHealth = {
    state: 'starting',
    driver,
    sinceMs: clock.wallMs(),
    cause: null,
    pendingPublishes: 0,
    published: 0,
    delivered: 0,
    redelivered: 0,
    deadLettered: 0,
    reconnects: 0,
  }
  let checkedMs = clock.wallMs()
  let patterns: readonly string[] = []
  let counters = NO_COUNTERS
  let stopping = false
  let loopWindow: { readonly p99Ms: number | null; readonly maxMs: number | null } = { p99Ms: null, maxMs: null }
  const undoWindow = clock.every(LOOP_WINDOW_MS, () => {
    loopWindow = { p99Ms: delayMs(loop.percentile(99)), maxMs: delayMs(loop.max) }
    loop.reset()
  })
  const history: { readonly atMs: number; readonly counters: IngestCounters }[] = []

  /** Difference per second over the last two seconds; 0 before there are two readings. */
  const rate = (of: (counters: IngestCounters) => number): number => {
    const [first, last] = [history[0], history.at(-1)]
    if (first === undefined || last === undefined || last.atMs <= first.atMs) return 0
    return Math.max(0, ((of(last.counters) - of(first.counters)) * 1_000) / (last.atMs - first.atMs))
  }
  // The monitor measures intervals: its own period is not delay.
  const delayMs = (ns: number): number | null => (Number.isFinite(ns) && ns > 0 ? Math.max(0, ns / 1e6 - 5) : null)

  const layers = (max = Infinity): LayerSummary[] => {
    const nowMs = clock.wallMs()
    const found: LayerSummary[] = []
    for (const run of runs.all().toSorted((a, b) => b.firstSeenMs - a.firstSeenMs)) {
      const lost = counters.lostByRun[run.descriptor.run_id] ?? 0
      for (let layer = 0; layer < run.tables.length && found.length < max; layer++)
        found.push(reader.summary(run, layer, { nowMs, lost }))
    }
    return found
  }

  const causes = () => {
    const all = [...sources.causes()]
    if (stopping) all.unshift({ code: 'BUS_STOPPED', text: 'the server is stopping' })
    if (health.state !== 'up')
      all.unshift({
        code: 'BUS_UNAVAILABLE',
        text: `the bus is ${health.state}${health.cause === null ? '' : `: ${health.cause}`}`,
      })
    if (!sources.ingestStarted() && health.state === 'up') all.push({ code: 'PART_DOWN', text: 'ingest is starting' })
    return all.slice(0, 64)
  }
  const mode = (): LiveStatus['mode'] => {
    if (stopping) return 'stopped'
    const trainer = sources.trainer()
    return health.state === 'up' && trainer !== 'failed' && trainer !== 'restarting' && sources.causes().length === 0
      ? 'full'
      : 'degraded'
  }

  return {
    onBus(message) {
      health = message.health
      checkedMs = message.checkedMs
      if (message.patterns.length > 0) patterns = message.patterns
    },
    onCounters(latest) {
      // A restarted ingest counts from zero: rates must not look back over that edge.
      if (latest.entries < counters.entries) history.length = 0
      counters = latest
      const atMs = clock.monotonicMs()
      history.push({ atMs, counters })
      while (history.length > 2 && atMs - history[0]!.atMs > RATE_WINDOW_MS) history.shift()
    },
    counters: () => counters,
    busHealth: () => health,
    reportsPerSecond: () => rate((at) => at.reports),
    entriesPerSecond: (topic) => rate((at) => at.streams.find((stream) => stream.topic === topic)?.entries ?? 0),
    layers,
    status: () => ({
      server_ms: clock.wallMs(),
      epoch: sources.epoch,
      offset: sources.offset(),
      environment: sources.environment,
      mode: mode(),
      bus: {
        driver,
        state: health.state,
        since_ms: health.sinceMs,
        cause: health.cause,
        address: sources.address,
        patterns: [...patterns],
        last_check_ms: checkedMs,
        reports_per_s: rate((at) => at.reports),
        lost: counters.lost,
        duplicates: counters.duplicates,
        refused: { total: counters.refusedTotal, by_reason: { ...counters.refusedByReason } },
        topics: counters.topics,
      },
      layers: layers(MAX_PUSHED_LAYERS),
      viewers: sources.viewers(),
      frames_skipped: sources.framesSkipped(),
      trainer: sources.trainer(),
      event_loop_p99_ms: loopWindow.p99Ms,
      stop_ready: sources.stopReady(),
    }),
    stopReady: () => sources.stopReady(),
    ready: () => ({
      ready: !stopping && sources.ingestStarted(),
      mode: mode(),
      causes: causes(),
      bus: driver,
    }),
    eventLoop: () => loopWindow,
    setStopping() {
      stopping = true
    },
    stop() {
      undoWindow()
      loop.disable()
    },
  }
}
