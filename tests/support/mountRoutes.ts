/*
 * mountRoutes: the real route files of app/api behind the real server, without Next in between.
 * In: the HTTP contract. Out: Pages for compose's overrides.
 * Invariant: every route of the contract has a file, or mounting fails; nothing is answered by anything but that file.
 * Source: docs/protocol.md "HTTP".
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { HTTP_API } from '../../lib/contracts/httpApi.ts'
import type { Pages } from '../../server/http/nextPages.ts'

type Verb = (request: Request, context: { params: Promise<Record<string, string>> }) => Promise<Response>

const toFile = (path: string) =>
  new URL(`../../app${path.replaceAll('{', '[').replaceAll('}', ']')}/route.ts`, import.meta.url)

export async function mountRoutes(): Promise<Pages> {
  const routes = await Promise.all(
    Object.values(HTTP_API).map(async ({ path, method }) => {
      const names = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!)
      const pattern = new RegExp(`^${path.replace(/\./g, '\\.').replace(/\{\w+\}/g, '([^/]+)')}$`)
      const file = (await import(/* @vite-ignore */ toFile(path).href)) as Readonly<Record<string, Verb | undefined>>
      const verb = file[method]
      if (verb === undefined) throw new Error(`${path} has no ${method}`)
      return { names, pattern, method, verb }
    }),
  )
  const respond = async (request: IncomingMessage): Promise<Response> => {
    const url = new URL(request.url ?? '/', `http://${request.headers.host}`)
    for (const { names, pattern, method, verb } of routes) {
      const match = pattern.exec(url.pathname)
      if (match === null || request.method !== method) continue
      const params = Object.fromEntries(names.map((name, at) => [name, decodeURIComponent(match[at + 1]!)]))
      const headers = Object.entries(request.headers).filter(
        (entry): entry is [string, string] => typeof entry[1] === 'string',
      )
      const parts: Buffer[] = []
      if (method !== 'GET') for await (const part of request) parts.push(part as Buffer)
      const body = parts.length === 0 ? null : Buffer.concat(parts)
      return verb(new Request(url, { headers, method, body }), { params: Promise.resolve(params) })
    }
    return new Response('no such page', { status: 404 })
  }
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const answer = await respond(request)
    for (const [name, value] of answer.headers) if (name !== 'set-cookie') response.setHeader(name, value)
    const cookies = answer.headers.getSetCookie()
    if (cookies.length > 0) response.setHeader('set-cookie', cookies)
    response.writeHead(answer.status)
    response.end(Buffer.from(await answer.arrayBuffer()))
  }
  return {
    prepare: () => Promise.resolve(),
    handle,
    upgrade: (_request, socket) => void socket.destroy(),
    close: () => Promise.resolve(),
  }
}
