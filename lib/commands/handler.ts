/*
 * handler: turns every entry on a control topic into exactly one final CommandOutcome.
 * In: deliveries of the control topics. Out: outcomes on the layer's ack topic; requests to the target.
 * Invariant: no path is silent: garbage, unknown types, expiry, refusals, repeats and crashes are all answered; a repeat is
 * answered as a duplicate and has no effect; the entry is acknowledged only after the bus took its outcome.
 * Source: seed-design.md 3.3; docs/protocol.md "commands".
 */
import type { Delivery, MessageBus, Subscription } from '../bus/messageBus.ts'
import { AppError } from '../contracts/appError.ts'
import { type Command, commandKey } from '../contracts/commands.ts'
import type { OutcomeKind } from '../contracts/outcomes.ts'
import type { Clock } from '../primitives/clock.ts'
import { encodeJson } from '../telemetry/messageWriter.ts'
import type { Outbox } from '../telemetry/outbox.ts'
import { type CommandReply, type CommandTarget, emptyReply, refusal } from './commandTarget.ts'
import { type BusTime, createBusTime, evaluateExpiry } from './expiry.ts'
import { composeOutcome } from './outcome.ts'
import { createOutcomeStore } from './outcomeStore.ts'
import { type CommandIdentity, type Parsed, parseDelivery } from './parseDelivery.ts'

export interface HandledCommand {
  readonly commandId: string
  readonly commandType: string
  readonly layerId: string
  readonly kind: OutcomeKind
  readonly code: string | null
  readonly text: string
}

export interface CommandHandlerOptions {
  readonly bus: MessageBus
  readonly clock: Clock
  readonly outbox: Outbox
  readonly source: string
  readonly layerIds: readonly string[]
  readonly target: CommandTarget
  readonly newId?: () => string
  readonly onHandled?: (handled: HandledCommand) => void
  readonly onError?: (error: AppError) => void
}

export interface CommandHandler {
  start(): Promise<void>
  stop(deadlineMs: number): Promise<void>
}

const GROUP = 'layer-agent'
/** Commands wait for a tick boundary (133 ms at the usual pace); a neighbour must not wait behind them. */
const MAX_IN_FLIGHT = 64
/** Types whose meaning is not built yet are refused by name. NoOp is answered: it proves that somebody listens. */
const SUPPORTED: ReadonlySet<string> = new Set([
  'LifecycleTransitionCommand',
  'BlueprintUpdateCommand',
  'CheckpointCommand',
  'NoOp',
])

/** What was already said about a key on one layer. */
interface Told {
  readonly commandId: string
  readonly kind: string
  readonly code: string | null
  readonly text: string
}

