/*
 * people: a server where people sign in, and browsers and programs of a test's own that do.
 * In: a running server. Out: accounts of each role, cookies, requests as a browser makes them.
 * Invariant: every request is a real one; nothing is put into the database past the product.
 * Source: docs/security.md.
 */
import type { Role } from '../../lib/contracts/permissions.ts'
import { startTestServer, type TestServer } from './serverHarness.ts'

export const PASSWORD = 'correct horse battery'

export interface Asked {
  readonly status: number
  readonly body: unknown
  readonly cookie: string | null
  readonly headers: Headers
}

/** A download may be many lines of JSON, which are text. */
const IS_JSON = /^application\/(?:problem\+)?json\b/

/** As a page of the product asks: with its Origin, with the cookie of who is signed in. */
export async function ask(
  server: TestServer,
  method: string,
  path: string,
  {
    body,
    cookie,
    bearer,
    origin = server.url,
  }: { body?: unknown; cookie?: string | null; bearer?: string; origin?: string } = {},
): Promise<Asked> {
  const response = await fetch(server.url + path, {
    method,
    redirect: 'manual',
    headers: {
      origin,
      ...(cookie ? { cookie } : {}),
      ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  const set = response.headers.getSetCookie().find((line) => line.startsWith('morphoscope_session='))
  return {
    status: response.status,
    body: IS_JSON.test(response.headers.get('content-type') ?? '') ? (JSON.parse(text) as unknown) : text,
    cookie: set === undefined ? null : set.split(';')[0]!,
    headers: response.headers,
  }
}

export interface PeopleServer {
  readonly server: TestServer
  /** Cookie of the first administrator. */
  readonly admin: string
  readonly signIn: (username: string, password?: string, cookie?: string) => Promise<Asked>
  /** Makes a person and signs them in; answers id and cookie. */
  readonly join: (username: string, roles: readonly Role[]) => Promise<{ id: string; cookie: string }>
  readonly token: (permissions: readonly string[]) => Promise<{ id: string; token: string }>
}

/** Starts a server with AUTH=required and its first administrator, `root.admin`. */
export async function startPeopleServer(env: Record<string, string> = {}): Promise<PeopleServer> {
  const server = await startTestServer({ AUTH: 'required', ...env })
  const first = await ask(server, 'POST', '/api/session/first', {
    body: { code: server.firstAdminCode, username: 'root.admin', name: 'Root', password: PASSWORD },
  })
  if (first.cookie === null) throw new Error(`the first administrator could not be made: ${JSON.stringify(first.body)}`)
  const admin = first.cookie
  const signIn: PeopleServer['signIn'] = (username, password = PASSWORD, cookie) =>
    ask(server, 'POST', '/api/session', { body: { username, password }, cookie: cookie ?? null })
  return {
    server,
    admin,
    signIn,
    async join(username, roles) {
      const body = { username, name: username, password: PASSWORD, roles }
      const made = await ask(server, 'POST', '/api/users', { body, cookie: admin })
      if (made.status !== 200) throw new Error(JSON.stringify(made.body))
      const { cookie } = await signIn(username)
      return { id: (made.body as { id: string }).id, cookie: cookie! }
    },
    async token(permissions) {
      const made = await ask(server, 'POST', '/api/tokens', {
        body: { name: 'test', permissions, days: 1 },
        cookie: admin,
      })
      const { token, item } = made.body as { token: string; item: { id: string } }
      return { id: item.id, token }
    },
  }
}
