/*
 * httpServer: the one port. Guard first, then headers, then pages; upgrades are split by path.
 * In: requests and upgrades from anywhere. Out: guarded ones for Socket.IO and for the pages.
 * Invariant: nothing behind this file sees a request with a foreign Host or Origin, or with headers that only Next itself may set.
 * Source: docs/adr/0002-next-seam.md.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AppError, toProblem } from '../../lib/contracts/appError.ts'
import { HTTP_API } from '../../lib/contracts/httpApi.ts'
import { SOCKET_PATH } from '../../lib/contracts/socketNames.ts'
import type { Logger } from '../logger.ts'
import type { AccessGuard, Verdict } from './accessGuard.ts'
import type { Pages } from './nextPages.ts'
import { peerOf } from './peer.ts'
import { contentSecurityPolicy, createNonce, FIXED_HEADERS } from './securityHeaders.ts'

export interface HttpServer {
  readonly server: Server
  /** @throws CONFIG_INVALID when the port is taken or not ours to take. */
  listen(host: string, port: number): Promise<number>
  /** From now on requests reach the pages; before, they are answered with 503. */
  open(guard: AccessGuard, pages: Pages): void
  close(deadlineMs: number): Promise<void>
}

/** Next believes these when they come from its own proxy layer; from outside they skip checks (CVE-2025-29927). */
const INTERNAL_HEADER =
  /^(x-middleware-|x-nextjs-|x-invoke-|x-matched-path$|x-now-route-matches$|x-nonce$|x-morphoscope-)/

function stripInternalHeaders(request: IncomingMessage): void {
  for (const name of Object.keys(request.headers)) if (INTERNAL_HEADER.test(name)) delete request.headers[name]
  const raw: string[] = []
  for (let at = 0; at + 1 < request.rawHeaders.length; at += 2)
    if (!INTERNAL_HEADER.test(request.rawHeaders[at]!.toLowerCase()))
      raw.push(request.rawHeaders[at]!, request.rawHeaders[at + 1]!)
  request.rawHeaders = raw
}

const pathOf = (request: IncomingMessage): string => (request.url ?? '/').split('?', 1)[0]!
/** Engine.IO compares a prefix of the raw path; a look-alike must not slip past either side. */
export const isSocketPath = (path: string): boolean => path === SOCKET_PATH || path.startsWith(`${SOCKET_PATH}/`)

