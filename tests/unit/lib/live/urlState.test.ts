import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DEFAULT_PAGE_STATE, parsePageState, toSearch } from '../../../../lib/live/urlState.ts'

test('the default state needs no query', () => {
  expect(toSearch(DEFAULT_PAGE_STATE)).toBe('')
  expect(parsePageState('')).toEqual(DEFAULT_PAGE_STATE)
})

test('reading what was written is the identity', () => {
  const id = fc
    .stringMatching(/^[A-Za-z0-9_:-]{1,20}$/)
    .filter((text) => !['__proto__', 'constructor', 'prototype'].includes(text))
  const state = fc.record({
    runId: fc.option(id, { nil: null }),
    metric: fc.option(id, { nil: null }),
    mode: fc.constantFrom('value' as const, 'state' as const),
    selection: fc.option(fc.record({ layerId: id, seedId: fc.integer({ min: 0, max: 9_999_999 }) }), { nil: null }),
    inspector: fc.boolean(),
    table: fc.boolean(),
    compare: fc.option(id, { nil: null }),
  })
  fc.assert(
    fc.property(state, (page) => {
      expect(parsePageState(toSearch(page))).toEqual(page)
    }),
  )
})

test('a malformed link shows the default instead of breaking', () => {
  expect(parsePageState('?run=<script>&layer=__proto__&seed=-1&mode=x')).toEqual(DEFAULT_PAGE_STATE)
})
