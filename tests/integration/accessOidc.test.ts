import { generateKeyPairSync, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer, get, type IncomingMessage } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { PASSWORD, ask } from '../support/people.ts'
import { startTestServer } from '../support/serverHarness.ts'

const cleanUps: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

/** An OpenID Connect provider that knows one person and gives a code to whoever asks. */
async function startProvider() {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
  let nonce: string | null = null
  const person = { sub: 'p-1', name: 'Grace', email: 'grace@example.org', email_verified: true }
  const idToken = (issuer: string): string => {
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const nowS = Math.floor(Date.now() / 1_000)
    const claims = {
      ...person,
      iss: issuer,
      aud: 'morphoscope',
      iat: nowS,
      exp: nowS + 60,
      ...(nonce === null ? {} : { nonce }),
    }
    const head = `${part({ alg: 'RS256', kid: 'k', typ: 'JWT' })}.${part(claims)}`
    return `${head}.${sign('sha256', Buffer.from(head), privateKey).toString('base64url')}`
  }
  const server = createServer((request, response) => {
    const issuer = `http://127.0.0.1:${(server.address() as { port: number }).port}`
    const path = new URL(request.url ?? '/', issuer).pathname
    const answers: Record<string, unknown> = {
      '/.well-known/openid-configuration': {
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        userinfo_endpoint: `${issuer}/userinfo`,
        jwks_uri: `${issuer}/jwks`,
        id_token_signing_alg_values_supported: ['RS256'],
      },
      '/token': {
        access_token: 'a',
        token_type: 'Bearer',
        expires_in: 60,
        id_token: idToken(issuer),
        scope: 'openid profile email',
      },
      '/userinfo': person,
      '/jwks': { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k', alg: 'RS256', use: 'sig' }] },
    }
    response.writeHead(path in answers ? 200 : 404, { 'content-type': 'application/json' })
    response.end(JSON.stringify(answers[path] ?? {}))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanUps.push(() => new Promise((resolve) => void server.close(() => resolve())))
  return {
    issuer: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    sawNonce: (given: string | null) => void (nonce = given),
  }
}

test('people of the provider come in as viewers; a callback that nobody asked for brings nobody in', async () => {
  const provider = await startProvider()
  const server = await startTestServer({
    AUTH: 'required',
    OIDC_ISSUER: provider.issuer,
    OIDC_CLIENT_ID: 'morphoscope',
    OIDC_CLIENT_SECRET: 'secret',
    OIDC_NAME: 'the lab',
  })
  cleanUps.push(() => server.end())
  const first = await ask(server, 'POST', '/api/session/first', {
    body: { code: server.firstAdminCode, username: 'root.admin', name: 'Root', password: PASSWORD },
  })
  expect((await ask(server, 'GET', '/api/session')).body).toMatchObject({ oidc: 'the lab', signed_in: false })

  const started = await ask(server, 'POST', '/api/session/oidc', { body: {} })
  const to = new URL((started.body as { url: string }).url)
  expect(to.origin).toBe(provider.issuer)
  expect(to.searchParams.get('redirect_uri')).toBe(`${server.url}/api/auth/callback/oidc`)
  expect(to.searchParams.get('code_challenge_method')).toBe('S256')
  provider.sawNonce(to.searchParams.get('nonce'))
  const cookie = started.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')
  const callback = `/api/auth/callback/oidc?code=c&state=${encodeURIComponent(to.searchParams.get('state')!)}`

  /** As a browser follows a link from another site: fetch would write its own Sec-Fetch lines. */
  const navigate = (path: string, jar: string | null): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const headers = {
        'sec-fetch-site': 'cross-site',
        'sec-fetch-mode': 'navigate',
        ...(jar === null ? {} : { cookie: jar }),
      }
      get(server.url + path, { headers }, (response) => resolve(response.resume())).once('error', reject)
    })
  const stranger = await navigate(callback, null)
  expect(String(stranger.headers['set-cookie'])).not.toContain('morphoscope_session=')
  const again = await ask(server, 'POST', '/api/session/oidc', { body: {} })
  const toAgain = new URL((again.body as { url: string }).url)
  provider.sawNonce(toAgain.searchParams.get('nonce'))
  const jar = again.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')
  const back = await navigate(
    `/api/auth/callback/oidc?code=c&state=${encodeURIComponent(toAgain.searchParams.get('state')!)}`,
    jar,
  )
  const line = back.headers['set-cookie']?.find((one) => one.startsWith('morphoscope_session='))
  expect(line ?? `${back.statusCode} ${back.headers.location}`).toMatch(/SameSite=Strict/i)
  expect(back.headers.location).toBe('/')
  const session = await ask(server, 'GET', '/api/session', { cookie: line!.split(';')[0]! })
  expect(session.body).toMatchObject({ signed_in: true, subject: { name: 'Grace', method: 'oidc', roles: ['viewer'] } })
  const people = await ask(server, 'GET', '/api/users', { cookie: first.cookie })
  expect((people.body as { people: { method: string }[] }).people.map((person) => person.method).sort()).toEqual([
    'oidc',
    'password',
  ])
  expect(cookie).not.toBe('')
})
