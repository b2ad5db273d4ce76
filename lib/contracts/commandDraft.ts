/*
 * What an operator may ask for: the commands as they are drafted, before anybody looked at whether they are legal.
 * In: zod. Out: CommandDraft (union by type), its targets, what confirms it.
 * Invariant: one seed is named by layer_id and seed_id, many by `targets`, never both; `confirm` is no part of what is asked, so it is
 * not in the hash.
 * Source: docs/commands.md "what can be asked"; docs/ux.md "composer".
 */
import { z } from 'zod'
import { COMMAND_LIMITS } from './commandLimits.ts'
import { FreeRecord, Label } from './envelope.ts'
import { MetricKey } from './httpShapes.ts'
import { Finite, LayerId, LogText, Prose, RunId, SeedId, WireId } from './ids.ts'
import { SeedState } from './lifecycle.ts'

export const CommandType = z.enum([
  'LifecycleTransitionCommand',
  'BlueprintUpdateCommand',
  'BatchCommand',
  'CheckpointCommand',
  'RunControl',
  'NoOp',
  'Resume',
  'EmergencyStopCommand',
])
export type CommandType = z.infer<typeof CommandType>

const SeedLists = z
  .array(z.object({ layer_id: LayerId, seed_ids: z.array(SeedId).min(1).max(COMMAND_LIMITS.maxTargets) }))
  .min(1)
  .max(4_096)

/** A selection as a sentence: it can be shared, edited, and evaluated again when it is sent. */
export const SeedQuery = z.object({
  layers: z.array(LayerId).max(4_096).optional(),
  /** Of these layers only these seeds; without `layers` no other layer is meant. */
  seeds: SeedLists.optional(),
  states: z.array(SeedState).max(11).optional(),
  where: z
    .array(z.object({ metric: MetricKey, op: z.enum(['<', '<=', '>', '>=']), value: Finite }))
    .max(8)
    .optional(),
})
export type SeedQuery = z.infer<typeof SeedQuery>

export const CommandTargets = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('seeds'), layers: SeedLists }),
  z.object({ kind: z.literal('layer'), layer_id: LayerId }),
  z.object({ kind: z.literal('query'), query: SeedQuery }),
])
export type CommandTargets = z.infer<typeof CommandTargets>

/** What shows that the operator meant it: the token of the preview, and the number typed for many. */
export const ConfirmAnswer = z.object({
  arm_token: z.string().min(16).max(128),
  typed_count: z.int().min(0).max(COMMAND_LIMITS.maxTargets).optional(),
})
export type ConfirmAnswer = z.infer<typeof ConfirmAnswer>

/** What the operator says will come of it; graded later against seeds nobody touched. */
export const ExpectedEffect = z.object({
  metric: MetricKey,
  delta: Finite,
  within_s: z.int().min(5).max(3_600),
})
export type ExpectedEffect = z.infer<typeof ExpectedEffect>

const common = {
  /** Absent: the newest run that has the layer. */
  run_id: RunId.optional(),
  reason: Prose.max(500).default(''),
  priority: z.enum(['low', 'normal', 'high']).default('normal'),
  /** After this the layer must not apply it any more, counted from the bus's acceptance. */
  ttl_ms: z.int().min(500).max(600_000).default(5_000),
  /** Without an outcome in this time it is UNKNOWN. */
  timeout_ms: z.int().min(1_000).max(60_000).default(5_000),
  expected_effect: ExpectedEffect.nullish(),
  correlation_id: LogText.min(1).max(128).optional(),
  /** Skips time and quality guards of the layer, never the edge table; one level higher. */
  force: z.boolean().default(false),
  confirm: ConfirmAnswer.optional(),
}

/** Absent: what the server sees when it takes the command. */
const expect = z.object({ from_state: SeedState, generation: z.int().min(0).nullish() }).optional()

