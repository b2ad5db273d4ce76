/*
 * codec: the door between entries of the bus and the contracts.
 * In: a delivery as a driver hands it over, or a message of ours. Out: valid messages or checked frames; entry fields to publish.
 * Invariant: bounds first (topic, size, type, encoding, inflation, depth), then JSON, then version, then schema; every refusal is
 * an AppError with a code and, where there is one, the failing path; nothing else is ever thrown.
 * Source: docs/protocol.md "entry fields"; seed-design.md 5.2.
 */
import { AppError, isAppError } from '../contracts/appError.ts'
import { COMMAND_NAMES } from '../contracts/commands.ts'
import { FRAMES_TYPE, MESSAGE_LIMITS } from '../contracts/envelope.ts'
import { type AnyMessage, type AnyMessageInput, isMessageName, parseMessage } from '../contracts/messageTypes.ts'
import { pathText } from '../contracts/pathText.ts'
import { parseTopic, TOPICS } from '../contracts/topics.ts'
import { decodeWireHeader, WIRE_HEADER_BYTES, WIRE_LIMITS, type WireFrameHeader } from '../frames/wireFrame.ts'
import { deflateBytes, inflateBounded, looksLikeZlib } from './compression.ts'
import { isEncoding, MAX_ENTRY_BYTES } from './entryBounds.ts'
import type { BusMessage, Delivery, Encoding } from './messageBus.ts'
import { parseSafeJson } from './safeJson.ts'
import type { JsonFlag } from './tolerantJson.ts'
import { isTopic } from './topicPattern.ts'

export interface PackedFrame {
  readonly header: WireFrameHeader
  /** Where the header starts inside the packed bytes. */
  readonly offset: number
}

export type DecodedEntry =
  | {
      readonly kind: 'frames'
      readonly type: typeof FRAMES_TYPE
      /** A view into the delivery's data (or the inflated bytes): valid as long as that is. */
      readonly bytes: Uint8Array
      readonly frames: readonly PackedFrame[]
    }
  | {
      readonly kind: 'message'
      readonly type: string
      /** Version on the wire; the message itself has the newest shape. */
      readonly version: string
      readonly message: AnyMessage
      readonly flags: readonly JsonFlag[]
      readonly flagCount: number
    }

/** What decoding needs of a delivery. */
export type EntryToDecode = Pick<
  Delivery,
  'topic' | 'type' | 'enc' | 'data' | 'src' | 'epoch' | 'seq' | 'cursor' | 'acceptedAtMs'
>

/** One seed frame and one summary frame per layer. */
const MAX_FRAMES_PER_ENTRY = WIRE_LIMITS.maxLayers * 2
/** Topics of publishers we did not write; they may carry every message type. */
const FOREIGN_PREFIX = 'morphogenetic.'

function assertTravels(topic: string, type: string): void {
  if (!isTopic(topic)) throw new AppError('CONTRACT_TOPIC', 'this is not a topic', { path: 'topic' })
  const parsed = parseTopic(topic)
  if (parsed === null) {
    if (topic.startsWith(FOREIGN_PREFIX)) return
    throw new AppError('CONTRACT_TOPIC', `the topic ${topic.slice(0, 80)} is not in the catalogue`, { path: 'topic' })
  }
  const allowed: readonly string[] = TOPICS[parsed.family].types
  if (!allowed.includes(type))
    throw new AppError('CONTRACT_TOPIC', `${type} does not travel on ${TOPICS[parsed.family].pattern}`, {
      path: 'topic',
      type,
    })
}

/**
 * Reads every header of a packed entry; all of them or none.
 * @throws CONTRACT_FRAME
 */
export function readPackedFrames(bytes: Uint8Array): readonly PackedFrame[] {
  const frames: PackedFrame[] = []
  for (let offset = 0; offset < bytes.length;) {
    if (frames.length === MAX_FRAMES_PER_ENTRY)
      throw new AppError('CONTRACT_FRAME', `more than ${MAX_FRAMES_PER_ENTRY} frames in one entry`, { path: 'frames' })
    const header = decodeWireHeader(bytes, offset)
    frames.push({ header, offset })
    offset += WIRE_HEADER_BYTES + header.payloadBytes
  }
  if (frames.length === 0) throw new AppError('CONTRACT_FRAME', 'the entry holds no frame', { path: 'data' })
  return frames
}

function decodeFrames(entry: EntryToDecode): DecodedEntry {
  if (entry.enc !== 'columns' && entry.enc !== 'columns+zstd')
    throw new AppError('CONTRACT_ENCODING', `${FRAMES_TYPE} needs enc columns or columns+zstd`, { path: 'enc' })
  // Frames are counted by (src, epoch, seq); without them a loss could not be told from silence.
  for (const field of ['src', 'epoch', 'seq'] as const)
    if (entry[field] === undefined)
      throw new AppError('CONTRACT_INVALID', `${FRAMES_TYPE} needs the entry field ${field}`, { path: field })
  const bytes = entry.enc === 'columns' ? entry.data : inflateBounded(entry.data, 'zstd')
  return { kind: 'frames', type: FRAMES_TYPE, bytes, frames: readPackedFrames(bytes) }
}

const looksLikeZstd = (bytes: Uint8Array): boolean =>
  bytes[0] === 0x28 && bytes[1] === 0xb5 && bytes[2] === 0x2f && bytes[3] === 0xfd

