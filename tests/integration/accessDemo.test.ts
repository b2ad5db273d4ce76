import { afterEach, expect, test } from 'vitest'
import { connected, hello, startTestServer, type TestServer } from '../support/serverHarness.ts'

let server: TestServer | null = null
afterEach(async () => {
  await server?.end()
  server = null
})

test('a visitor of the demo is the first operator, and can become the second', async () => {
  server = await startTestServer()
  expect((await server.get('/api/session')).body).toMatchObject({
    mode: 'demo',
    signed_in: true,
    subject: { id: 'demo-1', roles: ['operator', 'admin', 'auditor'] },
    demo_operators: ['demo-1', 'demo-2'],
  })
  const chosen = await fetch(`${server.url}/api/session/demo`, {
    method: 'POST',
    headers: { origin: server.url, 'content-type': 'application/json' },
    body: '{"operator":"demo-2"}',
  })
  const cookie = chosen.headers.get('set-cookie')!
  expect(cookie).toContain('HttpOnly')
  expect(cookie).toContain('SameSite=Strict')
  const again = await server.get('/api/session', { cookie: cookie.split(';')[0]! })
  expect(again.body).toMatchObject({ subject: { id: 'demo-2' } })
})

test('who writes limits is who they are, whatever the body says', async () => {
  server = await startTestServer()
  const { version, limits } = (await server.get('/api/limits')).body as { version: number; limits: unknown[] }
  const answer = await fetch(`${server.url}/api/limits`, {
    method: 'PUT',
    headers: { origin: server.url, 'content-type': 'application/json', cookie: 'morphoscope_demo=demo-2' },
    body: JSON.stringify({ version, by: 'somebody else', limits }),
  })
  expect(await answer.json()).toMatchObject({ saved_by: 'demo-2' })
})

test('a caller who shows a token that nobody gave is nobody, also in the demo, also on a socket', async () => {
  server = await startTestServer()
  const bearer = { authorization: `Bearer mst_${'0'.repeat(60)}` }
  const refused = await server.get('/api/overview', bearer)
  expect(refused).toMatchObject({ status: 401, body: { code: 'GUARD_SIGN_IN' } })
  expect((await server.get('/api/health/live', bearer)).status).toBe(200)
  const socket = server.viewer()
  expect(await connected(socket)).toBe('connected')
  expect((await hello(socket)).ok).toBe(true)
  const stranger = server.viewer({ token: 'mst_x' })
  expect(await connected(stranger)).toBe('GUARD_SIGN_IN')
})