const oneOrMany = (
  draft: { layer_id?: string | undefined; seed_id?: number | undefined; targets?: unknown },
  context: z.RefinementCtx,
): void => {
  const one = draft.layer_id !== undefined && draft.seed_id !== undefined
  if (draft.targets === undefined && !one)
    context.addIssue({
      code: 'custom',
      message: 'name one seed by layer_id and seed_id, or many by targets',
      path: [draft.layer_id === undefined ? 'layer_id' : 'seed_id'],
    })
  if (draft.targets !== undefined && (draft.layer_id !== undefined || draft.seed_id !== undefined))
    context.addIssue({ code: 'custom', message: 'either one seed or targets, not both', path: ['targets'] })
}

const place = {
  layer_id: LayerId.optional(),
  seed_id: SeedId.optional(),
  targets: CommandTargets.optional(),
  /** One seed only. */
  expect,
}

export const TransitionDraft = z
  .object({
    type: z.literal('LifecycleTransitionCommand'),
    ...place,
    target_state: SeedState,
    /** blueprint_id, grafting_strategy, ramp_ticks, checkpoint_id. */
    parameters: FreeRecord.default({}),
    ...common,
  })
  .superRefine(oneOrMany)
export type TransitionDraft = z.infer<typeof TransitionDraft>

export const BlueprintDraft = z
  .object({
    type: z.literal('BlueprintUpdateCommand'),
    ...place,
    blueprint_id: Label,
    grafting_strategy: Label.default('linear'),
    configuration: FreeRecord.default({}),
    ...common,
  })
  .superRefine(oneOrMany)
export type BlueprintDraft = z.infer<typeof BlueprintDraft>

/** Several commands to one layer; atomic: all or none. */
export const BatchDraft = z.object({
  type: z.literal('BatchCommand'),
  layer_id: LayerId,
  atomic: z.boolean().default(true),
  commands: z
    .array(
      z.discriminatedUnion('type', [
        z.object({
          type: z.literal('LifecycleTransitionCommand'),
          seed_id: SeedId,
          target_state: SeedState,
          parameters: FreeRecord.default({}),
        }),
        z.object({
          type: z.literal('BlueprintUpdateCommand'),
          seed_id: SeedId,
          blueprint_id: Label,
          grafting_strategy: Label.default('linear'),
          configuration: FreeRecord.default({}),
        }),
      ]),
    )
    .min(1)
    .max(COMMAND_LIMITS.batch),
  ...common,
})
export type BatchDraft = z.infer<typeof BatchDraft>

/** Saves all weights under an id, or puts them back. */
export const CheckpointDraft = z
  .object({
    type: z.literal('CheckpointCommand'),
    /** Any layer of the run: a checkpoint is of the whole network. */
    layer_id: LayerId,
    operation: z.enum(['save', 'restore']),
    checkpoint_id: WireId.optional(),
    ...common,
  })
  .refine((draft) => draft.operation === 'save' || draft.checkpoint_id !== undefined, {
    path: ['checkpoint_id'],
    message: 'which checkpoint is restored',
  })
export type CheckpointDraft = z.infer<typeof CheckpointDraft>

/** Pauses, resumes or ends the training of a run; nothing is erased. */
export const RunControlDraft = z.object({
  type: z.literal('RunControl'),
  layer_id: LayerId,
  action: z.enum(['pause', 'resume', 'stop']),
  ...common,
})
export type RunControlDraft = z.infer<typeof RunControlDraft>

export const NoOpDraft = z.object({ type: z.literal('NoOp'), layer_id: LayerId, ...common })
export type NoOpDraft = z.infer<typeof NoOpDraft>

/** Anything that can be previewed and sent. Stop and resume have doors of their own. */
export const CommandDraft = z.discriminatedUnion('type', [
  TransitionDraft,
  BlueprintDraft,
  BatchDraft,
  CheckpointDraft,
  RunControlDraft,
  NoOpDraft,
])
export type CommandDraft = z.infer<typeof CommandDraft>
