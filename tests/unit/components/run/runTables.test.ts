import { expect, test } from 'vitest'
import { alphaPath, alphaRows } from '../../../../components/run/alphaRows.ts'
import { compareRuns } from '../../../../components/run/compareRuns.ts'
import { contributionScale, verdictOf } from '../../../../components/run/contributionScale.ts'
import { sortBy } from '../../../../components/run/sortBy.ts'
import { linePath, stepPath } from '../../../../components/run/stepPath.ts'
import type { LayerHistory } from '../../../../lib/contracts/httpApi.ts'
import type { RunDetail, RunLife, RunPoint } from '../../../../lib/contracts/httpRuns.ts'

const reads = (low: number | null, value: number | null, high: number | null): Pick<RunLife, 'reads'> => ({
  reads: [
    {
      at_ms: 0,
      step: 1,
      tick: 1,
      samples: 100,
      contribution: value,
      low,
      high,
      method: 'paired',
      loss_delta: null,
      entry: null,
    },
  ],
})

test('unknown comes last, whichever way a table is turned', () => {
  const rows = [3, null, 1, 2]
  expect(sortBy(rows, (value) => value, true)).toEqual([3, 2, 1, null])
  expect(sortBy(rows, (value) => value, false)).toEqual([1, 2, 3, null])
  expect(sortBy(['s 10', 's 9'], (text) => text, false)).toEqual(['s 9', 's 10'])
})

test('the scale holds zero and every interval; only an interval beside zero is sure', () => {
  const lives = [
    reads(0.001, 0.011, 0.0212),
    reads(-0.02, -0.01, -0.001),
    reads(null, 0.2, null),
    reads(null, null, null),
  ]
  const scale = contributionScale(lives)
  expect(scale.low).toBeCloseTo(-0.02)
  expect(scale.high).toBeCloseTo(0.2)
  expect(lives.map(verdictOf)).toEqual(['helps', 'harms', 'open', 'open'])
  expect(verdictOf({ reads: [] })).toBe('open')
  expect(contributionScale([])).toEqual({ low: -0.005, high: 0.005 })
})

const box = { width: 100, height: 14, from: 0, to: 10, low: 0, high: 10 }

test('sizes are drawn as steps up to the end; what was not measured breaks a line', () => {
  expect(stepPath([], box)).toBe('')
  expect(
    stepPath(
      [
        [0, 0],
        [5, 10],
      ],
      box,
    ),
  ).toBe('M0.0 12.0H50.0V2.0H100.0')
  expect(
    linePath(
      [
        [0, 0],
        [5, null],
        [10, 10],
      ],
      box,
    ),
  ).toBe('M0.0 12.0M100.0 2.0')
})

test('alpha: seeds that never left 0 are no rows, blended ones stand first, holes are breaks', () => {
  const history: LayerHistory = {
    layer_id: 'layer_0',
    run_id: 'r',
    metric: 'alpha',
    from_ms: 0,
    to_ms: 10_000,
    resolution_ms: 1_000,
    at_ms: [0, 1_000, 9_000],
    seed_id: [0, 1, 2, 3],
    values: [
      [0, 0, 0],
      [0, 1, 1],
      [0, 0.2, 0.5],
      [null, null, null],
    ],
    of: 3,
    gaps: [],
  }
  const rows = alphaRows([history])
  expect(rows.map((row) => [row.seedId, row.isBlending, row.movedMs])).toEqual([
    [2, true, 9_000],
    [1, false, 1_000],
  ])
  const path = alphaPath(rows[0]!, { fromMs: 0, toMs: 10_000, width: 100, height: 12 }, 3_000)
  expect(path).toBe('M0.0 11.0L10.0 9.0M90.0 6.0')
})

const point = (step: number, accuracy: number | null, parameters: number | null = 100): RunPoint => ({
  step,
  at_ms: step,
  val_accuracy: accuracy,
  val_loss: null,
  train_accuracy: null,
  parameters,
})
const run = (curve: RunPoint[], change: Partial<RunDetail> = {}): RunDetail => ({
  run_id: 'r',
  title: 'r',
  origin: 'trainer',
  keeping: 'live',
  problem: null,
  seed: 1,
  first_seen_ms: 0,
  newest_ms: 0,
  server_ms: 0,
  layers: [{ layer_id: 'layer_0', seeds: 4 }],
  seed_columns: [],
  host_parameters: 100,
  known_blueprints: [],
  curve,
  curve_of: curve.length,
  control: null,
  static_comparator: null,
  parameter_steps: [],
  marks: [],
  marks_of: 0,
  blueprints: [],
  transitions: 0,
  lives: [],
  lives_of: 0,
  complete: true,
  pictures: { count: 0, first_step: null, last_step: null, none_because: null },
  ...change,
})

test('two runs are compared at the last step both reached; what makes them unlike is named', () => {
  const one = run([point(100, 0.5), point(200, 0.6, 140), point(300, null)])
  const other = run([point(100, 0.55), point(250, 0.58, 100), point(400, 0.9)], {
    seed: 2,
    origin: 'load-generator',
    layers: [{ layer_id: 'layer_0', seeds: 8 }],
  })
  const compared = compareRuns(one, other)
  expect(compared).toMatchObject({ step: 200, one: { step: 200 }, other: { step: 100 }, parameters: 40 })
  expect(compared.accuracy).toBeCloseTo(0.05)
  expect(compared.unlike.join(' ')).toMatch(/load-generator.*seeds 1 and 2.*layers/)
})

test('runs without a common step have no difference', () => {
  expect(compareRuns(run([point(100, 0.5)]), run([]))).toMatchObject({ step: null, accuracy: null, unlike: [] })
  expect(compareRuns(run([point(10, 0.5)]), run([point(50, 0.5)]))).toMatchObject({ step: null, accuracy: null })
})

test('what a run never announced is not zero of it', () => {
  const row = { parameters: 1, note: '', culled: 0, cancelled: 0, rolled_back: 0, culled_from: {} }
  const one = run([point(1, 0.5)], { blueprints: [{ ...row, blueprint_id: 'a', tried: 2, fossilised: 1 }] })
  expect(compareRuns(one, run([point(1, 0.4)])).blueprints).toEqual([
    { blueprintId: 'a', one: { tried: 2, fossilised: 1 }, other: null },
  ])
})
