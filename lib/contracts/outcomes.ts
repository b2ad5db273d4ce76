/*
 * Answers to commands: exactly one final CommandOutcome per command, and the CommandResult of version 1.0 layers.
 * In: zod. Out: CommandOutcome (union by kind), CommandResult, isFinalOutcome.
 * Invariant: every path answers, also unknown types, invalid payloads, expiry and recovered crashes; UNKNOWN is never sent,
 * it exists only on the issuing side until telemetry settles it.
 * Source: docs/protocol.md "commands"; seed-design.md 3.3.
 */
import { z } from 'zod'
import { BaseMessage, FreeRecord, Label, OptionalProse } from './envelope.ts'
import { Finite, LayerId, Prose, SeedId, Step, UnixSeconds, WireId } from './ids.ts'
import { SeedState } from './lifecycle.ts'

const OutcomeBase = BaseMessage.extend({
  message_type: z.literal('CommandOutcome'),
  /** message_id of the command. */
  command_id: Label,
  command_type: WireId,
  layer_id: LayerId.nullish(),
  seed_id: SeedId.nullish(),
  /** Catalogue code for everything that was not applied. */
  code: z
    .string()
    .regex(/^[A-Z][A-Z_]{1,63}$/)
    .nullish(),
  text: OptionalProse,
  /** State and life of the seed when the outcome was made. */
  state: SeedState.nullish(),
  generation: z.int().min(0).nullish(),
  execution_time_ms: Finite.min(0).default(0),
  /** When its issuer stamped the command, by the issuer's clock: any reader can tell how long the answer took. */
  issued_at: UnixSeconds.nullish(),
  details: FreeRecord.default({}),
  step: Step.nullish(),
  tick: Step.nullish(),
})

const code = z.string().regex(/^[A-Z][A-Z_]{1,63}$/)

export const CommandOutcome = z.discriminatedUnion('kind', [
  /** Received and legal; the final outcome follows. */
  OutcomeBase.extend({ kind: z.literal('accepted') }),
  OutcomeBase.extend({ kind: z.literal('rejected'), code }),
  OutcomeBase.extend({ kind: z.literal('applied') }),
  OutcomeBase.extend({ kind: z.literal('failed'), code }),
  OutcomeBase.extend({ kind: z.literal('expired'), age_ms: Finite.min(0).nullish() }),
  OutcomeBase.extend({ kind: z.literal('duplicate'), duplicate_of: Label }),
  OutcomeBase.extend({ kind: z.literal('superseded'), superseded_by: Label.nullish() }),
  OutcomeBase.extend({ kind: z.literal('cancelled') }),
])
export type CommandOutcome = z.infer<typeof CommandOutcome>
export type OutcomeKind = CommandOutcome['kind']

/** Tells whether the outcome closes its command; only `accepted` does not. */
export function isFinalOutcome(kind: OutcomeKind): boolean {
  return kind !== 'accepted'
}

/** The answer of version 1.0 layers; its metadata.correlation_id is the command's message id. */
export const CommandResult = BaseMessage.extend({
  message_type: z.literal('CommandResult'),
  success: z.boolean(),
  error: Prose.nullish(),
  details: FreeRecord.default({}),
  execution_time_ms: Finite.min(0).default(0),
})
export type CommandResult = z.infer<typeof CommandResult>
