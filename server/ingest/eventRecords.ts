/*
 * eventRecords: messages about what happened, as records a browser can list.
 * In: a validated message and the run it belongs to. Out: a record draft, or nothing for types that are not shown.
 * Invariant: pure; an illegal transition is shown and marked, never dropped; texts are bounded by their schemas.
 * Source: seed-design.md 2.4; docs/protocol.md "records".
 */
import type { AnyMessage, MessageOf } from '../../lib/contracts/messageTypes.ts'
import { isLegalEdge } from '../../lib/contracts/lifecycleTable.ts'
import type { RecordDraft } from './ingestMessages.ts'

const finiteOrNull = (value: number | null | undefined): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null

type EventName =
  | 'StateTransitionEvent'
  | 'EvaluationEvent'
  | 'CommandOutcome'
  | 'FaultEvent'
  | 'PerformanceAlert'
  | 'CheckpointEvent'
interface Stamp {
  readonly at_ms: number
  readonly run_id: string | null
  readonly correlation_id: string | null
  readonly causation_id: string | null
}
type Makers = { readonly [N in EventName]: (message: MessageOf<N>, stamp: Stamp) => RecordDraft | null }

const MAKERS: Makers = {
  StateTransitionEvent: (message, stamp) => ({
    kind: 'transition',
    ...stamp,
    layer_id: message.layer_id,
    seed_id: message.seed_id,
    from_state: message.from_state,
    to_state: message.to_state,
    reason: message.reason,
    triggered_by: message.triggered_by,
    guard: message.guard ?? null,
    step: message.step ?? null,
    tick: message.tick ?? null,
    generation: message.generation ?? null,
    blueprint_id: message.blueprint_id ?? null,
    legal: isLegalEdge(message.from_state, message.to_state),
  }),
  EvaluationEvent: (message, stamp) => ({
    kind: 'evaluation',
    ...stamp,
    step: message.step,
    val_accuracy: message.val_accuracy,
    val_loss: message.val_loss,
    train_accuracy: message.train_accuracy,
    train_loss: message.train_loss,
    parameters: message.parameters,
  }),
  CommandOutcome(message, stamp) {
    if (message.kind === 'accepted' || typeof message.layer_id !== 'string') return null
    return {
      kind: 'command',
      ...stamp,
      layer_id: message.layer_id,
      seed_id: message.seed_id ?? null,
      command_id: message.command_id,
      command_type: message.command_type.slice(0, 64),
      outcome: message.kind,
      code: message.code ?? null,
      text: message.text,
      issued_ms: typeof message.issued_at === 'number' ? message.issued_at * 1_000 : null,
    }
  },
  FaultEvent: (message, stamp) => ({
    kind: 'fault',
    ...stamp,
    layer_id: message.layer_id ?? null,
    seed_id: message.seed_id ?? null,
    fault_id: message.fault_id,
    action: message.action,
    text: message.text === '' ? `${message.fault_id} ${message.action}` : message.text,
    step: message.step ?? null,
  }),
  PerformanceAlert(message, stamp) {
    const value = finiteOrNull(message.metric_value)
    const threshold = finiteOrNull(message.threshold)
    const bound = threshold === null ? '' : ` (threshold ${threshold})`
    const reading = message.metric_name === '' ? '' : `: ${message.metric_name} ${value ?? 'unmeasured'}${bound}`
    return {
      kind: 'alert',
      ...stamp,
      layer_id: message.layer_id,
      severity: message.severity,
      text: `${message.alert_type.replaceAll('_', ' ')}${reading}`,
    }
  },
  CheckpointEvent: (message, stamp) => ({
    kind: 'checkpoint',
    ...stamp,
    layer_id: message.layer_id ?? null,
    checkpoint_id: message.checkpoint_id,
    bytes: message.checkpoint_size_bytes,
    step: message.step ?? null,
  }),
}

/** Translates one message; null when it is no event that is listed. */
export function toRecordDraft(message: AnyMessage, runId: string | null, atMs: number): RecordDraft | null {
  if (!Object.hasOwn(MAKERS, message.message_type)) return null
  // The table's key is the discriminant: the maker of a name gets a message of that name.
  const make = MAKERS[message.message_type as EventName] as (message: AnyMessage, stamp: Stamp) => RecordDraft | null
  const { correlation_id = null, causation_id = null } = message
  return make(message, { at_ms: atMs, run_id: runId, correlation_id, causation_id })
}
