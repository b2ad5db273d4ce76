/*
 * entryBounds: what an entry may carry, checked before anything is queued, stored or parsed.
 * In: a message of a caller. Out: its size, or a refusal by code.
 * Invariant: the same bounds hold for every driver, on the way in and on the way out.
 * Source: docs/protocol.md "entry fields"; docs/bus.md "bounds".
 */
import { AppError } from '../contracts/appError.ts'
import type { BusMessage, Encoding } from './messageBus.ts'

/** A 16 MB bulk delays everyone else on the same Redis by 153 ms, 1 MB by 20 ms. */
export const MAX_ENTRY_BYTES = 1_048_576
/** Characters per field; longer ones are refused on publish and treated as absent on receipt. */
export const FIELD_CHARS = Object.freeze({ type: 128, enc: 16, src: 256, trace: 128, sig: 512, key: 128, number: 16 })

const ENCODINGS: ReadonlySet<string> = new Set<Encoding>(['json', 'json+zlib', 'json+zstd', 'columns', 'columns+zstd'])

/** Says whether text names an encoding we know. */
export function isEncoding(text: string): text is Encoding {
  return ENCODINGS.has(text)
}

/** Bytes the entry costs: payload plus text fields. */
export function entryBytes(message: BusMessage): number {
  return (
    message.data.byteLength +
    message.type.length +
    (message.src?.length ?? 0) +
    (message.trace?.length ?? 0) +
    (message.sig?.length ?? 0) +
    (message.key?.length ?? 0) +
    48
  )
}

/** Refuses a message over a bound. @throws BUS_TOO_LARGE, CONTRACT_INVALID */
export function assertMessage(message: BusMessage, maxEntryBytes: number): number {
  if (!(message.data instanceof Uint8Array)) throw invalid('data', 'bytes')
  boundText('type', message.type, FIELD_CHARS.type)
  boundText('src', message.src, FIELD_CHARS.src)
  boundText('trace', message.trace, FIELD_CHARS.trace)
  boundText('sig', message.sig, FIELD_CHARS.sig)
  boundText('key', message.key, FIELD_CHARS.key)
  boundCount('epoch', message.epoch)
  boundCount('seq', message.seq)
  if (message.enc !== undefined && !isEncoding(message.enc)) throw invalid('enc', 'a documented encoding')
  const bytes = entryBytes(message)
  if (bytes > maxEntryBytes) {
    throw new AppError('BUS_TOO_LARGE', `entry of ${bytes} bytes, ${maxEntryBytes} are accepted`, {
      path: 'data',
      bytes,
      maxEntryBytes,
    })
  }
  return bytes
}

function boundText(path: string, text: string | undefined, maxChars: number): void {
  if (text === undefined) return
  if (typeof text !== 'string' || text.length > maxChars) throw invalid(path, `text of at most ${maxChars} characters`)
}

function boundCount(path: string, count: number | undefined): void {
  if (count === undefined) return
  if (!Number.isSafeInteger(count) || count < 0) throw invalid(path, 'a whole number from 0 to 2^53-1')
}

const invalid = (path: string, expected: string): AppError =>
  new AppError('CONTRACT_INVALID', `entry field ${path}: expected ${expected}`, { path })
