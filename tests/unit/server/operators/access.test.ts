import { expect, test } from 'vitest'
import type { Role } from '../../../../lib/contracts/permissions.ts'
import { createAccess, type Denial, type IdentitySource } from '../../../../server/operators/access.ts'
import { permissionsOf, readCookie, type Credentials, type Subject } from '../../../../server/operators/subject.ts'
import { createManualClock } from '../../../support/manualClock.ts'

const person = (roles: readonly Role[], expiresMs: number | null = null): Subject => ({
  id: 'p',
  name: 'Pat',
  method: 'password',
  roles,
  permissions: permissionsOf(roles),
  sessionId: 's',
  expiresMs,
})
const show = (more: Partial<Credentials> = {}): Credentials => ({
  cookie: 'who=pat',
  authorization: null,
  address: '192.0.2.7',
  loopback: false,
  ...more,
})

function open(metricsToken: string | null = null) {
  const clock = createManualClock()
  const state: { subject: Subject | null; asked: number; version: number } = {
    subject: person(['viewer']),
    asked: 0,
    version: 0,
  }
  const denials: Denial[] = []
  const source: IdentitySource = {
    claim: ({ cookie, authorization }) =>
      authorization === null && readCookie(cookie, 'who') === 'pat'
        ? {
            key: 'pat',
            resolve: () => {
              state.asked++
              return Promise.resolve(state.subject)
            },
          }
        : null,
  }
  const access = createAccess({
    clock,
    sources: [source],
    salt: 'salt',
    metricsToken,
    onDenied: (denial) => void denials.push(denial),
    onProblem: () => undefined,
    onFailure: () => undefined,
    version: () => Promise.resolve(state.version),
    raiseVersion: () => {
      state.version++
      return Promise.resolve()
    },
  })
  const codeOf = (work: Promise<unknown>) =>
    work.then(
      () => 'allowed',
      (error: { code: string }) => error.code,
    )
  return { clock, state, denials, access, codeOf }
}

test('who may goes through, who is nobody must sign in, who may not is told so; each denial is reported', async () => {
  const { access, codeOf, denials } = open()
  expect(await codeOf(access.authorize(show(), 'viewer', 'looking'))).toBe('allowed')
  expect(await codeOf(access.authorize(show(), 'operator', 'acting'))).toBe('GUARD_FORBIDDEN')
  expect(await codeOf(access.authorize(show({ cookie: null }), 'viewer', 'looking'))).toBe('GUARD_SIGN_IN')
  expect(await codeOf(access.authorize(show({ cookie: null }), 'none', 'health'))).toBe('allowed')
  expect(denials.map((denial) => [denial.subject.name, denial.what])).toEqual([
    ['Pat', 'acting'],
    ['not signed in', 'looking'],
  ])
})

test('a change holds for the next call, and is looked up once', async () => {
  const { access, state, codeOf } = open()
  await access.authorize(show(), 'viewer', 'looking')
  await access.authorize(show(), 'viewer', 'looking')
  expect(state.asked).toBe(1)
  state.subject = person(['operator'])
  await access.changed()
  expect(await codeOf(access.authorize(show(), 'operator', 'acting'))).toBe('allowed')
  state.subject = null
  await access.changed()
  expect(await codeOf(access.authorize(show(), 'viewer', 'looking'))).toBe('GUARD_SIGN_IN')
})

test('a held caller is brought up to date, and its holder told, when another node changes something', async () => {
  const { access, state, clock } = open()
  const identity = await access.identify(show())
  const letGo = access.hold(identity)
  let told = 0
  access.onChange(() => void told++)
  // The first look counts as a change: what was found before it may be older.
  await clock.advance(400)
  expect(told).toBe(1)
  await clock.advance(400)
  expect(told).toBe(1)
  state.subject = null
  state.version = 7
  await clock.advance(400)
  expect(told).toBe(2)
  expect(access.current(identity.key)).toBeNull()
  letGo()
  letGo()
})

test('a session that runs out is nobody in the same moment, and its holder is told', async () => {
  const { access, state, clock } = open()
  state.subject = person(['viewer'], clock.wallMs() + 1_000)
  const identity = await access.identify(show())
  access.hold(identity)
  let told = 0
  access.onChange(() => void told++)
  await clock.advance(999)
  expect(access.current(identity.key)?.name).toBe('Pat')
  await clock.advance(500)
  expect(access.current(identity.key)).toBeNull()
  expect(told).toBeGreaterThan(0)
})

test('a bearer line is never mixed with a cookie', async () => {
  const { access, codeOf } = open()
  expect(await codeOf(access.authorize(show({ authorization: 'Bearer x' }), 'viewer', 'looking'))).toBe('GUARD_SIGN_IN')
})

test('metrics go to the token and to this machine speaking for itself', async () => {
  const { access, codeOf } = open('a-long-token-of-mine')
  const ask = (more: Partial<Credentials>) => codeOf(access.authorize(show({ cookie: null, ...more }), 'metrics', 'x'))
  expect(await ask({})).toBe('GUARD_SIGN_IN')
  expect(await ask({ authorization: 'Bearer a-long-token-of-mine' })).toBe('allowed')
  expect(await ask({ authorization: 'Bearer a-long-token-of-min' })).toBe('GUARD_SIGN_IN')
  expect(await ask({ loopback: true })).toBe('allowed')
  expect(await ask({ loopback: true, authorization: 'Bearer wrong' })).toBe('GUARD_SIGN_IN')
})

test('a cookie that comes twice is nobody’s', () => {
  expect(readCookie('a=1; b=2', 'b')).toBe('2')
  expect(readCookie('b=1; b=2', 'b')).toBeNull()
  expect(readCookie(null, 'b')).toBeNull()
})
