import fc from 'fast-check'
import { expect, test } from 'vitest'
import { buildHostCurve, controlAt, decimateMinMax, stepAt } from '../../../../lib/live/hostCurve.ts'
import { givenEvaluation, givenTransition } from './liveFixture.ts'

test('decimation keeps the least and the greatest value', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 50, maxLength: 400 }), (values) => {
      const kept = decimateMinMax(
        values.map((value, step) => ({ step, value })),
        20,
      )
      const numbers = kept.map((point) => point.value ?? Number.NaN)
      expect(Math.min(...numbers)).toBe(Math.min(...values))
      expect(Math.max(...numbers)).toBe(Math.max(...values))
      expect(kept.length).toBeLessThanOrEqual(20)
      expect(kept.map((point) => point.step)).toEqual(kept.map((point) => point.step).toSorted((a, b) => a - b))
    }),
  )
})

test('the control is interpolated inside its range and unknown outside', () => {
  const curve = [
    { step: 100, val_accuracy: 0.5, val_loss: null },
    { step: 200, val_accuracy: 0.7, val_loss: null },
  ]
  expect(controlAt(curve, 150)).toBeCloseTo(0.6)
  expect(controlAt(curve, 50)).toBe(null)
  expect(controlAt(curve, 300)).toBe(null)
  expect(controlAt(null, 150)).toBe(null)
})

test('times become steps between the evaluations around them', () => {
  const curve = [givenEvaluation(1, 0, 0.1, 1_000), givenEvaluation(2, 100, 0.2, 2_000)]
  expect(stepAt(curve, 1_500)).toBe(50)
  expect(stepAt(curve, 9_000)).toBe(100)
  expect(stepAt([], 9_000)).toBe(null)
})

test('marks are plantings, endings and faults with their step; a missing value stays a break', () => {
  const built = buildHostCurve(
    {
      curve: [givenEvaluation(1, 0, 0.5), givenEvaluation(2, 100, null), givenEvaluation(3, 200, 0.8)],
      events: [
        givenTransition(4, { step: 50 }),
        givenTransition(5, { step: 60, to_state: 'TRAINING' }),
        givenTransition(6, { step: 190, to_state: 'FOSSILIZED' }),
      ],
      gaps: [],
      control: null,
    },
    100,
  )
  expect(built.marks.map((mark) => [mark.step, mark.kind])).toEqual([
    [50, 'GERMINATED'],
    [190, 'FOSSILIZED'],
  ])
  expect(built.validation.map((point) => point.value)).toEqual([0.5, null, 0.8])
  expect(built).toMatchObject({ shown: 3, of: 3, steps: [0, 200] })
})
