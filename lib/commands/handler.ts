/*
 * handler: turns every entry on a control topic into exactly one final CommandOutcome.
 * In: deliveries of the control topics and of the direct line. Out: outcomes on the layer's ack topic; requests to the target.
 * Invariant: no path is silent: garbage, forgery, expiry, refusals, repeats and crashes are all answered; a repeat is answered as a
 * duplicate and has no effect; the entry is acknowledged only after the bus took its outcome; stops overtake everything.
 * Source: seed-design.md 3.3; docs/protocol.md "commands".
 */
import type { Delivery, MessageBus, Subscription } from '../bus/messageBus.ts'
import type { AppError } from '../contracts/appError.ts'
import { type Command, commandKey } from '../contracts/commands.ts'
import type { CommandOutcome } from '../contracts/outcomes.ts'
import type { Clock } from '../primitives/clock.ts'
import type { Outbox } from '../telemetry/outbox.ts'
import { createCommandClerk, type HandledCommand } from './commandClerk.ts'
import { type CommandGate, createCommandGate, type Signed } from './commandGate.ts'
import { type CommandReply, type CommandTarget, emptyReply, refusal } from './commandTarget.ts'
import { type BusTime, createBusTime, evaluateExpiry } from './expiry.ts'
import { type CommandIdentity, parseDelivery } from './parseDelivery.ts'
import { CRITICAL_TYPES, type StopDesk } from './stopDesk.ts'

export interface CommandHandlerOptions {
  readonly bus: MessageBus
  readonly clock: Clock
  readonly outbox: Outbox
  readonly criticalOutbox?: Outbox
  readonly source: string
  readonly layerIds: readonly string[]
  readonly target: CommandTarget
  /** Who may ask for what. Default: nothing is verified. */
  readonly gate?: CommandGate
  /** Stops, resumes and probes. Absent: the first two are not built, and a NoOp goes to the target. */
  readonly desk?: StopDesk
  readonly tell?: (outcome: CommandOutcome) => void
  readonly newId?: () => string
  readonly onHandled?: (handled: HandledCommand) => void
  readonly onError?: (error: AppError) => void
}

/** An entry that came beside the bus: the same bytes, the same signature. */
export interface DirectEntry {
  readonly type: string
  readonly data: Uint8Array
  readonly sig: string
  readonly key: string
}

export interface CommandHandler {
  start(): Promise<void>
  /** Takes an entry from the direct line; a stop in it is at work before anything else is handled. Never throws. */
  receive(entry: DirectEntry): void
  stop(deadlineMs: number): Promise<void>
}

const GROUP = 'layer-agent'
/** Commands wait for a tick boundary (133 ms at the usual pace); a neighbour must not wait behind them. */
const MAX_IN_FLIGHT = 64
const ORDINARY = ['LifecycleTransitionCommand', 'BlueprintUpdateCommand', 'BatchCommand', 'CheckpointCommand', 'NoOp']
const ALL_LAYERS = 'kasmina.control.all'
const UNDATED = 'it does not say when it was issued (issued_bus_ms)'
const OFF_BUS = 'the direct line carries stops, resumes and probes; other commands travel on the bus'

/** One command on its way, with everything that was found out about it. */
interface Job {
  readonly delivery: Delivery
  readonly identity: CommandIdentity
  readonly command: Command
  readonly signed: Signed
  readonly streamLayer: string | null
  readonly isDirect: boolean
}

