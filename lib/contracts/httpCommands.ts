/*
 * The HTTP contract of commands: what is sent, what is kept of it, how lists are asked for, how it is approved, cancelled, sent again.
 * In: zod. Out: CommandRecord with stages and outcome, runs of many, lists, the answers of each route.
 * Invariant: a record is only ever added to; exactly one outcome closes it; unknown is said, never guessed.
 * Source: docs/commands.md; docs/protocol.md "commands over HTTP".
 */
import { z } from 'zod'
import { CommandStage, CommandState } from './commandStates.ts'
import { CommandType, ExpectedEffect } from './commandDraft.ts'
import { BlastBudget, CommandReason, GuardLevel, LevelRaise } from './commandPreview.ts'
import { Count, Reading } from './httpShapes.ts'
import { Finite, LayerId, LogText, Prose, RunId, SeedId } from './ids.ts'

const At = z.iso.datetime()
const Actor = z.string().max(128)

export const CommandOutcomeView = z.object({
  kind: z.enum([
    'applied',
    'failed',
    'rejected',
    'expired',
    'cancelled',
    'superseded',
    'duplicate',
    'unknown',
    'applied_late',
    'not_applied',
  ]),
  code: z.string().max(64).optional(),
  text: Prose.optional(),
})
export type CommandOutcomeView = z.infer<typeof CommandOutcomeView>

export const Approval = z.object({ by: Actor, at: At, decision: z.enum(['approve', 'refuse']), note: Prose })
export type Approval = z.infer<typeof Approval>

/** Whether it did what was said of it, against seeds nobody touched. */
export const EffectVerdict = z.object({
  grade: z.enum(['helped', 'neutral', 'hurt', 'too early', 'unmeasured']),
  text: Prose,
  metric: z.string().max(64),
  expected_delta: Reading,
  before: Reading,
  after: Reading,
  siblings_before: Reading,
  siblings_after: Reading,
  siblings: Count,
  at: At.nullable(),
})
export type EffectVerdict = z.infer<typeof EffectVerdict>

export const WaveState = z.enum(['waiting', 'running', 'verifying', 'passed', 'failed', 'stopped'])
export const Wave = z.object({
  index: Count,
  size: Count,
  state: WaveState,
  applied: Count,
  failed: Count,
  unknown: Count,
  started_at: At.nullable(),
  finished_at: At.nullable(),
  /** What had to hold before the next wave, with its readings. */
  gate: z
    .object({
      passed: z.boolean(),
      text: Prose,
      failure_ratio: Finite,
      max_failure_ratio: Finite,
      health_before: Reading,
      health_now: Reading,
      health_floor: Reading,
    })
    .nullable(),
})
export type Wave = z.infer<typeof Wave>

export const BulkRun = z.object({
  /** reask: the set drifted since it was confirmed; it waits for a new confirmation. halted: a gate said no. */
  state: z.enum(['waiting', 'running', 'paused', 'reask', 'halted', 'stopped', 'done']),
  text: Prose,
  total: Count,
  list_hash: z.string().max(64),
  counts: z.object({
    waiting: Count,
    running: Count,
    applied: Count,
    failed: Count,
    unknown: Count,
    cancelled: Count,
    skipped: Count,
  }),
  waves: z.array(Wave).max(64),
  /** How far the set is from the confirmed one; null until it was looked at. */
  drift: z.object({ left: Count, of: Count, ratio: Finite, max_ratio: Finite }).nullable(),
  /** Which actions are possible now. */
  actions: z.array(z.enum(['pause', 'resume', 'stop', 'retry-failed', 'reconfirm'])).max(5),
})
export type BulkRun = z.infer<typeof BulkRun>

export const CommandRecord = z.object({
  id: z.uuid(),
  type: CommandType,
  state: CommandState,
  final: z.boolean(),
  stages: z.array(CommandStage).max(64),
  outcome: CommandOutcomeView.nullable(),
  hash: z.string().max(64),
  level: GuardLevel,
  raised: z.array(LevelRaise).max(8),
  actor: Actor,
  /** web, api or cli; layer for what a controller sent. */
  via: z.enum(['web', 'api', 'cli']),
  reason: Prose,
  run_id: RunId.nullable(),
  layer_id: LayerId.nullable(),
  seed_id: SeedId.nullable(),
  target_state: z.string().max(32).nullable(),
  /** The command as drafted, without its confirmation. */
  body: z.record(z.string(), z.unknown()),
  /** One line for lists. */
  text: Prose,
  created_at: At,
  updated_at: At,
  /** Until then cancelling is certain; null when it is not held. */
  held_until_ms: Reading,
  /** When silence becomes UNKNOWN, or an unknown one stops being watched. */
  deadline_ms: Reading,
  approvals: z.array(Approval).max(16),
  approval: z.object({ needed: Count, given: Count, expires_ms: Finite, text: Prose }).nullable(),
  attempts: Count,
  idempotency_key: z.string().max(128),
  correlation_id: z.string().max(128),
  parent_id: z.uuid().nullable(),
  children: Count,
  expected_effect: ExpectedEffect.nullable(),
  verdict: EffectVerdict.nullable(),
  bulk: BulkRun.nullable(),
  /** Sequence number of the audited intent; null when it could not be written. */
  audit_seq: Count.nullable(),
  cancellable: z.boolean(),
  retryable: z.boolean(),
  inverse: z.object({ text: Prose, target_state: z.string().max(32).nullable() }).nullable(),
})
export type CommandRecord = z.infer<typeof CommandRecord>

