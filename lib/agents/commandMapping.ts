/*
 * commandMapping: translates between the wire's commands and the trainer's.
 * In: a validated command, or a trainer record. Out: a TrainerCommand, or the reply the outcome is made from.
 * Invariant: a parameter of the wrong type is refused by name and never guessed.
 * Source: seed-design.md 2.3, 3.3; docs/protocol.md "commands".
 */
import { AppError, isAppError } from '../contracts/appError.ts'
import type { BatchCommand, Command } from '../contracts/commands.ts'
import { type CommandReply, emptyReply } from '../commands/commandTarget.ts'
import type {
  BatchItem,
  BlueprintCommand,
  Expectation,
  TrainerCommand,
  TransitionCommand,
} from '../training/trainerTypes.ts'
import type { TrainerRecord } from './trainerProtocol.ts'

/** The issuer name whose commands count as policy decisions; everybody else is an operator. */
export const CONTROLLER_ISSUER = 'controller'

type BatchedCommand = BatchCommand['commands'][number]
type Free = Readonly<Record<string, unknown>>

function text(parameters: Free, name: string): string | undefined {
  const value = parameters[name]
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string' || value === '' || value.length > 128)
    throw new AppError('CONTRACT_INVALID', 'a text of 1 to 128 characters', { path: `parameters.${name}` })
  return value
}

function ticks(parameters: Free, name: string): number | undefined {
  const value = parameters[name]
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > 1_000)
    throw new AppError('CONTRACT_INVALID', 'a whole number of ticks from 1 to 1000', { path: `parameters.${name}` })
  return value
}

function checkpointOf(command: { readonly checkpoint_id?: string | null | undefined }): string {
  if (typeof command.checkpoint_id === 'string') return command.checkpoint_id
  throw new AppError('CONTRACT_INVALID', 'a restore names its checkpoint', { path: 'checkpoint_id' })
}

function expectation(command: Command): Expectation | null {
  const fromState = command.expect?.from_state ?? undefined
  const generation = command.expect?.generation ?? undefined
  if (fromState === undefined && generation === undefined) return null
  return { ...(fromState === undefined ? {} : { fromState }), ...(generation === undefined ? {} : { generation }) }
}

const given = <K extends string, V>(key: K, value: V | undefined) =>
  (value === undefined ? {} : { [key]: value }) as { [P in K]?: V }

/** Translates a command. @throws CONTRACT_INVALID for a bad parameter (with its path) · COMMAND_UNSUPPORTED for a type without a translation */
export function toTrainerCommand(command: Command): TrainerCommand {
  const triggeredBy = command.issued_by === CONTROLLER_ISSUER ? 'policy' : 'operator'
  const common = { correlationId: command.message_id, expect: expectation(command) } as const
  switch (command.message_type) {
    case 'LifecycleTransitionCommand':
      return {
        ...common,
        type: 'transition',
        layerId: command.layer_id,
        seedId: command.seed_id,
        targetState: command.target_state,
        reason: command.reason,
        triggeredBy,
        force: command.force,
        ...given('blueprintId', text(command.parameters, 'blueprint_id')),
        ...given('graftingStrategy', text(command.parameters, 'grafting_strategy')),
        ...given('rampTicks', ticks(command.parameters, 'ramp_ticks')),
        ...given('checkpointId', text(command.parameters, 'checkpoint_id')),
      }
    case 'BlueprintUpdateCommand':
      return {
        ...common,
        type: 'blueprint',
        layerId: command.layer_id,
        seedId: command.seed_id,
        blueprintId: command.blueprint_id,
        graftingStrategy: command.grafting_strategy,
        triggeredBy,
        ...given('rampTicks', ticks(command.configuration, 'ramp_ticks')),
      }
    case 'CheckpointCommand':
      if (command.operation === 'save') return { type: 'checkpoint_save', correlationId: command.message_id }
      return {
        type: 'checkpoint_restore',
        correlationId: command.message_id,
        checkpointId: checkpointOf(command),
        mode: 'weights',
      }
    case 'NoOp':
      return { type: 'noop', correlationId: command.message_id }
    case 'BatchCommand':
      return {
        type: 'batch',
        correlationId: command.message_id,
        commands: command.commands.map(toSingle),
        atomic: command.atomic,
        stopOnError: command.stop_on_error,
      }
    case 'EmergencyStopCommand':
    case 'Resume':
      throw new AppError('COMMAND_UNSUPPORTED', `${command.message_type} is no matter of the mailbox`, {
        path: 'message_type',
      })
  }
}

/** Translates one command of a batch; a bad parameter is named with its place. */
function toSingle(command: BatchedCommand, at: number): TransitionCommand | BlueprintCommand {
  try {
    const single = toTrainerCommand(command)
    if (single.type === 'transition' || single.type === 'blueprint') return single
    throw new AppError('COMMAND_UNSUPPORTED', `${command.message_type} is not batched`, { path: 'message_type' })
  } catch (error) {
    if (!isAppError(error)) throw error
    throw new AppError(error.code, error.message, { path: `commands.${at}.${String(error.context['path'])}` })
  }
}

function toItem(item: BatchItem): Readonly<Record<string, unknown>> {
  const { layerId, seedId, correlationId, status, code, text, state, generation, guard } = item
  const place = { layer_id: layerId, seed_id: seedId, command_id: correlationId }
  return { ...place, status, code, text, state, generation, ...(guard ? { guard } : {}) }
}

/** Translates what the trainer recorded; `repeated` names the first command of the key. */
export function toCommandReply(record: TrainerRecord, repeated: boolean): CommandReply {
  const { step, tick, executionMs } = record
  const first = repeated ? { commandId: record.commandId, entry: record.entry } : null
  const base = { ...emptyReply(''), step, tick, executionMs, first }
  const { outcome } = record
  if (outcome.kind === 'expired')
    return { ...base, kind: 'expired', text: 'its time ended before the tick at which it could be applied' }
  if (outcome.kind === 'failed') return { ...base, kind: 'failed', code: 'INTERNAL', text: outcome.text }
  if (outcome.kind === 'cancelled') return { ...base, kind: 'cancelled', code: 'COMMAND_STOPPED', text: outcome.text }
  if (outcome.kind === 'refused') return { ...base, kind: 'rejected', code: outcome.code, text: outcome.text }
  const { result } = outcome
  const seen = { ...base, text: result.text, state: result.state, generation: result.generation }
  const items = result.items ? { results: result.items.map(toItem) } : {}
  if (result.status === 'rejected') {
    const details = { ...(result.guard ? { guard: result.guard } : {}), ...items }
    const isPartial = result.items?.some((item) => item.status === 'applied') ?? false
    // Neither success nor nothing: whoever reads the kind alone must not take it for either.
    if (isPartial) return { ...seen, kind: 'failed', code: 'COMMAND_PARTIAL', details }
    return { ...seen, kind: 'rejected', code: result.code, details }
  }
  const checkpoint = result.checkpoint ? { checkpoint_id: result.checkpoint.checkpointId } : {}
  return {
    ...seen,
    kind: 'applied',
    details: { ...(result.guards.length > 0 ? { guards: result.guards } : {}), ...checkpoint, ...items },
  }
}
