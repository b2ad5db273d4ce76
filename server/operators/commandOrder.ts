/*
 * commandOrder: a stored command as the order the gateway signs.
 * In: a stored command, the newest audit checkpoint. Out: GatewayOrder.
 * Invariant: the same command gives the same order, also after a restart; what was seen when it was taken is what must still hold.
 * Source: docs/protocol.md "commands", "gateway control API".
 */
import { AppError } from '../../lib/contracts/appError.ts'
import type { BatchDraft, BlueprintDraft, CheckpointDraft, TransitionDraft } from '../../lib/contracts/commandDraft.ts'
import type { GatewayOrder } from '../../lib/contracts/gatewayControl.ts'
import type { StoredCommand } from './storedCommand.ts'

export interface AuditMark {
  readonly size: number
  readonly rootHex: string
}

type Draft<D> = Omit<D, 'confirm'>

function partsOf(
  command: StoredCommand,
): Record<string, unknown> & { readonly message_type: GatewayOrder['command']['message_type'] } {
  const place = { layer_id: command.layerId!, ...(command.seedId === null ? {} : { seed_id: command.seedId }) }
  switch (command.type) {
    case 'LifecycleTransitionCommand': {
      const { target_state, parameters, force } = command.body as unknown as Draft<TransitionDraft>
      return { message_type: command.type, ...place, target_state, parameters, force }
    }
    case 'BlueprintUpdateCommand': {
      const { blueprint_id, grafting_strategy, configuration } = command.body as unknown as Draft<BlueprintDraft>
      return { message_type: command.type, ...place, blueprint_id, grafting_strategy, configuration }
    }
    case 'BatchCommand': {
      const { commands, atomic } = command.body as unknown as Draft<BatchDraft>
      return {
        message_type: command.type,
        ...place,
        atomic,
        stop_on_error: atomic,
        commands: commands.map(({ type, ...part }, at) => ({
          ...part,
          layer_id: command.layerId!,
          message_type: type,
          message_id: partId(command.id, at),
          timestamp: command.createdMs / 1_000,
          source: 'operators',
          version: '2.0',
          correlation_id: command.correlationId,
          causation_id: command.id,
          issued_by: command.actor,
          ttl_ms: command.ttlMs,
        })),
      }
    }
    case 'CheckpointCommand': {
      const { operation, checkpoint_id } = command.body as unknown as Draft<CheckpointDraft>
      return { message_type: command.type, ...place, operation, checkpoint_id: checkpoint_id ?? null }
    }
    case 'NoOp':
      return { message_type: command.type, ...place }
    case 'RunControl':
    case 'Resume':
    case 'EmergencyStopCommand':
      throw new AppError('INTERNAL', `${command.type} is no order of the gateway`)
  }
}

/** The id of a part of a batch: made from the batch's own, so that it is the same each time. */
export function partId(id: string, at: number): string {
  return `${id.slice(0, 24)}${(at + 1).toString(16).padStart(12, '0')}`
}

/** Builds the order. */
export function toOrder(command: StoredCommand, audit: AuditMark | null): GatewayOrder {
  const { basis, effect } = command
  const expect =
    basis === null || basis.state === null ? {} : { expect: { from_state: basis.state, generation: basis.generation } }
  const said =
    effect === null
      ? {}
      : { expected_effect: `${effect.metric} ${effect.delta >= 0 ? '+' : ''}${effect.delta} in ${effect.within_s} s` }
  return {
    id: command.id,
    command: {
      ...partsOf(command),
      ...expect,
      ...said,
      layer_id: command.layerId!,
      issued_by: command.actor,
      approved_by: command.approvals.filter(({ decision }) => decision === 'approve').map(({ by }) => by),
      reason: command.reason,
      idempotency_key: command.id,
      correlation_id: command.correlationId,
      ttl_ms: command.ttlMs,
      timeout_ms: command.timeoutMs,
      priority: command.priority,
      ...(command.runId === null ? {} : { metadata: { run_id: command.runId } }),
    },
    audit_size: audit?.size ?? null,
    audit_root: audit?.rootHex ?? null,
  }
}
