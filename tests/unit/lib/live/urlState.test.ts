import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DEFAULT_PAGE_STATE, PAGE_STATE_KEYS, parsePageState, toSearch } from '../../../../lib/live/urlState.ts'

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
    first: fc.option(id, { nil: null }),
    delta: fc.option(
      fc.oneof(
        fc.integer({ min: 1, max: 900 }).map((seconds) => `ago-${seconds}`),
        fc.integer({ min: 0, max: 2e12 }).map((atMs) => `at-${atMs}`),
        id.map((runId) => `run-${runId}`),
      ),
      { nil: null },
    ),
    pins: fc.uniqueArray(fc.integer({ min: 0, max: 65_535 }), { maxLength: 32 }),
    rows: fc.option(fc.stringMatching(/^[\w.:;,+-]{1,40}$/), { nil: null }),
    at: fc.option(
      fc.oneof(
        fc.integer({ min: 1e12, max: 2e12 }).map((ms) => new Date(ms).toISOString()),
        fc.integer({ min: 1e12, max: 2e12 }).map((ms) => `${ms}-7`),
      ),
      { nil: null },
    ),
    speed: fc.option(fc.constantFrom('0.25', '4', '-64'), { nil: null }),
  })
  fc.assert(
    fc.property(state, (said) => {
      // A pace without a moment means nothing.
      const page = said.at === null ? { ...said, speed: null } : said
      expect(parsePageState(toSearch(page))).toEqual(page)
    }),
  )
})

test('a malformed link shows the default instead of breaking', () => {
  expect(
    parsePageState(
      '?run=<script>&layer=__proto__&seed=-1&mode=x&delta=ago-x&pins=a,-1&rows=%3Cb%3E&at=yesterday&speed=4',
    ),
  ).toEqual(DEFAULT_PAGE_STATE)
})

test('every word that a state writes is one of the keys it owns', () => {
  const search = toSearch({
    runId: 'r',
    metric: 'm',
    mode: 'state',
    selection: { layerId: 'l', seedId: 1 },
    inspector: true,
    table: true,
    compare: 'c',
    first: 'f',
    delta: 'ago-60',
    pins: [1],
    rows: 's:z',
    at: '2026-11-26T14:02:11.000Z',
    speed: '4',
  })
  const written = [...new URLSearchParams(search).keys()]
  expect(written.filter((key) => !(PAGE_STATE_KEYS as readonly string[]).includes(key))).toEqual([])
  expect(written.length).toBe(PAGE_STATE_KEYS.length)
})
