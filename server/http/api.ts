/*
 * api: the answers of the HTTP API, as plain functions over the state.
 * In: ids and queries that were already validated. Out: plain data in the shapes of lib/contracts/httpApi.ts.
 * Invariant: read only; unknown ids are STATE_NOT_FOUND with the path; nothing is zero because it is unknown.
 * Source: docs/protocol.md "HTTP".
 */
import { AppError, isAppError } from '../../lib/contracts/appError.ts'
import type { LayerSummary } from '../../lib/contracts/liveRecords.ts'
import { columnIndex } from '../../lib/contracts/columnIndex.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { FanoutCounters } from '../fanout/frameTicker.ts'
import type { CoreHandle } from '../handle.ts'
import type { HistoryDesk } from '../history/historyDesk.ts'
import type { HistoryQuestions } from '../history/historyProtocol.ts'
import { historyText, recordedText } from '../state/historyText.ts'
import type { LayerReader } from '../state/layerReader.ts'
import type { IngestCounters } from '../ingest/ingestMessages.ts'
import { layerText } from '../state/layerText.ts'
import type { StatusBoard } from '../state/liveStatus.ts'
import type { KnownRun, RunBook } from '../state/runBook.ts'
import { createLayerFinder, type FoundLayer } from './findLayer.ts'
import type { Metrics } from './metrics.ts'

export interface ApiSources {
  readonly clock: Clock
  readonly runs: RunBook
  readonly reader: LayerReader
  readonly board: StatusBoard
  readonly metrics: Metrics
  readonly address: string
  readonly viewers: () => number
  readonly fanout: () => FanoutCounters
  /** What lies before the memory, and runs that are not live any more. */
  readonly past: Pick<HistoryDesk, 'ask'>
}

const DEFAULT_WINDOW_MS = 900_000

const notFound = (what: string, path: string) => new AppError('STATE_NOT_FOUND', `this ${what} is not known`, { path })

const toItem = (summary: LayerSummary) => ({
  layer_id: summary.layer_id,
  run_id: summary.run_id,
  origin: summary.origin,
  total_seeds: summary.total_seeds,
  active_seeds: summary.active_seeds,
  states: summary.unknown_states > 0 ? { ...summary.states, UNKNOWN: summary.unknown_states } : summary.states,
  age_ms: summary.age_ms,
  freshness: summary.freshness,
})

const framesOf = (counters: FanoutCounters) => ({
  sent: counters.framesSent,
  skipped: counters.framesSkipped,
  encoded: counters.framesEncoded,
  bytes_sent: counters.bytesSent,
  classes: counters.classes,
  blocks: counters.blocks,
  stalls: counters.stalls,
  longest_turn_ms: counters.longestTurnMs,
  longest_turn_cpu_ms: counters.longestTurnCpuMs,
})

const foreignOf = ({ foreign }: IngestCounters) =>
  foreign === undefined
    ? null
    : {
        overtaken: foreign.overtaken,
        claim_checks_missing: foreign.claimChecksMissing,
        commands: foreign.commands,
        flagged: foreign.flagged,
        opaque: foreign.opaque,
      }

