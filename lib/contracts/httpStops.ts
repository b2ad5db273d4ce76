/*
 * The HTTP contract of the emergency stop and of the way back: who was told, who obeyed, what must hold before anything runs again.
 * In: zod. Out: StopRequest, StopMatrix, ResumeChecklist, ResumeRequest.
 * Invariant: a stop needs nothing but a scope; a layer that has not confirmed is never shown as stopped; a resume needs two persons.
 * Source: docs/commands.md "emergency stop", "resume".
 */
import { z } from 'zod'
import { Count, Reading } from './httpShapes.ts'
import { Finite, Fraction, LayerId, Prose } from './ids.ts'

const At = z.iso.datetime()
const MaybeAt = At.nullable()

export const StopScope = z.union([z.literal('all'), z.array(LayerId).min(1).max(4_096)])
export type StopScope = z.infer<typeof StopScope>

export const StopRequest = z.object({
  scope: StopScope,
  reason: Prose.max(500).default(''),
  /** Sent twice on two ways it is one stop. */
  key: z.string().min(8).max(128).optional(),
  mode: z.enum(['freeze']).default('freeze'),
})
export type StopRequest = z.infer<typeof StopRequest>

/** 202: it is on its way; the matrix says who has it. */
export const StopTaken = z.object({
  id: z.uuid(),
  layers: Count,
  /** Queued commands in scope that will not be sent. */
  cancelled: z.array(z.object({ id: z.uuid(), text: Prose })).max(512),
  /** What did not work beside the stop itself, in words: no audit, no records. */
  warnings: z.array(Prose).max(8),
})
export type StopTaken = z.infer<typeof StopTaken>

export const StopLayer = z.object({
  layer_id: LayerId,
  sent_at: MaybeAt,
  accepted_at: MaybeAt,
  applied_at: MaybeAt,
  /** Two fresh frames without a transition. */
  verified_at: MaybeAt,
  path: z.enum(['bus', 'socket', 'both']).nullable(),
  /** unknown: a v2 layer, which never answers. resumed: it runs again. */
  state: z.enum(['waiting', 'sent', 'accepted', 'applied', 'verified', 'unreachable', 'unknown', 'resumed']),
  /** Sent to applied; null while it is not. */
  ms: Reading,
  resends: Count,
  text: Prose,
})
export type StopLayer = z.infer<typeof StopLayer>

export const StopMatrix = z.object({
  id: z.uuid(),
  scope: StopScope,
  at: At,
  by: z.string().max(128),
  reason: Prose,
  stop_epoch: Count.nullable(),
  /** Layers that have not confirmed come first. */
  layers: z.array(StopLayer).max(4_096),
  applied: Count,
  missing: Count,
  worst_ms: Reading,
  complete: z.boolean(),
  cancelled: z.array(z.object({ id: z.uuid(), text: Prose })).max(512),
  warnings: z.array(Prose).max(8),
  audit_seq: Count.nullable(),
  /** The command line that sends it again, for the layers that are missing. */
  cli: z.string().max(512),
  /** When it was lifted; null while it holds. */
  resumed_at: MaybeAt,
})
export type StopMatrix = z.infer<typeof StopMatrix>

export const StopList = z.object({ stops: z.array(StopMatrix).max(64) })
export type StopList = z.infer<typeof StopList>

export const StopReason = z.object({ reason: Prose.min(1).max(500) })
export type StopReason = z.infer<typeof StopReason>

export const ChecklistItem = z.object({
  key: z.enum(['telemetry', 'breakers', 'unknown', 'readiness', 'alerts', 'cause']),
  text: Prose,
  /** Null: it can not be told now, which does not pass. */
  passed: z.boolean().nullable(),
  detail: Prose,
  /** Filled by the server, or to be said by a person. */
  by: z.enum(['server', 'person']),
})
export type ChecklistItem = z.infer<typeof ChecklistItem>

export const ResumeChecklist = z.object({
  at_ms: Finite,
  /** The stop that would be answered; null: nothing is stopped. */
  stop: StopMatrix.nullable(),
  items: z.array(ChecklistItem).max(16),
  ready: z.boolean(),
  approvals_needed: Count,
  approval_ms: Count,
  ramp: z.object({ hold_s: Count, health_floor: Fraction, waves: z.array(Count).max(8) }),
})
export type ResumeChecklist = z.infer<typeof ResumeChecklist>

export const ResumeRequest = z.object({
  /** The stop it answers. */
  stop_id: z.uuid(),
  reason: Prose.min(3).max(500),
  /** What only a person can say. */
  confirmed: z.array(z.enum(['alerts', 'cause'])).max(2),
  ramp: z
    .object({
      /** How long each wave is watched before the next, s. */
      hold_s: z.int().min(2).max(600).default(10),
      /** Mean health of the resumed layers under which the ramp halts itself. */
      health_floor: Fraction.default(0.2),
    })
    .prefault({}),
})
export type ResumeRequest = z.infer<typeof ResumeRequest>