/** Creates the handler of a set of layers; start() subscribes. */
export function createCommandHandler(options: CommandHandlerOptions): CommandHandler {
  const { bus, clock, target, layerIds, outbox } = options
  const busTime: BusTime = createBusTime(bus, clock)
  /** Outcomes the bus accepted. What is not in here may never have been seen by anybody and is told again as it was. */
  const told = createOutcomeStore<Told>(clock)
  const underWay = new Map<string, Promise<void>>()
  const subscriptions: Subscription[] = []

  const judge = async (command: Command, delivery: Delivery, layerId: string | null): Promise<CommandReply> => {
    const wrongLayer = misdirected(command, layerId, layerIds)
    if (wrongLayer) return { ...refusal('rejected', 'CONTRACT_INVALID', wrongLayer), details: { path: 'layer_id' } }
    if (!SUPPORTED.has(command.message_type)) {
      const text = `${command.message_type} is not built; ${[...SUPPORTED].join(', ')} are`
      return refusal('rejected', 'COMMAND_UNSUPPORTED', text)
    }
    const age = await freshness(command, delivery)
    if ('reply' in age) return age.reply
    const expiresAtMs = clock.wallMs() + age.remainingMs
    return target.execute({
      command,
      key: commandKey(command),
      entry: `${delivery.topic} ${delivery.cursor}`,
      expiresAtMs,
    })
  }

  const freshness = async (
    command: Command,
    delivery: Delivery,
  ): Promise<{ readonly reply: CommandReply } | { readonly remainingMs: number }> => {
    const busNowMs = await busTime.nowMs()
    if (busNowMs === null) {
      const text = 'bus time is not available, so the age of the command is unknown'
      return { reply: refusal('rejected', 'BUS_TIMEOUT', text) }
    }
    const { acceptedAtMs } = delivery
    const issuedAtMs = command.timestamp * 1_000
    const verdict = evaluateExpiry({ busNowMs, acceptedAtMs, ttlMs: command.ttl_ms, issuedAtMs })
    switch (verdict.kind) {
      case 'fresh':
        return { remainingMs: verdict.remainingMs }
      case 'expired': {
        // A redelivery after a lost acknowledgement may be old AND applied: the target's record decides, with no time left.
        if (delivery.deliveryCount > 1) return { remainingMs: 0 }
        const text = `accepted ${Math.round(verdict.ageMs)} ms ago, its time was ${command.ttl_ms} ms`
        return { reply: { kind: 'expired', ...emptyReply(text), details: { age_ms: verdict.ageMs } } }
      }
      case 'implausible':
        return { reply: { ...refusal('rejected', 'CONTRACT_INVALID', verdict.text), details: { path: 'timestamp' } } }
    }
  }

  const publishOutcome = async (
    identity: CommandIdentity,
    reply: CommandReply,
    duplicateOf: string | null,
    layerId: string,
  ): Promise<void> => {
    const outcome = composeOutcome({ identity, reply, duplicateOf, layerId }, options)
    const suffix = `ack:${layerId}`
    const accepted = await outbox.put(`kasmina.ack.layer.${layerId}`, suffix, 'CommandOutcome', encodeJson(outcome))
    // Not acknowledged: the entry comes again, and the target's record answers it then.
    if (!accepted) throw new AppError('BUS_UNAVAILABLE', 'the outcome could not be published', { ...identity })
    const { kind, command_id: commandId, command_type: commandType, text } = outcome
    options.onHandled?.({ commandId, commandType, layerId, kind, code: outcome.code ?? null, text })
  }

  const settle = async (
    delivery: Delivery,
    parsed: Parsed,
    layerId: string | null,
    ackLayer: string,
  ): Promise<void> => {
    const { identity } = parsed
    const known = identity.key === null ? null : told.get(`${ackLayer} ${identity.key}`)
    if (known) {
      const details = { outcome: known.kind, outcome_code: known.code, outcome_text: known.text }
      const reply: CommandReply = { kind: 'applied', ...emptyReply('this command was already handled'), details }
      return publishOutcome(identity, reply, known.commandId, ackLayer)
    }
    const reply = 'refused' in parsed ? parsed.refused : await judge(parsed.command, delivery, layerId)
    const repeated = reply.first !== null && reply.first.entry !== `${delivery.topic} ${delivery.cursor}`
    await publishOutcome(identity, reply, repeated ? (reply.first?.commandId ?? null) : null, ackLayer)
    if (identity.key === null) return
    const code = 'code' in reply ? reply.code : null
    const commandId = reply.first?.commandId ?? identity.commandId
    told.add(`${ackLayer} ${identity.key}`, { commandId, kind: reply.kind, code, text: reply.text })
  }

  /** One key at a time: a repeat that arrives while the first waits for its tick is answered behind it. */
  const inTurn = async (key: string | null, work: () => Promise<void>): Promise<void> => {
    if (key === null) return work()
    const before = underWay.get(key)
    const mine = before ? before.then(work, work) : work()
    underWay.set(key, mine)
    try {
      await mine
    } finally {
      if (underWay.get(key) === mine) underWay.delete(key)
    }
  }

  const consume =
    (layerId: string | null) =>
    async (delivery: Delivery): Promise<void> => {
      const ackLayers = layerId === null ? layerIds : [layerId]
      const parsed = parseDelivery(delivery)
      await inTurn(parsed.identity.key, async () => {
        for (const ackLayer of ackLayers) await settle(delivery, parsed, layerId, ackLayer)
      })
    }

  const onError = (error: AppError): void => options.onError?.(error)

  return {
    async start() {
      for (const layerId of layerIds) {
        const topic = `kasmina.control.layer.${layerId}`
        const shared = { mode: 'shared', group: GROUP, from: 'earliest', maxInFlight: MAX_IN_FLIGHT, onError } as const
        subscriptions.push(await bus.subscribe(topic, consume(layerId), shared))
      }
      const broadcast = { mode: 'broadcast', from: 'latest', maxInFlight: MAX_IN_FLIGHT, onError } as const
      subscriptions.push(await bus.subscribe('kasmina.control.all', consume(null), broadcast))
    },
    async stop(deadlineMs) {
      await Promise.all(subscriptions.splice(0).map((subscription) => subscription.stop(deadlineMs)))
    },
  }
}

/** Names the fault when a command asks for another layer than the stream it came on; null when it fits. */
function misdirected(command: Command, layerId: string | null, layerIds: readonly string[]): string | null {
  const asked = 'layer_id' in command ? command.layer_id : null
  if (asked === null || asked === undefined) return null
  if (layerId !== null && asked !== layerId)
    return `the command names layer ${asked} and came on the stream of ${layerId}`
  return layerIds.includes(asked) ? null : `layer ${asked} is not one of ours`
}
