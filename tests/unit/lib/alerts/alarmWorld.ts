/*
 * alarmWorld: one alarm with its rule and its time, for tests that move it.
 * In: what differs from the usual. Out: places, signals, policies, an alarm that was raised.
 * Invariant: nothing here decides; every move is the product's.
 * Source: docs/alerts.md "states".
 */
import { raiseAlarm } from '../../../../lib/alerts/alarm.ts'
import type { Alarm, AlarmPlace, AlarmPolicy, AlarmSignal } from '../../../../lib/alerts/alarmTypes.ts'

export const PLACE: AlarmPlace = {
  id: '00000000-0000-4000-8000-000000000001',
  fingerprint: 'dead_chunk|run|l1|3|',
  rule: 'dead_chunk',
  group: 'dead_chunk|run|l1',
  layerId: 'l1',
  seedId: 3,
  runId: 'run',
}

export const POLICY: AlarmPolicy = {
  version: 0,
  latched: false,
  event: false,
  reraiseMs: 14_400_000,
  flap: { count: 3, windowMs: 600_000, quietMs: 60_000 },
  escalationMs: [60_000, 120_000],
  runbook: 'look',
}

export const signalOf = (severity: AlarmSignal['severity'] = 'warning', worst: number | null = 1): AlarmSignal => ({
  severity,
  text: 'it is so',
  correlationId: null,
  evidence: {
    metric: 'dead_node_ratio',
    unit: 'ratio',
    trigger: 1,
    worst,
    threshold: 1,
    windowMs: [],
    windowValues: [],
  },
})

export const raised = (policy: Partial<AlarmPolicy> = {}, atMs = 1_000): Alarm =>
  raiseAlarm(null, PLACE, signalOf(), { ...POLICY, ...policy }, atMs).alarm

export const seenBy = (actor: string, alarm: Alarm, atMs: number, note: string | null = null) => ({
  actor,
  atMs,
  seq: alarm.seq,
  version: alarm.version,
  note,
})
