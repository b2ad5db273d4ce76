/*
 * streamEntry: the fields of a Redis stream entry, written from a message and read into a delivery.
 * In: a BusMessage, or raw buffers of anybody's entry. Out: XADD arguments, or a Delivery.
 * Invariant: reading never throws; a field over its bound or of the wrong shape is treated as absent.
 * Source: docs/protocol.md "entry fields".
 */
import { FIELD_CHARS, isEncoding } from '../../entryBounds.ts'
import type { BusMessage, Delivery } from '../../messageBus.ts'
import type { EntryParts } from './entriesReader.ts'

const EMPTY = new Uint8Array(0)
/** Payloads below this are copied out of a reused buffer: cheaper than to have somebody keep them by mistake. */
const OWN_BYTES = 4_096

/** Field names as integers of their bytes: no string is made per field on the hot path. */
const code = (name: string): number => [...Buffer.from(name)].reduce((sum, byte) => sum * 256 + byte, 0)
const [TYPE, DATA, ENC, SRC, EPOCH, SEQ, TRACE, SIG, KEY] = [
  code('type'),
  code('data'),
  code('enc'),
  code('src'),
  code('epoch'),
  code('seq'),
  code('trace'),
  code('sig'),
  code('key'),
]

type Draft = { -readonly [K in keyof Delivery]: Delivery[K] }

/** Appends the entry's field arguments to an XADD. */
export function pushEntryFields(args: (string | Buffer)[], message: BusMessage): void {
  const { data } = message
  args.push('type', message.type, 'data', Buffer.from(data.buffer, data.byteOffset, data.byteLength))
  if (message.enc !== undefined) args.push('enc', message.enc)
  if (message.src !== undefined) args.push('src', message.src)
  if (message.epoch !== undefined) args.push('epoch', String(message.epoch))
  if (message.seq !== undefined) args.push('seq', String(message.seq))
  if (message.trace !== undefined) args.push('trace', message.trace)
  if (message.sig !== undefined) args.push('sig', message.sig)
  if (message.key !== undefined) args.push('key', message.key)
}

/** Milliseconds part of a stream id. */
export function idMs(cursor: string): number {
  const dash = cursor.indexOf('-')
  return Number(dash < 0 ? cursor : cursor.slice(0, dash))
}

/** Orders two stream ids; both parts are compared as numbers. */
export function compareIds(a: string, b: string): number {
  const [aMs = '0', aN = '0'] = a.split('-')
  const [bMs = '0', bN = '0'] = b.split('-')
  return Number(aMs) - Number(bMs) || Number(aN) - Number(bN)
}

/** Reads one entry: `fields` is the flat [name, value, ...] list of Redis. */
export function toDelivery(topic: string, id: Buffer, fields: readonly Buffer[], deliveryCount: number): Delivery {
  const draft = draftOf(topic, id.toString('latin1'), deliveryCount)
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const [name, value] = [fields[i] as Buffer, fields[i + 1] as Buffer]
    readField(draft, fieldCode(name, 0, name.length), value, 0, value.length)
  }
  return draft
}

/** Reads one entry where it lies in a reused buffer; a large payload stays a view of it. */
export function toBorrowedDelivery(topic: string, cursor: string, { bytes, at, pairs }: EntryParts): Delivery {
  const draft = draftOf(topic, cursor, 1)
  for (let i = 0; i < pairs * 4; i += 4)
    readField(
      draft,
      fieldCode(bytes, at[i] as number, at[i + 1] as number),
      bytes,
      at[i + 2] as number,
      at[i + 3] as number,
    )
  if (draft.data.length > 0 && draft.data.length < OWN_BYTES) draft.data = Buffer.from(draft.data)
  return draft
}

const draftOf = (topic: string, cursor: string, deliveryCount: number): Draft => ({
  topic,
  cursor,
  acceptedAtMs: idMs(cursor),
  deliveryCount,
  type: '',
  data: EMPTY,
})

function fieldCode(bytes: Buffer, from: number, to: number): number {
  if (to - from < 3 || to - from > 5) return 0
  let id = 0
  for (let i = from; i < to; i++) id = id * 256 + (bytes[i] as number)
  return id
}

function readField(draft: Draft, name: number, bytes: Buffer, from: number, to: number): void {
  if (name === DATA) draft.data = bytes.subarray(from, to)
  else if (name === TYPE) draft.type = text(bytes, from, to, FIELD_CHARS.type) ?? ''
  else if (name === SEQ) put(draft, 'seq', count(bytes, from, to))
  else if (name === EPOCH) put(draft, 'epoch', count(bytes, from, to))
  else if (name === SRC) put(draft, 'src', text(bytes, from, to, FIELD_CHARS.src))
  else if (name === ENC) {
    const enc = text(bytes, from, to, FIELD_CHARS.enc)
    if (enc !== undefined && isEncoding(enc)) draft.enc = enc
  } else if (name === TRACE) put(draft, 'trace', text(bytes, from, to, FIELD_CHARS.trace))
  else if (name === SIG) put(draft, 'sig', text(bytes, from, to, FIELD_CHARS.sig))
  else if (name === KEY) put(draft, 'key', text(bytes, from, to, FIELD_CHARS.key))
}

function put<K extends keyof Draft>(draft: Draft, name: K, value: Draft[K] | undefined): void {
  if (value !== undefined) draft[name] = value
}

/** Up to 4 bytes per character are looked at before a string is made. */
function text(bytes: Buffer, from: number, to: number, maxChars: number): string | undefined {
  if (to - from > maxChars * 4) return undefined
  const result = bytes.toString('utf8', from, to)
  return result.length > maxChars ? undefined : result
}

function count(bytes: Buffer, from: number, to: number): number | undefined {
  if (to === from || to - from > FIELD_CHARS.number) return undefined
  let number = 0
  for (let i = from; i < to; i++) {
    const digit = (bytes[i] as number) - 48
    if (digit < 0 || digit > 9) return undefined
    number = number * 10 + digit
  }
  return Number.isSafeInteger(number) ? number : undefined
}
