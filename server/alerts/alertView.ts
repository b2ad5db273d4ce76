/*
 * alertView: alarms, groups and histories in the shapes of the contract.
 * In: an alarm, what explains it, its value now. Out: AlertItem, AlertGroup, AlertHistoryEntry.
 * Invariant: pure; times are ISO 8601, unmeasured is null; what is silent shows no live value.
 * Source: docs/protocol.md "HTTP"; lib/contracts/alerts.ts.
 */
import type { GroupCounts } from '../../lib/alerts/alertGroups.ts'
import { alarmThread } from '../../lib/alerts/alarmThread.ts'
import { alarmState, isFlapping, underlyingState, type Alarm, type AlarmPolicy } from '../../lib/alerts/alarmTypes.ts'
import { urgencyOf } from '../../lib/contracts/alertTable.ts'
import type { AlertGroup, AlertHistoryEntry, AlertItem } from '../../lib/contracts/alerts.ts'
import type { AlertEventRow } from '../stores/recordsSchema.ts'

const iso = (ms: number): string => new Date(ms).toISOString()
const maybeIso = (ms: number | null): string | null => (ms === null ? null : iso(ms))

export interface AlertViewContext {
  readonly nowMs: number
  readonly policyOf: (rule: string) => AlarmPolicy
  /** Id of the alarm that explains this one. */
  readonly inhibitedBy: (alarm: Alarm) => string | null
  readonly live: (alarm: Alarm) => number | null
}

/** The alarm as it is answered. */
export function toAlertItem(alarm: Alarm, { nowMs, policyOf, inhibitedBy, live }: AlertViewContext): AlertItem {
  const state = alarmState(alarm)
  const { evidence, shelf } = alarm
  return {
    id: alarm.id,
    rule: alarm.rule,
    rule_version: alarm.ruleVersion,
    severity: alarm.severity,
    urgency: urgencyOf(alarm.severity, state),
    state,
    underlying: underlyingState(alarm),
    silent: alarm.silent,
    layer_id: alarm.layerId,
    seed_id: alarm.seedId,
    run_id: alarm.runId,
    group: alarm.group,
    fingerprint: alarm.fingerprint,
    seq: alarm.seq,
    version: alarm.version,
    raised_at: iso(alarm.raisedMs),
    cleared_at: maybeIso(alarm.clearedMs),
    acked_by: alarm.ackedBy,
    acked_at: maybeIso(alarm.ackedMs),
    assigned_to: alarm.assignedTo,
    shelved_until: shelf === null || shelf.untilClear ? null : iso(shelf.untilMs),
    shelved_by: shelf?.by ?? null,
    note: alarm.note ?? alarm.outOfService?.reason ?? null,
    count: alarm.count,
    first_at: iso(alarm.firstMs),
    last_at: iso(alarm.lastMs),
    flaps: alarm.flaps,
    flapping: isFlapping(alarm, policyOf(alarm.rule), nowMs),
    latched: alarm.latches,
    inhibited_by: inhibitedBy(alarm),
    escalation: alarm.escalation,
    text: alarm.text,
    runbook: alarm.runbook,
    correlation_id: alarmThread(alarm),
    evidence: {
      metric: evidence.metric,
      unit: evidence.unit,
      trigger: evidence.trigger,
      worst: evidence.worst,
      live: alarm.silent ? null : live(alarm),
      threshold: evidence.threshold,
      window: { t_ms: [...evidence.windowMs], v: [...evidence.windowValues] },
    },
  }
}

/** Names a group for people: what, and where. */
export function toAlertGroup(group: GroupCounts, title: string): AlertGroup {
  const where = [group.layerId === null ? null : `layer ${group.layerId}`, group.runId].filter((one) => one !== null)
  return {
    key: group.key,
    text: where.length === 0 ? title : `${title}: ${where.join(', ')}`,
    rule: group.rule,
    count: group.count,
    critical: group.critical,
    unacked: group.unacked,
    newest_at: iso(group.newestMs),
    new_since_ack: group.newSinceAck,
  }
}

/** One line of a history. */
export function toHistoryEntry(row: AlertEventRow): AlertHistoryEntry {
  return {
    at: iso(row.at_ms),
    seq: row.seq,
    actor: row.actor,
    act: row.act as AlertHistoryEntry['act'],
    from: row.from_state as AlertHistoryEntry['from'],
    to: row.to_state as AlertHistoryEntry['to'],
    note: row.note,
  }
}
