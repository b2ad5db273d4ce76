/*
 * commandBench: a command handler on a memory bus with a target that counts effects, for tests of command semantics.
 * In: entries to put on control topics. Out: every outcome that was published, and every effect that happened.
 * Invariant: the target applies a key once and keeps its reply in the same breath, as the trainer shell does.
 * Source: docs/protocol.md "commands".
 */
import { decodeEntry } from '../../lib/bus/codec.ts'
import { createMemoryBus } from '../../lib/bus/drivers/memory/memoryBus.ts'
import type { BusMessage } from '../../lib/bus/messageBus.ts'
import { type CommandReply, type CommandRequest, emptyReply, refusal } from '../../lib/commands/commandTarget.ts'
import { createCommandHandler } from '../../lib/commands/handler.ts'
import { CommandOutcome } from '../../lib/contracts/outcomes.ts'
import { createOutbox } from '../../lib/telemetry/outbox.ts'
import { createFlakyBus } from './flakyBus.ts'
import { createManualClock } from './manualClock.ts'

export const LAYERS = ['layer_0', 'layer_1'] as const

export interface BenchOptions {
  /** Decides what a fresh command comes to; default: applied. */
  readonly judge?: (request: CommandRequest) => CommandReply
  /** ms until the target reaches its tick boundary. */
  readonly delayMs?: number
}

export type TestEntry = Partial<BusMessage> & { readonly data: Uint8Array; readonly foreign?: boolean }

const encoder = new TextEncoder()

export function json(value: unknown): Uint8Array {
  return encoder.encode(typeof value === 'string' ? value : JSON.stringify(value))
}

let counter = 0
/** Makes a UUID that is new within the test process. */
export function nextId(): string {
  return `00000000-0000-4000-8000-${String(++counter).padStart(12, '0')}`
}

/** Builds a valid transition command; overrides may break it on purpose. */
export function transition(overrides: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    message_id: nextId(),
    timestamp: 1_700_000_000,
    source: 'tests',
    version: '2.0',
    message_type: 'LifecycleTransitionCommand',
    issued_by: 'tests',
    reason: 'test',
    ttl_ms: 5_000,
    layer_id: 'layer_0',
    seed_id: 1,
    target_state: 'GERMINATED',
    parameters: {},
    ...overrides,
  }
}

export async function createCommandBench(options: BenchOptions = {}) {
  const clock = createManualClock()
  const bus = createMemoryBus({ clock })
  await bus.start()
  const flaky = createFlakyBus(bus)
  const effects: string[] = []
  const records = new Map<string, CommandReply & { first: { commandId: string; entry: string } }>()
  const judge = options.judge ?? ((): CommandReply => ({ kind: 'applied', ...emptyReply('done') }))

  const execute = async (request: CommandRequest): Promise<CommandReply> => {
    if (options.delayMs) await clock.sleep(options.delayMs)
    const known = records.get(request.key)
    if (known) return known
    if (request.onlyKnown) return { kind: 'expired', ...emptyReply('nothing is known of it') }
    const expired = clock.wallMs() >= request.expiresAtMs
    const reply: CommandReply = expired ? { kind: 'expired', ...emptyReply('too late') } : judge(request)
    if (reply.kind === 'applied') effects.push(request.key)
    records.set(request.key, { ...reply, first: { commandId: request.command.message_id, entry: request.entry } })
    return reply
  }

  const create = () => {
    const outbox = createOutbox({ bus: flaky, clock, src: 'agent', epoch: 1 })
    const handler = createCommandHandler({
      bus: flaky,
      clock,
      outbox,
      source: 'agent',
      layerIds: LAYERS,
      target: { execute },
    })
    return { outbox, handler }
  }

  const outcomes = async (layerId = 'layer_0'): Promise<CommandOutcome[]> => {
    const result = await bus.read(`kasmina.ack.layer.${layerId}`, { limit: 10_000 })
    if (result.kind !== 'entries') throw new Error('the ack topic was trimmed')
    // Through the real codec and schema: an outcome a reader would refuse is not an outcome.
    return result.entries.map((entry) => {
      const decoded = decodeEntry(entry)
      if (decoded.kind !== 'message') throw new Error('not a message')
      return CommandOutcome.parse(decoded.message)
    })
  }

  /** Foreign entries carry no enc: theirs is told by the first bytes. */
  const put = ({ foreign, ...message }: TestEntry, topic = 'kasmina.control.layer.layer_0') =>
    bus.publish(topic, { type: 'LifecycleTransitionCommand', ...(foreign ? {} : { enc: 'json' as const }), ...message })
  const send = (command: Record<string, unknown>, topic?: string) =>
    put({ type: String(command['message_type']), data: json(command) }, topic)

  return { clock, bus, flaky, effects, records, create, outcomes, put, send, refusal }
}
