import { expect, test } from 'vitest'
import { glyphOf, stateLabel, stateName } from '../../../../components/heatmap/stateGlyph.ts'
import { nextChoice, quickMetrics } from '../../../../components/heatmap/metricChoice.ts'
import { SEED_COLUMNS } from '../../../../lib/contracts/metrics.ts'

test('every state, unknown and never have a shape of their own', () => {
  const shapes = [...Array.from({ length: 11 }, (_, id) => id), 254, 255].map((id) => JSON.stringify(glyphOf(id).paths))
  expect(new Set(shapes).size).toBe(13)
  expect(stateName(77)).toBe(null)
  expect([stateLabel(254), stateLabel(77), stateLabel(7)]).toEqual(['No state reported', 'Unknown state', 'Fossilised'])
})

test('the metric key goes round: quick metrics, states, first again', () => {
  const quick = quickMetrics(SEED_COLUMNS).map((column) => column.name)
  expect(quick).toEqual(['health_score', 'demand_grad_norm', 'performance_delta'])
  expect(nextChoice(SEED_COLUMNS, 'health_score', 'value')).toEqual({ metric: 'demand_grad_norm', mode: 'value' })
  expect(nextChoice(SEED_COLUMNS, 'performance_delta', 'value')).toMatchObject({ mode: 'state' })
  expect(nextChoice(SEED_COLUMNS, 'performance_delta', 'state')).toEqual({ metric: 'health_score', mode: 'value' })
})
