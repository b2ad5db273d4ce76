/*
 * auditQuery: the language in which the audit trail is asked: tokens, free text, negation.
 * In: a line of text. Out: terms with their places, or what is wrong with it, where, and what is accepted.
 * Invariant: what is not understood is never taken for free text silently; written terms are read back the same; pages and server share it.
 * Source: docs/audit.md "query language"; features F2.
 */
export interface AuditToken {
  readonly name: AuditTokenName
  /** What its values are, for people. */
  readonly takes: string
  readonly example: string
}

export const AUDIT_TOKEN_NAMES = [
  'actor',
  'action',
  'object',
  'outcome',
  'layer',
  'seed',
  'correlation',
  'command',
  'level',
  'error',
  'before',
  'after',
  'at',
] as const
export type AuditTokenName = (typeof AUDIT_TOKEN_NAMES)[number]

const token = (name: AuditTokenName, takes: string, example: string): AuditToken =>
  Object.freeze({ name, takes, example })

/** Every token with its words. */
export const AUDIT_TOKENS: readonly AuditToken[] = Object.freeze([
  token('actor', 'who acted: an id or a name', 'actor:demo-1'),
  token('action', 'the act; * at the end for all that begin so', 'action:command.*'),
  token('object', 'id or type of what was acted on', 'object:EmergencyStopCommand'),
  token('outcome', 'intent, done, failed, denied or unknown', 'outcome:denied'),
  token('layer', 'the layer that was meant', 'layer:layer_3'),
  token('seed', 'its seed, by number or as layer/number', 'seed:layer_3/17'),
  token('correlation', 'everything of one thread', 'correlation:7b1c…'),
  token('command', 'everything of one command', 'command:7b1c…'),
  token('level', 'guard level, with >= or <=', 'level:>=3'),
  token('error', 'the code of a refusal', 'error:GUARD_FORBIDDEN'),
  token('before', 'up to a moment', 'before:2026-01-31T14:02'),
  token('after', 'from a moment on, or an age', 'after:2h'),
  token('at', 'a day, a minute or a second', 'at:14:02'),
])

const OTHER_NAMES: Readonly<Record<string, AuditTokenName>> = {
  corr: 'correlation',
  thread: 'correlation',
  target: 'object',
  since: 'after',
  until: 'before',
  by: 'actor',
}
export const AUDIT_OUTCOME_NAMES: readonly string[] = Object.freeze(['intent', 'done', 'failed', 'denied', 'unknown'])
export const AUDIT_QUERY_LENGTH = 500
const MAX_TERMS = 24

export interface AuditValue {
  readonly text: string
  /** `*` stood at its end. */
  readonly prefix: boolean
}

export interface AuditTerm {
  /** Null: free text. */
  readonly token: AuditTokenName | null
  readonly negated: boolean
  /** Any of them. */
  readonly values: readonly AuditValue[]
  /** Where it stands in the line. */
  readonly at: number
  readonly length: number
}

export interface AuditQueryProblem {
  readonly at: number
  readonly length: number
  readonly text: string
}

export type ParsedAuditQuery =
  | { readonly ok: true; readonly terms: readonly AuditTerm[] }
  | { readonly ok: false; readonly problem: AuditQueryProblem }

const ACCEPTED = AUDIT_TOKEN_NAMES.map((name) => `${name}:`).join(' ')

class Wrong extends Error {
  readonly problem: AuditQueryProblem
  constructor(at: number, length: number, text: string) {
    super(text)
    this.problem = { at, length, text }
  }
}

interface Piece {
  readonly at: number
  readonly text: string
}

/** Splits at blanks outside quotes. */
function piecesOf(line: string): Piece[] {
  const pieces: Piece[] = []
  let at = 0
  while (at < line.length) {
    if (/\s/.test(line[at]!)) {
      at++
      continue
    }
    const from = at
    let quoted = false
    let quoteAt = 0
    for (; at < line.length && (quoted || !/\s/.test(line[at]!)); at++)
      if (line[at] === '"') {
        quoted = !quoted
        quoteAt = at
      }
    if (quoted) throw new Wrong(quoteAt, line.length - quoteAt, 'this quote is never closed')
    pieces.push({ at: from, text: line.slice(from, at) })
  }
  return pieces
}

const unquote = (text: string): string => text.replaceAll('"', '')

/** Splits at commas outside quotes. */
function valuesOf(text: string): AuditValue[] {
  const parts = text.match(/(?:"[^"]*"|[^,"])+/g) ?? []
  return parts.flatMap((part) => {
    const prefix = part.length > 1 && part.endsWith('*')
    const bare = unquote(prefix ? part.slice(0, -1) : part)
    return bare === '' ? [] : [{ text: bare, prefix }]
  })
}

/** Reads a guard level's bound; null when it is none. */
export function parseLevel(text: string): { readonly op: '>=' | '<=' | '='; readonly level: number } | null {
  const found = /^(>=|<=|=)?([0-4])$/.exec(text)
  return found === null ? null : { op: (found[1] ?? '=') as '>=' | '<=' | '=', level: Number(found[2]) }
}

