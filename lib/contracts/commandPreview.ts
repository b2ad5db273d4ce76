/*
 * The answer to "what would happen": legality with reasons, guard level with why, readings with ages, effect, budget, precedent, and
 * what confirms it.
 * In: zod. Out: CommandPreview and its parts; the choices of one seed.
 * Invariant: unknown is null and never 0; a preview that is not legal carries no arm token.
 * Source: docs/commands.md "preview"; docs/ux.md "composer".
 */
import { z } from 'zod'
import { CommandType } from './commandDraft.ts'
import { Freshness } from './freshness.ts'
import { Count, MetricKey, Reading, SeedStateName } from './httpShapes.ts'
import { Finite, LayerId, Prose, RunId, SeedId } from './ids.ts'
import { SeedState } from './lifecycle.ts'

export const GuardLevel = z.int().min(0).max(4)
const Code = z.string().max(64)

export const CommandReason = z.object({
  code: Code,
  text: Prose,
  /** What can be done now. */
  hint: Prose.nullable(),
})
export type CommandReason = z.infer<typeof CommandReason>

export const LevelRaise = z.object({
  by: z.enum(['edge', 'stale', 'budget', 'targets', 'production', 'force', 'quota']),
  from: GuardLevel,
  to: GuardLevel,
  text: Prose,
})
export type LevelRaise = z.infer<typeof LevelRaise>

/** One condition with its live reading. `passed` null: it could not be told. */
export const PreviewGuard = z.object({
  name: z.string().max(64),
  text: Prose,
  value: Reading,
  threshold: Reading,
  unit: z.string().max(32),
  passed: z.boolean().nullable(),
  age_ms: Reading,
  /** server: it stops the command here. layer: the layer decides with its own reading at the moment of effect. */
  decided_by: z.enum(['server', 'layer']),
})
export type PreviewGuard = z.infer<typeof PreviewGuard>

export const SeedRef = z.object({ layer_id: LayerId, seed_id: SeedId })
export type SeedRef = z.infer<typeof SeedRef>

export const TargetGroup = z.object({
  text: Prose,
  code: Code,
  count: Count,
  /** The first of them. */
  sample: z.array(SeedRef).max(24),
})

export const PreviewTargets = z.object({
  /** Hash of the frozen list of those that will change; approval and dispatch quote it. */
  list_hash: z.string().max(64),
  total: Count,
  will_change: Count,
  /** Already there: nothing to do. */
  unchanged: Count,
  illegal: Count,
  stale: Count,
  groups: z.array(TargetGroup).max(32),
  layers: z.array(z.object({ layer_id: LayerId, total: Count, will_change: Count })).max(4_096),
  states: z.array(z.object({ state: SeedStateName, count: Count })).max(12),
  /** Health of those that will change: ten equal bins of 0..1; null where none was measured. */
  health: z.object({ bins: z.array(Count).length(10), unmeasured: Count }).nullable(),
  first_wave: z.array(SeedRef).max(64),
  waves: z.array(Count).max(8),
})
export type PreviewTargets = z.infer<typeof PreviewTargets>

export const BlastBudget = z.object({
  window_s: Count,
  /** Share of the active seeds that may be commanded in the window without approval. */
  limit_ratio: Finite,
  overall: z.object({ seeds: Count, used: Count, would_use: Count, over: z.boolean() }),
  layers: z
    .array(z.object({ layer_id: LayerId, seeds: Count, used: Count, would_use: Count, over: z.boolean() }))
    .max(4_096),
})
export type BlastBudget = z.infer<typeof BlastBudget>

export const Precedent = z.object({
  /** Similar commands that ended; 0 means no precedent, and the text says so. */
  n: Count,
  text: Prose,
  since: z.iso.datetime().nullable(),
  applied: Count,
  refused: Count,
  failed: Count,
  unknown: Count,
  rolled_back: Count,
  ack_p50_ms: Reading,
  ack_p95_ms: Reading,
  /** Median of the graded change of health; null when none was graded. */
  health_delta: Reading,
  nearest: z
    .array(
      z.object({
        id: z.uuid(),
        layer_id: LayerId.nullable(),
        seed_id: SeedId.nullable(),
        at: z.iso.datetime(),
        state: z.string().max(32),
        text: Prose,
      }),
    )
    .max(3),
})
export type Precedent = z.infer<typeof Precedent>

