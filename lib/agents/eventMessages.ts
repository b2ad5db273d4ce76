/*
 * eventMessages: turns what happened in the trainer into messages of the event topics.
 * In: a TrainerEvent. Out: type, layer and body of its message.
 * Invariant: every event of the trainer becomes exactly one message; an event about no single layer travels on the first layer's
 * topic with layer_id null.
 * Source: seed-design.md 2.4; docs/protocol.md "events".
 */
import type { MessageName } from '../contracts/envelope.ts'
import { toProse } from '../commands/outcome.ts'
import { faultThread, type CommandThreads } from './commandThreads.ts'
import type { BlueprintTrainerEvent, CheckpointTrainerEvent, TrainerEvent } from '../training/trainerTypes.ts'

export interface EventMessage {
  readonly type: MessageName
  /** null: about the whole run. */
  readonly layerId: string | null
  readonly body: Readonly<Record<string, unknown>>
}

const OPERATION = { built: 'instantiated', updated: 'updated', field_report: 'removed' } as const satisfies Record<
  BlueprintTrainerEvent['action'],
  string
>
const CHECKPOINT = {
  saved: 'created',
  snapshot: 'created',
  imported: 'created',
  restored: 'recovered',
} as const satisfies Record<CheckpointTrainerEvent['action'], string>

/** An event names the command that caused it, and the thread that command belongs to; a fault that nobody commanded is its own thread. */
function threadOf(event: TrainerEvent, threads: Pick<CommandThreads, 'threadOf'>) {
  const { correlationId: cause } = event
  if (cause !== null) return { correlation_id: threads.threadOf(cause), causation_id: cause }
  return { correlation_id: event.kind === 'fault' ? faultThread(event.faultId) : null }
}

/** Translates one event of a run. */
export function toEventMessage(
  event: TrainerEvent,
  runId: string,
  threads: Pick<CommandThreads, 'threadOf'>,
): EventMessage {
  const position = { run_id: runId, step: event.step, tick: event.tick, ...threadOf(event, threads) }
  const seed = (source: { layerId: string; seedId: number; generation: number }) => ({
    layer_id: source.layerId,
    seed_id: source.seedId,
    generation: source.generation,
  })
  switch (event.kind) {
    case 'transition': {
      const body = {
        ...position,
        ...seed(event),
        from_state: event.fromState,
        to_state: event.toState,
        reason: toProse(event.reason),
        triggered_by: event.triggeredBy,
        guard: event.guard,
        guards: event.guards,
        forced: event.forced,
        blueprint_id: event.blueprintId,
        grafting_strategy: event.strategy,
        metrics_snapshot: event.metrics,
      }
      return { type: 'StateTransitionEvent', layerId: event.layerId, body }
    }
    case 'guard_refused': {
      const guard = event.guard ?? { name: 'unnamed', value: null, threshold: null, passed: false }
      const edge = { from_state: event.fromState, to_state: event.toState }
      const body = {
        ...position,
        ...seed(event),
        ...edge,
        guard,
        suppressed: event.suppressed,
        text: toProse(event.text),
      }
      return { type: 'GuardEvent', layerId: event.layerId, body }
    }
    case 'checkpoint': {
      const body = {
        ...position,
        layer_id: null,
        checkpoint_id: event.checkpointId,
        operation: CHECKPOINT[event.action],
        native_operation: event.action,
        checkpoint_size_bytes: event.bytes,
        hash: event.sha256,
      }
      return { type: 'CheckpointEvent', layerId: null, body }
    }
    case 'fault': {
      const body = {
        ...position,
        layer_id: event.layerId,
        seed_id: event.seedId,
        fault_id: event.faultId,
        action: event.phase === 'ended' ? 'cleared' : 'injected',
        phase: event.phase,
        text: toProse(event.text),
        parameters: { fault: event.fault },
      }
      return { type: 'FaultEvent', layerId: event.layerId, body }
    }
    case 'counterfactual': {
      const body = {
        ...position,
        ...seed(event),
        blueprint_id: event.blueprintId,
        accuracy_on: event.accuracyOn,
        accuracy_off: event.accuracyOff,
        loss_on: event.lossOn,
        loss_off: event.lossOff,
        samples: event.samples,
        sample_range: [event.fromSample, event.fromSample + event.samples],
        discordant_on: event.b,
        discordant_off: event.c,
      }
      return { type: 'CounterfactualReading', layerId: event.layerId, body }
    }
    case 'evaluation': {
      const body = {
        ...position,
        layer_id: null,
        val_accuracy: event.valAccuracy,
        val_loss: event.valLoss,
        train_accuracy: event.trainAccuracy,
        train_loss: event.trainLoss,
        parameters: event.parameters,
      }
      return { type: 'EvaluationEvent', layerId: null, body }
    }
    case 'blueprint': {
      const { parameters, outcome, contribution, totalImprovement, ticksLived } = event
      const body = {
        ...position,
        ...seed(event),
        blueprint_id: event.blueprintId,
        operation: OPERATION[event.action],
        native_operation: event.action,
        grafting_strategy: event.strategy,
        metrics_delta: { performance_delta: contribution, total_improvement: totalImprovement },
        details: { parameters, outcome, ticks_lived: ticksLived },
      }
      return { type: 'BlueprintEvent', layerId: event.layerId, body }
    }
    // The catalogue has no message of its own for these two; an alert says who acted and why.
    case 'governor': {
      const { loss, snapshotStep, rolledBackSeeds, reason } = event
      const details = { loss, snapshot_step: snapshotStep, rolled_back_seeds: rolledBackSeeds, reason: toProse(reason) }
      return {
        type: 'PerformanceAlert',
        layerId: null,
        body: { ...position, alert_type: 'governor_rollback', severity: 'critical', details },
      }
    }
    case 'control': {
      const details = { action: event.action, layer_id: event.layerId, seed_id: event.seedId }
      const body = {
        ...position,
        seed_id: event.seedId,
        alert_type: `trainer_${event.action}`,
        severity: 'info',
        details,
      }
      return { type: 'PerformanceAlert', layerId: event.layerId, body }
    }
  }
}