const toPattern = (path: string): RegExp =>
  new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}/?$`)
const API_ROUTES = Object.values(HTTP_API).map(({ path, method }) => ({ pattern: toPattern(path), method }))
/** What an API client asks for must never be answered with a page for people. */
const isApi = (path: string): boolean => path === '/api' || path.startsWith('/api/') || path.startsWith('/metrics')
const READS = 'GET, HEAD, OPTIONS'

/** What may be asked of a path: pages only read; a route is what the contract has of it. */
function allowedOf(path: string): string {
  const methods = API_ROUTES.filter((route) => route.pattern.test(path)).map((route) => route.method)
  const reads = !isApi(path) || methods.includes('GET') ? READS : 'OPTIONS'
  return [reads, ...methods.filter((method) => method !== 'GET')].join(', ')
}

/** Paths and methods nobody answers; null when somebody does. */
function refusalOf(method: string, path: string, dev: boolean): AppError | null {
  if (!path.startsWith('/'))
    return new AppError('CONTRACT_INVALID', 'only paths are answered here, this is no proxy', { path: 'path' })
  try {
    decodeURIComponent(path)
  } catch {
    return new AppError('CONTRACT_INVALID', 'the path is not valid percent-encoding', { path: 'path' })
  }
  if (isApi(path) && !API_ROUTES.some(({ pattern }) => pattern.test(path)))
    return new AppError('STATE_NOT_FOUND', 'the API has no such path; /api/openapi.json lists what there is', {
      path: 'path',
    })
  // Pages only read; the development overlay of the pages posts.
  if ((!dev || isApi(path)) && !allowedOf(path).split(', ').includes(method))
    return new AppError('GUARD_METHOD', `${JSON.stringify(method.slice(0, 20))} is not answered here`, {
      path: 'method',
    })
  return null
}

/** Answers with a problem document. Never throws, also when the headers are out. */
export function sendProblem(response: ServerResponse, error: AppError, path = ''): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const problem = toProblem(error)
  const body = JSON.stringify(problem)
  response.writeHead(problem.status, {
    ...FIXED_HEADERS,
    'content-type': 'application/problem+json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...(problem.status === 405 ? { allow: allowedOf(path) } : {}),
  })
  response.end(body)
}

const toError = (verdict: Verdict & { ok: false }): AppError =>
  new AppError(verdict.code, `${verdict.code === 'GUARD_HOST' ? 'Host' : 'Origin'} ${JSON.stringify(verdict.given)}`)

export interface HttpServerOptions {
  readonly logger: Logger
  readonly dev: boolean
  /** X-Forwarded-For of a proxy on this machine is believed. */
  readonly trustProxy?: boolean
}

/** Creates the server; it refuses everything until `open`. */
export function createHttpServer({ logger, dev, trustProxy = false }: HttpServerOptions): HttpServer {
  let behind: { readonly guard: AccessGuard; readonly pages: Pages } | null = null

  const onRequest = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (behind === null)
      return sendProblem(response, new AppError('BUS_UNAVAILABLE', 'the server is starting or stopping'))
    const verdict = behind.guard.request(request.method ?? 'GET', request.headers)
    if (!verdict.ok) return sendProblem(response, toError(verdict))
    const refusal = refusalOf(request.method ?? 'GET', pathOf(request), dev)
    if (refusal !== null) return sendProblem(response, refusal, pathOf(request))
    stripInternalHeaders(request)
    const nonce = createNonce()
    const policy = contentSecurityPolicy(nonce, dev)
    // Next takes the nonce for its own scripts out of the request's policy; pages read x-nonce.
    request.headers['content-security-policy'] = policy
    request.headers['x-nonce'] = nonce
    // Pages do not see the connection; these names are stripped from what comes in, so only these lines can set them.
    const peer = peerOf(request, trustProxy)
    request.headers['x-morphoscope-address'] = peer.address
    if (peer.loopback) request.headers['x-morphoscope-peer'] = 'loopback'
    for (const [name, value] of Object.entries(FIXED_HEADERS)) response.setHeader(name, value)
    response.setHeader('content-security-policy', policy)
    await behind.pages.handle(request, response)
  }

  const server = createServer({
    requestTimeout: 30_000,
    headersTimeout: 10_000,
    // Node looks at the two above only this often, by default each 30 s.
    connectionsCheckingInterval: 2_000,
    maxHeaderSize: 32_768,
  })
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    onRequest(request, response).catch((error: unknown) => {
      logger.error('request failed', { path: pathOf(request), error })
      sendProblem(response, new AppError('INTERNAL', 'request failed', {}, error))
    })
  })
  server.on('upgrade', (request, socket, head) => {
    if (isSocketPath(pathOf(request))) return
    socket.on('error', () => socket.destroy())
    if (behind === null || !behind.guard.socket(request.headers).ok) {
      socket.end('HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n')
      return
    }
    stripInternalHeaders(request)
    behind.pages.upgrade(request, socket, head)
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // A browser opens connections ahead of need. What is said on one that asked nothing is taken for the answer to its next question.
    const askedNothing = 'bytesRead' in socket && socket.bytesRead === 0
    if (askedNothing || !socket.writable) return void socket.destroy()
    const isLate = error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
    socket.end(`HTTP/1.1 ${isLate ? '408 Request Timeout' : '400 Bad Request'}\r\nconnection: close\r\n\r\n`)
  })

  return {
    server,
    listen: (host, port) =>
      new Promise((resolve, reject) => {
        const onError = (error: NodeJS.ErrnoException) =>
          reject(
            new AppError(
              'CONFIG_INVALID',
              error.code === 'EADDRINUSE'
                ? `port ${port} on ${host} is taken by another program; stop it, or choose another with PORT=3001`
                : `can not listen on ${host}:${port}: ${error.message}`,
              { path: 'PORT' },
              error,
            ),
          )
        server.once('error', onError)
        server.listen(port, host, () => {
          server.off('error', onError)
          server.on('error', (error) => logger.error('http server', { error }))
          resolve((server.address() as AddressInfo).port)
        })
      }),
    open(guard, pages) {
      behind = { guard, pages }
    },
    close: () =>
      new Promise((resolve) => {
        behind = null
        server.close(() => resolve())
        server.closeIdleConnections()
        // Event streams and half-read bodies would hold the close for ever.
        server.closeAllConnections()
      }),
  }
}