export const ConfirmAsk = z.object({
  /** blocked: nothing can be sent, the reasons say why. approve: it is sent as a proposal, with the gesture in `gesture`. */
  kind: z.enum(['send', 'hold', 'type-count', 'approve', 'blocked']),
  gesture: z.enum(['send', 'hold', 'type-count']).nullable(),
  hold_ms: Count.nullable(),
  /** The number to type. */
  count: Count.nullable(),
  /** Quote it in `confirm.arm_token`; one use, this session, exactly this command. */
  arm_token: z.string().max(128).nullable(),
  expires_at_ms: Finite.nullable(),
  /** Words for the button. */
  label: z.string().max(120),
})
export type ConfirmAsk = z.infer<typeof ConfirmAsk>

export const CommandPreview = z.object({
  type: CommandType,
  /** Of the exact command; approvals sign this. */
  hash: z.string().max(64),
  computed_at_ms: Finite,
  /** Older than this the preview must be asked for again. */
  stale_after_ms: Count,
  run_id: RunId.nullable(),
  legal: z.boolean(),
  /** Why not; empty when legal. */
  reasons: z.array(CommandReason).max(64),
  /** What to know although it is legal. */
  warnings: z.array(CommandReason).max(64),
  level: GuardLevel,
  base_level: GuardLevel,
  raised: z.array(LevelRaise).max(8),
  guards: z.array(PreviewGuard).max(64),
  effect: z.object({
    text: Prose,
    changes: z
      .array(z.object({ field: z.string().max(64), before: Prose.nullable(), after: Prose.nullable() }))
      .max(16),
  }),
  reversible: z.boolean(),
  /** What takes it back; null: there is no way back, and `text` says so. */
  inverse: z.object({ text: Prose, target_state: SeedState.nullable() }).nullable(),
  targets: PreviewTargets,
  budget: BlastBudget,
  precedent: Precedent,
  approvals: z.object({ needed: Count, text: Prose, expires_ms: Count.nullable() }),
  reason_required: z.boolean(),
  grace_ms: Count,
  freshness: Freshness,
  age_ms: Reading,
  /** Who is the commander, and whether this is sent or proposed. */
  control: z.object({ holder: z.string().max(128).nullable(), yours: z.boolean(), mode: z.enum(['send', 'propose']) }),
  confirm: ConfirmAsk,
})
export type CommandPreview = z.infer<typeof CommandPreview>

/** One target state of one seed: whether it may be chosen, and why not. */
export const SeedChoice = z.object({
  state: SeedState,
  legal: z.boolean(),
  /** Why not, in words; empty when legal. */
  reason: Prose,
  one_way: z.boolean(),
  level: GuardLevel,
})
export type SeedChoice = z.infer<typeof SeedChoice>

export const SeedChoices = z.object({
  run_id: RunId,
  layer_id: LayerId,
  seed_id: SeedId,
  state: SeedStateName,
  generation: Count.nullable(),
  freshness: Freshness,
  age_ms: Reading,
  /** Why nothing can be commanded now; null when something can. */
  blocked: CommandReason.nullable(),
  choices: z.array(SeedChoice).length(11),
  blueprint: z.object({ legal: z.boolean(), reason: Prose, current: z.string().max(128).nullable() }),
  blueprints: z.array(z.object({ blueprint_id: z.string().max(128), parameters: Count, note: Prose })).max(255),
  strategies: z.array(z.string().max(64)).max(16),
  /** Commands on this seed that are not over. */
  open: z.array(z.object({ id: z.uuid(), type: CommandType, state: z.string().max(32) })).max(32),
  effect_metrics: z.array(MetricKey).max(16),
})
export type SeedChoices = z.infer<typeof SeedChoices>
