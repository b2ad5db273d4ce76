/*
 * controlApi: the gateway's HTTP on the loopback: orders, stops, resumes, readiness, and a stream of events.
 * In: requests with the bearer token of gateway.json. Out: JSON, problem documents, NDJSON.
 * Invariant: without the token nobody learns anything; a body has a bound in bytes and in time; every request is answered once; a follower that
 * does not read is cut off.
 * Source: docs/protocol.md "gateway control API".
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { z } from 'zod'
import { AppError, toProblem } from '../../lib/contracts/appError.ts'
import { GatewayOrder, GatewayResume, GatewayStop } from '../../lib/contracts/gatewayControl.ts'
import { pathText } from '../../lib/contracts/pathText.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { EventStream } from './eventStream.ts'
import type { GatewayClient } from './gatewayClient.ts'

/** The calls of the client without the line: what the gateway does for each. May throw AppErrors. */
export type GatewayCalls = {
  readonly [Call in Exclude<keyof GatewayClient, 'follow'>]: (
    ...args: Parameters<GatewayClient[Call]>
  ) => Awaited<ReturnType<GatewayClient[Call]>>
}

export interface ControlApiOptions {
  readonly calls: GatewayCalls
  readonly events: EventStream
  readonly clock: Clock
  readonly token: string
  readonly onRefused: (text: string) => void
}

export interface ControlApi {
  /** @throws CONFIG_INVALID when the port can not be had */
  listen(host: string, port: number): Promise<number>
  stop(): Promise<void>
}

const MAX_BODY_BYTES = 262_144
const MAX_UNREAD_BYTES = 4_194_304
const MAX_FOLLOWERS = 32
const IDLE_MS = 1_000
const PLACE = /^(\d{1,15}):(\d{1,15})$/
const WITH_ID = /^\/v1\/(commands|stop|resume)\/([0-9a-fA-F-]{36})$/

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/** Creates the server; nothing listens before listen. */
export function createControlApi({ calls, events, clock, token, onRefused }: ControlApiOptions): ControlApi {
  const expected = digest(`Bearer ${token}`)
  const followers = new Set<ServerResponse>()

  const isAllowed = (request: IncomingMessage): boolean =>
    // Digests are of one length, so the time says nothing about the token.
    timingSafeEqual(digest(request.headers.authorization ?? ''), expected)

  const answer = (response: ServerResponse, status: number, value: object): void => {
    response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    response.end(JSON.stringify(value))
  }
  const fail = (response: ServerResponse, error: unknown): void => {
    if (response.headersSent) return void response.destroy()
    const problem = toProblem(error)
    answer(response, problem.status, problem)
  }

  const readBody = async <S extends z.ZodType>(request: IncomingMessage, schema: S): Promise<z.infer<S>> => {
    const parts: Buffer[] = []
    let bytes = 0
    for await (const part of request as AsyncIterable<Buffer>) {
      bytes += part.byteLength
      if (bytes > MAX_BODY_BYTES)
        throw new AppError('CONTRACT_TOO_LARGE', `a body of at most ${MAX_BODY_BYTES} bytes is accepted`)
      parts.push(part)
    }
    let value: unknown
    try {
      value = JSON.parse(Buffer.concat(parts).toString('utf8'))
    } catch (error) {
      throw new AppError('CONTRACT_JSON', 'the body is not JSON', {}, error)
    }
    const parsed = schema.safeParse(value)
    if (parsed.success) return parsed.data
    const issue = parsed.error.issues[0]
    const path = pathText(issue?.path ?? [])
    throw new AppError('CONTRACT_INVALID', `${path}: ${issue?.message ?? 'invalid'}`, { path })
  }

  const follow = (url: URL, response: ServerResponse): void => {
    if (followers.size >= MAX_FOLLOWERS)
      return fail(response, new AppError('GUARD_RATE', `${MAX_FOLLOWERS} followers are connected already`))
    const after = url.searchParams.get('after')
    const place = after === null ? null : PLACE.exec(after)
    if (after !== null && place === null)
      return fail(response, new AppError('CONTRACT_INVALID', 'after is epoch:offset', { path: 'after' }))
    response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' })
    followers.add(response)
    let saidMs = clock.monotonicMs()
    const write = (event: object): void => {
      saidMs = clock.monotonicMs()
      if (response.writableLength > MAX_UNREAD_BYTES) return void response.destroy()
      response.write(`${JSON.stringify(event)}\n`)
    }
    if (place === null) write({ ...events.idle(), kind: 'status', status: calls.status() })
    const from = place === null ? null : { epoch: Number(place[1]), offset: Number(place[2]) }
    const undoFollow = events.follow(from, write)
    const undoIdle = clock.every(IDLE_MS / 2, () => {
      if (clock.monotonicMs() - saidMs >= IDLE_MS) write(events.idle())
    })
    response.once('close', () => {
      undoFollow()
      undoIdle()
      followers.delete(response)
    })
  }

  const get = (url: URL, response: ServerResponse): void => {
    const named = WITH_ID.exec(url.pathname)
    if (named !== null) {
      const [, what, id = ''] = named
      if (what === 'commands') return answer(response, 200, calls.commandState(id))
      return answer(response, 200, what === 'stop' ? calls.stopState(id) : calls.resumeState(id))
    }
    switch (url.pathname) {
      case '/v1/readiness':
        return answer(response, 200, calls.readiness())
      case '/v1/status':
        return answer(response, 200, calls.status())
      case '/v1/events':
        return follow(url, response)
      default:
        throw new AppError('STATE_NOT_FOUND', `there is no ${url.pathname} here`)
    }
  }

  const post = async (url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    switch (url.pathname) {
      case '/v1/commands':
        return answer(response, 202, calls.command(await readBody(request, GatewayOrder)))
      case '/v1/stop':
        return answer(response, 202, calls.stop(await readBody(request, GatewayStop)))
      case '/v1/resume':
        return answer(response, 202, calls.resume(await readBody(request, GatewayResume)))
      default:
        throw new AppError('STATE_NOT_FOUND', `there is no ${url.pathname} here`)
    }
  }

  const onRequest = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      if (!isAllowed(request)) {
        onRefused(
          `a request to the control API without the right token: ${request.method} ${pathText([request.url ?? ''])}`,
        )
        throw new AppError('GUARD_TOKEN', 'the bearer token of DATA_DIR/gateway.json is missing or wrong')
      }
      const url = new URL(request.url ?? '/', 'http://gateway')
      if (request.method === 'GET') get(url, response)
      else if (request.method === 'POST') await post(url, request, response)
      else throw new AppError('GUARD_METHOD', 'GET and POST are understood here')
    } catch (error) {
      fail(response, error)
    }
  }

  const server: Server = createServer(
    { requestTimeout: 10_000, headersTimeout: 5_000, maxHeaderSize: 8_192, keepAliveTimeout: 1_000 },
    (request, response) => void onRequest(request, response),
  )

  return {
    listen: (host, port) =>
      new Promise((resolve, reject) => {
        server.once('error', (error) =>
          reject(
            new AppError('CONFIG_INVALID', `the control API can not listen on ${host}:${port} (${error.message})`, {
              path: 'GATEWAY_PORT',
            }),
          ),
        )
        server.listen(port, host, () => resolve((server.address() as AddressInfo).port))
      }),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
