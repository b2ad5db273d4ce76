/*
 * defineRoute: from a contract and one function to a route: may they? parse, call the handle, answer; errors become problem documents.
 * In: a contract of lib/contracts/httpApi.ts. Out: a Next route handler.
 * Invariant: the permission is checked before anything is read, with the role of this moment; nothing unvalidated reaches the handle;
 * every failure has a code, a status and the path of what is wrong; what changes something is in the audit trail.
 * Source: docs/adr/0002-next-seam.md; docs/protocol.md "HTTP".
 */
import type { z } from 'zod'
import { AppError, isAppError, toProblem } from '../../../lib/contracts/appError.ts'
import { doorAct, ROUTE_ACTS } from '../../../lib/contracts/auditActs.ts'
import type { HttpContract } from '../../../lib/contracts/httpApi.ts'
import {
  getHandle,
  type Act,
  type Caller,
  type Credentials,
  type Handle,
  type Subject,
} from '../../../server/handle.ts'
import { readBody } from './readBody.ts'

type Context = { readonly params: Promise<Readonly<Record<string, string | string[] | undefined>>> }
type RouteHandler = (request: Request, context: Context) => Promise<Response>

export interface RouteCall<C extends HttpContract> {
  readonly handle: Handle
  readonly params: z.infer<C['params']>
  readonly query: z.infer<C['query']>
  readonly body: C extends { readonly body: infer B extends z.ZodType } ? z.infer<B> : undefined
  readonly request: Request
  /** Who asks; the permission of the contract was checked. */
  readonly subject: Subject
  /** The subject with their address and cookie, for what must know both. */
  readonly caller: Caller
}

const NO_STORE = { 'cache-control': 'no-store' }

/** Bugs go to the log under the id that is shown; what was expected to go wrong does not. Never throws. */
function reportFailure(failure: AppError): void {
  if (failure.code !== 'INTERNAL') return
  try {
    getHandle().access.report(failure)
  } catch {
    // The server is stopping: there is no log any more.
  }
}

/** Answers any failure. Never throws. */
export function problemResponse(error: unknown): Response {
  // Errors of the server's module instances keep their code through the brand, whichever instance made them.
  const problem = toProblem(error)
  return Response.json(problem, {
    status: problem.status,
    headers: {
      ...NO_STORE,
      'content-type': 'application/problem+json',
      // The rest of such a body may still be on the line; the next request must not wait behind it.
      ...(problem.code === 'CONTRACT_TOO_LARGE' ? { connection: 'close' } : {}),
    },
  })
}

function parsePart(schema: z.ZodType, value: unknown): unknown {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const path = (issue?.path ?? []).map(String).join('.')
  throw new AppError('CONTRACT_INVALID', `${path}: ${issue?.message ?? 'invalid'}`, { path })
}

/** What the caller shows, as the server in front of the pages wrote it down. */
function credentialsOf({ headers }: Request): Credentials {
  return {
    cookie: headers.get('cookie'),
    authorization: headers.get('authorization'),
    address: headers.get('x-morphoscope-address') ?? 'unknown',
    loopback: headers.get('x-morphoscope-peer') === 'loopback',
  }
}

/** What the door writes down of a call; the body of a route that is not in the table may hold what is nobody's business. */
function actOf(contract: HttpContract, name: string, params: object, body: unknown): Act {
  const isKnown = `${contract.method} ${contract.path}` in ROUTE_ACTS
  const given = isKnown && typeof body === 'object' && body !== null ? body : {}
  const id = Object.values(params).map(String).join('/')
  return {
    action: name,
    object: { type: 'route', id: id === '' ? contract.path : id },
    params: { ...params, ...given },
  }
}

/** A Response is passed through; anything else is sent as JSON with status 200. */
export function defineRoute<C extends HttpContract>(
  contract: C,
  answer: (call: RouteCall<C>) => unknown,
): RouteHandler {
  return async (request, context) => {
    try {
      const handle = getHandle()
      const what = `${contract.method} ${contract.path}`
      const credentials = credentialsOf(request)
      const subject = await handle.access.authorize(credentials, contract.permission, what)
      const caller = { subject, address: credentials.address, cookie: credentials.cookie }
      const params = parsePart(contract.params, (await context.params) ?? {}) as z.infer<C['params']>
      const search = Object.fromEntries(new URL(request.url).searchParams)
      const query = parsePart(contract.query, search) as z.infer<C['query']>
      const body = (
        contract.body === undefined ? undefined : parsePart(contract.body, await readBody(request))
      ) as RouteCall<C>['body']
      const call = { handle, params, query, body, request, subject, caller }
      const act = doorAct(contract)
      const value: unknown =
        act === null
          ? await answer(call)
          : await handle.perform(caller, actOf(contract, act, params, body), () => answer(call))
      return value instanceof Response
        ? value
        : Response.json(value, { status: contract.status ?? 200, headers: NO_STORE })
    } catch (error) {
      const failure = isAppError(error) ? error : new AppError('INTERNAL', 'route failed', {}, error)
      reportFailure(failure)
      return problemResponse(failure)
    }
  }
}

/** Sends the view, and the lines that make a browser somebody from now on. */
export function answerWithCookies({
  view,
  cookies,
}: {
  readonly view: unknown
  readonly cookies: readonly string[]
}): Response {
  const headers = new Headers(NO_STORE)
  for (const line of cookies) headers.append('set-cookie', line)
  return Response.json(view, { headers })
}

/** A body whose pieces are made when the line has room for them; they end with the request. */
function bodyOf<T>(pieces: AsyncIterable<T>, encode: (piece: T) => Uint8Array): ReadableStream<Uint8Array> {
  const iterator = pieces[Symbol.asyncIterator]()
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await iterator.next()
      if (done === true) controller.close()
      else controller.enqueue(encode(value))
    },
    async cancel() {
      await iterator.return?.()
    },
  })
}

/** Sends JSON that comes in pieces. */
export function streamJson(pieces: AsyncIterable<string>): Response {
  const encoder = new TextEncoder()
  const body = bodyOf(pieces, (piece) => encoder.encode(piece))
  return new Response(body, { headers: { ...NO_STORE, 'content-type': 'application/json' } })
}

/** Sends a file to be saved, in pieces. */
export function streamFile(
  { fileName, pieces }: { readonly fileName: string; readonly pieces: AsyncIterable<Uint8Array<ArrayBuffer>> },
  contentType: string,
): Response {
  const headers = {
    ...NO_STORE,
    'content-type': contentType,
    'content-disposition': `attachment; filename="${fileName}"`,
  }
  return new Response(
    bodyOf(pieces, (piece) => piece),
    { headers },
  )
}

/** Sends bytes as they are. */
export function sendBytes(bytes: Uint8Array<ArrayBuffer>, contentType = 'application/octet-stream'): Response {
  return new Response(bytes, { headers: { ...NO_STORE, 'content-type': contentType } })
}

/** Sends lines as a file to keep, as they are made. */
export function sendFile({
  contentType,
  fileName,
  lines,
}: {
  readonly contentType: string
  readonly fileName: string
  readonly lines: AsyncIterable<string>
}): Response {
  const response = streamJson(lines)
  response.headers.set('content-type', contentType)
  response.headers.set('content-disposition', `attachment; filename="${fileName}"`)
  return response
}
