/*
 * v2Command: a command of ours in the words of the v2 client, and the topics its layers listen to.
 * In: a validated command, the layer's own name. Out: topics and an entry of two fields; an answer as a CommandOutcome.
 * Invariant: same message id on both topics, so a layer that listens to both acts once; nothing of ours that a v2 layer could misread.
 * Source: docs/protocol.md "the v2 client".
 */
import type { BusMessage } from '../../bus/messageBus.ts'
import type { Command } from '../../contracts/commands.ts'
import { MESSAGE_VERSION } from '../../contracts/envelope.ts'
import type { CommandOutcome, CommandResult } from '../../contracts/outcomes.ts'
import { FOREIGN_PREFIX } from './foreignTopic.ts'

export interface V2Route {
  readonly topics: readonly string[]
  readonly message: BusMessage
}

/** What its dialect knows; a resume or a checkpoint can not be said in it. */
const KNOWN: ReadonlySet<string> = new Set([
  'LifecycleTransitionCommand',
  'BlueprintUpdateCommand',
  'BatchCommand',
  'EmergencyStopCommand',
])
/** Stamps and guards of ours: a v2 layer checks none of them. */
const OURS = [
  'seq',
  'gateway_epoch',
  'stop_epoch',
  'audit_size',
  'audit_root',
  'ttl_ms',
  'expect',
  'idempotency_key',
  'approved_by',
  'issued_by',
  'mode',
  'force',
]

const encoder = new TextEncoder()

function toV2(value: Readonly<Record<string, unknown>>, nativeLayer: string): Record<string, unknown> {
  const kept = Object.fromEntries(Object.entries(value).filter(([key]) => !OURS.includes(key)))
  const parts = value['commands']
  const nested = Array.isArray(parts)
    ? { commands: parts.map((part) => toV2(part as Readonly<Record<string, unknown>>, nativeLayer)) }
    : {}
  return { ...kept, ...nested, version: '1.0', layer_id: nativeLayer }
}

/** Answers null for a command its dialect has no word for. */
export function toV2Route(command: Command, nativeLayer: string): V2Route | null {
  if (!KNOWN.has(command.message_type)) return null
  const data = encoder.encode(JSON.stringify(toV2(command, nativeLayer)))
  const control = `${FOREIGN_PREFIX}control`
  return {
    topics: [`${control}.lifecycle.layer.${nativeLayer}`, `${control}.layer.${nativeLayer}`],
    message: { type: command.message_type, data },
  }
}

/** Says a v2 layer's answer as an outcome; null when it names no command. */
export function fromV2Result(result: CommandResult, layerId: string | null, type: string): CommandOutcome | null {
  const commandId = result.correlation_id
  if (typeof commandId !== 'string') return null
  const base = {
    message_id: result.message_id,
    timestamp: result.timestamp,
    source: result.source,
    version: MESSAGE_VERSION,
    message_type: 'CommandOutcome' as const,
    metadata: {},
    command_id: commandId,
    command_type: type,
    layer_id: layerId,
    text: result.error ?? '',
    execution_time_ms: result.execution_time_ms,
    details: {},
  }
  return result.success ? { ...base, kind: 'applied' } : { ...base, kind: 'failed', code: 'COMMAND_GUARD' }
}
