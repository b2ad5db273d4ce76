import { expect, test } from 'vitest'
import { robustScores, sortRows, toRows } from '../../../../components/layer/layerRows.ts'
import type { LayerDetail } from '../../../../lib/contracts/httpApi.ts'

const detail = (values: readonly (number | null)[]): LayerDetail => ({
  layer_id: 'layer_0',
  run_id: 'run',
  origin: 'trainer',
  total_seeds: values.length,
  active_seeds: 0,
  states: {},
  age_ms: 1,
  freshness: 'fresh',
  blueprints: {},
  flags: {},
  seeds: {
    seed_id: values.map((_, at) => at),
    state: values.map(() => 'DORMANT'),
    metrics: { health_score: [...values] },
    age_ms: values.map(() => 5),
  },
})

test('a value far from its siblings stands out, however wild it is; an unmeasured one has no score', () => {
  const scores = robustScores([1, 2, 3, 4, 5, 6, 7, 8, 1e9, null])
  expect(scores.at(-1)).toBeNull()
  expect(scores[8]).toBeGreaterThan(1e6)
  expect(Math.abs(scores[4]!)).toBeLessThan(0.5)
})

test('too few siblings, or siblings that all agree, give no score', () => {
  expect(robustScores([1, 2, 3])).toEqual([null, null, null])
  expect(robustScores(Array.from({ length: 20 }, () => 0.5))).toEqual(Array.from({ length: 20 }, () => null))
})

test('unmeasured comes last whichever way is sorted; equal values keep the order of their ids', () => {
  const rows = toRows(detail([0.5, null, 0.1, 0.5]), 'health_score')
  expect(sortRows(rows, 'value', false).map((row) => row.seedId)).toEqual([2, 0, 3, 1])
  expect(sortRows(rows, 'value', true).map((row) => row.seedId)).toEqual([0, 3, 2, 1])
  expect(toRows(detail([1]), 'not_there')[0]).toMatchObject({ value: null, z: null, ticks: null, ageMs: 5 })
})
