/*
 * commandSide: everything of an agent that commands touch, put together: gate, desk, latches, lease, direct line, handler.
 * In: a line to the trainer, its switches, and what is known of the gateway. Out: commands that are answered; what stands still.
 * Invariant: a kept stop holds before the first entry is read; without a gateway there is no dead man's switch and nothing is verified.
 * Source: docs/protocol.md "commands", "emergency stop", "leases"; docs/adr/0012-stop-and-lease.md.
 */
import { decodeEntry } from '../bus/codec.ts'
import type { MessageBus, Subscription } from '../bus/messageBus.ts'
import { createAuditWitness, type AuditRollback } from '../commands/auditWitness.ts'
import type { HandledCommand } from '../commands/commandClerk.ts'
import { createCommandGate } from '../commands/commandGate.ts'
import { createCommandOrder } from '../commands/commandOrder.ts'
import { createCommandHandler, type DirectEntry } from '../commands/handler.ts'
import type { Verifier } from '../commands/signing.ts'
import { createStopDesk, readLatchStore } from '../commands/stopDesk.ts'
import { createStopLatch, type LatchStore } from '../commands/stopLatch.ts'
import { AppError, isAppError } from '../contracts/appError.ts'
import type { Command } from '../contracts/commands.ts'
import type { Heartbeat, LeaseState } from '../contracts/control.ts'
import { TOPICS } from '../contracts/topics.ts'
import type { Clock } from '../primitives/clock.ts'
import { createOutbox, type Outbox } from '../telemetry/outbox.ts'
import { createDirectLine, type DirectLineOptions } from './directLine.ts'
import { createLeaseWatch, type LeasePolicy } from './leaseWatch.ts'
import type { TrainerLink } from './trainerLink.ts'
import { createTrainerBrake, createTrainerTarget } from './trainerTarget.ts'

/** What an agent knows of its gateway. */
export interface GuardOptions {
  readonly verify: Verifier
  /** Ids of the gateway keys among those the verifier trusts: a gateway of another installation learns that it is not meant. */
  readonly gatewayKeys: readonly string[]
  /** Where stops and order survive a restart; null = nowhere. */
  readonly store: LatchStore | null
  /** Null: this run asks for no lease. */
  readonly lease: { readonly policies?: Readonly<Record<string, LeasePolicy>> } | null
  /** Null: the bus alone. */
  readonly line: Pick<DirectLineOptions, 'address' | 'secret'> | null
}

export interface CommandSideOptions {
  readonly bus: MessageBus
  readonly clock: Clock
  readonly outbox: Outbox
  readonly source: string
  readonly epoch: number
  readonly runId: string
  readonly layerIds: readonly string[]
  readonly trainer: TrainerLink
  readonly switches?: SharedArrayBuffer
  /** Lets the training thread go first while a stop waits for it. */
  readonly hurry?: (urgent: boolean) => void
  readonly guard?: GuardOptions
  readonly newId?: () => string
  /** Told before the trainer is asked. */
  readonly onCommand: (command: Command) => void
  readonly onHandled: (handled: HandledCommand) => void
  readonly onError: (error: AppError) => void
  /** The audit trail that commands carry is smaller, or other, than it was. */
  readonly onRollback: (found: AuditRollback) => void
  /** Something began or ended to stand still, or the lease did. */
  readonly onChange: () => void
  readonly onLine: (up: boolean, reason: string) => void
}

export interface CommandSide {
  start(): Promise<void>
  stop(deadlineMs: number): Promise<void>
  /** What a heartbeat says of it. */
  standing(): {
    readonly stop_epoch: number | null
    readonly lease: LeaseState | null
    readonly lease_age_ms: number | null
    readonly gateway_keys: readonly string[] | null
  }
  heartbeat(message: object): void
}

/** What was heard is written down this long after it at the latest; a stop at once. */
const KEEP_MS = 200
/** Destination under which the start of the gateway is remembered from its leases. */
const LEASE_PLACE = 'lease'