function plainJson(data: Uint8Array, enc: Encoding | undefined): Uint8Array {
  switch (enc) {
    case 'json+zlib':
      return inflateBounded(data, 'zlib')
    case 'json+zstd':
      return inflateBounded(data, 'zstd')
    case undefined:
      return looksLikeZlib(data) ? inflateBounded(data, 'zlib') : data
    case 'json':
      if (looksLikeZlib(data) || looksLikeZstd(data))
        throw new AppError('CONTRACT_ENCODING', 'enc says json, the bytes are compressed', { path: 'enc' })
      return data
    case 'columns':
    case 'columns+zstd':
      throw new AppError('CONTRACT_ENCODING', `enc ${enc} carries frames, the type says a message`, { path: 'enc' })
  }
}

function claimedType(value: unknown): string {
  const type = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)['message_type'] : null
  return typeof type === 'string' ? type : ''
}

function decodeMessage(entry: EntryToDecode): DecodedEntry {
  // An entry without a type names it inside; then only the strict reading is safe, because it may be a command.
  const json = parseSafeJson(plainJson(entry.data, entry.enc), {
    refuseDuplicates: entry.type === '' || COMMAND_NAMES.has(entry.type),
    maxValues: maxValuesOf(entry.type),
  })
  const type = entry.type === '' ? claimedType(json.value) : entry.type
  if (entry.type === '') assertKnown(type)
  assertTravels(entry.topic, type)
  const parsed = parseMessage(type, json.value, entry)
  return { kind: 'message', ...parsed, flags: json.flags, flagCount: json.flagCount }
}

/** Only telemetry and run descriptors are large; everything else is held to a number of values that no honest message reaches. */
function maxValuesOf(type: string): number {
  const isLarge = type === 'LayerHealthReport' || type === 'TelemetryBatch'
  if (isLarge) return 500_000
  return type === 'RunDescriptor' || type === 'BatchCommand' ? 65_536 : MESSAGE_LIMITS.freeKeys * 64
}

function assertKnown(type: string): void {
  if (!isMessageName(type))
    throw new AppError('CONTRACT_TYPE', `the type ${JSON.stringify(pathText([type]))} is unknown`, { path: 'type' })
}

function assertBounds(entry: EntryToDecode): void {
  if (!isTopic(entry.topic)) throw new AppError('CONTRACT_TOPIC', 'this is not a topic', { path: 'topic' })
  if (entry.data.byteLength > MAX_ENTRY_BYTES)
    throw new AppError('CONTRACT_TOO_LARGE', `entry of ${entry.data.byteLength} B, ${MAX_ENTRY_BYTES} are accepted`, {
      path: 'data',
    })
  if (entry.enc !== undefined && !isEncoding(entry.enc))
    throw new AppError('CONTRACT_ENCODING', 'the value of enc is not documented', { path: 'enc' })
  for (const field of ['epoch', 'seq'] as const) {
    const count = entry[field]
    if (count !== undefined && !(Number.isSafeInteger(count) && count >= 0))
      throw new AppError('CONTRACT_INVALID', `entry field ${field}: not a whole number from 0 to 2^53-1`, {
        path: field,
      })
  }
}

/**
 * Decodes one entry: frames are checked header by header, messages are parsed, upcast and validated.
 * @throws an AppError of the CONTRACT family, nothing else; `context.path` names the failing field, `context.messageId` the
 * message when it could be read, so that a refused command can still be answered.
 */
export function decodeEntry(entry: EntryToDecode): DecodedEntry {
  try {
    assertBounds(entry)
    if (entry.type === FRAMES_TYPE) {
      assertTravels(entry.topic, entry.type)
      return decodeFrames(entry)
    }
    if (entry.type !== '') {
      assertKnown(entry.type)
      assertTravels(entry.topic, entry.type)
    }
    return decodeMessage(entry)
  } catch (error) {
    if (isAppError(error)) throw error
    throw new AppError('CONTRACT_INVALID', 'the entry could not be read', { path: '' }, error)
  }
}

export interface EncodeOptions {
  readonly enc?: 'json' | 'json+zlib' | 'json+zstd'
  readonly src?: string
  readonly epoch?: number
  readonly seq?: number
  readonly trace?: string
}

const encoder = new TextEncoder()

/**
 * Encodes a message of ours for publishing: defaults filled, validated, bounded. A non-finite number becomes null.
 * @throws CONTRACT_INVALID with `path`, CONTRACT_TYPE, CONTRACT_TOO_LARGE
 */
export function encodeMessage(message: AnyMessageInput, options: EncodeOptions = {}): BusMessage {
  const { enc = 'json', ...fields } = options
  const plain: unknown = JSON.parse(JSON.stringify(message))
  const { type, message: valid } = parseMessage(message.message_type, plain, {
    topic: '',
    cursor: '',
    acceptedAtMs: 0,
  })
  const json = encoder.encode(JSON.stringify(valid))
  const data = enc === 'json' ? json : deflateBytes(json, enc === 'json+zlib' ? 'zlib' : 'zstd')
  if (data.byteLength > MAX_ENTRY_BYTES)
    throw new AppError('CONTRACT_TOO_LARGE', `${type} of ${data.byteLength} B, ${MAX_ENTRY_BYTES} are accepted`, {
      path: 'data',
    })
  return { type, enc, data, ...fields }
}
