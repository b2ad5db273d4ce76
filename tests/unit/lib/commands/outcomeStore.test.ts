import { expect, test } from 'vitest'
import { evaluateExpiry, type ExpiryQuestion } from '../../../../lib/commands/expiry.ts'
import { createOutcomeStore, OUTCOME_RETENTION_MS } from '../../../../lib/commands/outcomeStore.ts'
import { createManualClock } from '../../../support/manualClock.ts'

test('keeps the first record of a key for a day, then forgets it', async () => {
  const clock = createManualClock()
  const store = createOutcomeStore<string>(clock)
  store.add('a', 'first')
  store.add('a', 'second')
  expect(store.get('a')).toBe('first')
  await clock.advance(OUTCOME_RETENTION_MS - 1)
  store.add('b', 'later')
  expect(store.get('a')).toBe('first')
  await clock.advance(2)
  store.add('c', 'latest')
  expect([store.get('a'), store.get('b'), store.size, store.evicted]).toEqual([null, 'later', 2, 0])
})

test('the bound drops the oldest and counts it', () => {
  const store = createOutcomeStore<number>(createManualClock(), { maxEntries: 3 })
  for (let i = 0; i < 5; i++) store.add(`k${i}`, i)
  expect([store.size, store.evicted, store.get('k1'), store.get('k2')]).toEqual([3, 2, null, 2])
  expect(store.entries(2).map((each) => each.key)).toEqual(['k3', 'k4'])
})

test('records go through JSON and back; those that are too old stay out', async () => {
  const clock = createManualClock()
  const store = createOutcomeStore<string>(clock)
  store.add('old', 'x')
  await clock.advance(OUTCOME_RETENTION_MS - 1_000)
  store.add('new', 'y')
  const kept = JSON.parse(JSON.stringify(store.entries())) as ReturnType<typeof store.entries>
  await clock.advance(2_000)
  const next = createOutcomeStore<string>(clock)
  next.load(kept)
  expect([next.get('old'), next.get('new')]).toEqual([null, 'y'])
})

test('expiry: the ttl counts from acceptance, whatever the issuer believes', () => {
  const question: ExpiryQuestion = {
    busNowMs: 10_000_000_000,
    acceptedAtMs: 9_999_999_000,
    ttlMs: 2_000,
    issuedBusMs: null,
    issuedAtMs: 9_999_999_000,
  }
  const kind = (changes: Partial<ExpiryQuestion>) => evaluateExpiry({ ...question, ...changes }).kind
  expect(evaluateExpiry(question)).toEqual({ kind: 'fresh', remainingMs: 1_000, ageMs: 1_000 })
  expect(kind({ ttlMs: 1_000 })).toBe('expired')
  expect(kind({ issuedAtMs: question.issuedAtMs - 3_600_000 })).toBe('fresh')
  expect(kind({ issuedAtMs: question.issuedAtMs + 3_600_000 })).toBe('fresh')
  expect(kind({ issuedAtMs: question.issuedAtMs - OUTCOME_RETENTION_MS - 1 })).toBe('implausible')
  expect(kind({ acceptedAtMs: question.busNowMs + 2_001, issuedAtMs: question.busNowMs })).toBe('implausible')
  expect(kind({ acceptedAtMs: question.busNowMs + 1_999, issuedAtMs: question.busNowMs })).toBe('fresh')
})

test('expiry: an entry that was held back is as old as its issue, and one from the future of the bus is refused', () => {
  const question: ExpiryQuestion = {
    busNowMs: 10_000_000_000,
    acceptedAtMs: 10_000_000_000,
    ttlMs: 2_000,
    issuedBusMs: 9_999_999_000,
    issuedAtMs: 10_000_000_000,
  }
  expect(evaluateExpiry(question)).toEqual({ kind: 'fresh', remainingMs: 1_000, ageMs: 1_000 })
  expect(evaluateExpiry({ ...question, issuedBusMs: 9_999_998_000 }).kind).toBe('expired')
  expect(evaluateExpiry({ ...question, issuedBusMs: 10_000_001_000 }).kind).toBe('fresh')
  expect(evaluateExpiry({ ...question, issuedBusMs: 10_000_002_001 }).kind).toBe('implausible')
  expect(evaluateExpiry({ ...question, acceptedAtMs: 9_999_998_000, issuedBusMs: 9_999_999_500 }).kind).toBe('expired')
})
