/*
 * guardedBench: a command handler that verifies, with keys, latches, order and a brake that is counted, on any bus.
 * In: commands to sign and send as gateway or controller, or bytes to put as they are. Out: outcomes, effects, what stands still.
 * Invariant: signatures are real; the target keeps its record in the same breath as the effect; a restarted handler keeps only what a
 * real one would: the store and the target's records.
 * Source: docs/protocol.md "commands".
 */
import { generateKeyPairSync } from 'node:crypto'
import { decodeEntry } from '../../lib/bus/codec.ts'
import { createMemoryBus } from '../../lib/bus/drivers/memory/memoryBus.ts'
import type { MessageBus } from '../../lib/bus/messageBus.ts'
import { createCommandGate } from '../../lib/commands/commandGate.ts'
import { createCommandOrder } from '../../lib/commands/commandOrder.ts'
import { type CommandReply, type CommandRequest, emptyReply } from '../../lib/commands/commandTarget.ts'
import { createCommandHandler } from '../../lib/commands/handler.ts'
import { createSigner, createVerifier, type Signer } from '../../lib/commands/signing.ts'
import { type Brake, type BrakeAnswer, createStopDesk } from '../../lib/commands/stopDesk.ts'
import { createStopLatch, type LatchState, type LatchStore } from '../../lib/commands/stopLatch.ts'
import type { LeaseState } from '../../lib/contracts/control.ts'
import { CommandOutcome } from '../../lib/contracts/outcomes.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import { createOutbox } from '../../lib/telemetry/outbox.ts'
import { json, LAYERS, nextId } from './commandBench.ts'
import { createManualClock } from './manualClock.ts'

export const newSigner = (): Signer =>
  createSigner(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())

/** A store as a file would be one: what was saved last is what comes back. */
export function createMemoryStore(): LatchStore & { fail: boolean; state: LatchState | null; saves: number } {
  const store = {
    fail: false,
    state: null as LatchState | null,
    saves: 0,
    load: () => store.state,
    save(state: LatchState) {
      if (store.fail) throw new Error('the disk is full')
      store.saves++
      store.state = structuredClone(state)
    },
  }
  return store
}

export interface GuardedBenchOptions {
  readonly bus?: MessageBus
  readonly clock?: Clock
  /** How far the layer's own wall clock is off, ms. */
  readonly skewMs?: number
  /** ms until the target reaches its tick boundary. */
  readonly delayMs?: number
  /** Prefix of topics is not used by drivers; layers are. */
  readonly layers?: readonly string[]
}

