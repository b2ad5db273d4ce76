/*
 * webApi: the web server's HTTP API for the command line.
 * In: its address, a service token if one is set. Out: status and JSON, or unreachable.
 * Invariant: every call has a deadline; a server that is too slow counts as not there, and is said so.
 * Source: docs/cli.md.
 */
import { AppError } from '../../lib/contracts/appError.ts'
import { ERROR_CATALOG, type ErrorCode } from '../../lib/contracts/errorCatalog.ts'

export interface WebApi {
  /** @throws BUS_UNAVAILABLE-like AppErrors as the server says them; GATEWAY_TIMEOUT when it is not there in time */
  call(method: 'GET' | 'POST', path: string, options?: WebCall): Promise<unknown>
}

export interface WebCall {
  readonly body?: object
  readonly deadlineMs?: number
  readonly key?: string
}

const DEADLINE_MS = 5_000

const isCode = (code: unknown): code is ErrorCode => typeof code === 'string' && Object.hasOwn(ERROR_CATALOG, code)

/** Where nothing answers there is no web server; what it refused it refused by code. */
export class WebUnreachable extends Error {}

/** Creates the caller; nothing is connected before the first call. */
export function createWebApi(url: string, token: string | null): WebApi {
  return {
    async call(method, path, { body, deadlineMs = DEADLINE_MS, key } = {}) {
      let response: Response
      let text: string
      try {
        response = await fetch(url + path, {
          method,
          redirect: 'error',
          signal: AbortSignal.timeout(deadlineMs),
          headers: {
            origin: url,
            accept: 'application/json',
            ...(body === undefined ? {} : { 'content-type': 'application/json' }),
            ...(key === undefined ? {} : { 'idempotency-key': key }),
            ...(token === null ? {} : { authorization: `Bearer ${token}` }),
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        })
        text = await response.text()
      } catch (error) {
        const slow = (error as Error).name === 'TimeoutError'
        const cause = (error as { cause?: { code?: string } }).cause?.code ?? (error as Error).message
        throw new WebUnreachable(slow ? `${url} did not answer within ${deadlineMs} ms` : `${url}: ${cause}`)
      }
      const value = parse(text)
      if (response.ok) return value
      const { code, detail, path: at } = (value ?? {}) as Readonly<Record<string, unknown>>
      if (isCode(code)) throw new AppError(code, String(detail), typeof at === 'string' ? { path: at } : {})
      throw new WebUnreachable(`${url}${path} answered with status ${response.status}`)
    },
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return null
  }
}
