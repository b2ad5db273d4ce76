import { expect, test } from 'vitest'
import { leaves } from '../../../../components/live/holdWhileLeaving.ts'

const here = { origin: 'http://host:3000', pathname: '/' }
const plain = { button: 0, ctrlKey: false, metaKey: false, shiftKey: false, altKey: false }

test('a link to another page of the product leaves; one within the page, to another host, or opened beside does not', () => {
  expect(leaves(plain, 'http://host:3000/layers/a?run=1', here)).toBe(true)
  expect(leaves(plain, '/layers/a', here)).toBe(true)
  expect(leaves(plain, 'http://host:3000/?run=1#events', here)).toBe(false)
  expect(leaves(plain, 'https://elsewhere.example/layers/a', here)).toBe(false)
  expect(leaves({ ...plain, ctrlKey: true }, '/layers/a', here)).toBe(false)
  expect(leaves({ ...plain, button: 1 }, '/layers/a', here)).toBe(false)
})
