/*
 * notifier: which changes of alerts leave the house, as what, and by which way.
 * In: changes of alarms, escalations by hand, the rules. Out: letters to the ways that are configured.
 * Invariant: raised, asking again and cleared are told where the rule says so, each once; a storm is told as its group: the first members
 * and every critical one by themselves, the others as one letter with their number.
 * Source: docs/alerts.md "notifications".
 */
import { randomUUID } from 'node:crypto'
import { alarmState, type Alarm, type AlarmEvent } from '../../lib/alerts/alarmTypes.ts'
import type { AlertRule } from '../../lib/contracts/alerts.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { Delivery, Letter } from './delivery.ts'

export interface Channels {
  readonly webhook: Delivery | null
  readonly email: Delivery | null
}

export interface Notifier {
  changed(alarm: Alarm, events: readonly AlarmEvent[]): void
  /** It is explained by no other any more: what was held back of it is told. */
  released(alarm: Alarm): void
  /** To an address, or to the next step of the rule when null. */
  escalate(alarm: Alarm, to: string | null): void
  stop(): void
}

export interface NotifierOptions {
  readonly clock: Clock
  readonly channels: Channels
  readonly ruleOf: (id: string) => AlertRule | undefined
  /** Another alarm explains it: it is held back until that is over. */
  readonly isInhibited?: (alarm: Alarm) => boolean
  /** Where pages are, for a link; null where nobody told. */
  readonly publicUrl: string | null
}

const TOLD: ReadonlySet<AlarmEvent['act']> = new Set([
  'raised',
  'raised_again',
  'reraised',
  'severity_up',
  'silent',
  'cleared',
])
/** Members of a group that are told by themselves within a minute. */
const SINGLE = 5
const WINDOW_MS = 60_000

interface Burst {
  fromMs: number
  told: number
  held: Alarm[]
}

/** Creates the notifier. */
export function createNotifier(options: NotifierOptions): Notifier {
  const { clock, channels, ruleOf, publicUrl, isInhibited = () => false } = options
  const bursts = new Map<string, Burst>()
  /** What was held back, by alarm: the newest of each. */
  const heldBack = new Map<string, AlarmEvent['act']>()

  const bodyOf = (alarm: Alarm, act: string): Record<string, unknown> => ({
    act,
    alert: alarm.id,
    seq: alarm.seq,
    rule: alarm.rule,
    severity: alarm.severity,
    state: alarmState(alarm),
    text: alarm.text,
    run_id: alarm.runId,
    layer_id: alarm.layerId,
    seed_id: alarm.seedId,
    group: alarm.group,
    raised_at: new Date(alarm.raisedMs).toISOString(),
    acked_by: alarm.ackedBy,
    assigned_to: alarm.assignedTo,
    trigger: alarm.evidence.trigger,
    threshold: alarm.evidence.threshold,
    runbook: alarm.runbook,
    correlation_id: alarm.correlationId,
    link: publicUrl === null ? null : `${publicUrl}/alerts?alert=${alarm.id}`,
  })

  const post = (way: Delivery | null, letter: Omit<Letter, 'id'>): void => way?.put({ id: randomUUID(), ...letter })
  const everywhere = (letter: Omit<Letter, 'id'>): void => {
    post(channels.webhook, letter)
    post(channels.email, letter)
  }

  const tellOne = (alarm: Alarm, act: string): void =>
    everywhere({
      critical: alarm.severity === 'critical',
      subject: `${act === 'cleared' ? 'cleared' : alarm.severity}: ${alarm.text}`,
      body: bodyOf(alarm, act),
      to: '',
    })

  const closeBurst = (group: string, burst: Burst): void => {
    bursts.delete(group)
    const [first] = burst.held
    if (first === undefined) return
    const count = burst.held.length
    everywhere({
      critical: false,
      subject: `${first.severity}: ${count} more of ${ruleOf(first.rule)?.title ?? first.rule}`,
      body: { ...bodyOf(first, 'group'), count, members: burst.held.slice(0, 100).map(({ id }) => id) },
      to: '',
    })
  }
  const undo = clock.every(1_000, () => {
    for (const [group, burst] of bursts) if (clock.wallMs() - burst.fromMs > WINDOW_MS) closeBurst(group, burst)
  })

  const step = (alarm: Alarm, at: number): void => {
    const wanted = ruleOf(alarm.rule)?.escalation[at]
    if (wanted === undefined) return
    post(channels[wanted.channel], {
      critical: true,
      subject: `waits for ${Math.round((clock.wallMs() - alarm.raisedMs) / 60_000)} min: ${alarm.text}`,
      body: { ...bodyOf(alarm, 'escalated'), step: at + 1 },
      to: wanted.to,
    })
  }

  const tell = (alarm: Alarm, act: AlarmEvent['act']): void => {
    if (!TOLD.has(act) || ruleOf(alarm.rule)?.notify !== true) return
    // What nobody was told of is not told as over.
    const burst = bursts.get(alarm.group) ?? { fromMs: clock.wallMs(), told: 0, held: [] }
    bursts.set(alarm.group, burst)
    if (alarm.severity === 'critical' || burst.told < SINGLE) {
      burst.told++
      tellOne(alarm, act)
    } else if (act !== 'cleared') burst.held.push(alarm)
  }

  return {
    changed(alarm, events) {
      if (alarm.shelf !== null || alarm.outOfService !== null) return
      for (const { act } of events) {
        if (act === 'cleared' && heldBack.delete(alarm.id)) continue
        if (act !== 'cleared' && isInhibited(alarm)) {
          if (TOLD.has(act)) heldBack.set(alarm.id, act)
          continue
        }
        heldBack.delete(alarm.id)
        if (act === 'escalated') step(alarm, alarm.escalation - 1)
        tell(alarm, act)
      }
    },
    released(alarm) {
      const act = heldBack.get(alarm.id)
      heldBack.delete(alarm.id)
      const aside = alarm.shelf !== null || alarm.outOfService !== null
      if (act !== undefined && alarm.active && !alarm.acked && !aside) tell(alarm, act)
    },
    escalate(alarm, to) {
      if (to === null) return step(alarm, alarm.escalation - 1)
      // A person's mail, where there is mail; else the usual way with their name in it. Never an address of somebody's choice on the web.
      const mail = to.includes('@') && channels.email !== null
      post(mail ? channels.email : (channels.webhook ?? channels.email), {
        critical: true,
        subject: `for ${to}: ${alarm.text}`,
        body: { ...bodyOf(alarm, 'escalated'), to },
        to: mail ? to : '',
      })
    },
    stop() {
      undo()
      for (const [group, burst] of bursts) closeBurst(group, burst)
    },
  }
}
