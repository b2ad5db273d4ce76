/*
 * The live session: client and store wired together, with the rules of one open page.
 * In: a socket factory, clock, chance, pictures. Out: the shown run and metric, pause, sleep and visibility handling, backfill.
 * Invariant: a hidden tab asks for few frames and draws none; a gap of this browser is recorded as such, never as the producer's.
 * Source: docs/ux.md "freshness model"; features A1, B8.
 */
import { EXACT_MAX_SEEDS } from '../contracts/socketNames.ts'
import type { Clock } from '../primitives/clock.ts'
import { createLiveClient, type LiveClient, type LiveSocket } from './liveClient.ts'
import { createLiveStore, SPARKLINE_SEEDS, toShownView, totalSeeds, type LiveStore } from './liveStore.ts'
import type { Pictures } from './pictures.ts'

const SPARKLINE_SECONDS = 300
const SPARKLINE_POINTS = 240
const HEARTBEAT_MS = 1_000
/** Timers of a working page are late by less; of a suspended one by more. */
const ASLEEP_MS = 5_000

export interface LiveSession {
  readonly client: LiveClient
  readonly store: LiveStore
  start(): void
  stop(): void
  /** Shows a run and metric; answers false when the run is not known or lacks the metric. */
  show(runId: string, metric: string): boolean
  setPaused(paused: boolean): void
  setHidden(hidden: boolean): void
  /** False on a page that draws no frames: small runs then send one picture a second, large ones none. */
  setWatching(watching: boolean): void
}

/** Wires a session; nothing happens before `start`. */
export function createLiveSession(options: {
  readonly openSocket: () => LiveSocket
  readonly clock: Clock
  readonly chance: () => number
  readonly pictures: Pictures
}): LiveSession {
  const { clock } = options
  const store = createLiveStore(options.pictures)
  let hidden = false
  let watching = true
  let stopHeartbeat: (() => void) | null = null
  let lostAtServerMs: number | null = null

  const client = createLiveClient({
    openSocket: options.openSocket,
    clock,
    chance: options.chance,
    handlers: {
      onConnection(connection) {
        if (connection.kind === 'reconnecting') lostAtServerMs ??= client.serverNowMs()
        if (connection.kind === 'live' && lostAtServerMs !== null) {
          const toMs = client.serverNowMs()
          if (toMs - lostAtServerMs > 500)
            store.addOwnGap({ from_ms: lostAtServerMs, to_ms: toMs, cause: 'disconnected', lost: null })
          lostAtServerMs = null
          void backfill()
        }
        store.topics.emit('connection')
      },
      resumePoint: () => (store.log.epoch === null ? null : { epoch: store.log.epoch, offset: store.log.offset }),
      onHello: (answer) => store.applyHello(answer),
      onStatus: (status) => store.applyStatus(status),
      onFrame: (bytes) => store.applyFrames(bytes),
      onViewClass: (classId) => store.setViewClass(classId),
      onRecords: (batch) => store.applyRecords(batch),
      onRun: (run) => store.applyRun(run),
    },
  })

  const backfill = async (): Promise<void> => {
    const view = store.view
    const run = store.run()
    if (!view || !run || totalSeeds(run) > SPARKLINE_SEEDS) return
    const answer = await client.history({
      run_id: view.runId,
      metric: view.metric.name,
      seconds: SPARKLINE_SECONDS,
      points: SPARKLINE_POINTS,
    })
    if (answer.ok) store.applyHistory(answer.value)
  }

  const sendView = (): void => {
    const view = store.view
    if (!view || (!watching && view.precision !== 'exact')) return client.setView(null)
    const liveHz = view.precision === 'exact' ? 20 : 8
    client.setView({
      run_id: view.runId,
      precision: view.precision === 'exact' ? 'exact' : 'cells',
      metric: view.metric.name,
      max_hz: hidden ? 0.5 : watching ? liveHz : 1,
    })
  }

  const beat = (): void => {
    let lastMs = clock.wallMs()
    stopHeartbeat = clock.every(HEARTBEAT_MS, () => {
      const nowMs = clock.wallMs()
      // A hidden tab's timers may be slowed to one a minute: that is throttling, not sleep.
      const asleepMs = hidden ? 65_000 : ASLEEP_MS
      if (nowMs - lastMs > asleepMs) {
        const toMs = client.serverNowMs()
        store.addOwnGap({ from_ms: toMs - (nowMs - lastMs), to_ms: toMs, cause: 'browser_asleep', lost: null })
        client.resetClock()
        void backfill()
      }
      lastMs = nowMs
    })
  }

  return {
    client,
    store,
    start() {
      client.start()
      if (!stopHeartbeat) beat()
    },
    stop() {
      stopHeartbeat?.()
      stopHeartbeat = null
      client.stop()
    },
    show(runId, metric) {
      const run = store.log.runs.get(runId)
      const next = run ? toShownView(run, metric, EXACT_MAX_SEEDS) : null
      if (!next) return false
      const same =
        store.view?.runId === runId && store.view.metric.name === metric && store.view.precision === next.precision
      if (same) return true
      store.setView(next)
      sendView()
      void backfill()
      return true
    },
    setPaused: (paused) => store.setPaused(paused, client.serverNowMs()),
    setWatching(next) {
      if (watching === next) return
      watching = next
      sendView()
    },
    setHidden(next) {
      if (hidden === next) return
      hidden = next
      sendView()
      if (!hidden) void backfill()
    },
  }
}