/** Creates the functions of the handle. */
export function createApi(sources: ApiSources): CoreHandle {
  const { clock, runs, reader, board, metrics, address, viewers, fanout, past } = sources
  const startedMs = clock.monotonicMs()

  const summaryOf = (run: KnownRun, layer: number): LayerSummary =>
    reader.summary(run, layer, {
      nowMs: clock.wallMs(),
      lost: board.counters().lostByRun[run.descriptor.run_id] ?? 0,
    })

  const find = createLayerFinder({ runs, summaryOf })

  /** Null for what is not live: it may be recorded. */
  const findOrNull = (layerId: string, runId: string | undefined) => {
    try {
      return find(layerId, runId)
    } catch (error) {
      if (isAppError(error, 'STATE_NOT_FOUND') && runId !== undefined && runs.get(runId) === undefined) return null
      throw error
    }
  }
  /** When the oldest moment in memory is of; null when it keeps none. */
  const firstInMemory = ({ run, layer }: FoundLayer, metric: string, seed: number | undefined): number | null => {
    if (columnIndex(run.descriptor.seed_columns, metric) < 0) throw notFound('metric', 'metric')
    if (seed !== undefined && seed >= run.tables[layer]!.shape.rows) throw notFound('seed', 'seed')
    const ring = run.history[layer]
    const [first, end] = ring?.shape.mode === 'full' ? ring.range() : [0, 0]
    return end > first ? ring!.atMs(first) : null
  }
  /** Null when nothing is recorded of it. */
  const fromRecord = async (ask: HistoryQuestions['series']['ask']) => {
    try {
      return await past.ask('series', ask)
    } catch (error) {
      if (isAppError(error, 'BUS_UNAVAILABLE')) return null
      if (isAppError(error, 'STATE_NOT_FOUND') && error.context['path'] === 'run' && runs.get(ask.run) !== undefined)
        return null
      throw error
    }
  }

  const refused = () => {
    const { refusedTotal, refusedByReason } = board.counters()
    return { total: refusedTotal, by_reason: refusedByReason }
  }

  return {
    live: () => ({ live: true, uptime_s: (clock.monotonicMs() - startedMs) / 1_000, pid: process.pid }),
    ready: () => board.ready(),
    overview() {
      const all = runs.all()
      const layers = all.reduce((sum, run) => sum + run.descriptor.layers.length, 0)
      const { lost, duplicates } = board.counters()
      const loop = board.eventLoop()
      return {
        runs: all.length,
        layers,
        seeds: all.reduce(
          (sum, run) => sum + run.descriptor.layers.reduce((seeds, layer) => seeds + layer.seeds, 0),
          0,
        ),
        reports_per_s: board.reportsPerSecond(),
        lost,
        duplicates,
        refused: refused(),
        viewers: viewers(),
        frames_skipped: fanout().framesSkipped,
        frames: framesOf(fanout()),
        event_loop: { p99_ms: loop.p99Ms, max_ms: loop.maxMs },
        // Nobody was asked: readiness to stop is not known, and says so by 0 of n.
        stop_ready: toStopReady(board.stopReady(), layers),
      }
    },
    layers: (runId) => {
      if (runId !== undefined && runs.get(runId) === undefined) throw notFound('run', 'run')
      const all = board.layers().filter((layer) => runId === undefined || layer.run_id === runId)
      return { layers: all.slice(0, 8_192).map(toItem) }
    },
    layer(layerId, runId) {
      const { run, layer, summary } = find(layerId, runId)
      const { blueprints } = run.descriptor
      const head = {
        ...toItem(summary),
        blueprints: Object.fromEntries(blueprints.map((entry) => [entry.index, entry.blueprint_id])),
        flags: board.counters().foreign?.flagged[summary.layer_id] ?? {},
      }
      return layerText(head, { run, layer, clock })
    },
    async history(layerId, { run: runId, metric, fromMs, toMs, resolutionMs, seed }) {
      const to_ms = toMs ?? clock.wallMs()
      const from_ms = fromMs ?? to_ms - DEFAULT_WINDOW_MS
      if (from_ms >= to_ms) throw new AppError('CONTRACT_INVALID', 'from is not before to', { path: 'from' })
      const points = Math.min(
        4_096,
        Math.max(1, Math.ceil((to_ms - from_ms) / (resolutionMs ?? (to_ms - from_ms) / 600))),
      )
      const found = findOrNull(layerId, runId)
      const firstMs = found === null ? null : firstInMemory(found, metric, seed)
      const known = found?.run.descriptor.run_id ?? runId
      const asked = { layerId, metric, fromMs: from_ms, toMs: to_ms, points, seed }
      const reaches = firstMs !== null && firstMs <= from_ms
      const recorded = reaches || known === undefined ? null : await fromRecord({ ...asked, run: known })
      // The record of a run that goes on is a moment behind: it is asked for what memory does not have.
      const isOlder = recorded !== null && (recorded.atMs[0] ?? Infinity) < (firstMs ?? Infinity)
      if (found === null && !isOlder) throw notFound('layer', 'layer')
      const gaps = isOlder ? recorded.gaps : found!.run.gaps
      const head = {
        layer_id: layerId,
        run_id: known,
        metric,
        from_ms,
        to_ms,
        resolution_ms: (to_ms - from_ms) / points,
        gaps: gaps.filter((gap) => gap.to_ms >= from_ms && gap.from_ms <= to_ms).slice(-256),
      }
      if (isOlder) return recordedText(head, recorded, seed, clock)
      const { run, layer } = found!
      return historyText(head, { run, layer, metric, fromMs: from_ms, toMs: to_ms, points, seed }, clock)
    },
    bus() {
      const health = board.busHealth()
      const counters = board.counters()
      const nowMs = clock.wallMs()
      return {
        driver: health.driver,
        state: health.state,
        since: new Date(health.sinceMs).toISOString(),
        cause: health.cause,
        address,
        streams: counters.streams.map(({ topic, entries, lastMs, lag }) => ({
          topic,
          entries,
          entries_per_s: board.entriesPerSecond(topic),
          age_ms: Math.max(0, nowMs - lastMs),
          lag,
          // Gaps and duplicates are counted per source over all its streams: of one stream nothing is known.
          lost: null,
          duplicates: null,
        })),
        groups: [...(counters.groups ?? [])],
        pending_publishes: health.pendingPublishes,
        reconnects: health.reconnects,
        dead_letters: counters.deadLetters,
        refused: refused(),
        recent_refusals: counters.recentRefusals.map(({ atMs, ...sample }) => ({ at_ms: atMs, ...sample })),
        unknown_types: counters.unknownTypes,
        foreign: foreignOf(counters),
        lost: counters.lost,
        duplicates: counters.duplicates,
        breakers: [],
        buffers: [
          {
            name: 'frames waiting for their descriptor',
            used: counters.waiting,
            capacity: 512,
            dropped: refused().by_reason['CONTRACT_SCHEMA_UNKNOWN'] ?? 0,
          },
        ],
      }
    },
    async metrics() {
      return { contentType: metrics.contentType, body: await metrics.text() }
    },
  }
}

function toStopReady(known: ReturnType<StatusBoard['stopReady']>, layers: number) {
  return known === null
    ? { ready: 0, of: layers, worst_ms: null }
    : { ready: known.ready, of: known.of, worst_ms: known.worst_ms }
}
