/*
 * Commands to layers: what may be asked, by whom, until when, and under which precondition.
 * In: zod. Out: LifecycleTransitionCommand, BlueprintUpdateCommand, BatchCommand, CheckpointCommand, EmergencyStopCommand, Resume, NoOp.
 * Invariant: expiry is `ttl_ms` counted in the bus server's time, from when it was issued or accepted, whichever is earlier, never from
 * the issuer's clock; a precondition that is given is compared before anything is applied.
 * Source: seed-design.md 2.3; docs/protocol.md "commands".
 */
import { z } from 'zod'
import { BaseMessage, FreeRecord, Label, MESSAGE_LIMITS, OptionalProse } from './envelope.ts'
import { LayerId, Prose, SeedId } from './ids.ts'
import { SeedState } from './lifecycle.ts'
import { MetricMap } from './metricMap.ts'

export const CommandPriority = z.enum(['low', 'normal', 'high', 'critical'])
export type CommandPriority = z.infer<typeof CommandPriority>

const DurationMs = z.int().min(1).max(3_600_000)
const Counter = z.int().min(0)

/** What the seed must look like for the command to apply; compared in one go with applying it. */
export const CommandExpectation = z.looseObject({
  from_state: SeedState.nullish(),
  generation: Counter.nullish(),
})
export type CommandExpectation = z.infer<typeof CommandExpectation>

/** Fields every command carries beyond the design document. Optional ones are absent from publishers of version 1.0. */
export const CommandBase = BaseMessage.extend({
  issued_by: Label,
  reason: OptionalProse,
  approved_by: z.array(Label).max(16).default([]),
  expected_effect: Prose.nullish(),
  /** Two commands with one key are one command; absent: the message id is the key. */
  idempotency_key: Label.nullish(),
  /** Milliseconds in the bus server's time, from issue and from acceptance, after which the command must not be applied any more. */
  ttl_ms: DurationMs,
  /** When it was issued, Unix ms of the bus server's clock. What is signed without it can not be dated, and is refused where dates count. */
  issued_bus_ms: Counter.nullish(),
  expect: CommandExpectation.nullish(),
  /** Contiguous per destination layer. */
  seq: Counter.nullish(),
  gateway_epoch: Counter.nullish(),
  /** Stop: which stop this is. Resume: the newest stop it answers. Others: the newest stop their issuer knew of. */
  stop_epoch: Counter.nullish(),
  audit_size: Counter.nullish(),
  audit_root: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullish(),
  priority: CommandPriority.default('normal'),
  timeout_ms: DurationMs.default(5_000),
})

export const LifecycleTransitionCommand = CommandBase.extend({
  message_type: z.literal('LifecycleTransitionCommand'),
  layer_id: LayerId,
  seed_id: SeedId,
  target_state: SeedState,
  parameters: FreeRecord.default({}),
  force: z.boolean().default(false),
})
export type LifecycleTransitionCommand = z.infer<typeof LifecycleTransitionCommand>

export const BlueprintUpdateCommand = CommandBase.extend({
  message_type: z.literal('BlueprintUpdateCommand'),
  layer_id: LayerId,
  seed_id: SeedId,
  blueprint_id: Label,
  grafting_strategy: Label,
  configuration: FreeRecord.default({}),
  rollback_on_failure: z.boolean().default(true),
  validation_metrics: MetricMap.default({}),
})
export type BlueprintUpdateCommand = z.infer<typeof BlueprintUpdateCommand>

export const BatchedCommand = z.discriminatedUnion('message_type', [LifecycleTransitionCommand, BlueprintUpdateCommand])

export const BatchCommand = CommandBase.extend({
  message_type: z.literal('BatchCommand'),
  layer_id: LayerId.nullish(),
  commands: z.array(BatchedCommand).min(1).max(MESSAGE_LIMITS.commandsPerBatch),
  atomic: z.boolean().default(true),
  stop_on_error: z.boolean().default(true),
})
export type BatchCommand = z.infer<typeof BatchCommand>

/** Saves the run, or puts saved weights back: host and living modules return, counters go on, seeds being blended are rolled back. */
export const CheckpointCommand = CommandBase.extend({
  message_type: z.literal('CheckpointCommand'),
  /** Any layer of the run: a checkpoint holds all of them. */
  layer_id: LayerId,
  operation: z.enum(['save', 'restore']),
  /** What to restore; a save names its own. */
  checkpoint_id: Label.nullish(),
})
export type CheckpointCommand = z.infer<typeof CheckpointCommand>

/** Halts, never erases: no layer means all layers, no seed means the whole layer. */
export const EmergencyStopCommand = CommandBase.extend({
  message_type: z.literal('EmergencyStopCommand'),
  layer_id: LayerId.nullish(),
  seed_id: SeedId.nullish(),
  /** The one way to stop there is: optimiser and structure stand still before the next step. */
  mode: z.enum(['freeze']).nullish(),
})
export type EmergencyStopCommand = z.infer<typeof EmergencyStopCommand>

/** Ends a halt: that of the stops up to `stop_epoch`. `stop_id` is the message id of the stop it answers, for people who read it. */
export const Resume = CommandBase.extend({
  message_type: z.literal('Resume'),
  layer_id: LayerId.nullish(),
  stop_id: Label.nullish(),
  /** Which part of a stepwise resume this is; whoever resumes looks at health between the parts. */
  ramp: z.looseObject({ stage: z.int().min(1), of: z.int().min(1) }).nullish(),
})
export type Resume = z.infer<typeof Resume>

/** Does nothing and is answered like every command: the stop-readiness probe. */
export const NoOp = CommandBase.extend({
  message_type: z.literal('NoOp'),
  layer_id: LayerId.nullish(),
})
export type NoOp = z.infer<typeof NoOp>

/** Anything a layer can be asked. */
export const Command = z.discriminatedUnion('message_type', [
  LifecycleTransitionCommand,
  BlueprintUpdateCommand,
  BatchCommand,
  CheckpointCommand,
  EmergencyStopCommand,
  Resume,
  NoOp,
])
export type Command = z.infer<typeof Command>

/** Names of the command types: their entries are refused when a key occurs twice. */
export const COMMAND_NAMES: ReadonlySet<string> = new Set([
  'LifecycleTransitionCommand',
  'BlueprintUpdateCommand',
  'BatchCommand',
  'CheckpointCommand',
  'EmergencyStopCommand',
  'Resume',
  'NoOp',
])

/** Tells what identifies the command for deduplication: its idempotency key, else its message id. */
export function commandKey(command: {
  readonly message_id: string
  readonly idempotency_key?: string | null | undefined
}): string {
  return command.idempotency_key ?? command.message_id
}
