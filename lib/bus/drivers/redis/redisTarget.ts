/*
 * redisTarget: where Redis is, read from a URL, and how to name it without its password.
 * In: redis://, rediss:// or unix:// text from the configuration. Out: connection options and a label for operators.
 * Invariant: the label never holds a secret; nothing but the operator's configuration chooses the target.
 * Source: docs/bus.md "connection profile".
 */
import { AppError } from '../../../contracts/appError.ts'

export interface RedisTarget {
  /** Address as an operator reads it: host:port or socket path, database when not 0. */
  readonly label: string
  readonly user: string
  readonly options: {
    readonly host?: string
    readonly port?: number
    readonly path?: string
    readonly username?: string
    readonly password?: string
    readonly db: number
    readonly tls?: Record<string, never>
  }
}

/** Reads redis://user:pass@host:port/db, rediss:// (TLS) and unix:///path?db=n. @throws CONFIG_INVALID */
export function parseRedisTarget(url: string): RedisTarget {
  let parsed: URL
  try {
    parsed = new URL(url)
  } catch {
    throw invalid('not a URL')
  }
  const unix = parsed.protocol === 'unix:' || parsed.protocol === 'redis+unix:'
  if (!unix && parsed.protocol !== 'redis:' && parsed.protocol !== 'rediss:') {
    throw invalid(`scheme ${parsed.protocol}//`)
  }
  const dbText = unix ? (parsed.searchParams.get('db') ?? '0') : parsed.pathname.slice(1) || '0'
  if (!/^\d{1,4}$/.test(dbText)) throw invalid(`database ${JSON.stringify(dbText.slice(0, 20))}`)
  const db = Number(dbText)
  const username = decodeURIComponent(parsed.username)
  const password = decodeURIComponent(parsed.password)
  const access = {
    db,
    ...(username === '' ? {} : { username }),
    ...(password === '' ? {} : { password }),
  }
  const suffix = db === 0 ? '' : ` database ${db}`
  const user = username === '' ? 'default' : username
  if (unix) {
    const path = decodeURIComponent(parsed.pathname)
    if (path.length < 2) throw invalid('a unix URL without a path')
    return { label: `${path}${suffix}`, user, options: { ...access, path } }
  }
  const host = parsed.hostname.replace(/^\[|\]$/g, '') || '127.0.0.1'
  const port = parsed.port === '' ? 6379 : Number(parsed.port)
  const tls = parsed.protocol === 'rediss:' ? { tls: {} } : {}
  return { label: `${host}:${port}${suffix}`, user, options: { ...access, ...tls, host, port } }
}

function invalid(what: string): AppError {
  return new AppError(
    'CONFIG_INVALID',
    `REDIS_URL: ${what}; expected redis://[user:password@]host:port[/db], rediss://… or unix:///path/to/socket`,
    { key: 'REDIS_URL' },
  )
}
