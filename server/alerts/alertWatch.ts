/*
 * alertWatch: the eyes of the alert engine, in the thread that reads the bus: columns, events and arrivals become signals.
 * In: what the ingest merged and read, the rules. Out: signals in batches, and a beat that says the watch runs.
 * Invariant: it decides nothing about alarms and keeps nothing durable; a failure in it is told in its beat and never stops the ingest.
 * Source: docs/alerts.md "how it works".
 */
import type { DetectorName } from '../../lib/contracts/alertDetectors.ts'
import type { AlertRule } from '../../lib/contracts/alerts.ts'
import type { AnyMessage } from '../../lib/contracts/messageTypes.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { AlertSignal, WatchBeat, WatchOrder } from './alertSignals.ts'
import { createEventAlerts } from './eventAlerts.ts'

export interface AlertWatch {
  /** A message of an event topic; `atMs`: when the bus accepted it, on this server's clock. */
  onEvent(message: AnyMessage, runId: string | null, atMs: number): void
  setOrder(order: WatchOrder): void
  start(): void
  stop(): void
}

export interface AlertWatchOptions {
  readonly clock: Clock
  readonly order: WatchOrder
  readonly onSignals: (signals: readonly AlertSignal[]) => void
  readonly onBeat: (beat: WatchBeat) => void
}

const FLUSH_MS = 50
const BEAT_MS = 500
/** Signals that wait at most; beyond, they go out at once. */
const BATCH = 500

/** Creates the watch; nothing runs before start. */
export function createAlertWatch({ clock, order, onSignals, onBeat }: AlertWatchOptions): AlertWatch {
  let rules = groupRules(order.rules)
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

  const beat = (): void => {
    const limits = [...failures].map(([text, count]) => `failed ${count} times: ${text}`)
    onBeat({ atMs: clock.wallMs(), ticks, longestMs, meanMs: ticks === 0 ? 0 : sumMs / ticks, limits })
  }

  return {
    onEvent(message, runId, atMs) {
      measured('events', () => events.onMessage(message, { runId, atMs, seen: atMs <= order.seenMs }))
    },
    setOrder(next) {
      rules = groupRules(next.rules)
    },
    start() {
      undo.push(clock.every(BEAT_MS, beat))
      beat()
    },
    stop() {
      for (const cancel of undo.splice(0)) cancel()
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
