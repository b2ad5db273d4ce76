/*
 * streamEntry: the fields of a Redis stream entry, written from a message and read into a delivery.
 * In: a BusMessage, or raw buffers of anybody's entry. Out: XADD arguments, or a Delivery.
 * Invariant: reading never throws; a field over its bound or of the wrong shape is treated as absent.
 * Source: docs/protocol.md "entry fields".
 */
import { FIELD_CHARS, isEncoding } from '../../entryBounds.ts'
import type { BusMessage, Delivery } from '../../messageBus.ts'

const EMPTY = new Uint8Array(0)

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
  const cursor = id.toString('latin1')
  const draft: Draft = { topic, cursor, acceptedAtMs: idMs(cursor), deliveryCount, type: '', data: EMPTY }
  for (let i = 0; i + 1 < fields.length; i += 2) readField(draft, fields[i] as Buffer, fields[i + 1] as Buffer)
  return draft
}

function readField(draft: Draft, name: Buffer, value: Buffer): void {
  if (name.length < 3 || name.length > 5) return
  let id = 0
  for (let i = 0; i < name.length; i++) id = id * 256 + (name[i] as number)
  if (id === DATA) draft.data = value
  else if (id === TYPE) draft.type = text(value, FIELD_CHARS.type) ?? ''
  else if (id === SEQ) put(draft, 'seq', count(value))
  else if (id === EPOCH) put(draft, 'epoch', count(value))
  else if (id === SRC) put(draft, 'src', text(value, FIELD_CHARS.src))
  else if (id === ENC) {
    const enc = text(value, FIELD_CHARS.enc)
    if (enc !== undefined && isEncoding(enc)) draft.enc = enc
  } else if (id === TRACE) put(draft, 'trace', text(value, FIELD_CHARS.trace))
  else if (id === SIG) put(draft, 'sig', text(value, FIELD_CHARS.sig))
  else if (id === KEY) put(draft, 'key', text(value, FIELD_CHARS.key))
}

function put<K extends keyof Draft>(draft: Draft, name: K, value: Draft[K] | undefined): void {
  if (value !== undefined) draft[name] = value
}

/** Up to 4 bytes per character are looked at before a string is made. */
function text(value: Buffer, maxChars: number): string | undefined {
  if (value.length > maxChars * 4) return undefined
  const result = value.toString('utf8')
  return result.length > maxChars ? undefined : result
}

function count(value: Buffer): number | undefined {
  if (value.length === 0 || value.length > FIELD_CHARS.number) return undefined
  let number = 0
  for (let i = 0; i < value.length; i++) {
    const digit = (value[i] as number) - 48
    if (digit < 0 || digit > 9) return undefined
    number = number * 10 + digit
  }
  return Number.isSafeInteger(number) ? number : undefined
}
