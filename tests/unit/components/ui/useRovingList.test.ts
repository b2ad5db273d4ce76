import { expect, test } from 'vitest'
import { rovingTarget } from '../../../../components/ui/useRovingList.ts'

test('arrows, j and k move by one and stay inside; Home and End go to the ends', () => {
  expect(rovingTarget('ArrowDown', 0, 3)).toBe(1)
  expect(rovingTarget('j', 2, 3)).toBe(2)
  expect(rovingTarget('k', 0, 3)).toBe(0)
  expect(rovingTarget('Home', 2, 3)).toBe(0)
  expect(rovingTarget('End', 0, 3)).toBe(2)
  expect(rovingTarget('PageDown', 0, 30)).toBe(10)
})

test('other keys and empty lists do not move', () => {
  expect(rovingTarget('x', 0, 3)).toBe(null)
  expect(rovingTarget('ArrowDown', 0, 0)).toBe(null)
})