/** Creates the handler of a set of layers; start() subscribes. */
export function createCommandHandler(options: CommandHandlerOptions): CommandHandler {
  const { bus, clock, target, layerIds, desk } = options
  const gate = options.gate ?? createCommandGate({ layerIds })
  const clerk = createCommandClerk(options)
  const busTime: BusTime = createBusTime(bus, clock)
  const supported = new Set(desk ? [...ORDINARY, ...CRITICAL_TYPES] : ORDINARY)
  const underWay = new Map<string, Promise<void>>()
  const subscriptions: Subscription[] = []
  let startBusMs = Number.NEGATIVE_INFINITY
  let directCount = 0

  const isCritical = (type: string): boolean => desk !== undefined && CRITICAL_TYPES.has(type)
  const onError = (error: AppError): void => options.onError?.(error)

  const unsupported = ({ message_type: type }: Command): CommandReply | null =>
    supported.has(type)
      ? null
      : refusal('rejected', 'COMMAND_UNSUPPORTED', `${type} is not built; ${[...supported].join(', ')} are`)

  /** How long the command may still wait; or why not at all. The line is proven and has no queue: what comes on it is of now. */
  const freshness = async ({
    command,
    delivery,
    isDirect,
    signed,
  }: Job): Promise<CommandReply | { readonly remainingMs: number }> => {
    if (isDirect) return { remainingMs: command.ttl_ms }
    const issuedBusMs = command.issued_bus_ms ?? null
    // A signed entry that was kept from the bus gets a new place on it whenever somebody adds it: its date must be in what is signed.
    if (signed !== null && issuedBusMs === null && command.message_type !== 'NoOp')
      return { ...refusal('rejected', 'CONTRACT_INVALID', UNDATED), details: { path: 'issued_bus_ms' } }
    const busNowMs = await busTime.nowMs()
    if (busNowMs === null)
      return refusal('rejected', 'BUS_TIMEOUT', 'bus time is not available, so the age of the command is unknown')
    const { acceptedAtMs } = delivery
    const issuedAtMs = command.timestamp * 1_000
    const verdict = evaluateExpiry({ busNowMs, acceptedAtMs, ttlMs: command.ttl_ms, issuedBusMs, issuedAtMs })
    switch (verdict.kind) {
      case 'fresh':
        return { remainingMs: verdict.remainingMs }
      case 'expired': {
        const since = issuedBusMs !== null && issuedBusMs < acceptedAtMs ? 'issued' : 'accepted'
        const text = `${since} ${Math.round(verdict.ageMs)} ms ago, its time was ${command.ttl_ms} ms`
        return { kind: 'expired', ...emptyReply(text), details: { age_ms: verdict.ageMs } }
      }
      case 'implausible':
        return { ...refusal('rejected', 'CONTRACT_INVALID', verdict.text), details: { path: 'timestamp' } }
    }
  }

  const ask = (job: Job, layerId: string, remainingMs: number | null): Promise<CommandReply> => {
    const { command, delivery, signed, identity } = job
    // Parts of the way are told of what people ask for; the controller only waits for the end.
    const isFollowed = signed?.scope === 'gateway' && remainingMs !== null
    return target.execute({
      command,
      key: commandKey(command),
      entry: `${delivery.topic} ${delivery.cursor}`,
      expiresAtMs: clock.wallMs() + (remainingMs ?? 0),
      layerId,
      ...(remainingMs === null ? { onlyKnown: true } : {}),
      ...(isFollowed ? { onStage: (stage) => clerk.stage(identity, stage, layerId) } : {}),
    })
  }

  /** A refusal for what may have had its effect already: then the record of it is the answer. */
  const unlessKnown = async (job: Job, layerId: string, refused: CommandReply): Promise<CommandReply> => {
    const stored = await ask(job, layerId, null)
    return stored.first === null ? refused : stored
  }

  const judge = async (job: Job, layerId: string, refused: CommandReply | null): Promise<CommandReply> => {
    const mayBeKnown = job.delivery.deliveryCount > 1
    const early = refused ?? gate.free(job.command, layerId)
    if (early) {
      const isStale = 'code' in early && early.code === 'COMMAND_STALE'
      return mayBeKnown || isStale ? unlessKnown(job, layerId, early) : early
    }
    if (job.signed?.scope === 'gateway') clerk.stage(job.identity, 'received', layerId)
    const age = await freshness(job)
    // A redelivery after a lost acknowledgement may be old AND applied.
    if ('kind' in age) return mayBeKnown ? unlessKnown(job, layerId, age) : age
    return ask(job, layerId, age.remainingMs)
  }

  const settle = async (job: Job): Promise<void> => {
    const { delivery, identity, command, streamLayer } = job
    const critical = isCritical(command.message_type)
    const layers = streamLayer === null ? layerIds : [streamLayer]
    if (isStop(command)) return overtake(job, layers, admit(job))
    const fresh: string[] = []
    for (const layerId of layers)
      if ((await clerk.recall(identity, layerId, delivery, critical)) === 'new') fresh.push(layerId)
    if (fresh.length === 0) return
    const refused = admit(job)
    if (critical) return overtake(job, fresh, refused)
    for (const layerId of fresh) await clerk.finish(identity, await judge(job, layerId, refused), layerId, delivery)
  }

  /** What came of an earlier copy is no answer to a stop: each copy halts again, and is told how it stands now. */
  const isStop = (command: Command): boolean => desk !== undefined && command.message_type === 'EmergencyStopCommand'

  const admit = ({ command, streamLayer, signed, delivery, isDirect }: Job): CommandReply | null =>
    gate.admit(command, streamLayer, signed) ??
    unsupported(command) ??
    (isDirect && !isCritical(command.message_type) ? refusal('rejected', 'COMMAND_UNSUPPORTED', OFF_BUS) : null) ??
    gate.inOrder(command, streamLayer, signed, delivery.deliveryCount > 1)

  /** Stops, resumes, probes. A stop asks nobody for the time. */
  const overtake = async (job: Job, layers: readonly string[], refused: CommandReply | null): Promise<void> => {
    const { command, delivery, identity, signed } = job
    const say = (reply: (layerId: string) => CommandReply): void => {
      for (const layerId of layers) clerk.finishCritical(identity, reply(layerId), layerId, delivery)
    }
    if (refused) return say(() => refused)
    if (command.message_type !== 'EmergencyStopCommand') {
      const age = await freshness(job)
      if ('kind' in age) return say(() => age)
    }
    const work = desk!.work(command, layers, signed !== null)
    if (work.accepted && command.message_type !== 'NoOp')
      for (const layerId of layers) clerk.stage(identity, 'received', layerId, true)
    const replies = await work.replies
    say((layerId) => replies.get(layerId) ?? refusal('failed', 'INTERNAL', 'the desk gave no answer'))
    work.afterwards?.()
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

  /** What nobody we trust signed is answered by its place alone: an id it claims may be that of a true command. */
  const answerStranger = async (
    delivery: Delivery,
    streamLayer: string | null,
    refused: CommandReply,
  ): Promise<void> => {
    const claimed = parseDelivery(delivery).identity
    const identity = { ...claimed, commandId: `entry:${delivery.cursor}`, key: null }
    const reply = { ...refused, details: { path: 'sig', claimed_id: claimed.commandId } }
    for (const layerId of streamLayer === null ? layerIds : [streamLayer])
      await clerk.finish(identity, reply, layerId, delivery)
  }

  const handle = async (delivery: Delivery, streamLayer: string | null, isDirect = false): Promise<void> => {
    const proof = gate.authenticate(delivery)
    if ('refused' in proof) return answerStranger(delivery, streamLayer, proof.refused)
    const parsed = parseDelivery(delivery)
    const { identity } = parsed
    if ('command' in parsed) {
      const { command } = parsed
      const destination = isDirect ? (('layer_id' in command ? command.layer_id : null) ?? null) : streamLayer
      const job: Job = { delivery, identity, command, signed: proof.signed, streamLayer: destination, isDirect }
      // A stop waits for no copy of itself either: the one before may be waiting for a trainer that does not answer.
      if (isStop(command)) return settle(job)
      return inTurn(identity.key, () => settle(job))
    }
    await inTurn(identity.key, async () => {
      for (const layerId of streamLayer === null ? layerIds : [streamLayer]) {
        if ((await clerk.recall(identity, layerId, delivery, false)) === 'new')
          await clerk.finish(identity, parsed.refused, layerId, delivery)
      }
    })
  }

  /** Its own reader of the stream, which looks at critical entries alone: they never wait for others to be settled. */
  const watch =
    (streamLayer: string | null) =>
    (delivery: Delivery): Promise<void> | void => {
      if (!isCritical(delivery.type)) return
      if (delivery.acceptedAtMs < startBusMs && isHistory(delivery, streamLayer)) return
      return handle(delivery, streamLayer)
    }

  /** Stops of the time before us that are over or known, and everything else of that time: nobody waits for an answer. */
  const isHistory = (delivery: Delivery, streamLayer: string | null): boolean => {
    if (delivery.type === 'NoOp' || 'refused' in gate.authenticate(delivery)) return true
    const parsed = parseDelivery(delivery)
    return !('command' in parsed) || desk!.isIdle(parsed.command, streamLayer === null ? layerIds : [streamLayer])
  }

  const subscribeCritical = async (): Promise<void> => {
    if (!desk) return
    startBusMs = (await busTime.nowMs()) ?? Number.NEGATIVE_INFINITY
    // What was said to everybody while we were away is read again: a stop must not be missed by being down.
    const from = Number.isFinite(startBusMs) ? 'earliest' : 'latest'
    const shared = { mode: 'broadcast', maxInFlight: MAX_IN_FLIGHT, onError } as const
    subscriptions.push(await bus.subscribe(ALL_LAYERS, watch(null), { ...shared, from }))
    for (const layerId of layerIds)
      subscriptions.push(await bus.subscribe(topicOf(layerId), watch(layerId), { ...shared, from: 'latest' }))
  }

  return {
    async start() {
      await subscribeCritical()
      for (const layerId of layerIds) {
        const shared = { mode: 'shared', group: GROUP, from: 'earliest', maxInFlight: MAX_IN_FLIGHT, onError } as const
        subscriptions.push(await bus.subscribe(topicOf(layerId), (delivery) => handle(delivery, layerId), shared))
      }
      const broadcast = { mode: 'broadcast', from: 'latest', maxInFlight: MAX_IN_FLIGHT, onError } as const
      const others = (delivery: Delivery): Promise<void> | void =>
        isCritical(delivery.type) ? undefined : handle(delivery, null)
      subscriptions.push(await bus.subscribe(ALL_LAYERS, others, broadcast))
    },
    receive({ type, data, sig, key }) {
      const cursor = `direct-${++directCount}`
      const head = {
        type,
        data,
        sig,
        key,
        enc: 'json',
        cursor,
        acceptedAtMs: clock.wallMs(),
        deliveryCount: 1,
      } as const
      const layerId = layerIds[0] ?? ''
      const topic = type === 'NoOp' || isCritical(type) ? ALL_LAYERS : topicOf(layerId)
      // Nothing redelivers here: whoever sent it sends it again.
      handle({ ...head, topic }, null, true).catch(() => undefined)
    },
    async stop(deadlineMs) {
      await Promise.all(subscriptions.splice(0).map((subscription) => subscription.stop(deadlineMs)))
    },
  }
}

const topicOf = (layerId: string): string => `kasmina.control.layer.${layerId}`
