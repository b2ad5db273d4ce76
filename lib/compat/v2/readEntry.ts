/*
 * readEntry: an entry of the v2 client, taken apart into messages of the contract.
 * In: a delivery with two fields, `type` and `data`. Out: messages, a claim, refusals one by one.
 * Invariant: the bytes decide, not what the batch says of its compression; a bad message of a batch costs that message only;
 * what was not finite at the source is null here and named by a flag.
 * Source: docs/protocol.md "the v2 client".
 */
import { parseSafeJson } from '../../bus/safeJson.ts'
import type { JsonFlag } from '../../bus/tolerantJson.ts'
import { MAX_ENTRY_BYTES } from '../../bus/entryBounds.ts'
import type { Delivery } from '../../bus/messageBus.ts'
import { AppError, isAppError } from '../../contracts/appError.ts'
import { MESSAGE_LIMITS } from '../../contracts/envelope.ts'
import { type AnyMessage, isMessageName, parseMessage } from '../../contracts/messageTypes.ts'
import { pathText } from '../../contracts/pathText.ts'
import { type ClaimCheck, claimOf, plainBytes } from './claimCheck.ts'
import { readCommand, type V2Command } from './commandJoin.ts'
import { type ForeignTopic, parseForeignTopic, toLayerId } from './foreignTopic.ts'
import { isRaw, liftMessage, type Raw } from './liftMessage.ts'

export type V2Entry = Pick<Delivery, 'topic' | 'type' | 'data' | 'cursor' | 'acceptedAtMs'>

export type V2Item =
  | {
      readonly kind: 'message'
      readonly message: AnyMessage
      readonly flags: readonly JsonFlag[]
    }
  | { readonly kind: 'command'; readonly command: V2Command }
  /** An emergency stop of its layers tells one transition for all seeds: from `*`, seed null. */
  | {
      readonly kind: 'all-seeds'
      readonly messageId: string
      readonly source: string
      readonly timestamp: number
      readonly layerId: string
      readonly toState: string
      readonly reason: string
    }

export interface V2Reading {
  readonly topic: ForeignTopic
  /** Of the entry itself, so that a batch sent twice is known before its parts are. */
  readonly envelope: { readonly messageId: string | null; readonly source: string }
  readonly items: readonly V2Item[]
  readonly claim: ClaimCheck | null
  /** Messages of a batch that were refused; the entry as a whole throws instead. */
  readonly refusals: readonly AppError[]
  readonly flagCount: number
}

const COMMANDS: ReadonlySet<string> = new Set([
  'LifecycleTransitionCommand',
  'BlueprintUpdateCommand',
  'BatchCommand',
  'EmergencyStopCommand',
])

const unknownType = (type: string): AppError =>
  new AppError('CONTRACT_TYPE', `the type ${JSON.stringify(pathText([type]))} is unknown`, { path: 'type' })

function typeOf(declared: string, raw: Raw): string {
  if (declared !== '') return declared
  return typeof raw['message_type'] === 'string' ? raw['message_type'] : ''
}

function readAllSeeds(raw: Raw, topic: ForeignTopic, entry: V2Entry): V2Item | null {
  if (raw['from_state'] !== '*' && raw['seed_id'] !== null) return null
  const layerId = toLayerId(raw['layer_id']) ?? topic.layer
  const toState = raw['to_state']
  if (layerId === null || typeof toState !== 'string') return null
  const text = (value: unknown, max: number): string => (typeof value === 'string' ? value.slice(0, max) : '')
  return {
    kind: 'all-seeds',
    messageId: text(raw['message_id'], 128) || `${entry.topic}|${entry.cursor}`,
    source: text(raw['source'], 256),
    timestamp: typeof raw['timestamp'] === 'number' ? raw['timestamp'] : entry.acceptedAtMs / 1_000,
    layerId,
    toState: toState.toUpperCase().slice(0, 32),
    reason: text(raw['reason'], 500),
  }
}

