import { expect, test } from 'vitest'
import { createFirstAdminDoor } from '../../../../server/operators/firstAdmin.ts'
import { createPasswords } from '../../../../server/operators/passwords.ts'
import { createSignInLimits } from '../../../../server/operators/signInLimits.ts'
import { createManualClock } from '../../../support/manualClock.ts'

test('a hash is argon2id in the usual form, never twice the same, and of one password only', async () => {
  const passwords = createPasswords()
  const [one, two] = await Promise.all([passwords.hash('correct horse'), passwords.hash('correct horse')])
  expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
  expect(one).not.toBe(two)
  expect(await passwords.verify(one, 'correct horse')).toBe(true)
  expect(await passwords.verify(one, 'correct horsf')).toBe(false)
  for (const broken of ['', 'x', one.slice(0, -1), one.replace('argon2id', 'argon2i')])
    expect(await passwords.verify(broken, 'correct horse')).toBe(false)
})

test('a flood of sign-ins waits in a bounded line, and the rest is told at once', async () => {
  const passwords = createPasswords({ atOnce: 1, waiting: 2 })
  const results = await Promise.allSettled(Array.from({ length: 5 }, () => passwords.hash('x')))
  expect(results.map((result) => result.status)).toEqual([
    'fulfilled',
    'fulfilled',
    'fulfilled',
    'rejected',
    'rejected',
  ])
  expect((results[4] as PromiseRejectedResult).reason).toMatchObject({ code: 'GUARD_RATE' })
  await expect(passwords.hash('x')).resolves.toContain('argon2id')
})

const codeOf = (work: () => unknown): string => {
  try {
    return String(work())
  } catch (error) {
    return (error as { code: string }).code
  }
}

test('five tries on an account from an address in a minute, thirty from an address', async () => {
  const clock = createManualClock()
  const limits = createSignInLimits(clock)
  const tries = (account: string, address: string, n: number) =>
    Array.from({ length: n }, () => codeOf(() => limits.attempt(account, address)))
  expect(tries('Pat', 'a', 6)).toEqual(['0', '0', '0', '0', '0', 'GUARD_RATE'])
  expect(tries('PAT', 'a', 1)).toEqual(['GUARD_RATE'])
  const spread = Array.from({ length: 30 }, (_, at) => tries(`name ${at}`, 'a', 1)[0])
  expect(spread.filter((code) => code === 'GUARD_RATE')).toHaveLength(5)
  await clock.advance(60_001)
  expect(tries('pat', 'a', 1)).toEqual(['0'])
})

test('an attack on an account from everywhere delays its owner by less than two seconds and locks nobody out', () => {
  const limits = createSignInLimits(createManualClock())
  for (let at = 0; at < 500; at++) codeOf(() => limits.attempt('pat', `attacker ${at}`))
  const delay = limits.attempt('pat', 'home')
  expect(delay).toBeGreaterThan(0)
  expect(delay).toBeLessThan(2_000)
})

test('a right password forgives the tries before it', () => {
  const limits = createSignInLimits(createManualClock())
  for (let round = 0; round < 3; round++) {
    for (let at = 0; at < 4; at++) limits.attempt('pat', 'a')
    limits.succeeded('pat', 'a')
  }
  expect(limits.attempt('pat', 'a')).toBe(0)
})

test('the first code opens once, however it is typed, and is another at each start', () => {
  const door = createFirstAdminDoor(true)
  expect(door.code).toMatch(/^[A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4}$/)
  expect(createFirstAdminDoor(true).code).not.toBe(door.code)
  expect(door.matches('AAAA-AAAA-AAAA')).toBe(false)
  expect(door.matches(` ${door.code!.toLowerCase().replaceAll('-', ' ')} `)).toBe(true)
  door.close()
  expect(door.matches(door.code!)).toBe(false)
  expect(createFirstAdminDoor(false)).toMatchObject({ code: null })
  expect(createFirstAdminDoor(false).matches('')).toBe(false)
})
