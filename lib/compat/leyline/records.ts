/*
 * records: the JSON-lines records of the newer generation, field by field.
 * In: a parsed line. Out: its envelope and, for the types we draw, its payload.
 * Invariant: a record is refused with the path of the field that fails; types that are not drawn keep their payload opaque; what
 * may be unmeasured is null.
 * Source: docs/protocol.md "leyline events".
 */
import { z } from 'zod'
import { AppError } from '../../contracts/appError.ts'
import { Finite, LogText } from '../../contracts/ids.ts'
import { pathText } from '../../contracts/pathText.ts'

const Text = LogText.max(256)
const Reading = Finite.nullish()
const Count = z.int().min(0)
/** -1 means "not filled in". */
const EnvId = z.int().min(-1).max(100_000)
const Slot = z.string().regex(/^r\d{1,5}c\d{1,5}$/, 'a slot of the form r0c1')
const Stage = z.string().max(32)

const ISO = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:?\d{2})?$/
/** Python writes no zone for naive times; the emitter's are UTC. */
const Moment = z
  .string()
  .regex(ISO, 'a time in ISO 8601')
  .transform((text) => Date.parse(/Z|[+-]\d{2}:?\d{2}$/.test(text) ? text : `${text}Z`) / 1_000)
  .pipe(Finite.min(0))

const Envelope = z.looseObject({
  event_id: Text.min(1),
  event_type: z.string().regex(/^[A-Z][A-Z0-9_]{1,63}$/, 'a name of an event type'),
  timestamp: Moment,
  seed_id: Text.nullish(),
  slot_id: Text.nullish(),
  epoch: Count.nullish(),
  group_id: Text.nullish(),
  message: z.string().max(4_000).nullish(),
  severity: z.enum(['debug', 'info', 'warning', 'error', 'critical']).default('info'),
  data: z.unknown(),
})
export type LeylineEnvelope = z.infer<typeof Envelope>

const inSlot = { slot_id: Slot, env_id: EnvId, episode_idx: Count.nullish() }
const inEnv = { env_id: EnvId, episode_idx: Count.nullish() }

const PAYLOADS = {
  TRAINING_STARTED: z.looseObject({
    task: Text,
    host_params: Count,
    slot_ids: z.array(Slot).min(1).max(4_096),
    seed: z.int(),
    n_envs: z.int().min(1).max(1_024),
    max_epochs: Count,
  }),
  SEED_GERMINATED: z.looseObject({ ...inSlot, blueprint_id: Text.min(1), params: Count.nullish(), alpha: Reading }),
  SEED_STAGE_CHANGED: z.looseObject({
    ...inSlot,
    from_stage: Stage,
    to_stage: Stage,
    alpha: Reading,
    accuracy_delta: Reading,
    epochs_in_stage: Reading,
    grad_ratio: Reading,
  }),
  SEED_FOSSILIZED: z.looseObject({
    ...inSlot,
    blueprint_id: Text.nullish(),
    improvement: Reading,
    counterfactual: Reading,
    blending_delta: Reading,
    alpha: Reading,
  }),
  SEED_PRUNED: z.looseObject({
    ...inSlot,
    reason: z.string().max(2_000),
    blueprint_id: Text.nullish(),
    initiator: Text.nullish(),
    improvement: Reading,
    counterfactual: Reading,
    blending_delta: Reading,
  }),
  SEED_GATE_EVALUATED: z.looseObject({
    ...inSlot,
    gate: Text.min(1).max(64),
    passed: z.boolean(),
    target_stage: Stage,
    checks_passed: z.array(Text).max(64).default([]),
    checks_failed: z.array(Text).max(64).default([]),
  }),
  EPOCH_COMPLETED: z.looseObject({
    ...inEnv,
    val_accuracy: Finite.min(0).max(100).nullable(),
    val_loss: Finite.nullable(),
    inner_epoch: Count,
    train_loss: Reading,
    train_accuracy: Finite.min(0).max(100).nullish(),
    host_grad_norm: Reading,
    seeds: z.record(Slot, z.looseObject({ stage: Stage, blueprint_id: Text.nullish() })).nullish(),
  }),
  COUNTERFACTUAL_MATRIX_COMPUTED: z.looseObject({
    ...inEnv,
    slot_ids: z.array(Slot).min(1).max(64),
    configs: z
      .array(z.looseObject({ seed_mask: z.array(z.boolean()).max(64), accuracy: Finite.min(0).max(100).nullable() }))
      .max(4_096),
  }),
  GOVERNOR_ROLLBACK: z.looseObject({
    ...inEnv,
    reason: z.string().max(2_000),
    loss_at_panic: Reading,
    loss_threshold: Reading,
  }),
  PERFORMANCE_DEGRADATION: z.looseObject({ ...inEnv, current_acc: Reading, rolling_avg_acc: Reading }),
  REWARD_HACKING_SUSPECTED: z.looseObject({
    pattern: Text,
    slot_id: Slot.nullish(),
    ratio: Reading,
    threshold: Reading,
  }),
  GRADIENT_ANOMALY: z.looseObject({ anomaly_type: Text }),
  GRADIENT_PATHOLOGY_DETECTED: z.looseObject({ anomaly_type: Text }),
  NUMERICAL_INSTABILITY_DETECTED: z.looseObject({ anomaly_type: Text }),
  PLATEAU_DETECTED: z.looseObject({ rolling_delta: Reading }),
  DEGRADATION_DETECTED: z.looseObject({ rolling_delta: Reading }),
  IMPROVEMENT_DETECTED: z.looseObject({ rolling_delta: Reading }),
  TAMIYO_INITIATED: z.looseObject({ env_id: EnvId, stable_count: Count.nullish(), val_loss: Reading }),
} as const

export type DrawnType = keyof typeof PAYLOADS
export type PayloadOf<T extends DrawnType> = z.infer<(typeof PAYLOADS)[T]>
/** Every type that is drawn, with its payload. */
export type DrawnRecord = { [T in DrawnType]: { readonly type: T; readonly data: PayloadOf<T> } }[DrawnType]

export interface LeylineRecord {
  readonly envelope: LeylineEnvelope
  /** Null: valid, and kept opaque. */
  readonly drawn: DrawnRecord | null
}

function check<T>(schema: z.ZodType<T>, value: unknown, what: string, at: readonly string[]): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const path = pathText([...at, ...(issue?.path ?? [])])
  throw new AppError('CONTRACT_INVALID', `${what}${path === '' ? '' : ` ${path}`}: ${issue?.message ?? 'invalid'}`, {
    path,
  })
}

/** Reads one record. @throws CONTRACT_INVALID with the failing path */
export function readRecord(value: unknown): LeylineRecord {
  const envelope = check(Envelope, value, 'leyline record', [])
  const type = envelope.event_type
  if (!Object.hasOwn(PAYLOADS, type)) return { envelope, drawn: null }
  const data = check(PAYLOADS[type as DrawnType] as z.ZodType<unknown>, envelope.data, type, ['data'])
  // The key of the table is the discriminant: the schema of a type gives the payload of that type.
  return { envelope, drawn: { type, data } as unknown as DrawnRecord }
}
