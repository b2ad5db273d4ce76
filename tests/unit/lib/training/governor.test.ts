import { expect, test } from 'vitest'
import { createGovernor } from '../../../../lib/training/governor.ts'

const settled = () => {
  const governor = createGovernor()
  for (let i = 0; i < 50; i++) governor.observe(0.5 + 0.01 * (i % 3))
  return governor
}

test('a non-finite loss rolls back at once', () => {
  expect(createGovernor().observe(NaN)).toBe('rollback')
  expect(settled().observe(Infinity)).toBe('rollback')
})

test('a finite outlier rolls back at its third step in a row, not before', () => {
  const governor = settled()
  expect([9, 9, 9].map((loss) => governor.observe(loss))).toEqual(['suspect', 'suspect', 'rollback'])
})

test('one good step forgives, and bad losses never raise the mean', () => {
  const governor = settled()
  const mean = governor.meanLoss()
  expect([9, 9, 0.5, 9, 9].map((loss) => governor.observe(loss))).toEqual([
    'suspect',
    'suspect',
    'fine',
    'suspect',
    'suspect',
  ])
  expect(governor.meanLoss()).toBeCloseTo(mean, 2)
})

test('it does not judge finite losses before twenty steps', () => {
  const governor = createGovernor()
  for (let i = 0; i < 19; i++) governor.observe(0.1)
  expect(governor.observe(100)).toBe('fine')
})

test('a restored governor judges as the saved one would', () => {
  const governor = settled()
  governor.observe(9)
  const copy = createGovernor()
  copy.restore(governor.save())
  expect([copy.observe(9), copy.observe(9)]).toEqual(['suspect', 'rollback'])
  expect(copy.meanLoss()).toBeCloseTo(governor.meanLoss(), 12)
})
