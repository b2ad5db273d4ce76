/*
 * issuer: publishes commands and follows each to its one outcome.
 * In: what to ask of which layer; outcomes seen on the ack topics. Out: entries on the control topics; settled commands.
 * Invariant: an intent (`key`) under way is never issued again; a command without an outcome after ttl and grace is UNKNOWN, never failed,
 * and only what telemetry shows settles it.
 * Source: seed-design.md 3.3; docs/protocol.md "commands".
 */
import type { LifecycleTransitionCommand } from '../contracts/commands.ts'
import { type CommandOutcome, isFinalOutcome, type OutcomeKind } from '../contracts/outcomes.ts'
import type { Clock } from '../primitives/clock.ts'
import { createMessageWriter, encodeJson } from '../telemetry/messageWriter.ts'
import type { Outbox } from '../telemetry/outbox.ts'
import type { Signer } from './signing.ts'

export interface TransitionOrder {
  /** Names the intent; at most one command per intent is under way. */
  readonly key: string
  readonly layerId: string
  readonly seedId: number
  readonly targetState: LifecycleTransitionCommand['target_state']
  readonly expect: { readonly fromState: LifecycleTransitionCommand['target_state']; readonly generation: number }
  readonly reason: string
  readonly parameters: Readonly<Record<string, unknown>>
  readonly correlationId: string
  /** The entry it was decided from, as `topic@entry`. */
  readonly causationId?: string
  readonly ttlMs: number
  readonly runId: string
}

export interface SettledCommand {
  readonly key: string
  readonly commandId: string
  readonly layerId: string
  readonly seedId: number
  /** `unknown`: no outcome came in time, or the bus never took the command. */
  readonly kind: OutcomeKind | 'unknown'
  readonly code: string | null
  readonly text: string
  readonly latencyMs: number
}

export interface CommandIssuer {
  /** Sends one command; returns its id, or null when this intent is already under way, or a signed one could not be dated. */
  issue(order: TransitionOrder): string | null
  /** Takes an outcome from the ack topic; false when it answers nothing of ours (or answers it again). */
  settle(outcome: CommandOutcome): boolean
  /** Marks what is overdue as unknown. Call at each observation. */
  sweep(): void
  /** Forgets everything under way: the run they were meant for is gone. */
  clear(): void
  readonly underWay: number
}

export interface CommandIssuerOptions {
  readonly clock: Clock
  readonly outbox: Outbox
  readonly source: string
  readonly issuedBy: string
  /** This start of the issuer; grows. */
  readonly epoch: number
  readonly signer?: Signer
  /** The bus server's clock now, Unix ms; null when it is not known. What is signed is dated by it, so without it nothing signed is issued. */
  readonly busNowMs: () => number | null
  readonly newId?: () => string
  readonly onSettled: (settled: SettledCommand) => void
}

interface Open {
  readonly order: TransitionOrder
  readonly commandId: string
  readonly sinceMs: number
  /** Monotonic ms after which silence means unknown; null until the bus accepted the command: the ttl starts there. */
  overdueMs: number | null
}

/** Outcomes travel through the same bus: a reply may take as long as a short outage. */
const GRACE_MS = 5_000

/** Creates an issuer; it holds no timer, sweep() judges lateness. */
export function createCommandIssuer(options: CommandIssuerOptions): CommandIssuer {
  const { clock, outbox } = options
  const writer = createMessageWriter(options.source, clock, options.newId)
  const byKey = new Map<string, Open>()
  const byId = new Map<string, Open>()
  /** Last number per layer: an order that was overtaken is known by it. */
  const numbers = new Map<string, number>()

  const close = (open: Open, kind: SettledCommand['kind'], code: string | null, text: string): void => {
    if (byId.get(open.commandId) !== open) return
    byId.delete(open.commandId)
    byKey.delete(open.order.key)
    const { key, layerId, seedId } = open.order
    const latencyMs = clock.monotonicMs() - open.sinceMs
    options.onSettled({ key, commandId: open.commandId, layerId, seedId, kind, code, text, latencyMs })
  }

  const nextNumber = (layerId: string): number => {
    const number = (numbers.get(layerId) ?? 0) + 1
    numbers.set(layerId, number)
    return number
  }

  const send = async (open: Open, bytes: Uint8Array): Promise<void> => {
    const { layerId, ttlMs } = open.order
    const topic = `kasmina.control.layer.${layerId}`
    const accepted = await outbox.put(
      topic,
      `control:${layerId}`,
      'LifecycleTransitionCommand',
      bytes,
      options.signer?.sign('morph-cmd-v1', bytes),
    )
    if (accepted) open.overdueMs = clock.monotonicMs() + ttlMs + GRACE_MS
    else close(open, 'unknown', null, 'the bus did not take the command')
  }

  return {
    issue(order) {
      if (byKey.has(order.key)) return null
      const issuedBusMs = options.busNowMs()
      if (issuedBusMs === null && options.signer) return null
      const message = writer.compose('LifecycleTransitionCommand', {
        correlation_id: order.correlationId,
        ...(order.causationId === undefined ? {} : { causation_id: order.causationId }),
        metadata: { run_id: order.runId },
        issued_by: options.issuedBy,
        reason: order.reason,
        ttl_ms: order.ttlMs,
        issued_bus_ms: issuedBusMs === null ? null : Math.floor(issuedBusMs),
        timeout_ms: order.ttlMs,
        expect: { from_state: order.expect.fromState, generation: order.expect.generation },
        gateway_epoch: options.epoch,
        seq: nextNumber(order.layerId),
        layer_id: order.layerId,
        seed_id: order.seedId,
        target_state: order.targetState,
        parameters: order.parameters,
      })
      const commandId = message.message_id
      const open: Open = { order, commandId, sinceMs: clock.monotonicMs(), overdueMs: null }
      byKey.set(order.key, open)
      byId.set(commandId, open)
      void send(open, encodeJson(message))
      return commandId
    },
    settle(outcome) {
      const open = byId.get(outcome.command_id)
      if (!open || !isFinalOutcome(outcome.kind)) return false
      close(open, outcome.kind, outcome.code ?? null, outcome.text)
      return true
    },
    sweep() {
      const nowMs = clock.monotonicMs()
      for (const open of byId.values())
        if (open.overdueMs !== null && nowMs >= open.overdueMs) close(open, 'unknown', null, 'no outcome came in time')
    },
    clear() {
      byId.clear()
      byKey.clear()
    },
    get underWay() {
      return byId.size
    },
  }
}
