import { expect, test } from 'vitest'
import type { ReadingNote } from '../../../../server/ingest/lifeNotes.ts'
import { toContribution } from '../../../../server/state/livesContribution.ts'

const note = (rest: Partial<ReadingNote>): ReadingNote => ({
  kind: 'reading',
  run_id: 'run',
  layer_id: 'layer_0',
  seed_id: 0,
  at_ms: 1,
  step: 2,
  tick: 3,
  generation: 1,
  entry: null,
  samples: 1_000,
  accuracy_on: 0.85,
  accuracy_off: 0.84,
  loss_delta: null,
  discordant: null,
  ...rest,
})

test('the paired interval follows from the discordant counts alone', () => {
  // b = 15, c = 5, n = 1000: variance (20 - 100/1000) / 1000^2, half 1.96 * sqrt(1.99e-5).
  const read = toContribution(note({ discordant: [15, 5] }))
  expect(read.method).toBe('paired')
  expect(read.contribution).toBeCloseTo(0.01, 10)
  expect(read.high! - read.contribution!).toBeCloseTo(1.96 * Math.sqrt(1.99e-5), 10)
  expect(read.contribution! - read.low!).toBeCloseTo(read.high! - read.contribution!, 10)
})

test('without them it is that of independent samples, wider, and says so', () => {
  const paired = toContribution(note({ discordant: [15, 5] }))
  const free = toContribution(note({}))
  expect(free.method).toBe('independent')
  expect(free.high! - free.low!).toBeGreaterThan(paired.high! - paired.low!)
})

test('a missing accuracy leaves nothing measured', () => {
  expect(toContribution(note({ accuracy_off: null, discordant: [1, 0] }))).toMatchObject({
    contribution: null,
    low: null,
    high: null,
    method: null,
  })
})
