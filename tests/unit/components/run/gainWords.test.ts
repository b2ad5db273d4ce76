import { expect, test } from 'vitest'
import { gainWords, pointsText } from '../../../../components/run/gainWords.ts'

const control = [
  { step: 0, val_accuracy: 0.1, val_loss: null },
  { step: 1_000, val_accuracy: 0.8, val_loss: null },
  { step: 2_000, val_accuracy: 0.84, val_loss: null },
]
const at = (step: number, accuracy: number | null) => ({ step, val_accuracy: accuracy })

test('the gain is told at the same step, between points of the control', () => {
  const gain = gainWords([at(1_000, 0.8), at(1_500, 0.87)], control, 3)
  expect(gain.points).toBeCloseTo(5)
  expect(gain.text).toBe(
    '+5.0 pp over the recorded run without growth at step 1,500 (87.0 % to 82.0 %, both of run seed 3).',
  )
  expect(gainWords([at(1_500, 0.8)], control, 3).text).toMatch(/^−2\.0 pp against the recorded run/)
  expect(gainWords([at(1_500, 0.82)], control, 3).text).toMatch(/^0 pp as much as the recorded run/)
})

test('beyond the end of the control no gain of now is told, but the one up to there', () => {
  const gain = gainWords([at(1_900, 0.9), at(2_500, 0.95)], control, 3)
  expect(gain.points).toBeNull()
  expect(gain.text).toContain('95.0 % at step 2,500')
  expect(gain.text).toContain('ended at step 2,000 with 84.0 %')
  expect(gain.text).toContain('Up to there, at step 1,900, it was +6.4 pp.')
  expect(gainWords([at(2_500, 0.95)], control, 3).text).toContain('at that step is not kept')
})

test('without a control, an evaluation or a value nothing is claimed', () => {
  expect(gainWords([at(10, 0.5)], null, 9)).toMatchObject({ points: null, text: expect.stringContaining('run seed 9') })
  expect(gainWords([], control, 3).points).toBeNull()
  expect(gainWords([at(10, null)], control, 3).text).toMatch(/^Nothing was evaluated yet/)
  expect(gainWords([at(10, 0.5)], [{ step: 50, val_accuracy: 0.5, val_loss: null }], 3).text).toContain('begins later')
})

test('percent points carry their sign', () => {
  expect([0.0512, -0.0512, 0.0001].map((value) => pointsText(value))).toEqual(['+5.1 pp', '−5.1 pp', '0 pp'])
})
