import { afterAll, beforeAll, expect, test } from 'vitest'
import { io, type Socket } from 'socket.io-client'
import { HTTP_API, type HttpContract } from '../../lib/contracts/httpApi.ts'
import { OPS_EVENT_SCHEMAS } from '../../lib/contracts/opsEvents.ts'
import { OPS_NAMESPACE } from '../../lib/contracts/socketNames.ts'
import { PERMISSIONS, ROLES, type Permission } from '../../lib/contracts/permissions.ts'
import { LIVE_EVENT_SCHEMAS } from '../../lib/contracts/socketEvents.ts'
import { LIVE_NAMESPACE } from '../../lib/contracts/socketNames.ts'
import { ask, startPeopleServer, type PeopleServer } from '../support/people.ts'

/** Who asks, and what the table says they may; made from the contracts, so that a new route or event is in here by itself. */
interface Caller {
  readonly who: string
  readonly may: ReadonlySet<Permission>
  readonly cookie?: string
  readonly bearer?: string
}
const NOBODY = new Set<Permission>(['none'])

let people: PeopleServer
let callers: Caller[]

beforeAll(async () => {
  people = await startPeopleServer()
  callers = [{ who: 'anonymous', may: NOBODY }]
  for (const role of ROLES)
    callers.push({ who: role, may: PERMISSIONS[role], cookie: (await people.join(`only.${role}`, [role])).cookie })
  const gone = await people.join('gone', ['operator', 'admin', 'auditor'])
  const { body } = await ask(people.server, 'DELETE', `/api/users/${gone.id}`, { cookie: people.admin })
  expect(body).toMatchObject({ people: expect.any(Array) as unknown })
  callers.push({ who: 'removed person', may: NOBODY, cookie: gone.cookie })
  const lowered = await people.join('lowered', ['operator', 'admin', 'auditor'])
  await ask(people.server, 'PUT', `/api/users/${lowered.id}`, { body: { roles: ['viewer'] }, cookie: people.admin })
  callers.push({ who: 'session from before roles were lowered', may: NOBODY, cookie: lowered.cookie })
  const ofViewer = await people.token(['viewer'])
  callers.push({ who: 'token to look', may: new Set(['none', 'viewer']), bearer: ofViewer.token })
  const ofOperator = await people.token(['viewer', 'operator', 'metrics'])
  callers.push({
    who: 'token to act',
    may: new Set(['none', 'viewer', 'operator', 'metrics']),
    bearer: ofOperator.token,
  })
  const revoked = await people.token(['viewer', 'operator', 'auditor'])
  await ask(people.server, 'DELETE', `/api/tokens/${revoked.id}`, { cookie: people.admin })
  callers.push({ who: 'revoked token', may: NOBODY, bearer: revoked.token })
  callers.push({ who: 'token of nobody', may: NOBODY, bearer: `mst_${'A'.repeat(43)}` })
}, 60_000)
afterAll(() => people.server.end())

/** Routes that end a session, a person or a token would change who asks next: they are asked with ids that are not there. */
const pathOf = ({ path }: HttpContract) => path.replaceAll(/\{\w+\}/g, 'not-there')

test('of every role and every route exactly the cells of the table are let through', async () => {
  const wrong: string[] = []
  let cells = 0
  for (const [name, contract] of Object.entries(HTTP_API) as [string, HttpContract][]) {
    // Signing out is for everybody, and would end the caller.
    if (name === 'signOut') continue
    for (const { who, may, cookie, bearer } of callers) {
      cells++
      const { status, body } = await ask(people.server, contract.method, pathOf(contract), {
        ...(contract.body === undefined ? {} : { body: {} }),
        cookie: cookie ?? null,
        ...(bearer === undefined ? {} : { bearer }),
      })
      const code = (body as { code?: string }).code
      const refused = code === 'GUARD_SIGN_IN' || code === 'GUARD_FORBIDDEN'
      // From this machine without a token metrics are open.
      const allowed = may.has(contract.permission) || (contract.permission === 'metrics' && bearer === undefined)
      const known = may.size > 1
      const fine = allowed ? !refused && status < 500 : refused && status === (known ? 403 : 401)
      if (!fine && !(allowed && code === 'GATEWAY_UNAVAILABLE'))
        wrong.push(`${who} ${contract.method} ${contract.path}: ${status} ${code}`)
    }
  }
  process.stdout.write(`role matrix: ${cells} cells of HTTP\n`)
  expect(wrong).toEqual([])
  expect(cells).toBe((Object.keys(HTTP_API).length - 1) * callers.length)
}, 120_000)

const NAMESPACES = { [LIVE_NAMESPACE]: LIVE_EVENT_SCHEMAS, [OPS_NAMESPACE]: OPS_EVENT_SCHEMAS }

const open = (namespace: string, { cookie, bearer }: Caller): Promise<Socket | string> =>
  new Promise((resolve) => {
    const socket = io(people.server.url + namespace, {
      transports: ['websocket'],
      reconnection: false,
      forceNew: true,
      extraHeaders: { origin: people.server.url, ...(cookie === undefined ? {} : { cookie }) },
      ...(bearer === undefined ? {} : { auth: { token: bearer } }),
    })
    socket.once('connect', () => resolve(socket))
    socket.once('connect_error', (error) => {
      socket.close()
      resolve(error.message)
    })
  })

test('of every role and every event exactly the cells of the table are let through', async () => {
  const wrong: string[] = []
  /** In the contract, and not opened by this server. */
  const closed = new Set<string>()
  let cells = 0
  for (const [namespace, table] of Object.entries(NAMESPACES))
    for (const caller of callers) {
      const socket = await open(namespace, caller)
      const enters = caller.may.has('viewer')
      if (socket === 'Invalid namespace') {
        closed.add(namespace)
        continue
      }
      if (typeof socket === 'string') {
        cells += Object.keys(table).length
        if (enters || socket !== 'GUARD_SIGN_IN') wrong.push(`${caller.who} ${namespace}: ${socket}`)
        continue
      }
      if (!enters) wrong.push(`${caller.who} ${namespace}: let in`)
      for (const [event, { permission }] of Object.entries(table)) {
        cells++
        // What no schema takes: who may is told that it is not valid, who may not is told so first.
        const answer = (await socket.emitWithAck(event, { not: ['this'] })) as {
          ok: boolean
          problem?: { code: string }
        }
        const code = answer.problem?.code ?? 'ok'
        const refused = code === 'GUARD_SIGN_IN' || code === 'GUARD_FORBIDDEN'
        if (refused === caller.may.has(permission)) wrong.push(`${caller.who} ${namespace} ${event}: ${code}`)
      }
      socket.disconnect()
    }
  process.stdout.write(`role matrix: ${cells} cells of sockets; not open: ${[...closed].join() || 'none'}\n`)
  expect(closed.has(LIVE_NAMESPACE)).toBe(false)
  expect(wrong).toEqual([])
}, 60_000)