export const CommandPath = z.object({ id: z.uuid() })

/** 202: taken; the record tells what becomes of it. */
export const CommandTaken = z.object({
  id: z.uuid(),
  state: CommandState,
  level: GuardLevel,
  held_until_ms: Reading,
  approvals_needed: Count,
  hash: z.string().max(64),
})
export type CommandTaken = z.infer<typeof CommandTaken>

const wholeText = z
  .string()
  .regex(/^\d{1,6}$/, 'a whole number')
  .transform(Number)

export const CommandListQuery = z.object({
  /** open: not over. approvals: waiting for a second person. unknown: outcome not known. A state by its name. */
  state: z.enum(['open', 'held', 'approvals', 'running', 'unknown', 'final', ...CommandState.options]).optional(),
  layer: LayerId.optional(),
  seed: wholeText.pipe(SeedId).optional(),
  actor: LogText.max(128).optional(),
  type: CommandType.optional(),
  parent: z.uuid().optional(),
  run: RunId.optional(),
  cursor: z.string().max(128).optional(),
  limit: wholeText.pipe(z.int().min(1).max(500)).optional(),
})
export type CommandListQuery = z.infer<typeof CommandListQuery>

export const CommandList = z.object({
  commands: z.array(CommandRecord).max(500),
  next: z.string().max(128).nullable(),
  open: z.object({ held: Count, approvals: Count, running: Count, unknown: Count }),
})
export type CommandList = z.infer<typeof CommandList>

/** The hash of what was looked at: an approval of anything else is refused. */
export const ApproveRequest = z.object({
  hash: z.string().min(16).max(64),
  decision: z.enum(['approve', 'refuse']).default('approve'),
  note: Prose.max(500).default(''),
})
export type ApproveRequest = z.infer<typeof ApproveRequest>

export const CancelRequest = z.object({ reason: Prose.max(500).default('') })
export type CancelRequest = z.infer<typeof CancelRequest>

/** Sends the same command once more, under the same id: a layer that has it answers again and changes nothing. */
export const RetryRequest = z.object({
  /** While the outcome is unknown a retry must be forced. */
  force: z.boolean().default(false),
  reason: Prose.max(500).default(''),
})
export type RetryRequest = z.infer<typeof RetryRequest>

export const BulkRequest = z.object({
  action: z.enum(['pause', 'resume', 'stop', 'retry-failed', 'reconfirm']),
  /** reconfirm: the number of seeds that are left. */
  typed_count: Count.optional(),
  reason: Prose.max(500).default(''),
})
export type BulkRequest = z.infer<typeof BulkRequest>

/** One commander; the others propose. */
export const ControlToken = z.object({
  holder: Actor.nullable(),
  since: At.nullable(),
  yours: z.boolean(),
  /** Who asks for it now. */
  request: z.object({ by: Actor, at: At, reason: Prose }).nullable(),
  /** The last changes, newest first. */
  history: z
    .array(
      z.object({
        at: At,
        action: z.enum(['take', 'take-over', 'request', 'hand-over', 'refuse', 'release', 'withdraw']),
        by: Actor,
        to: Actor.nullable(),
        reason: Prose,
      }),
    )
    .max(32),
})
export type ControlToken = z.infer<typeof ControlToken>

export const ControlRequest = z.object({
  /** take: when nobody has it. take-over: from whoever has it, with a reason. */
  action: z.enum(['take', 'take-over', 'request', 'hand-over', 'refuse', 'release', 'withdraw']),
  to: Actor.optional(),
  reason: Prose.max(500).default(''),
})
export type ControlRequest = z.infer<typeof ControlRequest>

const Halt = z.object({
  id: z.uuid(),
  scope: z.union([z.literal('all'), z.array(LayerId)]),
  at: At,
  by: Actor,
  reason: Prose,
})
export type Halt = z.infer<typeof Halt>

/** Everything about commands that has an age and fits in one look. */
export const OpsStatus = z.object({
  server_ms: Finite,
  environment: z.enum(['DEMO', 'PROD', 'STAGING']),
  me: z.object({ actor: Actor, may: z.array(z.string().max(32)).max(16) }),
  control: ControlToken,
  open: z.object({ held: Count, approvals: Count, running: Count, unknown: Count }),
  budget: BlastBudget,
  quota: z.object({ targets: Count, per_minute: Count, left_this_minute: Count }),
  gateway: z.object({ state: z.enum(['up', 'down', 'unknown']), text: Prose, age_ms: Reading }),
  records: z.object({ state: z.enum(['up', 'down']), text: Prose }),
  /** `elsewhere`: layers of another installation, in neither count; this one can not stop them. */
  stop_ready: z.object({
    ready: Count,
    of: Count,
    worst_ms: Reading,
    age_ms: Reading,
    elsewhere: z.object({ layers: Count, text: Prose }).nullable(),
  }),
  /** The newest stop in force: the one a resume answers. */
  halted: Halt.nullable(),
  /** Every stop in force, the newest first; at most 64 are listed. */
  halts: z.array(Halt).max(64),
  blocked: z.array(CommandReason).max(16),
})
export type OpsStatus = z.infer<typeof OpsStatus>
