/*
 * safeJson: the bounded JSON reader at the door of the bus.
 * In: bytes nobody has looked at. Out: plain data, plus a list of flags for what JSON can not say (NaN, infinities, too large).
 * Invariant: bytes, depth and number of values are bounded before anything is built; the three prototype keys never become keys;
 * clean input costs one linear scan and one native JSON.parse, everything suspicious goes through the strict reader.
 * Source: docs/protocol.md "bounds"; seed-design.md 5.2.
 */
import { AppError } from '../contracts/appError.ts'
import { type JsonFlag, readTolerantJson, type SafeJson } from './tolerantJson.ts'

export interface SafeJsonOptions {
  readonly maxBytes?: number
  readonly maxDepth?: number
  /** Containers and commas together: bounds the memory a small text can claim. */
  readonly maxValues?: number
  /** Commands: two values for one key are two commands for one reader each. */
  readonly refuseDuplicates?: boolean
}

export const JSON_LIMITS = Object.freeze({ maxBytes: 8_388_608, maxDepth: 32, maxValues: 500_000, maxFlags: 256 })

const NO_FLAGS: readonly JsonFlag[] = Object.freeze([])
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const HOSTILE = ['__proto__', 'constructor', 'prototype'].map((name) => new TextEncoder().encode(name))

function isHostileName(bytes: Uint8Array, from: number, length: number): boolean {
  return HOSTILE.some((name) => name.length === length && name.every((byte, i) => bytes[from + i] === byte))
}

function isKeyEnd(bytes: Uint8Array, from: number): boolean {
  let i = from
  while (i < bytes.length && bytes[i]! <= 0x20) i++
  return bytes[i] === 0x3a
}

/** An integer of 16 digits may be above 2^53; an exponent of three digits may overflow. Fractions never matter. */
const LONG_INTEGER = 16
const LONG_EXPONENT = 3

/** Skips the digits from `from` on and gives the index behind them. */
function skipDigits(bytes: Uint8Array, from: number): number {
  let i = from
  while (i < bytes.length && bytes[i]! >= 0x30 && bytes[i]! <= 0x39) i++
  return i
}

/**
 * Walks the bytes once: refuses what is too deep or too many, and tells whether the strict reader is needed.
 * Needed for bare tokens of Python, numbers a double may not hold, reserved names, and keys written with escapes.
 * Written flat: at half the cost of the native parse it follows (benchmarks/codec.bench.ts).
 */
function scan(bytes: Uint8Array, maxDepth: number, maxValues: number): boolean {
  const end = bytes.length
  let suspicious = false
  let depth = 0
  let values = 0
  for (let i = 0; i < end;) {
    const byte = bytes[i++]!
    if (byte === 0x22) {
      const start = i
      let escaped = false
      for (; i < end; i++) {
        const inside = bytes[i]!
        if (inside === 0x22) break
        if (inside !== 0x5c) continue
        escaped = true
        i++
      }
      const length = i - start
      i++
      if (escaped ? isKeyEnd(bytes, i) : (length === 9 || length === 11) && isHostileName(bytes, start, length))
        suspicious = true
    } else if (byte >= 0x30 && byte <= 0x39) {
      const start = i - 1
      i = skipDigits(bytes, i)
      if (i - start >= LONG_INTEGER) suspicious = true
      if (bytes[i] === 0x2e) i = skipDigits(bytes, i + 1)
      if (i < end && (bytes[i]! | 0x20) === 0x65) {
        const sign = bytes[i + 1]
        const exponent = i + (sign === 0x2b || sign === 0x2d ? 2 : 1)
        i = skipDigits(bytes, exponent)
        if (i - exponent >= LONG_EXPONENT) suspicious = true
      }
    } else if (byte === 0x2c) {
      values++
    } else if (byte === 0x7b || byte === 0x5b) {
      values++
      if (++depth > maxDepth)
        throw new AppError('CONTRACT_DEPTH', `nesting is deeper than ${maxDepth}`, { path: '', at: i - 1 })
    } else if (byte === 0x7d || byte === 0x5d) {
      depth--
    } else if (byte === 0x4e || byte === 0x49) {
      suspicious = true
    }
  }
  if (values > maxValues)
    throw new AppError('CONTRACT_TOO_LARGE', `${values} values, ${maxValues} are accepted`, { path: '', values })
  return suspicious
}

function decodeText(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch (cause) {
    throw new AppError('CONTRACT_JSON', 'the text is not UTF-8', { path: '' }, cause)
  }
}

/**
 * Reads JSON from bytes under bounds. Python's NaN, Infinity and -Infinity become null and are flagged; so is 1e400; integers
 * above 2^53 are kept as the nearest double and flagged.
 * @throws CONTRACT_TOO_LARGE, CONTRACT_DEPTH, CONTRACT_JSON, CONTRACT_HOSTILE_KEY, CONTRACT_INVALID (duplicate key), with `path`.
 */
export function parseSafeJson(bytes: Uint8Array, options: SafeJsonOptions = {}): SafeJson {
  const { maxBytes = JSON_LIMITS.maxBytes, maxDepth = JSON_LIMITS.maxDepth } = options
  const { maxValues = JSON_LIMITS.maxValues, refuseDuplicates = false } = options
  if (bytes.byteLength > maxBytes)
    throw new AppError('CONTRACT_TOO_LARGE', `JSON of ${bytes.byteLength} B, ${maxBytes} are accepted`, { path: '' })
  if (bytes.byteLength === 0) throw new AppError('CONTRACT_JSON', 'the payload is empty', { path: '' })
  const suspicious = scan(bytes, maxDepth, maxValues)
  const text = decodeText(bytes)
  if (suspicious || refuseDuplicates)
    return readTolerantJson(text, { maxDepth, refuseDuplicates, maxFlags: JSON_LIMITS.maxFlags })
  try {
    return { value: JSON.parse(text) as unknown, flags: NO_FLAGS, flagCount: 0 }
  } catch {
    // The native message quotes the payload; only the strict reader's position may leave.
    throw new AppError('CONTRACT_JSON', 'the payload is not JSON', { path: '' })
  }
}
