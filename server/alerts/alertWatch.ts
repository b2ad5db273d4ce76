/*
 * alertWatch: the eyes of the alert engine, in the thread that reads the bus: columns, events and arrivals become signals.
 * In: what the ingest merged and read, the rules. Out: signals in batches, and a beat that says the watch runs.
 * Invariant: it decides nothing about alarms and keeps nothing durable; a failure in it is told in its beat and never stops the ingest;
 * however fast ticks come, columns are looked at 20 times a second, in turns of 4 ms, layer by layer.
 * Source: docs/alerts.md "how it works".
 */
import type { DetectorName } from '../../lib/contracts/alertDetectors.ts'
import type { AlertRule } from '../../lib/contracts/alerts.ts'
import type { AnyMessage, MessageOf } from '../../lib/contracts/messageTypes.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { Run } from '../ingest/runTable.ts'
import type { AlertSignal, WatchBeat, WatchOrder } from './alertSignals.ts'
import { createArrivalWatch } from './arrivalWatch.ts'
import { createEventAlerts } from './eventAlerts.ts'
import { createRunWatch, type RunWatch } from './runWatch.ts'

export interface AlertWatch {
  /** A message of an event topic; `atMs`: when the bus accepted it, on this server's clock. */
  onEvent(message: AnyMessage, runId: string | null, atMs: number): void
  /** Columns of a run changed, whole ticks at a time: looked at at once, and then at most every 50 ms. */
  onMerged(run: Run, atMs: number): void
  /** Columns of a run changed, seed by seed: looked at with the next sweep. */
  onTouched(run: Run): void
  onFlags(runId: string | null, layerId: string, count: number, atMs: number): void
  onHeartbeat(message: MessageOf<'Heartbeat'>, atMs: number): void
  onGone(runId: string, gone: boolean): void
  forget(runId: string): void
  setOrder(order: WatchOrder): void
  start(): void
  stop(): void
}

export interface AlertWatchOptions {
  readonly clock: Clock
  readonly order: WatchOrder
  readonly onSignals: (signals: readonly AlertSignal[]) => void
  readonly onBeat: (beat: WatchBeat) => void
  readonly runs: () => readonly Run[]
}

const FLUSH_MS = 50
const BEAT_MS = 500
/** Signals that wait at most; beyond, they go out at once. */
const BATCH = 500
const SWEEP_MS = 500
/** A publisher of a thousand ticks a second must not make a thousand evaluations. */
const LOOK_MS = 50
/** The same thread reads the bus: a turn takes no longer than this by more than one layer. */
const TURN_MS = 4
/** Rest after looking at everything, in lengths of that look: a fifth of the thread at most, however many seeds. */
const RESTS = 4
/** Seeds over all runs whose columns are watched: about 50 bytes each. */
export const WATCHED_ROWS = 300_000

