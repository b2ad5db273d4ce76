import { DatabaseSync } from 'node:sqlite'
import { afterEach, expect, test } from 'vitest'
import { connected, hello } from '../support/serverHarness.ts'
import { PASSWORD, ask, startPeopleServer, type PeopleServer } from '../support/people.ts'

let people: PeopleServer | null = null
const start = async (env: Record<string, string> = {}) => (people = await startPeopleServer(env))
afterEach(async () => {
  await people?.server.end()
  people = null
})
const gone = (socket: { once(event: 'disconnect', f: () => void): void }) =>
  new Promise<number>((resolve) => socket.once('disconnect', () => resolve(performance.now())))

test('the printed code makes one administrator, and is worth nothing afterwards', async () => {
  const { server, admin } = await start()
  expect((await ask(server, 'GET', '/api/session', { cookie: admin })).body).toMatchObject({
    signed_in: true,
    subject: { roles: ['operator', 'admin', 'auditor'] },
    needs_first_admin: false,
  })
  const again = await ask(server, 'POST', '/api/session/first', {
    body: { code: server.firstAdminCode, username: 'second', name: 'Second', password: PASSWORD },
  })
  expect(again).toMatchObject({ status: 404, cookie: null })
})

test('a session cookie can not be read by scripts and does not travel from other sites; its id is new at each sign-in', async () => {
  const { server, signIn } = await start()
  const preset = 'morphoscope_session=chosen-by-somebody-else'
  const first = await signIn('root.admin', PASSWORD, preset)
  const line = first.headers.getSetCookie().find((one) => one.startsWith('morphoscope_session='))!
  expect(line).toMatch(/HttpOnly/i)
  expect(line).toMatch(/SameSite=Strict/i)
  expect(line).toMatch(/Path=\//)
  expect(first.cookie).not.toBe(preset)
  const second = await signIn('root.admin', PASSWORD, first.cookie!)
  expect(second.cookie).not.toBe(first.cookie)
  const codes = await Promise.all(
    [preset, first.cookie!, second.cookie!].map((cookie) => ask(server, 'GET', '/api/overview', { cookie })),
  )
  expect(codes.map(({ status }) => status)).toEqual([401, 401, 200])
})

test('a forged, changed or stolen-and-signed-out cookie opens nothing', async () => {
  const { server, join } = await start()
  const { cookie } = await join('pat', ['viewer'])
  const value = cookie.slice(cookie.indexOf('=') + 1)
  const [token, mac] = decodeURIComponent(value).split('.') as [string, string]
  const forged = [`${token}.${mac.slice(0, -2)}A=`, `${token.slice(0, -1)}x.${mac}`, token, `${token}.`, '', '%', '.']
  for (const one of forged)
    expect(
      (await ask(server, 'GET', '/api/overview', { cookie: `morphoscope_session=${encodeURIComponent(one)}` })).status,
    ).toBe(401)
  expect((await ask(server, 'GET', '/api/overview', { cookie: `${cookie}; ${cookie}` })).status).toBe(401)
  expect((await ask(server, 'GET', '/api/overview', { cookie })).status).toBe(200)
  await ask(server, 'DELETE', '/api/session', { cookie })
  expect((await ask(server, 'GET', '/api/overview', { cookie })).status).toBe(401)
})

test('a page of another site changes nothing: no form, no fetch, no picture, no websocket', async () => {
  const { server, admin } = await start()
  const evil = 'https://evil.example'
  const body = { name: 'stolen', permissions: ['operator'], days: 1 }
  expect(await ask(server, 'POST', '/api/tokens', { cookie: admin, body, origin: evil })).toMatchObject({ status: 403 })
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
    const form = await fetch(`${server.url}/api/tokens`, {
      method: 'POST',
      headers: { cookie: admin, origin: server.url, 'content-type': type },
      body: JSON.stringify(body),
    })
    expect(form.status, type).toBe(422)
  }
  const site = (more: Record<string, string>) => server.get('/api/tokens', { cookie: admin, ...more })
  expect((await site({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' })).status).toBe(403)
  expect((await site({ origin: 'null' })).status).toBe(403)
  const noOrigin = await fetch(`${server.url}/api/session`, { method: 'DELETE', headers: { cookie: admin } })
  expect(noOrigin.status).toBe(403)
  for (const origin of [evil, 'null', null])
    for (const transports of [['websocket'], ['polling']]) {
      const socket = server.viewer({ origin, transports, cookie: admin })
      expect(await connected(socket), `${origin} ${transports.join()}`).not.toBe('connected')
    }
  expect((await server.get('/api/tokens', { cookie: admin })).body).toEqual({ tokens: [] })
})

test('an ended session, a lowered role and a revoked token close their sockets within a second', async () => {
  const { server, admin, join, token } = await start()
  const ann = await join('ann', ['operator'])
  const bob = await join('bob', ['operator'])
  const robot = await token(['viewer'])
  const sockets = [
    server.viewer({ cookie: ann.cookie }),
    server.viewer({ cookie: bob.cookie }),
    server.viewer({ token: robot.token }),
  ]
  for (const socket of sockets) {
    expect(await connected(socket)).toBe('connected')
    expect((await hello(socket)).ok).toBe(true)
  }
  const ends = sockets.map(gone)
  const took: number[] = []
  const act = async (index: number, method: string, path: string, body?: unknown) => {
    const startMs = performance.now()
    await ask(server, method, path, { cookie: admin, ...(body === undefined ? {} : { body }) })
    took.push((await ends[index]!) - startMs)
  }
  const list = (await ask(server, 'GET', '/api/sessions', { cookie: admin })).body as {
    sessions: { id: string; user_id: string; mine: boolean }[]
  }
  expect(list.sessions.filter((session) => session.mine)).toHaveLength(1)
  await act(0, 'DELETE', `/api/sessions/${list.sessions.find((session) => session.user_id === ann.id)!.id}`)
  await act(1, 'PUT', `/api/users/${bob.id}`, { roles: ['viewer'] })
  await act(2, 'DELETE', `/api/tokens/${robot.id}`)
  process.stdout.write(`sockets closed after ${took.map((ms) => Math.round(ms)).join(', ')} ms\n`)
  expect((await ask(server, 'GET', '/api/overview', { cookie: bob.cookie })).status).toBe(401)
  const back = server.viewer({ cookie: ann.cookie })
  expect(await connected(back)).toBe('GUARD_SIGN_IN')
})

test('a token holds no more than whoever made it: not when it is made, and not when they lose a role', async () => {
  const { server, admin, join } = await start()
  const cleo = await join('cleo', ['admin'])
  const body = { name: 'robot', permissions: ['viewer', 'operator'], days: 1 }
  const refused = await ask(server, 'POST', '/api/tokens', { body, cookie: cleo.cookie })
  expect(refused).toMatchObject({ status: 403, body: { code: 'GUARD_FORBIDDEN' } })
  const dora = await join('dora', ['admin', 'operator'])
  const made = (await ask(server, 'POST', '/api/tokens', { body, cookie: dora.cookie })).body as {
    token: string
    item: { id: string; effective: string[] }
  }
  expect(made.item.effective).toEqual(['viewer', 'operator'])
  const act = async () =>
    (await ask(server, 'POST', '/api/commands/preview', { body: {}, bearer: made.token })).body as { code: string }
  expect((await act()).code).toBe('CONTRACT_INVALID')
  const socket = server.viewer({ token: made.token })
  expect(await connected(socket)).toBe('connected')
  await ask(server, 'PUT', `/api/users/${dora.id}`, { body: { roles: ['admin'] }, cookie: admin })
  expect((await act()).code).toBe('GUARD_FORBIDDEN')
  expect((await ask(server, 'GET', '/api/overview', { bearer: made.token })).status).toBe(200)
  const end = gone(socket)
  await ask(server, 'PUT', `/api/users/${dora.id}`, { body: { disabled: true }, cookie: admin })
  await end
  expect((await ask(server, 'GET', '/api/overview', { bearer: made.token })).status).toBe(401)
})

test('a session that another node ended is closed here too', async () => {
  const { server, join } = await start()
  const { cookie, id } = await join('eve', ['viewer'])
  const socket = server.viewer({ cookie })
  expect(await connected(socket)).toBe('connected')
  const end = gone(socket)
  const other = new DatabaseSync(server.databaseFile)
  other.prepare('delete from session where "userId" = ?').run(id)
  other.prepare('update access_version set version = version + 1').run()
  other.close()
  await end
  expect((await ask(server, 'GET', '/api/overview', { cookie })).status).toBe(401)
})

test('guessing is refused after five tries, for names that exist as for those that do not, with the same words', async () => {
  const { server, signIn, join } = await start()
  await join('pat', ['viewer'])
  const tries = async (username: string) => {
    const answers = []
    for (let at = 0; at < 7; at++) answers.push(await signIn(username, `wrong password ${at}`))
    return answers.map(({ status, body }) => {
      const { title, detail } = body as { title: string; detail: string }
      return `${status} ${title} ${detail.replace(/wait \d+ s/, 'wait n s')}`
    })
  }
  const real = await tries('pat')
  const unreal = await tries('nobody.here')
  expect(unreal).toEqual(real)
  expect(real.map((line) => line.slice(0, 3))).toEqual(['401', '401', '401', '401', '401', '429', '429'])
  // The right password does not help whoever was refused, and the others are not hindered.
  expect((await signIn('pat')).status).toBe(429)
  expect((await signIn('root.admin')).status).toBe(200)
  expect(server.firstAdminCode).not.toBeNull()
})

test('the last administrator can neither be removed, nor disabled, nor lose the role', async () => {
  const { server, admin, join } = await start()
  const users = (await ask(server, 'GET', '/api/users', { cookie: admin })).body as { people: { id: string }[] }
  const { id } = users.people[0]!
  for (const change of [{ roles: ['viewer'] }, { disabled: true }])
    expect(await ask(server, 'PUT', `/api/users/${id}`, { cookie: admin, body: change })).toMatchObject({
      status: 409,
      body: { code: 'STATE_CONFLICT' },
    })
  expect((await ask(server, 'DELETE', `/api/users/${id}`, { cookie: admin })).status).toBe(409)
  await join('second', ['admin'])
  expect((await ask(server, 'PUT', `/api/users/${id}`, { cookie: admin, body: { roles: ['viewer'] } })).status).toBe(
    200,
  )
  expect((await ask(server, 'GET', '/api/users', { cookie: admin })).status).toBe(401)
})

test('a disabled person can not sign in, and is told the same as with a wrong password', async () => {
  const { server, admin, join, signIn } = await start()
  const { id } = await join('pat', ['viewer'])
  await ask(server, 'PUT', `/api/users/${id}`, { cookie: admin, body: { disabled: true } })
  expect(await signIn('pat')).toMatchObject({ status: 401, cookie: null, body: { code: 'GUARD_CREDENTIALS' } })
})

test('a new password ends every other session of the person', async () => {
  const { server, join, signIn } = await start()
  const { cookie } = await join('pat', ['viewer'])
  const elsewhere = (await signIn('pat')).cookie!
  const wrong = { current: 'not this one', password: 'a new long password' }
  expect((await ask(server, 'PUT', '/api/session/password', { cookie, body: wrong })).status).toBe(401)
  const right = { current: PASSWORD, password: 'a new long password' }
  const changed = await ask(server, 'PUT', '/api/session/password', { cookie, body: right })
  expect(changed.status).toBe(200)
  const statuses = await Promise.all(
    [cookie, elsewhere, changed.cookie!].map((one) => ask(server, 'GET', '/api/overview', { cookie: one })),
  )
  expect(statuses.map(({ status }) => status)).toEqual([401, 401, 200])
  expect((await signIn('pat')).status).toBe(401)
  expect((await signIn('pat', 'a new long password')).status).toBe(200)
})

test('neither a password, nor a token, nor a session is in the database, the log or the audit trail in the clear', async () => {
  const { server, admin, join, token, signIn } = await start()
  await join('pat', ['viewer'])
  const { token: secret } = await token(['viewer'])
  await signIn('pat', 'canary of a wrong password')
  const bytes = server.readData()
  for (const canary of [PASSWORD, secret, 'canary of a wrong password', server.firstAdminCode!]) {
    expect(bytes.includes(canary), 'in the data folder').toBe(false)
    expect(server.lines.join('\n').includes(canary), 'in the log').toBe(false)
  }
  // A cookie needs the secret of the key folder besides what the database has.
  expect(bytes.includes(decodeURIComponent(admin.slice(admin.indexOf('=') + 1)))).toBe(false)
})