function readOne(type: string, raw: unknown, entry: V2Entry, topic: ForeignTopic, flags: readonly JsonFlag[]): V2Item {
  if (!isMessageName(type)) throw unknownType(type)
  if (!isRaw(raw)) throw new AppError('CONTRACT_INVALID', `${type}: a message is a JSON object`, { path: '', type })
  if (COMMANDS.has(type)) return { kind: 'command', command: readCommand(type, raw, topic) }
  if (type === 'StateTransitionEvent') {
    const all = readAllSeeds(raw, topic, entry)
    if (all !== null) return all
  }
  if (type === 'TelemetryBatch')
    throw new AppError('CONTRACT_INVALID', 'a batch holds messages, not batches', { path: 'message_type', type })
  return { kind: 'message', message: parseMessage(type, liftMessage(type, raw, topic), entry).message, flags }
}

/** Names the failing field from the batch's own root. */
function atIndex(error: unknown, index: number): AppError {
  const known = isAppError(error) ? error : new AppError('CONTRACT_INVALID', 'the message could not be read', {}, error)
  const inner = known.context['path']
  const path = typeof inner === 'string' && inner !== '' ? `messages.${index}.${inner}` : `messages.${index}`
  return new AppError(known.code, known.message, { ...known.context, path })
}

function readBatch(batch: Raw, entry: V2Entry, topic: ForeignTopic, flags: readonly JsonFlag[]) {
  const claim = claimOf(batch)
  const messages = batch['messages']
  if (claim === null && !Array.isArray(messages))
    throw new AppError('CONTRACT_INVALID', 'TelemetryBatch messages: expected a list', { path: 'messages' })
  const list: readonly unknown[] = Array.isArray(messages) ? messages : []
  if (list.length > MESSAGE_LIMITS.messagesPerBatch)
    throw new AppError('CONTRACT_INVALID', `at most ${MESSAGE_LIMITS.messagesPerBatch} messages are accepted`, {
      path: 'messages',
    })
  const items: V2Item[] = []
  const refusals: AppError[] = []
  list.forEach((raw, index) => {
    const prefix = `messages.${index}.`
    const own = flags
      .filter((flag) => flag.path.startsWith(prefix))
      .map((flag) => ({ ...flag, path: flag.path.slice(prefix.length) }))
    try {
      const type = isRaw(raw) ? typeOf('', raw) : ''
      items.push(readOne(type, raw, { ...entry, cursor: `${entry.cursor}/${index}` }, topic, own))
    } catch (error) {
      refusals.push(atIndex(error, index))
    }
  })
  return { claim, items, refusals }
}

/**
 * Takes an entry apart. `data` may also be the bytes of a claim-check file.
 * @throws an AppError of the CONTRACT family with `path`, when nothing of the entry can be used
 */
export function readV2Entry(entry: V2Entry): V2Reading {
  const topic = parseForeignTopic(entry.topic)
  if (entry.data.byteLength > MAX_ENTRY_BYTES)
    throw new AppError('CONTRACT_TOO_LARGE', `entry of ${entry.data.byteLength} B, ${MAX_ENTRY_BYTES} are accepted`, {
      path: 'data',
    })
  if (entry.type !== '' && !isMessageName(entry.type)) throw unknownType(entry.type)
  const json = parseSafeJson(plainBytes(entry.data))
  if (!isRaw(json.value)) throw new AppError('CONTRACT_INVALID', 'a message is a JSON object', { path: '' })
  const raw = json.value
  const type = typeOf(entry.type, raw)
  const envelope = {
    messageId: typeof raw['message_id'] === 'string' ? raw['message_id'].slice(0, 128) : null,
    source: typeof raw['source'] === 'string' ? raw['source'].slice(0, 256) : '',
  }
  const shared = { topic, envelope, flagCount: json.flagCount }
  if (type === 'TelemetryBatch') return { ...shared, ...readBatch(raw, entry, topic, json.flags) }
  return { ...shared, items: [readOne(type, raw, entry, topic, json.flags)], claim: null, refusals: [] }
}
