/*
 * logger: structured lines on standard error; one event is one line.
 * In: level, constant text, plain data. Out: JSON lines, or short lines for a terminal.
 * Invariant: values whose key names a secret are replaced; control characters never reach a terminal raw.
 * Source: docs/runbooks "logs".
 */
import { pino, type DestinationStream } from 'pino'

export type LogData = Readonly<Record<string, unknown>>

export interface Logger {
  debug(text: string, data?: LogData): void
  info(text: string, data?: LogData): void
  warn(text: string, data?: LogData): void
  error(text: string, data?: LogData): void
  /** The same log with a room name on every line. */
  room(name: string): Logger
}

export interface LoggerOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  readonly format: 'json' | 'pretty'
  /** Where lines go; default: standard error. */
  readonly write?: (line: string) => void
}

const SECRET_KEY = /(password|secret|token|cookie|authorization|api_?key|redis_?url)/i
const URL_CREDENTIALS = /([a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi
const MAX_DEPTH = 4

/** Copies plain data without secrets, bounded in depth and length. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return value.replace(URL_CREDENTIALS, '$1•••@').slice(0, 2_000)
  if (value instanceof Error)
    return {
      name: value.name,
      message: redact(value.message),
      stack: redact(value.stack ?? ''),
      ...('code' in value ? { code: value.code } : {}),
      ...('id' in value ? { id: value.id } : {}),
      ...(value.cause === undefined || depth >= MAX_DEPTH ? {} : { cause: redact(value.cause, depth + 1) }),
    }
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null) return value
  if (depth >= MAX_DEPTH) return '…'
  if (Array.isArray(value)) return value.slice(0, 50).map((item) => redact(item, depth + 1))
  const copy: Record<string, unknown> = {}
  for (const [key, item] of Object.entries(value).slice(0, 50))
    copy[key] = SECRET_KEY.test(key) ? '•••' : redact(item, depth + 1)
  return copy
}

const LABEL: Readonly<Record<number, string>> = { 20: 'debug', 30: 'info', 40: 'warn', 50: 'error' }
// Terminals act on control characters: a name from the bus must not be able to move the cursor.
const printable = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '�')

function prettyLine(json: string): string {
  const { level, time, room, msg, data } = JSON.parse(json) as {
    level: number
    time: number
    room?: string
    msg: string
    data?: unknown
  }
  const at = new Date(time).toISOString().slice(11, 23)
  const rest = data === undefined ? '' : ` ${JSON.stringify(data)}`
  return `${printable(`${at} ${(LABEL[level] ?? 'log').padEnd(5)} ${room ?? 'server'}: ${msg}${rest}`)}\n`
}

/** Creates a logger. Never throws, whatever it is given. */
export function createLogger({ level, format, write }: LoggerOptions): Logger {
  const out = write ?? ((line: string) => void process.stderr.write(line))
  const destination: DestinationStream = {
    write: (line: string) => out(format === 'pretty' ? prettyLine(line) : line),
  }
  const toLogger = (base: ReturnType<typeof pino>): Logger => {
    const line = (at: 'debug' | 'info' | 'warn' | 'error') => (text: string, data?: LogData) =>
      data === undefined ? base[at](text) : base[at]({ data: redact(data) }, text)
    return {
      debug: line('debug'),
      info: line('info'),
      warn: line('warn'),
      error: line('error'),
      room: (name) => toLogger(base.child({ room: name })),
    }
  }
  return toLogger(pino({ level, base: null }, destination))
}
