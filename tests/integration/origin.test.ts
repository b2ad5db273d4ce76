import { request } from 'node:http'
import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connected, hello, startTestServer, type TestServer } from '../support/serverHarness.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer({ PUBLIC_URL: 'https://ops.example' })
})
afterAll(() => server.end())

const raw = (headers: Record<string, string>, path = '/api/health/live', method = 'GET'): Promise<number> =>
  rawTo(server.port, headers, path, method)

const rawTo = (port: number, headers: Record<string, string>, path: string, method = 'GET'): Promise<number> =>
  new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port, path, method, headers }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    call.on('error', reject)
    call.end()
  })

const handshake = '/socket.io/?EIO=4&transport=polling'
const own = () => server.url
const FOREIGN = [
  'http://evil.example',
  'null',
  'http://127.0.0.1',
  'https://127.0.0.1:1',
  'http://localhost.evil.example',
]

test('plain HTTP: own origin and none pass, foreign, null and a wrong Host are refused', async () => {
  expect(await raw({})).toBe(200)
  expect(await raw({ origin: own() })).toBe(200)
  expect(await raw({ origin: `http://localhost:${server.port}` })).toBe(200)
  expect(await raw({ origin: 'https://ops.example', host: 'ops.example' })).toBe(200)
  for (const origin of FOREIGN) expect([origin, await raw({ origin })]).toEqual([origin, 403])
  for (const host of ['evil.example', `evil.example:${server.port}`, '127.0.0.1', `127.0.0.1.evil:${server.port}`])
    expect([host, await raw({ host })]).toEqual([host, 421])
  expect(await raw({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' })).toBe(403)
  expect(await raw({ 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' })).toBe(403)
  expect(await raw({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' })).toBe(200)
  expect(await raw({}, '/api/overview', 'POST')).toBe(403)
  expect(await raw({ origin: 'http://evil.example' }, '/api/overview', 'POST')).toBe(403)
})

test('polling: the same rule; without an Origin only a browser that says same-origin', async () => {
  expect(await raw({ origin: own() }, handshake)).toBe(200)
  expect(await raw({ 'sec-fetch-site': 'same-origin' }, handshake)).toBe(200)
  expect(await raw({}, handshake)).toBe(403)
  for (const origin of FOREIGN) expect([origin, await raw({ origin }, handshake)]).toEqual([origin, 403])
  expect(await raw({ origin: own(), host: 'evil.example' }, handshake)).toBe(403)
})

test('polling: a session that is open already is closed to foreign origins as well', async () => {
  const opened = await fetch(server.url + handshake, { headers: { origin: own() } })
  const { sid } = JSON.parse((await opened.text()).slice(1)) as { sid: string }
  const session = `${handshake}&sid=${sid}`
  for (const origin of FOREIGN) expect([origin, await raw({ origin }, session, 'POST')]).toEqual([origin, 400])
  expect(await raw({}, session)).toBe(400)
  // Still open, and its owner may close it.
  const closed = await fetch(server.url + session, { method: 'POST', headers: { origin: own() }, body: '1' })
  expect(closed.status).toBe(200)
})

test('websocket: foreign, null and no Origin never connect, our own does, on both transports', async () => {
  for (const transports of [['websocket'], ['polling']]) {
    for (const origin of [...FOREIGN, null])
      expect([transports, origin, await connected(server.viewer({ transports, origin }))]).not.toContain('connected')
    const socket = server.viewer({ transports })
    expect(await connected(socket)).toBe('connected')
    expect(await hello(socket)).toMatchObject({ ok: true })
  }
})

const upgrade = (path: string, headers: string): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect(server.port, '127.0.0.1')
    let text = ''
    socket.on('data', (bytes) => (text += bytes.toString('latin1')))
    socket.on('close', () => resolve(text.split('\r\n', 1)[0]!))
    socket.on('error', () => resolve('error'))
    socket.write(
      `GET ${path} HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${headers}\r\n\r\n`,
    )
  })

test('upgrades elsewhere are guarded too, and look-alike paths reach nobody', async () => {
  const host = `Host: 127.0.0.1:${server.port}`
  expect(await upgrade('/_next/hmr', `${host}\r\nOrigin: http://evil.example`)).toMatch(/403/)
  for (const path of ['/socket.io/?EIO=4&transport=websocket', '/socket.iox/?EIO=4&transport=websocket'])
    expect(await upgrade(path, `${host}\r\nOrigin: http://evil.example`)).not.toMatch(/ 101 /)
})

test('headers that only Next may set do not come in, and every answer is guarded by a policy', async () => {
  const response = await fetch(`${server.url}/api/health/live`, {
    headers: { 'x-middleware-subrequest': 'middleware', 'x-morphoscope-peer': 'loopback' },
  })
  expect(response.status).toBe(200)
  expect(response.headers.get('content-security-policy')).toMatch(/script-src 'self' 'nonce-[A-Za-z0-9+/=]{24}'/)
  expect(response.headers.get('x-content-type-options')).toBe('nosniff')
})

test('what nobody answers is refused as a problem document, never as a page or a bare status', async () => {
  const origin = server.url
  const cases = [
    ['/api/nope', 'GET', 404, 'STATE_NOT_FOUND'],
    ['/api', 'GET', 404, 'STATE_NOT_FOUND'],
    ['/api/health/live/more', 'GET', 404, 'STATE_NOT_FOUND'],
    ['/metrics/more', 'GET', 404, 'STATE_NOT_FOUND'],
    ['/api/layers/%E0%A4%A', 'GET', 422, 'CONTRACT_INVALID'],
    ['/%', 'GET', 422, 'CONTRACT_INVALID'],
    ['/api/layers', 'POST', 405, 'GUARD_METHOD'],
    ['/api/layers/layer_0', 'DELETE', 405, 'GUARD_METHOD'],
    ['/', 'PUT', 405, 'GUARD_METHOD'],
  ] as const
  for (const [path, method, status, code] of cases) {
    const response = await fetch(server.url + path, { method, headers: { origin } })
    expect([path, response.status, response.headers.get('content-type')]).toEqual([
      path,
      status,
      'application/problem+json',
    ])
    expect(await response.json()).toMatchObject({ code, status })
    expect(response.headers.get('allow')).toBe(status === 405 ? 'GET, HEAD, OPTIONS' : null)
  }
  expect(await raw({}, 'http://evil.example/api/overview')).toBe(422)
})

test('a flood from one address is capped and the others still get in after it', async () => {
  const small = await startTestServer({}, { maxPerAddress: 3 })
  try {
    const sockets = [small.viewer(), small.viewer(), small.viewer()]
    expect(await Promise.all(sockets.map(connected))).toEqual(['connected', 'connected', 'connected'])
    expect(await connected(small.viewer())).not.toBe('connected')
    // A handshake stays one, whatever else its query says.
    for (const more of ['&sid=', '&x=sid=1', '&xsid=1'])
      expect([more, await rawTo(small.port, { origin: small.url }, handshake + more)]).toEqual([more, 403])
    sockets[0]!.disconnect()
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(await connected(small.viewer())).toBe('connected')
  } finally {
    await small.end()
  }
})