/** Creates the watch; nothing runs before start. */
export function createAlertWatch({ clock, order: firstOrder, onSignals, onBeat, runs }: AlertWatchOptions): AlertWatch {
  let order = firstOrder
  let rules = groupRules(order.rules)
  const watches = new Map<Run, RunWatch>()
  const touched = new Set<Run>()
  /** Runs to look at, with the moment of their newest merge. */
  const due = new Map<Run, number>()
  let looking: (() => void) | null = null
  let lookedMs = Number.NEGATIVE_INFINITY
  let passMs = 0
  let restMs = LOOK_MS
  let unwatched = 0
  let signals: AlertSignal[] = []
  let ticks = 0
  let longestMs = 0
  let sumMs = 0
  const failures = new Map<string, number>()
  const undo: (() => void)[] = []
  let flushing: (() => void) | null = null
  let flushedMs = Number.NEGATIVE_INFINITY

  const flush = (): void => {
    flushing?.()
    flushing = null
    if (signals.length === 0) return
    flushedMs = clock.monotonicMs()
    const batch = signals
    signals = []
    onSignals(batch)
  }
  const tell = (signal: AlertSignal): void => {
    signals.push(signal)
    if (signals.length >= BATCH) return flush()
    // The first goes out at once; what follows closely waits for its companions.
    flushing ??= clock.after(Math.max(0, flushedMs + FLUSH_MS - clock.monotonicMs()), flush)
  }
  const rulesOf = (detector: DetectorName): readonly AlertRule[] => rules.get(detector) ?? NONE
  const events = createEventAlerts({ rulesOf, onRaise: tell })
  const arrivals = createArrivalWatch({ rulesOf, emit: tell })
  arrivals.adopt(order.open)

  const takeRows = (added: number): boolean => {
    let sum = added
    for (const watch of watches.values()) sum += watch.rows()
    if (sum <= WATCHED_ROWS) return true
    unwatched += added
    return false
  }
  const watchOf = (run: Run): RunWatch => {
    const known = watches.get(run)
    if (known !== undefined) return known
    const { open, rules: all } = order
    const made = createRunWatch({ run, rules: all, open, emit: tell, takeRows })
    watches.set(run, made)
    return made
  }
  const runById = (runId: string): Run | undefined => runs().find((run) => run.descriptor.run_id === runId)

  const sweep = (): void => {
    const nowMs = clock.wallMs()
    const all = runs()
    for (const run of watches.keys()) if (!all.includes(run)) watches.delete(run)
    for (const run of due.keys()) if (!all.includes(run)) due.delete(run)
    for (const run of touched) want(run, nowMs)
    touched.clear()
    arrivals.sweep(all, nowMs)
    for (const [run, watch] of watches) if (run.lastReportMs > 0) watch.settle(nowMs)
  }

  /** Measures a piece of the watch; what throws is counted and told. */
  const measured = (name: string, work: () => void): void => {
    const fromMs = clock.monotonicMs()
    try {
      work()
    } catch (error) {
      const text = `${name}: ${(error as Error).message}`.slice(0, 280)
      failures.set(text, (failures.get(text) ?? 0) + 1)
      if (failures.size > 16) failures.delete(failures.keys().next().value!)
    }
    const tookMs = clock.monotonicMs() - fromMs
    ticks++
    sumMs += tookMs
    if (tookMs > longestMs) longestMs = tookMs
  }

  const look = (): void => {
    looking = null
    lookedMs = clock.monotonicMs()
    const isOver = (): boolean => clock.monotonicMs() >= lookedMs + TURN_MS
    let whole = true
    for (const [run, atMs] of due) {
      // Taken out first: a watch that throws is not asked for ever.
      due.delete(run)
      measured('columns', () => void (whole = watchOf(run).look(atMs, isOver)))
      if (!whole) due.set(run, atMs)
      if (isOver()) break
    }
    passMs += clock.monotonicMs() - lookedMs
    // What was left goes on after the bus had its turn.
    if (due.size > 0) return void (looking = clock.after(0, look))
    restMs = Math.max(LOOK_MS, passMs * RESTS)
    passMs = 0
  }
  const want = (run: Run, atMs: number): void => {
    due.set(run, atMs)
    if (looking !== null) return
    const waitMs = lookedMs + restMs - clock.monotonicMs()
    if (waitMs <= 0) look()
    else looking = clock.after(waitMs, look)
  }

  const beat = (): void => {
    const limits = [...failures].map(([text, count]) => `failed ${count} times: ${text}`)
    if (unwatched > 0) limits.push(`${unwatched} seeds are beyond the ${WATCHED_ROWS} whose columns are watched`)
    onBeat({ atMs: clock.wallMs(), ticks, longestMs, meanMs: ticks === 0 ? 0 : sumMs / ticks, limits })
  }

  return {
    onEvent(message, runId, atMs) {
      measured('events', () => {
        const seen = atMs <= firstOrder.seenMs
        events.onMessage(message, { runId, atMs, seen })
        const run = runId === null ? undefined : runById(runId)
        if (run !== undefined) watchOf(run).onMessage(message, atMs, seen)
      })
    },
    onMerged: want,
    onTouched: (run) => void touched.add(run),
    onFlags(runId, layerId, count, atMs) {
      const run = runId === null ? undefined : runById(runId)
      if (run !== undefined) measured('flags', () => watchOf(run).onFlags(layerId, count, atMs))
    },
    onHeartbeat({ run_id: runId, halted, halted_layers: layers, lease }, atMs) {
      if (typeof runId === 'string') arrivals.onStill(runId, halted === true || lease === 'paused', layers ?? [], atMs)
    },
    onGone: (runId, gone) => arrivals.onGone(runId, gone),
    forget: (runId) => arrivals.forget(runId),
    setOrder(next) {
      order = next
      rules = groupRules(next.rules)
      for (const watch of watches.values()) watch.setRules(next.rules, next.open)
    },
    start() {
      undo.push(
        clock.every(BEAT_MS, beat),
        clock.every(SWEEP_MS, () => measured('sweep', sweep)),
      )
      beat()
    },
    stop() {
      for (const cancel of undo.splice(0)) cancel()
      looking?.()
      looking = null
      flush()
    },
  }
}

const NONE: readonly AlertRule[] = Object.freeze([])

function groupRules(rules: readonly AlertRule[]): ReadonlyMap<DetectorName, readonly AlertRule[]> {
  const groups = new Map<DetectorName, AlertRule[]>()
  for (const rule of rules) groups.set(rule.detector, [...(groups.get(rule.detector) ?? []), rule])
  return groups
}
