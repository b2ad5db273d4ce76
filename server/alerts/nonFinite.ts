/*
 * nonFinite: something is no number: a module that was contained, a host that was restored, values of a producer.
 * In: transitions, faults, governor alerts, flags, ticks. Out: raise signals, and clear ones after enough clean ticks.
 * Invariant: columns can not tell it (NaN there is unmeasured), so only what says it in words counts.
 * Source: docs/alerts.md "rules that ship".
 */
import type { AlertRule } from '../../lib/contracts/alerts.ts'
import type { AnyMessage } from '../../lib/contracts/messageTypes.ts'
import type { AlertSignal, SignalPlace } from './alertSignals.ts'

export interface NonFinite {
  onMessage(message: AnyMessage, atMs: number): void
  onFlags(layerId: string, count: number, atMs: number): void
  /** A clean tick of a layer; null: of the run. */
  onTick(layerId: string | null, atMs: number): void
  adopt(rule: AlertRule, place: SignalPlace): void
}

export interface NonFiniteOptions {
  readonly rules: () => readonly AlertRule[]
  readonly place: (layerId: string | null, seedId: number | null, what?: string | null) => SignalPlace
  readonly emit: (signal: AlertSignal) => void
}

interface Open {
  readonly rule: AlertRule
  readonly place: SignalPlace
  left: number
}

/** Words of a governor, a guard, a containment. */
const NOT_FINITE = /non[-_ ]?finite|not finite|\bnan\b|infinit/i
const FLAGS = 'values'

/** Creates the detector of one run. */
export function createNonFinite({ rules, place, emit }: NonFiniteOptions): NonFinite {
  const open = new Map<string, Open>()
  const keyOf = (rule: AlertRule, { layerId, seedId, what }: SignalPlace) => `${rule.id} ${layerId} ${seedId} ${what}`

  const raise = (
    where: SignalPlace,
    text: string,
    atMs: number,
    correlationId: string | null,
    severity?: AlertRule['severity'],
  ): void => {
    for (const rule of rules()) {
      open.set(keyOf(rule, where), { rule, place: where, left: rule.params['clear_ticks']! })
      emit({
        on: 'raise',
        rule: rule.id,
        place: where,
        atMs,
        severity: severity ?? rule.severity,
        text: text.slice(0, 2_000),
        metric: null,
        unit: null,
        value: null,
        threshold: null,
        correlationId,
      })
    }
  }

  return {
    onMessage(message, atMs) {
      const correlationId = message.correlation_id ?? null
      if (message.message_type === 'StateTransitionEvent') {
        if (
          message.guard?.name !== 'non_finite' &&
          !(message.triggered_by === 'guard' && NOT_FINITE.test(message.reason))
        )
          return
        const text = `${message.reason === '' ? 'A module is not finite' : message.reason}: the seed went from ${message.from_state} to ${message.to_state}.`
        return raise(place(message.layer_id, message.seed_id), text, atMs, correlationId)
      }
      if (message.message_type === 'FaultEvent') {
        // What somebody injects is no finding; what was contained is.
        if (message.parameters['fault'] !== 'non_finite' || message.layer_id == null) return
        return raise(place(message.layer_id, message.seed_id ?? null), `${message.text}.`, atMs, correlationId)
      }
      if (message.message_type !== 'PerformanceAlert' || message.alert_type !== 'governor_rollback') return
      const reason = message.details['reason']
      if (typeof reason === 'string' && NOT_FINITE.test(reason))
        raise(place(null, null), `${reason}: the governor restored a snapshot.`, atMs, correlationId)
    },
    onFlags(layerId, count, atMs) {
      raise(
        place(layerId, null, FLAGS),
        `${count} values of a report were no numbers at their source.`,
        atMs,
        null,
        'warning',
      )
    },
    onTick(layerId, atMs) {
      if (open.size === 0) return
      for (const [key, entry] of open) {
        if (entry.place.layerId !== layerId || --entry.left > 0) continue
        open.delete(key)
        emit({ on: 'clear', rule: entry.rule.id, place: entry.place, atMs })
      }
    },
    adopt(rule, where) {
      open.set(keyOf(rule, where), { rule, place: where, left: rule.params['clear_ticks']! })
    },
  }
}
