import { expect, test } from 'vitest'
import { rangeText } from '../../../../components/seed/useSeedData.ts'

test('in the present a window is what was chosen', () => {
  expect(rangeText({ kind: 'newest', seconds: 300 }, null)).toBe('seconds=300')
  expect(rangeText({ kind: 'fixed', fromMs: 10.4, toMs: 20.6, label: '' }, null)).toBe('from=10&to=21')
})

test('in the past no window reaches beyond its moment, and none is turned around', () => {
  expect(rangeText({ kind: 'newest', seconds: 300 }, 1_000)).toBe('seconds=300&to=1000&source=record')
  expect(rangeText({ kind: 'fixed', fromMs: 500, toMs: 2_000, label: '' }, 1_000)).toBe(
    'from=500&to=1000&source=record',
  )
  expect(rangeText({ kind: 'fixed', fromMs: 1_500, toMs: 2_000, label: '' }, 1_000)).toBe(
    'from=500&to=1000&source=record',
  )
})
