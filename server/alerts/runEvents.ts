/*
 * runEvents: which messages tell the detectors of a run something, and what.
 * In: a message. Out: calls of the detector; whether there was one.
 * Invariant: pure; a life ends once, by the transition into its end.
 * Source: docs/protocol.md "events".
 */
import type { LifeEnd, RunDetector } from '../../lib/alerts/runDetectors.ts'
import type { AnyMessage } from '../../lib/contracts/messageTypes.ts'

const ENDS: ReadonlySet<string> = new Set<LifeEnd['outcome']>(['FOSSILIZED', 'CULLED', 'CANCELLED', 'ROLLED_BACK'])

/** Tells the detector; answers whether the message was for it. */
export function noteRunEvent(detector: RunDetector, message: AnyMessage): boolean {
  if (message.message_type === 'EvaluationEvent') {
    if (detector.onEvaluation === undefined) return false
    const { val_loss: valLoss, val_accuracy: valAccuracy, train_accuracy: trainAccuracy } = message
    detector.onEvaluation({ valLoss, valAccuracy, trainAccuracy })
    return true
  }
  if (message.message_type === 'StateTransitionEvent') {
    if (detector.onLifeEnd === undefined || !message.success || !ENDS.has(message.to_state)) return false
    const outcome = message.to_state as LifeEnd['outcome']
    detector.onLifeEnd({ tick: message.tick ?? null, outcome, blueprintId: message.blueprint_id ?? null })
    return true
  }
  if (message.message_type === 'CheckpointEvent') {
    if (detector.onSnapshot === undefined || message.operation !== 'created' || !message.success) return false
    detector.onSnapshot(message.tick ?? null)
    return true
  }
  if (message.message_type !== 'CommandOutcome' || message.command_type !== 'CheckpointCommand') return false
  if (detector.onRestoreRefused === undefined || !['rejected', 'failed'].includes(message.kind)) return false
  detector.onRestoreRefused(message.text === '' ? (message.code ?? message.kind) : message.text)
  return true
}
