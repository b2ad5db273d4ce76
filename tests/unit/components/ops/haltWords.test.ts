import { expect, test } from 'vitest'
import { haltWords } from '../../../../components/ops/haltWords.ts'

test('layers are named up to four, the rest is counted', () => {
  expect(haltWords('all')).toBe('All layers are stopped')
  expect(haltWords(['layer_0'])).toBe('layer_0 is stopped')
  expect(haltWords(['a', 'b', 'c', 'd'])).toBe('a, b, c, d are stopped')
  expect(haltWords(['a', 'b', 'c', 'd', 'e', 'f'])).toBe('a, b, c, d and 2 more are stopped')
})
