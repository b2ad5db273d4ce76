import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  DEFAULT_LAYER_VIEW,
  isFiltered,
  layerViewText,
  parseIds,
  parseLayerView,
  rowsQuery,
} from '../../../../components/layer/layerView.ts'
import { togglePin } from '../../../../components/layer/layerWords.ts'
import { SORT_KEYS } from '../../../../lib/contracts/layerSorts.ts'
import { SEED_STATES } from '../../../../lib/contracts/lifecycleTable.ts'
import { DEFAULT_PAGE_STATE, parsePageState, toSearch } from '../../../../lib/live/urlState.ts'

const views = fc.record({
  sort: fc.constantFrom(...SORT_KEYS),
  down: fc.boolean(),
  seconds: fc.constantFrom(300 as const, 900 as const),
  states: fc.uniqueArray(fc.constantFrom(...SEED_STATES, 'UNKNOWN'), { maxLength: 3 }),
  min: fc.option(
    fc.integer({ min: -1_000, max: 1_000 }).map((value) => value / 100),
    { nil: null },
  ),
  max: fc.option(fc.constantFrom(0.5, 1e-7, 12), { nil: null }),
  unusual: fc.boolean(),
  ids: fc.constantFrom('', '3', '3,17,40-59'),
})

test('a view is read from its text as it was written, also through the address of the page', () => {
  fc.assert(
    fc.property(views, (view) => {
      expect(parseLayerView(layerViewText(view))).toEqual(view)
      const search = toSearch({ ...DEFAULT_PAGE_STATE, rows: layerViewText(view) })
      expect(parseLayerView(parsePageState(search).rows)).toEqual(view)
    }),
  )
  expect(layerViewText(DEFAULT_LAYER_VIEW)).toBeNull()
})

test('what is malformed shows everything', () => {
  expect(parseLayerView('s:nothing.d;w:1;t:BOGUS;min:x;i:4-;u:2')).toEqual({ ...DEFAULT_LAYER_VIEW, down: true })
  expect(isFiltered(DEFAULT_LAYER_VIEW)).toBe(false)
  expect(isFiltered({ ...DEFAULT_LAYER_VIEW, unusual: true })).toBe(true)
})

test.each([
  ['3, 17 , 40 - 59', '3,17,40-59'],
  ['', ''],
  ['3,', null],
  ['a', null],
])('seeds typed as %j are read as %j', (typed, read) => {
  expect(parseIds(typed)).toBe(read)
})

test('the query asks for what the view says and nothing else', () => {
  const asked = {
    run: 'r',
    metric: 'health_score',
    pins: [4],
    delta: 'ago-60',
    first: 50,
    count: 150,
    order: 'o1',
    at: null,
    isPast: false,
  }
  const view = parseLayerView('s:value.d;t:TRAINING;min:0.2;u:1;i:3-9')
  expect(rowsQuery(view, asked)).toBe(
    'metric=health_score&sort=value&down=1&run=r&first=50&count=150&pins=4&states=TRAINING&min=0.2&unusual=3.5&ids=3-9&base=ago-60&order=o1',
  )
})

test('a pin is set and let go, keeps its place, and the oldest gives way', () => {
  expect(togglePin([1, 2], 3)).toEqual([1, 2, 3])
  expect(togglePin([1, 2, 3], 2)).toEqual([1, 3])
  const many = Array.from({ length: 32 }, (_, pin) => pin)
  expect(togglePin(many, 99)).toEqual([...many.slice(1), 99])
})

test('what is asked while the page is paused is asked of the paused moment', () => {
  const asked = {
    run: null,
    metric: 'health_score',
    pins: [],
    delta: null,
    first: 0,
    count: 150,
    order: null,
    at: 1_234,
    isPast: false,
  }
  expect(rowsQuery(DEFAULT_LAYER_VIEW, asked)).toBe('metric=health_score&sort=seed&down=0&count=150&at=1234')
  // In the past it is told from the record, whatever is in memory.
  expect(rowsQuery(DEFAULT_LAYER_VIEW, { ...asked, isPast: true })).toMatch(/&at=1234&source=record$/)
})
