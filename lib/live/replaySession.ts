/*
 * Replay session: what a page draws from while it looks at the past: the same store and the same pictures as live, fed from the history.
 * In: the live session, pictures of its own, frames and records of the past. Out: a session that any part of a page draws from.
 * Invariant: nothing of the present reaches its store but the state of bus and connection; ages are counted at the moment shown; it asks and sends nothing.
 * Source: docs/ux.md "time travel"; features B3, B7.
 */
import type { Problem } from '../contracts/appError.ts'
import { EXACT_MAX_SEEDS, LIVE_PROTOCOL } from '../contracts/socketNames.ts'
import type { CoverageGap, LayerSummary, LiveRecord } from '../contracts/liveRecords.ts'
import { SEED_STATES } from '../contracts/lifecycleTable.ts'
import type { RunDescriptor } from '../contracts/runDescriptor.ts'
import { joinFrames } from '../frames/frameBatch.ts'
import type { LiveSession } from './liveSession.ts'
import { createLiveStore, toShownView, type LiveStore } from './liveStore.ts'
import type { Pictures } from './pictures.ts'
import { framesBetween, type ReplayWindow } from './replayWindows.ts'
import { evaluateLayerAge } from './staleness.ts'

/** Frames per message: the bound of a batch. */
const MOST_FRAMES = 4_096
const CLASS_AT = 8

/** A run as the history knows it, up to a moment. */
export interface PastRun {
  readonly descriptor: RunDescriptor
  readonly firstSeenMs: number
  readonly gaps: readonly CoverageGap[]
}

export interface ReplaySession extends LiveSession {
  /** The moment shown, Unix ms on the server's clock. */
  readonly momentMs: number
  /** Records that the store has taken since the last `begin`. */
  readonly taken: number
  /** Shows a run and forgets what was shown of it. */
  open(run: PastRun): void
  /** Begins anew at a moment: what happened up to it, oldest first. */
  begin(momentMs: number, records: readonly LiveRecord[]): void
  /** Whether the pictures keep a recent line per seed. */
  readonly hasLines: boolean
  /** Fills the recent lines from a window that ends at the moment shown, and shows the moment again. */
  fill(before: ReplayWindow): void
  /** Moves the moment: the pictures of the window up to it, and the records since the last one. */
  move(momentMs: number, window: ReplayWindow, records: readonly LiveRecord[]): void
}

const NO_QUESTIONS: Problem = {
  type: 'urn:morphoscope:error:STATE_NOT_FOUND',
  title: 'Not in replay',
  status: 404,
  code: 'STATE_NOT_FOUND',
  id: '',
  detail: 'The page looks at the past: it shows what the history holds and asks nothing of the present.',
}
const refused = { ok: false as const, problem: NO_QUESTIONS }

