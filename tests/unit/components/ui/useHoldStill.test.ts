import { expect, test } from 'vitest'
import { createInside } from '../../../../components/ui/useHoldStill.ts'

test('a list goes on when neither pointer nor focus is inside, whichever leaves last', () => {
  const inside = createInside()
  inside.enter('pointer')
  inside.enter('focus')
  expect(inside.leave('pointer')).toBe(false)
  expect(inside.leave('focus')).toBe(true)
  inside.enter('focus')
  inside.enter('pointer')
  expect(inside.leave('focus')).toBe(false)
  expect(inside.leave('pointer')).toBe(true)
})

test('who leaves without having come holds nothing', () => {
  const inside = createInside()
  expect(inside.leave('pointer')).toBe(true)
})
