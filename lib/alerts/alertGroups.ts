/*
 * alertGroups: what is open, counted by group and in all, kept up to date by each change: a storm is a handful of lines.
 * In: an alarm before and after a change. Out: groups, counts.
 * Invariant: the sums are those of the alarms, whatever their number; a group never stands for a critical member: that one is
 * listed by itself besides being counted.
 * Source: docs/alerts.md "groups".
 */
import { alarmState, isOver, type Alarm } from './alarmTypes.ts'

export interface GroupCounts {
  readonly key: string
  readonly rule: string
  readonly runId: string | null
  readonly layerId: string | null
  count: number
  critical: number
  unacked: number
  newestMs: number
  /** Joined since the group was acknowledged, and unacknowledged. */
  newSinceAck: number
}

export interface OpenCounts {
  open: number
  unacked: number
  critical: number
  acked: number
  shelved: number
  out_of_service: number
  silent: number
}

interface Group extends GroupCounts {
  ackMs: number
}

export interface AlertGroups {
  change(before: Alarm | null, after: Alarm | null): void
  /** The group was acknowledged as a whole: who joins from now on is new. */
  acknowledged(key: string, atMs: number): void
  /** Most urgent first: critical, then unacknowledged, then newest. */
  list(limit: number): readonly GroupCounts[]
  get(key: string): GroupCounts | undefined
  counts(): Readonly<OpenCounts>
}

const inSight = (alarm: Alarm): boolean => alarm.shelf === null && alarm.outOfService === null && !isOver(alarm)

/** Creates counts of nothing. */
export function createAlertGroups(): AlertGroups {
  const groups = new Map<string, Group>()
  const counts: OpenCounts = { open: 0, unacked: 0, critical: 0, acked: 0, shelved: 0, out_of_service: 0, silent: 0 }

  const addTotal = (alarm: Alarm, by: 1 | -1): void => {
    if (alarm.silent && !isOver(alarm)) counts.silent += by
    const state = alarmState(alarm)
    if (state === 'shelved') counts.shelved += by
    if (state === 'out_of_service') counts.out_of_service += by
    if (!inSight(alarm)) return
    counts.open += by
    if (alarm.acked) counts.acked += by
    else counts.unacked += by
    if (alarm.severity === 'critical') counts.critical += by
  }

  const groupOf = (alarm: Alarm): Group => {
    const known = groups.get(alarm.group)
    if (known !== undefined) return known
    const { group: key, rule, runId, layerId } = alarm
    const made: Group = {
      key,
      rule,
      runId,
      layerId: key.endsWith('|') ? null : layerId,
      count: 0,
      critical: 0,
      unacked: 0,
      newestMs: 0,
      newSinceAck: 0,
      ackMs: 0,
    }
    groups.set(key, made)
    return made
  }

  const isNew = (alarm: Alarm, group: Group): boolean => group.ackMs > 0 && !alarm.acked && alarm.raisedMs > group.ackMs

  const addMember = (alarm: Alarm, by: 1 | -1): void => {
    if (!inSight(alarm)) return
    const group = groupOf(alarm)
    group.count += by
    if (alarm.severity === 'critical') group.critical += by
    if (!alarm.acked) group.unacked += by
    if (isNew(alarm, group)) group.newSinceAck += by
    if (by === 1) group.newestMs = Math.max(group.newestMs, alarm.raisedMs)
    if (group.count === 0) groups.delete(group.key)
  }

  return {
    change(before, after) {
      // The new member first: a group does not vanish between two forms of its only member.
      if (after !== null) addMember(after, 1)
      if (before !== null) addMember(before, -1)
      if (after !== null) addTotal(after, 1)
      if (before !== null) addTotal(before, -1)
    },
    acknowledged(key, atMs) {
      const group = groups.get(key)
      if (group === undefined) return
      group.ackMs = atMs
      group.newSinceAck = 0
    },
    list(limit) {
      return [...groups.values()]
        .sort((a, b) => b.critical - a.critical || b.unacked - a.unacked || b.newestMs - a.newestMs)
        .slice(0, limit)
    },
    get: (key) => groups.get(key),
    counts: () => counts,
  }
}