/** Creates the command side of an agent; start() subscribes. */
export function createCommandSide(options: CommandSideOptions): CommandSide {
  const { bus, clock, outbox, layerIds, trainer, guard, onChange } = options
  const onError = (error: unknown): void =>
    options.onError(isAppError(error) ? error : new AppError('INTERNAL', 'keeping stops failed', {}, error))
  const kept = readLatchStore(guard?.store ?? null, onError)
  const latch = createStopLatch(layerIds, kept.layers)
  // What can not be read may have been a stop.
  if (kept.damaged) for (const layerId of layerIds) latch.stop(layerId, null)
  const order = createCommandOrder(kept.order)
  const witness = createAuditWitness(kept.witnessed ?? null)
  const criticalOutbox = createOutbox({ bus, clock, src: options.source, epoch: options.epoch })
  const subscriptions: Subscription[] = []
  let undoKeep: (() => void) | null = null

  const { hurry } = options
  const brake = options.switches
    ? createTrainerBrake({ buffer: options.switches, layerIds, trainer, clock, hurry })
    : null
  const desk = brake
    ? createStopDesk({
        latch,
        brake,
        store: guard?.store ?? null,
        order: () => order.kept(),
        witnessed: () => witness.kept(),
        onChange,
        onError,
      })
    : null

  const keepSoon = (): void => {
    undoKeep ??= clock.after(KEEP_MS, () => {
      undoKeep = null
      desk?.persist(false)
    })
  }
  const numbered = {
    ...order,
    take: (question: Parameters<typeof order.take>[0]) => {
      order.take(question)
      keepSoon()
    },
  }

  /** What a command says of the audit trail is believed because its signature was. */
  const onHeard = ({ audit_size: size, audit_root: root, timestamp }: Command): void => {
    if (typeof size !== 'number' || typeof root !== 'string') return
    const found = witness.see({ size, root, atMs: timestamp * 1_000 })
    if (found !== null) options.onRollback(found)
  }

  const leaseEpoch = Math.max(
    0,
    ...Object.entries(kept.order).map(([place, { epoch }]) => (place.endsWith(` ${LEASE_PLACE}`) ? epoch : 0)),
  )
  const allow = (): void => {
    if (!lease) return
    brake?.allow({ structure: layerIds.map((id) => lease.stateOf(id) === 'ok'), steps: lease.state() !== 'paused' })
    onChange()
  }
  const lease =
    guard?.lease && brake
      ? createLeaseWatch({
          clock,
          layerIds,
          epoch: leaseEpoch,
          onChange: allow,
          ...(guard.lease.policies ? { policies: guard.lease.policies } : {}),
        })
      : null

  /** A lease counts when the gateway signed it as one and it is newer than all before. */
  const onLease = ({
    data,
    sig,
    key,
  }: Pick<DirectEntry, 'data'> & { readonly sig?: string; readonly key?: string }): void => {
    const verdict = guard?.verify('morph-lease-v1', data, sig, key)
    if (!lease || !verdict?.ok || verdict.scope !== 'gateway') return
    const head = { topic: TOPICS.lease.pattern, type: 'Lease', enc: 'json', data, cursor: '', acceptedAtMs: 0 } as const
    const decoded = decodeEntry(head)
    if (decoded.kind !== 'message' || decoded.message.message_type !== 'Lease') return
    const { gateway_epoch: epoch, counter, state } = decoded.message
    if (typeof epoch !== 'number' || typeof counter !== 'number' || state === 'released') return
    const before = lease.epoch
    if (lease.renew(epoch, counter) && epoch > before)
      numbered.take({ keyId: verdict.keyId, destination: LEASE_PLACE, epoch, seq: 0 })
  }

  const line = guard?.line
    ? createDirectLine({
        clock,
        ...guard.line,
        verify: guard.verify,
        agentId: options.source,
        runId: options.runId,
        layerIds,
        onEntry: (entry) => quietly(() => (entry.type === 'Lease' ? onLease(entry) : handler.receive(entry))),
        onState: options.onLine,
      })
    : null

  const handler = createCommandHandler({
    bus,
    clock,
    outbox,
    criticalOutbox,
    source: options.source,
    layerIds,
    target: createTrainerTarget({ trainer, layerIds, brake, onCommand: options.onCommand }),
    gate: createCommandGate({
      layerIds,
      latch: desk ? latch : undefined,
      lease: lease ? (layerId) => lease.stateOf(layerId) : undefined,
      ...(guard ? { verify: guard.verify, order: numbered, onHeard } : {}),
    }),
    ...(desk ? { desk } : {}),
    ...(line ? { tell: (outcome) => line.ack(outcome) } : {}),
    ...(options.newId ? { newId: options.newId } : {}),
    onHandled: options.onHandled,
    onError: options.onError,
  })

  const quietly = (work: () => void): void => {
    try {
      work()
    } catch (error) {
      onError(error)
    }
  }

  return {
    async start() {
      // First of all: what was stopped when we were last here stands still before anything is heard.
      if (brake) void brake.apply(latch.stopped(), [])
      if (kept.damaged) desk?.persist(true)
      line?.start()
      if (lease) {
        const broadcast = { mode: 'broadcast', from: 'latest', onError: options.onError } as const
        subscriptions.push(
          await bus.subscribe(TOPICS.lease.pattern, (entry) => quietly(() => onLease(entry)), broadcast),
        )
      }
      await handler.start()
    },
    async stop(deadlineMs) {
      lease?.stop()
      await Promise.all([handler.stop(deadlineMs), ...subscriptions.splice(0).map((each) => each.stop(deadlineMs))])
      line?.stop()
      await criticalOutbox.stop(deadlineMs)
      if (undoKeep) {
        undoKeep()
        desk?.persist(true)
      }
    },
    standing: () => ({
      stop_epoch: desk ? latch.epoch : null,
      lease: lease?.state() ?? null,
      lease_age_ms: lease?.ageMs() ?? null,
      gateway_keys: guard?.gatewayKeys ?? null,
    }),
    heartbeat: (message) => line?.heartbeat(message as Heartbeat),
  }
}
