/*
 * eventRecords: messages about what happened, as records a browser can list.
 * In: a validated message and the run it belongs to. Out: a record draft, or nothing for types that are not shown.
 * Invariant: pure; an illegal transition is shown and marked, never dropped; texts are bounded by their schemas.
 * Source: seed-design.md 2.4; docs/protocol.md "records".
 */
import type { AnyMessage } from '../../lib/contracts/messageTypes.ts'
import { isLegalEdge } from '../../lib/contracts/lifecycle.ts'
import type { RecordDraft } from './ingestMessages.ts'

const finiteOrNull = (value: number | null | undefined): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null

/** Translates one message; null when it is no event. */
export function toRecordDraft(message: AnyMessage, runId: string | null, busAtMs: number): RecordDraft | null {
  const at_ms = busAtMs
  switch (message.message_type) {
    case 'StateTransitionEvent':
      return {
        kind: 'transition',
        at_ms,
        run_id: runId,
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
        correlation_id: message.correlation_id ?? null,
        legal: isLegalEdge(message.from_state, message.to_state),
      }
    case 'EvaluationEvent':
      return {
        kind: 'evaluation',
        at_ms,
        run_id: runId,
        step: message.step,
        val_accuracy: message.val_accuracy,
        val_loss: message.val_loss,
        train_accuracy: message.train_accuracy,
        train_loss: message.train_loss,
        parameters: message.parameters,
      }
    case 'CommandOutcome':
      if (message.kind === 'accepted' || typeof message.layer_id !== 'string') return null
      return {
        kind: 'command',
        at_ms,
        run_id: runId,
        layer_id: message.layer_id,
        seed_id: message.seed_id ?? null,
        command_id: message.command_id,
        command_type: message.command_type.slice(0, 64),
        outcome: message.kind,
        code: message.code ?? null,
        text: message.text,
      }
    case 'FaultEvent':
      return {
        kind: 'fault',
        at_ms,
        run_id: runId,
        layer_id: message.layer_id ?? null,
        seed_id: message.seed_id ?? null,
        fault_id: message.fault_id,
        text: message.text === '' ? `${message.fault_id} ${message.action}` : message.text,
        step: message.step ?? null,
      }
    case 'PerformanceAlert': {
      const value = finiteOrNull(message.metric_value)
      const threshold = finiteOrNull(message.threshold)
      const reading =
        message.metric_name === ''
          ? ''
          : `: ${message.metric_name} ${value ?? 'unmeasured'}${threshold === null ? '' : ` (threshold ${threshold})`}`
      return {
        kind: 'alert',
        at_ms,
        run_id: runId,
        layer_id: message.layer_id,
        severity: message.severity,
        text: `${message.alert_type.replaceAll('_', ' ')}${reading}`,
      }
    }
    case 'CheckpointEvent':
      return {
        kind: 'checkpoint',
        at_ms,
        run_id: runId,
        layer_id: message.layer_id ?? null,
        checkpoint_id: message.checkpoint_id,
        bytes: message.checkpoint_size_bytes,
        step: message.step ?? null,
      }
    default:
      return null
  }
}
