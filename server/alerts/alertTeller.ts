/*
 * alertTeller: word of every change of an alert to open pages, gathered so that a storm is a message and not a flood.
 * In: changes of the book. Out: at most ten messages a second, each with the alerts that changed and the counts.
 * Invariant: no change is left out: what is not listed is counted; a page hears each 5 s that the engine runs, also when nothing happens.
 * Source: docs/alerts.md "sockets".
 */
import { alarmState, type Alarm, type AlarmEvent } from '../../lib/alerts/alarmTypes.ts'
import type { AlertsChanged, AlertSummary } from '../../lib/contracts/httpAlerts.ts'
import type { Clock } from '../../lib/primitives/clock.ts'

const GATHER_MS = 100
const IDLE_MS = 5_000
const LISTED = 200
const ASKS: ReadonlySet<AlarmEvent['act']> = new Set(['raised', 'raised_again', 'reraised', 'severity_up', 'silent'])

export interface AlertTeller {
  changed(alarm: Alarm, events: readonly AlarmEvent[]): void
  /** It is explained by no other any more: it asks now. */
  released(alarm: Alarm): void
  rulesChanged(): void
  stop(): void
}

/** Creates the teller; it tells from now on. */
export function createAlertTeller({
  clock,
  summary,
  isInhibited = () => false,
  send,
}: {
  readonly clock: Clock
  readonly summary: () => AlertSummary
  /** Another alarm explains it: it is told and does not ask. */
  readonly isInhibited?: (alarm: Alarm) => boolean
  readonly send: (changed: AlertsChanged) => void
}): AlertTeller {
  let waiting = new Map<string, { alarm: Alarm; asks: boolean }>()
  let rulesChanged = false
  let timer: (() => void) | null = null
  let toldMs = Number.NEGATIVE_INFINITY

  const tell = (): void => {
    timer = null
    toldMs = clock.monotonicMs()
    const all = [...waiting.values()]
    waiting = new Map()
    // What is critical and asks is never the part that is only counted.
    if (all.length > LISTED)
      all.sort((a, b) => Number(b.alarm.severity === 'critical') - Number(a.alarm.severity === 'critical'))
    const changed = all.slice(0, LISTED).map(({ alarm, asks }) => ({
      id: alarm.id,
      version: alarm.version,
      state: alarmState(alarm),
      severity: alarm.severity,
      silent: alarm.silent,
      asks: asks && !alarm.acked && alarm.shelf === null && alarm.outOfService === null && !isInhibited(alarm),
      text: alarm.text,
    }))
    send({ changed, more: all.length - changed.length, rules_changed: rulesChanged, summary: summary() })
    rulesChanged = false
  }
  const soon = (): void => {
    // The first goes out at once; what follows closely waits for its companions.
    timer ??= clock.after(Math.max(0, toldMs + GATHER_MS - clock.monotonicMs()), tell)
  }
  const idle = clock.every(IDLE_MS, () => {
    if (timer === null) tell()
  })

  return {
    changed(alarm, events) {
      if (events.length === 0) return
      const asks = waiting.get(alarm.id)?.asks === true || events.some(({ act }) => ASKS.has(act))
      waiting.set(alarm.id, { alarm, asks })
      soon()
    },
    released(alarm) {
      waiting.set(alarm.id, { alarm, asks: true })
      soon()
    },
    rulesChanged() {
      rulesChanged = true
      soon()
    },
    stop() {
      idle()
      timer?.()
    },
  }
}
