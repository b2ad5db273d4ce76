/*
 * accessGuard: who may talk to this server at all: exact Host and exact Origin, the same rule on every transport.
 * In: request headers. Out: allowed, or the code of the refusal.
 * Invariant: a page of another site reaches nothing: not by fetch, not by form, not by websocket, not by a rebound DNS name.
 * Source: docs/protocol.md "origins"; OWASP ASVS 5.0 V4.4.2, V3.5.
 */
import type { IncomingHttpHeaders } from 'node:http'

export type Refusal = 'GUARD_HOST' | 'GUARD_ORIGIN'
export type Verdict = { readonly ok: true } | { readonly ok: false; readonly code: Refusal; readonly given: string }

export interface AccessGuard {
  /** Ordinary HTTP. */
  request(method: string, headers: IncomingHttpHeaders): Verdict
  /** A Socket.IO handshake or upgrade: the Origin must be there, or the browser must say same-origin. */
  socket(headers: IncomingHttpHeaders): Verdict
  readonly origins: readonly string[]
}

const ok: Verdict = Object.freeze({ ok: true })
const refuse = (code: Refusal, given: string | undefined): Verdict => ({
  ok: false,
  code,
  given: (given ?? 'none').slice(0, 200),
})
const READS = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Creates the guard for a server on `port`; loopback names and the origins of PUBLIC_URL are allowed. */
export function createAccessGuard(port: number, publicOrigins: readonly string[]): AccessGuard {
  const origins = new Set(publicOrigins)
  for (const name of ['127.0.0.1', 'localhost', '[::1]']) origins.add(new URL(`http://${name}:${port}`).origin)
  const hosts = new Set<string>()
  for (const origin of origins) {
    const url = new URL(origin)
    hosts.add(url.host)
    // Clients may spell the default port out.
    if (url.port === '') hosts.add(`${url.hostname}:${url.protocol === 'https:' ? 443 : 80}`)
  }
  const hostRefused = (headers: IncomingHttpHeaders) => !hosts.has((headers.host ?? '').toLowerCase())
  return {
    origins: [...origins],
    request(method, headers) {
      if (hostRefused(headers)) return refuse('GUARD_HOST', headers.host)
      const { origin } = headers
      if (origin !== undefined) return origins.has(origin) ? ok : refuse('GUARD_ORIGIN', origin)
      const site = headers['sec-fetch-site']
      const foreign = site === 'cross-site' || site === 'same-site'
      // A link from elsewhere to one of our pages is a navigation that reads; nothing else may come from another site.
      const navigates = method === 'GET' && headers['sec-fetch-mode'] === 'navigate'
      if (foreign && !navigates) return refuse('GUARD_ORIGIN', `${String(site)} request`)
      // Browsers send an Origin with every state-changing request: without one it must at least not be a browser's.
      if (!READS.has(method) && site === undefined && headers.authorization === undefined)
        return refuse('GUARD_ORIGIN', undefined)
      return ok
    },
    socket(headers) {
      if (hostRefused(headers)) return refuse('GUARD_HOST', headers.host)
      const { origin } = headers
      if (origin !== undefined) return origins.has(origin) ? ok : refuse('GUARD_ORIGIN', origin)
      // Browsers leave Origin out of same-origin GET polling, and say so; scripts can not forge this header.
      return headers['sec-fetch-site'] === 'same-origin' ? ok : refuse('GUARD_ORIGIN', undefined)
    },
  }
}