/** Creates a session on pictures of its own; `live` lends its connection and what it knows of the bus. */
export function createReplaySession(live: LiveSession, pictures: Pictures): ReplaySession {
  const inner = createLiveStore(pictures)
  let momentMs = live.client.serverNowMs()
  let shown: { readonly window: ReplayWindow; readonly atMs: number } | null = null
  let past: PastRun | null = null
  let turn = 0
  let taken = 0

  // To every part of a page the past is a picture that stands: ages are those of its moment, and nothing is asked again.
  const pause = {
    get atMs() {
      return momentMs
    },
    offset: Number.POSITIVE_INFINITY,
    waitingFrames: 0,
  }
  const store = Object.create(inner, { pause: { get: () => pause } }) as LiveStore

  const epoch = (): string => `replay-${turn}`
  const numbered = (records: readonly LiveRecord[], from: number): readonly LiveRecord[] =>
    records.map((record, index) => ({ ...record, offset: from + index + 1 }))

  const summaries = (): readonly LayerSummary[] =>
    (past?.descriptor.layers ?? []).map((layer, index): LayerSummary => {
      const mirror = pictures.live()[index]
      const known = mirror !== undefined && mirror.frame > 0
      const counts = known ? mirror.stateCounts : null
      const states = Object.fromEntries(
        SEED_STATES.flatMap((state, id) => ((counts?.[id] ?? 0) > 0 ? [[state, counts?.[id] ?? 0]] : [])),
      )
      const frameIngestMs = known ? mirror.ingestMs : null
      const summary = { layerId: layer.layer_id, summary: null, statusMs: null, frameIngestMs, nowMs: momentMs }
      const { ageMs, freshness } = evaluateLayerAge(summary)
      return {
        layer_id: layer.layer_id,
        run_id: past?.descriptor.run_id ?? '',
        origin: past?.descriptor.origin ?? 'external',
        total_seeds: layer.seeds,
        active_seeds: layer.seeds - (counts?.[0] ?? layer.seeds),
        states: states as LayerSummary['states'],
        unknown_states: counts?.[255] ?? 0,
        age_ms: ageMs,
        interval_ms: null,
        freshness,
        step: known ? mirror.step : null,
        tick: known ? mirror.tick : null,
        summary: {},
        producer_skew_ms: null,
        lost: 0,
      }
    })
  /** The state of the present, with the layers of the past. */
  const tellStatus = (): void => {
    const now = live.store.status
    if (now) inner.applyStatus({ ...now, server_ms: momentMs, layers: [...summaries()] })
  }
  const push = (frames: readonly Uint8Array[]): void => {
    for (let at = 0; at < frames.length; at += MOST_FRAMES) {
      const some = frames.slice(at, at + MOST_FRAMES)
      const message = joinFrames(some)
      // One frame alone is itself, and the taker keeps what it is given.
      inner.applyFrames(some.length === 1 ? message.slice() : message)
    }
  }
  const draw = (atMs: number, window: ReplayWindow): void => {
    const isAhead = shown?.window === window && atMs >= shown.atMs
    if (shown !== null && atMs < shown.atMs) pictures.setMetric(inner.view?.metricIndex ?? 0)
    const first = window.frames[0]?.bytes
    if (shown?.window !== window && first && first.byteLength >= CLASS_AT + 4)
      inner.setViewClass(new DataView(first.buffer, first.byteOffset, first.byteLength).getUint32(CLASS_AT, true))
    push(framesBetween(window, isAhead ? shown!.atMs : null, atMs))
    shown = { window, atMs }
  }

  return {
    store,
    client: {
      get connection() {
        return live.client.connection
      },
      serverNowMs: () => momentMs,
      start: () => undefined,
      stop: () => undefined,
      retryNow: () => live.client.retryNow(),
      setView: () => undefined,
      resetClock: () => undefined,
      inspect: async () => refused,
      history: async () => refused,
      paint: async () => refused,
    },
    start: () => undefined,
    stop: () => undefined,
    show(runId, metric) {
      const run = inner.log.runs.get(runId)
      const next = run ? toShownView(run, metric, EXACT_MAX_SEEDS) : null
      if (!next) return false
      if (inner.view?.runId === runId && inner.view.metric.name === metric) return true
      // Quantised cells are of one metric: what was drawn of another is not this one's.
      shown = null
      inner.setView(next)
      return true
    },
    setPaused: () => undefined,
    setHidden: () => undefined,
    setWatching: () => undefined,
    get momentMs() {
      return momentMs
    },
    get taken() {
      return taken
    },
    open(run) {
      past = run
      shown = null
      this.begin(momentMs, [])
    },
    begin(atMs, records) {
      const status = live.store.status
      if (!past || !status) return
      turn++
      momentMs = atMs
      taken = 0
      const told = numbered(records, 0)
      const run = {
        descriptor: past.descriptor,
        first_seen_ms: past.firstSeenMs,
        curve: told.filter((record) => record.kind === 'evaluation'),
        // What belongs to no run is listed beside the run's own, as it is live.
        events: told.filter((record) => record.kind !== 'evaluation' && record.run_id !== null),
        gaps: past.gaps.filter((gap) => gap.from_ms <= atMs),
        transitions_total: told.filter((record) => record.kind === 'transition').length,
      }
      inner.applyHello({
        protocol: LIVE_PROTOCOL,
        server_ms: momentMs,
        status: { ...status, server_ms: momentMs, layers: [...summaries()] },
        records: {
          kind: 'snapshot',
          epoch: epoch(),
          offset: told.length,
          because: 'first',
          incidents: told.filter((record) => record.kind === 'incident'),
          runs: [run],
        },
      })
    },
    get hasLines() {
      return pictures.series(0) !== null
    },
    fill(before) {
      if (shown === null) return
      const { window, atMs } = shown
      pictures.setMetric(inner.view?.metricIndex ?? 0)
      push(framesBetween(before, null, atMs))
      push(framesBetween(window, null, atMs))
    },
    move(atMs, window, records) {
      momentMs = atMs
      draw(atMs, window)
      if (records.length > 0) {
        const before = inner.log.offset
        inner.applyRecords({ epoch: epoch(), records: numbered(records, before) })
        taken += inner.log.offset - before
      }
      tellStatus()
      inner.topics.emit('pause')
    },
  }
}
