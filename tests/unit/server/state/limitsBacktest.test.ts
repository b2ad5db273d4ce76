import { expect, test } from 'vitest'
import type { MetricLimit } from '../../../../lib/contracts/httpLimits.ts'
import { SEED_COLUMNS } from '../../../../lib/contracts/metrics.ts'
import { columnIndex } from '../../../../lib/contracts/columnIndex.ts'
import { layoutTables } from '../../../../lib/frames/seedTable.ts'
import { historyBytes, HistoryRing, type HistoryShape } from '../../../../server/ingest/historyRing.ts'
import { backtestLimits, judge } from '../../../../server/state/limitsBacktest.ts'
import { createRunBook } from '../../../../server/state/runBook.ts'
import { buildRun } from '../runFixture.ts'

const health: MetricLimit = {
  metric: 'health_score',
  alarm_low: 0.5,
  warn_low: 0.8,
  warn_high: null,
  alarm_high: null,
  hysteresis: 0.05,
  note: '',
}

test('a band is entered at its limit and left only by the hysteresis', () => {
  expect(judge(0.8, health, 'inside')).toBe('inside')
  expect(judge(0.79, health, 'inside')).toBe('warn')
  expect(judge(0.82, health, 'warn')).toBe('warn')
  expect(judge(0.86, health, 'warn')).toBe('inside')
  expect(judge(0.49, health, 'inside')).toBe('alarm')
  expect(judge(0.53, health, 'alarm')).toBe('alarm')
  expect(judge(0.56, health, 'alarm')).toBe('warn')
})

/** One layer of two seeds with a kept history; values[tick][seed]. Ticks are a second apart unless told. */
function runOf(
  values: readonly (readonly [number, number])[],
  atMs: (tick: number) => number = (tick) => tick * 1_000,
) {
  const descriptor = buildRun({ layers: 2, rows: 2 })
  const shapes = descriptor.layers.map((layer) => ({
    rows: layer.seeds,
    seedColumns: SEED_COLUMNS.length,
    layerColumns: descriptor.layer_columns.length,
    rowTimes: false,
  }))
  const shape: HistoryShape = { slots: values.length + 4, width: 2 * SEED_COLUMNS.length, mode: 'full', stride: 1 }
  const buffer = new SharedArrayBuffer(historyBytes(shape))
  const ring = new HistoryRing(buffer, shape)
  const column = columnIndex(SEED_COLUMNS, 'health_score')
  values.forEach((row, tick) =>
    ring.append(atMs(tick), tick, (slot) => {
      slot.fill(Number.NaN)
      slot.set(row, column * 2)
    }),
  )
  return createRunBook().announce({
    index: 0,
    descriptor,
    implicit: false,
    firstSeenMs: 0,
    shapes,
    tables: new SharedArrayBuffer(layoutTables(shapes).bytes),
    history: [{ shape, buffer }, null],
    pictures: [null, null],
  })
}
const rest = () => Promise.resolve()

test('counts seeds, minutes, raises, flaps and the worst; a layer without history is named', async () => {
  const answer = await backtestLimits({
    run: runOf([
      [0.9, 0.9],
      [0.7, 0.9],
      [0.4, 0.9],
      [0.9, 0.9],
      [0.7, Number.NaN],
      [0.9, 0.9],
    ]),
    limits: [health, { ...health, metric: 'alpha' }],
    rest,
  })
  expect(answer).toMatchObject({ from_ms: 0, to_ms: 5_000, judged: 11, layers_without: ['layer_1'] })
  const [result, unmeasured] = answer.results
  expect(result).toMatchObject({
    seeds: 2,
    seeds_outside: 1,
    seeds_alarm: 1,
    raised: 2,
    flaps: 1,
    first_ms: 1_000,
    last_ms: 4_000,
    worst: { layer_id: 'layer_0', seed_id: 0, at_ms: 2_000 },
  })
  // From second 1 to 3 and from 4 to 5, one of them alarm.
  expect(result!.minutes_outside).toBeCloseTo(3 / 60, 10)
  expect(result!.minutes_alarm).toBeCloseTo(1 / 60, 10)
  expect(unmeasured).toMatchObject({ seeds: 0, seeds_outside: 0, first_ms: null, worst: null })
})

test('nothing is known of a gap: it is no time outside, and what follows is judged afresh', async () => {
  const run = runOf(
    [
      [0.7, 0.9],
      [0.82, 0.9],
    ],
    (tick) => tick * 60_000,
  )
  const [result] = (await backtestLimits({ run, limits: [health], rest })).results
  expect(result).toMatchObject({ seeds_outside: 1, raised: 1, minutes: 0, minutes_outside: 0, last_ms: 0 })
})

test('a metric the run does not have is answered with nothing found', async () => {
  const answer = await backtestLimits({ run: runOf([[0.1, 0.1]]), limits: [{ ...health, metric: 'nope' }], rest })
  expect(answer).toMatchObject({ judged: 0, results: [{ metric: 'nope', seeds: 0 }] })
})