export async function createGuardedBench(options: GuardedBenchOptions = {}) {
  const clock = options.clock ?? createManualClock()
  const layers = options.layers ?? LAYERS
  const layerClock: Clock = { ...clock, wallMs: () => clock.wallMs() + (options.skewMs ?? 0) }
  const bus = options.bus ?? createMemoryBus({ clock })
  if (!options.bus) await bus.start()
  const [gateway, controller, stranger] = [newSigner(), newSigner(), newSigner()]
  const verify = createVerifier([
    { publicKeyPem: gateway.publicKeyPem, scope: 'gateway' },
    { publicKeyPem: controller.publicKeyPem, scope: 'controller' },
  ])
  const store = createMemoryStore()
  const effects: string[] = []
  const records = new Map<string, CommandReply & { first: { commandId: string; entry: string } }>()
  const leases = new Map<string, LeaseState>()
  const brakes: (readonly string[])[] = []
  /** What the brake answers; a stop waits for it. */
  const trainer: { answer: () => Promise<BrakeAnswer> } = {
    answer: async () => ({ kind: 'obeyed', step: 7, tick: 1, halted: true }),
  }
  const counted: { kind: string; code: string | null }[] = []
  const errors: unknown[] = []
  let seq = 0

  const execute = async (request: CommandRequest): Promise<CommandReply> => {
    request.onStage?.('queued')
    if (options.delayMs) await clock.sleep(options.delayMs)
    const known = records.get(request.key)
    if (known) return known
    if (request.onlyKnown) return { kind: 'expired', ...emptyReply('nothing is known of it') }
    request.onStage?.('started')
    const late = layerClock.wallMs() >= request.expiresAtMs
    const reply: CommandReply = { kind: late ? 'expired' : 'applied', ...emptyReply(late ? 'too late' : 'done') }
    if (!late) effects.push(request.key)
    records.set(request.key, { ...reply, first: { commandId: request.command.message_id, entry: request.entry } })
    return reply
  }

  const brake: Brake = {
    apply(standing) {
      brakes.push(standing)
      return trainer.answer()
    },
    probe: async () => ({ kind: 'obeyed', step: 7, tick: 1, halted: false }),
  }

  /** A handler as it is after a start: only the store and the target's records are older than it. */
  const create = (handlerBus: MessageBus = bus) => {
    const kept = store.load() ?? { layers: {}, order: {} }
    const latch = createStopLatch(layers, kept.layers)
    const order = createCommandOrder(kept.order)
    const desk = createStopDesk({
      latch,
      brake,
      store,
      order: () => order.kept(),
      onChange: () => undefined,
      onError: (error) => errors.push(error),
    })
    const identity = { bus: handlerBus, clock: layerClock, src: 'agent', epoch: clock.wallMs() }
    const outbox = createOutbox(identity)
    const criticalOutbox = createOutbox(identity)
    const handler = createCommandHandler({
      bus: handlerBus,
      clock: layerClock,
      outbox,
      criticalOutbox,
      source: 'agent',
      layerIds: layers,
      target: { execute },
      desk,
      gate: createCommandGate({
        layerIds: layers,
        verify,
        order,
        latch,
        lease: (layerId) => leases.get(layerId) ?? 'ok',
      }),
      onHandled: ({ kind, code }) => counted.push({ kind, code }),
    })
    return { handler, latch, desk, outbox, criticalOutbox }
  }

  const compose = (overrides: Record<string, unknown> = {}): Record<string, unknown> => ({
    message_id: nextId(),
    timestamp: clock.wallMs() / 1_000,
    source: 'gateway',
    version: '2.0',
    message_type: 'LifecycleTransitionCommand',
    issued_by: 'demo-1',
    reason: 'test',
    ttl_ms: 5_000,
    issued_bus_ms: Math.floor(clock.wallMs()),
    layer_id: layers[0],
    seed_id: 1,
    target_state: 'GERMINATED',
    gateway_epoch: 1,
    seq: ++seq,
    ...overrides,
  })
  const stopLike = (type: string, overrides: Record<string, unknown> = {}): Record<string, unknown> => {
    const { seed_id: _s, target_state: _t, layer_id: _l, ...rest } = compose()
    return { ...rest, message_type: type, ...overrides }
  }
  const topicOf = (command: Record<string, unknown>): string =>
    typeof command['layer_id'] === 'string' ? `kasmina.control.layer.${command['layer_id']}` : 'kasmina.control.all'
  const sign = (command: Record<string, unknown>, signer: Signer = gateway) => {
    const data = json(command)
    return { type: String(command['message_type']), enc: 'json' as const, data, ...signer.sign('morph-cmd-v1', data) }
  }
  const send = (command: Record<string, unknown>, signer?: Signer, topic = topicOf(command)) =>
    bus.publish(topic, sign(command, signer))

  const outcomes = async (layerId = layers[0]!): Promise<CommandOutcome[]> => {
    const all: CommandOutcome[] = []
    for (let after: string | undefined; ;) {
      const result = await bus.read(`kasmina.ack.layer.${layerId}`, { limit: 10_000, ...(after ? { after } : {}) })
      if (result.kind !== 'entries') throw new Error('the ack topic was trimmed')
      for (const entry of result.entries) {
        const decoded = decodeEntry(entry)
        if (decoded.kind === 'message') all.push(CommandOutcome.parse(decoded.message))
      }
      if (result.next === null || result.entries.length === 0) return all
      after = result.next
    }
  }
  const finals = async (layerId?: string) => (await outcomes(layerId)).filter((outcome) => outcome.kind !== 'accepted')

  return {
    clock,
    bus,
    gateway,
    controller,
    stranger,
    verify,
    store,
    effects,
    records,
    leases,
    brakes,
    trainer,
    counted,
    errors,
    create,
    compose,
    stopLike,
    sign,
    send,
    outcomes,
    finals,
    topicOf,
  }
}
