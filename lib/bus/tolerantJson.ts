/*
 * tolerantJson: the strict reader behind safeJson: JSON by the letter, plus the three bare tokens Python writes, with a path for
 * every finding.
 * In: text whose size and depth are already bounded. Out: plain data and flags.
 * Invariant: reads each character once; never builds a key of HOSTILE_KEYS; a flag or refusal names where.
 * Source: docs/protocol.md "what other publishers may send".
 */
import { AppError } from '../contracts/appError.ts'
import { HOSTILE_KEYS } from '../contracts/wireIdText.ts'
import { pathText } from '../contracts/pathText.ts'

export type JsonFlagKind = 'nan' | 'inf' | '-inf' | 'overflow' | 'big-int' | 'duplicate-key'
/** Says that the value at `path` is not what the publisher held. Non-finite values became null. */
export interface JsonFlag {
  readonly path: string
  readonly kind: JsonFlagKind
}

export interface SafeJson {
  readonly value: unknown
  /** At most the caller's bound; `flagCount` counts all of them. */
  readonly flags: readonly JsonFlag[]
  readonly flagCount: number
}

interface ReaderOptions {
  readonly maxDepth: number
  readonly refuseDuplicates: boolean
  readonly maxFlags: number
}

interface Cursor {
  readonly text: string
  readonly options: ReaderOptions
  at: number
  readonly path: (string | number)[]
  readonly flags: JsonFlag[]
  flagCount: number
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const PLAIN = /[^"\\\u0000-\u001f]*/y
const SPACE = /[\t\n\r ]*/y
const ESCAPES: Readonly<Record<string, string>> = Object.freeze({
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
})
const BARE_TOKENS: readonly (readonly [string, JsonFlagKind])[] = [
  ['NaN', 'nan'],
  ['Infinity', 'inf'],
  ['-Infinity', '-inf'],
]
const LITERALS: readonly (readonly [string, boolean | null])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
]

const broken = (cursor: Cursor): AppError =>
  new AppError('CONTRACT_JSON', `the payload is not JSON at character ${cursor.at}`, {
    path: pathText(cursor.path),
    at: cursor.at,
  })

function flag(cursor: Cursor, kind: JsonFlagKind): void {
  cursor.flagCount++
  if (cursor.flags.length < cursor.options.maxFlags) cursor.flags.push({ path: pathText(cursor.path), kind })
}

function take(cursor: Cursor, pattern: RegExp): string {
  pattern.lastIndex = cursor.at
  const found = pattern.exec(cursor.text)?.[0] ?? ''
  cursor.at += found.length
  return found
}

function skipSpace(cursor: Cursor): number {
  let code = cursor.text.charCodeAt(cursor.at)
  if (code <= 0x20) {
    take(cursor, SPACE)
    code = cursor.text.charCodeAt(cursor.at)
  }
  return code
}

function readEscape(cursor: Cursor): string {
  const letter = cursor.text.charAt(cursor.at++)
  if (letter !== 'u') {
    const plain = Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : undefined
    if (plain === undefined) throw broken(cursor)
    return plain
  }
  const hex = cursor.text.slice(cursor.at, cursor.at + 4)
  if (!/^[0-9a-fA-F]{4}$/.test(hex)) throw broken(cursor)
  cursor.at += 4
  return String.fromCharCode(Number.parseInt(hex, 16))
}

/** Reads a string whose opening quote is the next character. */
function readString(cursor: Cursor): string {
  cursor.at++
  let value = take(cursor, PLAIN)
  while (cursor.text[cursor.at] === '\\') {
    cursor.at++
    value += readEscape(cursor) + take(cursor, PLAIN)
  }
  if (cursor.text[cursor.at] !== '"') throw broken(cursor)
  cursor.at++
  return value
}

function readNumber(cursor: Cursor): number | null {
  const digits = take(cursor, NUMBER)
  if (digits === '') throw broken(cursor)
  const value = Number(digits)
  if (!Number.isFinite(value)) {
    flag(cursor, 'overflow')
    return null
  }
  if (Math.abs(value) > Number.MAX_SAFE_INTEGER && /^-?\d+$/.test(digits)) flag(cursor, 'big-int')
  return value
}

function readWord(cursor: Cursor): unknown {
  for (const [word, value] of LITERALS) {
    if (!cursor.text.startsWith(word, cursor.at)) continue
    cursor.at += word.length
    return value
  }
  for (const [word, kind] of BARE_TOKENS) {
    if (!cursor.text.startsWith(word, cursor.at)) continue
    cursor.at += word.length
    flag(cursor, kind)
    return null
  }
  return readNumber(cursor)
}

function readArray(cursor: Cursor, depth: number): unknown[] {
  const list: unknown[] = []
  cursor.at++
  if (skipSpace(cursor) === 0x5d) {
    cursor.at++
    return list
  }
  for (;;) {
    cursor.path.push(list.length)
    list.push(readValue(cursor, depth))
    cursor.path.pop()
    const next = skipSpace(cursor)
    if (next !== 0x2c && next !== 0x5d) throw broken(cursor)
    cursor.at++
    if (next === 0x5d) return list
  }
}

function assertKey(cursor: Cursor, object: object, key: string): void {
  if (HOSTILE_KEYS.has(key))
    throw new AppError('CONTRACT_HOSTILE_KEY', `the key ${key} is reserved`, { path: pathText(cursor.path) })
  if (!Object.hasOwn(object, key)) return
  if (cursor.options.refuseDuplicates)
    throw new AppError('CONTRACT_INVALID', 'a key occurs twice', { path: pathText(cursor.path) })
  flag(cursor, 'duplicate-key')
}

function readObject(cursor: Cursor, depth: number): Record<string, unknown> {
  const object: Record<string, unknown> = {}
  cursor.at++
  if (skipSpace(cursor) === 0x7d) {
    cursor.at++
    return object
  }
  for (;;) {
    if (skipSpace(cursor) !== 0x22) throw broken(cursor)
    const key = readString(cursor)
    cursor.path.push(key)
    assertKey(cursor, object, key)
    if (skipSpace(cursor) !== 0x3a) throw broken(cursor)
    cursor.at++
    object[key] = readValue(cursor, depth)
    cursor.path.pop()
    const next = skipSpace(cursor)
    if (next !== 0x2c && next !== 0x7d) throw broken(cursor)
    cursor.at++
    if (next === 0x7d) return object
  }
}

function readValue(cursor: Cursor, depth: number): unknown {
  // The scan has counted the depth already; this guards callers that did not scan.
  if (depth > cursor.options.maxDepth) throw new AppError('CONTRACT_DEPTH', 'nesting is too deep', { path: '' })
  switch (skipSpace(cursor)) {
    case 0x22:
      return readString(cursor)
    case 0x7b:
      return readObject(cursor, depth + 1)
    case 0x5b:
      return readArray(cursor, depth + 1)
    default:
      return readWord(cursor)
  }
}

/**
 * Reads one JSON text tolerantly: bare NaN and infinities are null plus a flag.
 * @throws CONTRACT_JSON, CONTRACT_HOSTILE_KEY, CONTRACT_INVALID (duplicate key), CONTRACT_DEPTH; each with `path`.
 */
export function readTolerantJson(text: string, options: ReaderOptions): SafeJson {
  const cursor: Cursor = { text, options, at: 0, path: [], flags: [], flagCount: 0 }
  const value = readValue(cursor, 0)
  skipSpace(cursor)
  if (cursor.at !== text.length) throw broken(cursor)
  return { value, flags: cursor.flags, flagCount: cursor.flagCount }
}
