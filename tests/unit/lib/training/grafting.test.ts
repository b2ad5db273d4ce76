import fc from 'fast-check'
import { expect, test } from 'vitest'
import { advanceAlpha, parseStrategy, type GraftReading } from '../../../../lib/training/grafting.ts'
import type { StrategyId } from '../../../../lib/training/trainerTypes.ts'

const ALL: readonly StrategyId[] = ['linear', 'drift_controlled', 'momentum', 'adaptive', 'stability']
const calm: GraftReading = { rampTicks: 20, weightDrift: 0, valLossFall: 0.01, tickLoss: 0.5, slowLoss: 0.5 }
const memory = () => ({ velocity: 0, pauseTicks: 0, heldTicks: 0 })

test('linear reaches 1 after exactly its ramp', () => {
  let alpha = 0
  for (let tick = 0; tick < 4; tick++) alpha = advanceAlpha('linear', alpha, memory(), { ...calm, rampTicks: 4 })
  expect(alpha).toBe(1)
})

test('a drift pause holds alpha for four ticks and then goes on from there', () => {
  const graft = memory()
  const seen = [0.4]
  for (const weightDrift of [0.2, 0, 0, 0, 0]) {
    seen.push(advanceAlpha('drift_controlled', seen.at(-1)!, graft, { ...calm, weightDrift }))
  }
  expect(seen.slice(0, 5)).toEqual([0.4, 0.4, 0.4, 0.4, 0.4])
  expect(seen[5]).toBeCloseTo(0.45)
  expect(graft.heldTicks).toBe(4)
})

test('momentum is faster than linear while validation improves and slower while it does not', () => {
  expect(advanceAlpha('momentum', 0, memory(), calm)).toBeGreaterThan(0.05)
  expect(advanceAlpha('momentum', 0, memory(), { ...calm, valLossFall: -0.01 })).toBeLessThan(0.05)
})

test('adaptive doubles its pace at most and keeps a quarter at least', () => {
  expect(advanceAlpha('adaptive', 0, memory(), { ...calm, tickLoss: 0 })).toBeCloseTo(0.1)
  expect(advanceAlpha('adaptive', 0, memory(), { ...calm, tickLoss: 9 })).toBeCloseTo(0.0125)
  expect(advanceAlpha('adaptive', 0, memory(), { ...calm, slowLoss: NaN })).toBeCloseTo(0.05)
})

test('stability waits while the loss is more than a tenth above its average', () => {
  expect(advanceAlpha('stability', 0.3, memory(), { ...calm, tickLoss: 0.6 })).toBe(0.3)
  expect(advanceAlpha('stability', 0.3, memory(), { ...calm, tickLoss: 0.54 })).toBeCloseTo(0.35)
})

test('no strategy ever lowers alpha or passes 1, whatever the readings', () => {
  const number = fc.oneof(fc.double(), fc.constant(NaN))
  fc.assert(
    fc.property(
      fc.constantFrom(...ALL),
      fc.array(fc.record({ weightDrift: number, valLossFall: number, tickLoss: number, slowLoss: number }), {
        maxLength: 60,
      }),
      (strategy, readings) => {
        const graft = memory()
        let alpha = 0
        for (const reading of readings) {
          const next = advanceAlpha(strategy, alpha, graft, { ...reading, rampTicks: 20 })
          expect(next).toBeGreaterThanOrEqual(alpha)
          expect(next).toBeLessThanOrEqual(1)
          alpha = next
        }
      },
    ),
    { seed: 42 },
  )
})

test('aliases map to what they mean and unbuilt names are refused by name', () => {
  expect(parseStrategy('immediate')).toEqual({ ok: true, strategy: 'linear', rampTicks: 1 })
  expect(parseStrategy('gradual')).toMatchObject({ strategy: 'linear' })
  expect(parseStrategy('safe')).toMatchObject({ strategy: 'stability' })
  const refused = parseStrategy('conditional')
  expect(refused.ok).toBe(false)
  expect(!refused.ok && refused.text).toContain('"conditional" is not built')
})
