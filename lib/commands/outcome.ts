/*
 * outcome: writes the one final CommandOutcome of a command.
 * In: who asked, what the target replied, and of what it is a repeat. Out: a message that passes the contract.
 * Invariant: text from outside is cut and cleaned before it travels on; code is always a catalogue code.
 * Source: seed-design.md 3.3; docs/protocol.md "commands".
 */
import type { CommandOutcome } from '../contracts/outcomes.ts'
import { createMessageWriter } from '../telemetry/messageWriter.ts'
import type { Clock } from '../primitives/clock.ts'
import type { CommandReply } from './commandTarget.ts'
import type { CommandIdentity } from './parseDelivery.ts'

export interface OutcomeParts {
  readonly identity: CommandIdentity
  readonly reply: CommandReply
  /** message_id of the command this one repeats; null when it is the first. */
  readonly duplicateOf: string | null
  readonly layerId: string
}

export interface OutcomeContext {
  readonly clock: Clock
  readonly source: string
  readonly newId?: (() => string) | undefined
}

const MAX_TEXT = 500

/** Replaces what Prose refuses: control, bidirectional and invisible characters could forge log lines and labels. */
export function toProse(text: string): string {
  // eslint-disable-next-line no-control-regex -- these are exactly the characters to remove
  return text
    .slice(0, MAX_TEXT)
    .replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g, ' ')
}

/** The thread of the command goes on in what is said of it; one that names none is a thread of its own. */
const threadOf = ({ commandId, correlationId }: CommandIdentity) => ({
  correlation_id: correlationId ?? commandId,
  causation_id: commandId,
})

/** Parts of the way of a command before its one final outcome. */
export type CommandStage = 'received' | 'queued' | 'started'

/** Composes the word that a command has come this far; the final outcome follows. Never throws. */
export function composeStage(
  identity: CommandIdentity,
  stage: CommandStage,
  layerId: string,
  context: OutcomeContext,
): CommandOutcome {
  const head = createMessageWriter(context.source, context.clock, context.newId).compose('CommandOutcome', {
    message_type: 'CommandOutcome' as const,
    ...threadOf(identity),
    metadata: {},
    command_id: identity.commandId,
    command_type: identity.commandType,
    layer_id: layerId,
    seed_id: identity.seedId,
    text: stage,
    execution_time_ms: 0,
    details: { stage },
  })
  return { ...head, kind: 'accepted' }
}

/** Composes the outcome; never throws. */
export function composeOutcome(
  { identity, reply, duplicateOf, layerId }: OutcomeParts,
  context: OutcomeContext,
): CommandOutcome {
  const head = createMessageWriter(context.source, context.clock, context.newId).compose('CommandOutcome', {
    message_type: 'CommandOutcome' as const,
    ...threadOf(identity),
    metadata: {},
    command_id: identity.commandId,
    command_type: identity.commandType,
    layer_id: layerId,
    seed_id: identity.seedId,
    text: toProse(reply.text),
    state: reply.state,
    generation: reply.generation,
    execution_time_ms: Math.max(0, reply.executionMs),
    issued_at: identity.issuedAtS,
    details: { ...reply.details },
    step: reply.step,
    tick: reply.tick,
  })
  if (duplicateOf !== null)
    return {
      ...head,
      kind: 'duplicate',
      code: 'COMMAND_DUPLICATE',
      duplicate_of: duplicateOf,
      details: withOriginal(reply),
    }
  switch (reply.kind) {
    case 'applied':
      return { ...head, kind: 'applied' }
    case 'expired':
      return { ...head, kind: 'expired', code: 'COMMAND_EXPIRED', age_ms: ageOf(reply) }
    case 'cancelled':
    case 'rejected':
    case 'failed':
      return { ...head, kind: reply.kind, code: reply.code }
  }
}

function withOriginal(reply: CommandReply): Record<string, unknown> {
  const original = {
    outcome: reply.kind,
    outcome_code: 'code' in reply ? reply.code : null,
    outcome_text: toProse(reply.text),
  }
  return { ...original, ...reply.details }
}

function ageOf(reply: CommandReply): number | null {
  const age = reply.details['age_ms']
  return typeof age === 'number' ? age : null
}
