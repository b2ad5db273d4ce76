/*
 * commandClerk: says what became of commands: stages on the way, one final outcome, and the first outcome again to whoever repeats.
 * In: identities and replies. Out: messages on the ack topics and to the direct line; what was already said.
 * Invariant: final once per entry; what the bus never took may be told again; critical answers have a way of their own.
 * Source: docs/protocol.md "commands".
 */
import type { Delivery } from '../bus/messageBus.ts'
import { AppError } from '../contracts/appError.ts'
import type { CommandOutcome, OutcomeKind } from '../contracts/outcomes.ts'
import type { Clock } from '../primitives/clock.ts'
import { encodeJson } from '../telemetry/messageWriter.ts'
import type { Outbox } from '../telemetry/outbox.ts'
import { type CommandReply, emptyReply } from './commandTarget.ts'
import { type CommandStage, composeOutcome, composeStage, type OutcomeContext } from './outcome.ts'
import { createOutcomeStore } from './outcomeStore.ts'
import type { CommandIdentity } from './parseDelivery.ts'

export interface HandledCommand {
  readonly commandId: string
  readonly commandType: string
  readonly layerId: string
  readonly kind: OutcomeKind
  readonly code: string | null
  readonly text: string
}

export interface CommandClerkOptions extends OutcomeContext {
  readonly clock: Clock
  readonly outbox: Outbox
  /** Outcomes of stops, resumes and probes do not queue behind others. Default: `outbox`. */
  readonly criticalOutbox?: Outbox | undefined
  /** Gets every message too, before the bus does. */
  readonly tell?: ((outcome: CommandOutcome) => void) | undefined
  readonly onHandled?: ((handled: HandledCommand) => void) | undefined
}

export interface CommandClerk {
  stage(identity: CommandIdentity, stage: CommandStage, layerId: string, critical?: boolean): void
  /** Publishes the final outcome of an ordinary command. @throws BUS_UNAVAILABLE when the bus did not take it: the entry comes again */
  finish(identity: CommandIdentity, reply: CommandReply, layerId: string, delivery: Delivery): Promise<void>
  /**
   * Says it without waiting for the bus: its sender repeats until it hears. Of a command that is worked on at each copy (a stop) the
   * newest result stands; the same result again is told as that of a repeat, and once per entry.
   */
  finishCritical(identity: CommandIdentity, reply: CommandReply, layerId: string, delivery: Delivery): void
  /**
   * Answers from memory. `new`: never said. `said`: this very entry was answered. `repeated`: another entry with the key was, and this
   * one got the same answer.
   */
  recall(
    identity: CommandIdentity,
    layerId: string,
    delivery: Delivery,
    critical: boolean,
  ): Promise<'new' | 'said' | 'repeated'>
}

interface Told {
  readonly commandId: string
  /** The entry that was handled first. */
  readonly entry: string
  /** Whether that entry has its own answer: a repeat may have been answered before it, after a crash. */
  isSaid: boolean
  kind: string
  code: string | null
  text: string
}

const entryOf = (delivery: Delivery): string => `${delivery.topic} ${delivery.cursor}`

/** Creates the clerk of one handler. */
export function createCommandClerk(options: CommandClerkOptions): CommandClerk {
  const { clock, outbox } = options
  const critical = options.criticalOutbox ?? outbox
  /** Outcomes the bus accepted. What is not in here may never have been seen by anybody and is told again as it was. */
  const told = createOutcomeStore<Told>(clock)

  const send = (outcome: CommandOutcome, layerId: string, isCritical: boolean): Promise<boolean> => {
    options.tell?.(outcome)
    const [way, suffix] = isCritical ? [critical, `stop:${layerId}`] : [outbox, `ack:${layerId}`]
    return way.put(`kasmina.ack.layer.${layerId}`, suffix, 'CommandOutcome', encodeJson(outcome))
  }

  const compose = (identity: CommandIdentity, reply: CommandReply, layerId: string, duplicateOf: string | null) => {
    const outcome = composeOutcome({ identity, reply, duplicateOf, layerId }, options)
    const { kind, command_id: commandId, command_type: commandType, text } = outcome
    return { outcome, handled: { commandId, commandType, layerId, kind, code: outcome.code ?? null, text } }
  }

  const remember = (identity: CommandIdentity, reply: CommandReply, layerId: string, delivery: Delivery): void => {
    if (identity.key === null) return
    const code = 'code' in reply ? reply.code : null
    const commandId = reply.first?.commandId ?? identity.commandId
    const entry = reply.first?.entry ?? entryOf(delivery)
    const isSaid = entry === entryOf(delivery)
    const place = `${layerId} ${identity.key}`
    const known = told.get(place)
    if (known) Object.assign(known, { isSaid: known.isSaid || isSaid, kind: reply.kind, code, text: reply.text })
    else told.add(place, { commandId, entry, isSaid, kind: reply.kind, code, text: reply.text })
  }

  const duplicateOf = (reply: CommandReply, delivery: Delivery): string | null =>
    reply.first !== null && reply.first.entry !== entryOf(delivery) ? reply.first.commandId : null

  const publish = async (
    identity: CommandIdentity,
    reply: CommandReply,
    layerId: string,
    repeats: string | null,
  ): Promise<void> => {
    const { outcome, handled } = compose(identity, reply, layerId, repeats)
    // Not acknowledged: the entry comes again, and the target's record answers it then.
    if (!(await send(outcome, layerId, false)))
      throw new AppError('BUS_UNAVAILABLE', 'the outcome could not be published', { ...identity })
    options.onHandled?.(handled)
  }

  const publishCritical = (identity: CommandIdentity, reply: CommandReply, layerId: string, repeats: string | null) => {
    const { outcome, handled } = compose(identity, reply, layerId, repeats)
    void send(outcome, layerId, true)
    options.onHandled?.(handled)
  }

  return {
    stage(identity, stage, layerId, isCritical = false) {
      void send(composeStage(identity, stage, layerId, options), layerId, isCritical)
    },
    async finish(identity, reply, layerId, delivery) {
      await publish(identity, reply, layerId, duplicateOf(reply, delivery))
      remember(identity, reply, layerId, delivery)
    },
    finishCritical(identity, reply, layerId, delivery) {
      const known = identity.key === null ? null : told.get(`${layerId} ${identity.key}`)
      const isSame = known?.kind === reply.kind
      if (isSame && known.isSaid && known.entry === entryOf(delivery)) return
      const repeats = isSame && known.entry !== entryOf(delivery) ? known.commandId : duplicateOf(reply, delivery)
      publishCritical(identity, reply, layerId, repeats)
      remember(identity, reply, layerId, delivery)
    },
    async recall(identity, layerId, delivery, isCritical) {
      const known = identity.key === null ? null : told.get(`${layerId} ${identity.key}`)
      if (!known) return 'new'
      if (known.entry === entryOf(delivery)) return known.isSaid ? 'said' : 'new'
      const details = { outcome: known.kind, outcome_code: known.code, outcome_text: known.text }
      const reply: CommandReply = { kind: 'applied', ...emptyReply('this command was already handled'), details }
      if (isCritical) publishCritical(identity, reply, layerId, known.commandId)
      else await publish(identity, reply, layerId, known.commandId)
      return 'repeated'
    },
  }
}
