/*
 * eventAlerts: messages that are alerts by themselves: what a producer raises, what its governor did, edges that do not exist.
 * In: messages of the event topics. Out: raise signals.
 * Invariant: pure but for the numbers it remembers per seed; what was told before a restart is remembered, not told again; a
 * producer's words are its own: they are quoted, bounded, and never taken for a rule of ours.
 * Source: docs/alerts.md "rules that ship"; seed-design.md 2.4.
 */
import type { DetectorName } from '../../lib/contracts/alertDetectors.ts'
import type { AlertRule } from '../../lib/contracts/alerts.ts'
import type { AnyMessage, MessageOf } from '../../lib/contracts/messageTypes.ts'
import { isLegalEdge } from '../../lib/contracts/lifecycleTable.ts'
import type { RaiseSignal, SignalPlace } from './alertSignals.ts'

export interface EventPlace {
  readonly runId: string | null
  readonly atMs: number
  /** It happened before this watch began, and an engine before it saw it. */
  readonly seen: boolean
}

export interface EventAlerts {
  onMessage(message: AnyMessage, place: EventPlace): void
}

export interface EventAlertsOptions {
  readonly rulesOf: (detector: DetectorName) => readonly AlertRule[]
  readonly onRaise: (signal: RaiseSignal) => void
}

/** Life records of a trainer that tell of an order of an operator, not of trouble. */
const ORDERS = /^trainer_/
const MAX_SEEDS = 100_000

/** Creates the detectors of single messages. */
export function createEventAlerts({ rulesOf, onRaise }: EventAlertsOptions): EventAlerts {
  /** Newest generation per seed of a run. */
  const generations = new Map<string, number>()

  const tell = (
    detector: DetectorName,
    place: SignalPlace,
    atMs: number,
    facts: Partial<RaiseSignal> & { readonly text: string },
  ): void => {
    for (const rule of rulesOf(detector))
      onRaise({
        on: 'raise',
        rule: rule.id,
        place,
        atMs,
        severity: rule.severity,
        metric: null,
        unit: null,
        value: null,
        threshold: null,
        correlationId: null,
        ...facts,
      })
  }

  const onAlert = (message: MessageOf<'PerformanceAlert'>, { runId, atMs }: EventPlace): void => {
    const { alert_type: type, layer_id: layerId, seed_id: seedId, details, correlation_id: correlationId } = message
    if (ORDERS.test(type)) return
    if (type === 'governor_rollback') {
      const reason = typeof details['reason'] === 'string' ? details['reason'] : 'no reason was told'
      const loss = typeof details['loss'] === 'number' ? details['loss'] : null
      const step = typeof details['snapshot_step'] === 'number' ? ` to step ${details['snapshot_step']}` : ''
      return tell('governor_rollback', { runId, layerId: null, seedId: null, what: null }, atMs, {
        text: `The governor restored the last good snapshot${step}: ${reason}`.slice(0, 2_000),
        metric: 'train_loss',
        unit: 'nats',
        value: loss,
        correlationId: correlationId ?? null,
      })
    }
    const value = message.metric_value ?? null
    const told = typeof details['text'] === 'string' ? `: ${details['text']}` : ''
    const reading = message.metric_name === '' ? '' : `: ${message.metric_name} ${value ?? 'unmeasured'}`
    const action = message.recommended_action ? ` It recommends: ${message.recommended_action}` : ''
    tell('inbound', { runId, layerId, seedId: seedId ?? null, what: type }, atMs, {
      severity: message.severity,
      text: `${message.source} tells of ${type.replaceAll('_', ' ')}${reading}${told}.${action}`.slice(0, 2_000),
      metric: message.metric_name === '' ? null : message.metric_name,
      value,
      threshold: message.threshold ?? null,
      correlationId: correlationId ?? null,
    })
  }

  const onTransition = (message: MessageOf<'StateTransitionEvent'>, { runId, atMs, seen }: EventPlace): void => {
    const { layer_id: layerId, seed_id: seedId, from_state: from, to_state: to, generation } = message
    const place = { runId, layerId, seedId, what: null }
    const key = `${runId} ${layerId} ${seedId}`
    const before = generations.get(key)
    const back = generation != null && before !== undefined && generation < before
    if (generation != null && !back && (before !== undefined || generations.size < MAX_SEEDS))
      generations.set(key, generation)
    if (seen) return
    const correlationId = message.correlation_id ?? null
    if (!isLegalEdge(from, to))
      tell('illegal_transition', place, atMs, { text: `${from} to ${to} is no edge of the lifecycle.`, correlationId })
    else if (back)
      tell('illegal_transition', place, atMs, {
        text: `The generation went back from ${before} to ${generation}: two producers, or an old message.`,
        correlationId,
      })
  }

  return {
    onMessage(message, place) {
      if (message.message_type === 'StateTransitionEvent') onTransition(message, place)
      else if (message.message_type === 'PerformanceAlert' && !place.seen) onAlert(message, place)
    },
  }
}
