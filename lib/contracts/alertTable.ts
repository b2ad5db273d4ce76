/*
 * Alerts as words and bounds, without schemas: states, severities, urgencies, acts; pages load them.
 * In: nothing. Out: names in their order, bounds, and the urgency that follows from severity and state.
 * Invariant: no schema library here; an urgency is derived, never stored; what is silent or latched is never told as normal.
 * Source: docs/alerts.md "states"; ISA-18.2.
 */
export const ALERT_STATES = [
  'unacked_active',
  'acked_active',
  'unacked_cleared',
  'normal',
  'shelved',
  'latched',
  'out_of_service',
] as const
type AlertState = (typeof ALERT_STATES)[number]

export const ALERT_SEVERITIES = ['info', 'warning', 'critical'] as const
type AlertSeverity = (typeof ALERT_SEVERITIES)[number]

/** now: somebody must look at once. soon: within the shift. later: when there is time. */
export const ALERT_URGENCIES = ['now', 'soon', 'later'] as const

/** What a list may be asked for. `open`: everything that is not normal and was not put aside. */
export const ALERT_VIEWS = ['open', 'acked', 'shelved', 'silent', 'history', 'all'] as const

/** What can happen to an alert: first what the engine does, then what people do. */
export const ALERT_ACTS = [
  'raised',
  'raised_again',
  'reraised',
  'severity_up',
  'severity_down',
  'cleared',
  'silent',
  'heard_again',
  'shelve_expired',
  'escalated',
  'ack',
  'unack',
  'shelve',
  'unshelve',
  'note',
  'assign',
  'escalate',
  'reset',
  'out_of_service',
  'in_service',
] as const

export const ALERT_LIMITS = Object.freeze({
  /** Longest shelving; more than `shelveMinutes` needs an administrator. */
  shelveMinutes: 1_440,
  shelveMinutesAdmin: 10_080,
  /** Undo of an acknowledgement without a reason. */
  undoMs: 10_000,
  pageItems: 200,
  groupAck: 10_000,
  /** Points of the evidence window. */
  windowPoints: 60,
  rules: 256,
  escalationSteps: 8,
})

/** How soon somebody must look: severity, lowered once it is known and in somebody's hands. */
export function urgencyOf(severity: AlertSeverity, state: AlertState): (typeof ALERT_URGENCIES)[number] {
  const waiting = state === 'unacked_active'
  if (severity === 'critical') return waiting ? 'now' : state === 'normal' ? 'later' : 'soon'
  return severity === 'warning' && waiting ? 'soon' : 'later'
}