/** Reads `17` or `layer_3/17`; null when it is neither. */
export function parseSeed(text: string): { readonly layer: string | null; readonly seed: number } | null {
  const found = /^(?:(.+)\/)?(\d{1,8})$/.exec(text)
  return found === null ? null : { layer: found[1] ?? null, seed: Number(found[2]) }
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/**
 * Reads a moment: a day, a minute or a second of ISO 8601 (UTC), `14:02` of today, an age like `2h`, or Unix ms.
 * `fromMs` to before `toMs` is what it spans; null when it is none of them.
 */
export function resolveMoment(text: string, nowMs: number): { readonly fromMs: number; readonly toMs: number } | null {
  const age = /^(\d{1,6})([smhd])$/.exec(text)
  if (age !== null) {
    const at = nowMs - Number(age[1]) * UNIT_MS[age[2]!]!
    return { fromMs: at, toMs: at + 1 }
  }
  if (/^\d{12,15}$/.test(text)) return { fromMs: Number(text), toMs: Number(text) + 1 }
  const today = new Date(nowMs).toISOString().slice(0, 10)
  const whole = /^\d{2}:\d{2}(:\d{2})?$/.test(text) ? `${today}T${text}` : text
  const found = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2})(?::(\d{2})(\.\d{1,3})?)?Z?)?$/.exec(whole)
  if (found === null) return null
  const [, day, minute, second, part] = found
  const fromMs = Date.parse(`${day}T${minute ?? '00:00'}:${second ?? '00'}${part ?? ''}Z`)
  if (!Number.isFinite(fromMs)) return null
  const spanMs = minute === undefined ? 86_400_000 : second === undefined ? 60_000 : part === undefined ? 1_000 : 1
  return { fromMs, toMs: fromMs + spanMs }
}

/** What this value of a token should have been; null when it is right. */
function valueFault(name: AuditTokenName, { text, prefix }: AuditValue): string | null {
  switch (name) {
    case 'outcome':
      return AUDIT_OUTCOME_NAMES.includes(text) ? null : `an outcome is one of ${AUDIT_OUTCOME_NAMES.join(', ')}`
    case 'level':
      return parseLevel(text) === null ? 'a level is 0 to 4, with >= or <= before it if wanted' : null
    case 'seed':
      return parseSeed(text) === null ? 'a seed is a number, or layer/number' : null
    case 'before':
    case 'after':
    case 'at':
      if (resolveMoment(text, 0) !== null && !prefix) return null
      return 'a moment is 2026-01-31, 2026-01-31T14:02, 14:02 (UTC, today), an age like 30m, 2h, 3d, or Unix ms'
    case 'layer':
    case 'correlation':
    case 'command':
    case 'error':
      return prefix ? `${name}: takes whole values, without *` : null
    case 'actor':
    case 'action':
    case 'object':
      return null
  }
}

function termOf({ at, text }: Piece): AuditTerm {
  const negated = text.length > 1 && text.startsWith('-')
  const body = negated ? text.slice(1) : text
  const from = negated ? at + 1 : at
  const named = /^([A-Za-z_]+):(.*)$/s.exec(body)
  // A quoted text may hold a colon; so may a time that stands alone.
  if (named === null || body.startsWith('"'))
    return { token: null, negated, values: [{ text: unquote(body), prefix: false }], at, length: text.length }
  const word = named[1]!.toLowerCase()
  const name = AUDIT_TOKEN_NAMES.find((known) => known === word) ?? OTHER_NAMES[word]
  if (name === undefined)
    throw new Wrong(
      from,
      word.length + 1,
      `there is no token "${named[1]}:"; accepted are ${ACCEPTED}; quote it to search for the text`,
    )
  const values = valuesOf(named[2]!)
  if (values.length === 0) {
    const { takes, example } = AUDIT_TOKENS.find((known) => known.name === name)!
    throw new Wrong(from, body.length, `${name}: needs a value (${takes}), as in ${example}`)
  }
  for (const value of values) {
    const fault = valueFault(name, value)
    if (fault !== null) throw new Wrong(from, body.length, `"${value.text}" is not understood: ${fault}`)
  }
  const isMoment = name === 'before' || name === 'after' || name === 'at' || name === 'level'
  if (isMoment && (values.length > 1 || negated))
    throw new Wrong(from, body.length, `${name}: takes one value and no minus`)
  return { token: name, negated, values, at, length: text.length }
}

/** Reads a line. Never throws. */
export function parseAuditQuery(line: string): ParsedAuditQuery {
  if (line.length > AUDIT_QUERY_LENGTH) {
    const text = `a query has at most ${AUDIT_QUERY_LENGTH} characters`
    return { ok: false, problem: { at: AUDIT_QUERY_LENGTH, length: line.length - AUDIT_QUERY_LENGTH, text } }
  }
  try {
    const pieces = piecesOf(line)
    const extra = pieces[MAX_TERMS]
    if (extra !== undefined) throw new Wrong(extra.at, line.length - extra.at, `a query has at most ${MAX_TERMS} terms`)
    return { ok: true, terms: pieces.map(termOf).filter(({ values }) => values.some(({ text }) => text !== '')) }
  } catch (error) {
    if (error instanceof Wrong) return { ok: false, problem: error.problem }
    throw error
  }
}

const quoted = (text: string): string => (/[\s,"*]/.test(text) || text === '' ? `"${unquote(text)}"` : text)

/** Writes a term as it would be typed. */
export function writeAuditTerm({
  token: name,
  negated,
  values,
}: Pick<AuditTerm, 'token' | 'negated' | 'values'>): string {
  const text = values.map((value) => `${quoted(value.text)}${value.prefix ? '*' : ''}`).join(',')
  if (name === null) {
    const bare = values[0]?.text ?? ''
    // What would be read as a token, or as a minus, is quoted.
    const written = /^[A-Za-z_]+:|^-/.test(bare) ? `"${unquote(bare)}"` : text
    return `${negated ? '-' : ''}${written}`
  }
  return `${negated ? '-' : ''}${name}:${text}`
}
