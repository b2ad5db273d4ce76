import { expect, test } from 'vitest'
import { hitGrid, layoutGrid, MIN_GRID_ROW_PX, rowsThatFit, stepGrid } from '../../../../components/layer/gridLayout.ts'
import { gapWords, openGrid } from '../../../../components/layer/gridPicture.ts'
import { cellFacts, cellWords } from '../../../../components/layer/gridWords.ts'
import { selectedRowOf } from '../../../../components/layer/layerWords.ts'
import type { LayerGridHead } from '../../../../lib/contracts/httpLayer.ts'
import { SEED_COLUMNS } from '../../../../lib/contracts/metrics.ts'

const health = SEED_COLUMNS.find((column) => column.name === 'health_score')!

/** Two rows (one pinned seed, one bin of three) by four columns. */
function picture(
  planes: { readonly state: number[]; readonly low: number[]; readonly high: number[] },
  change: Partial<LayerGridHead> = {},
) {
  const head: LayerGridHead = {
    layer_id: 'layer_0',
    run_id: 'run',
    metric: 'health_score',
    order: 'o1',
    from_ms: 10_000,
    bucket_ms: 1_000,
    columns: 4,
    rows: 2,
    pinned: 1,
    bin_size: 3,
    first: 6,
    count: 3,
    seed_id: [9, 4],
    ticks: [1, 0, 0, 1],
    of: 2,
    past: { kept: 'ticks', bucket_ms: 1_000, from_ms: 1, none_because: null },
    gaps: [],
    marks: [],
    marks_of: 0,
    base: null,
    ...change,
  }
  const body = new Uint8Array([
    ...Array.from({ length: 16 }, () => 0),
    ...planes.state,
    ...planes.low,
    ...planes.high,
    ...planes.low,
  ])
  return openGrid({ head, body: body.buffer }, health)
}
const none = [255, 255, 255, 255]
const never = [254, 254, 254, 254]
const whole = {
  state: [2, 2, 254, 2, 2, 2, 254, 2],
  low: [127, 127, 255, 0, 50, 50, 255, 60],
  high: [127, 127, 255, 254, 90, 90, 255, 60],
}

test('the alarming end of a cell is drawn: the lowest health', () => {
  const grid = picture(whole)
  expect([grid.shown(0, 0), grid.shown(0, 3), grid.shown(1, 0), grid.shown(1, 2)]).toEqual([127, 0, 50, 255])
  expect(grid.seedsOf(0)).toEqual({ first: 0, count: 1 })
  expect(grid.seedsOf(1)).toEqual({ first: 6, count: 3 })
  expect([selectedRowOf(grid, 9), selectedRowOf(grid, 5), selectedRowOf(grid, null)]).toEqual([0, null, null])
})

test('of differences the one farther from none is drawn', () => {
  const base = { run_id: 'run', at_ms: 1, step: 1, tick: 1, source: 'history' as const, none_because: null }
  const grid = picture(
    { state: whole.state, low: [120, 100, 255, 0, ...none], high: [180, 130, 255, 254, ...none] },
    { base },
  )
  expect([grid.shown(0, 0), grid.shown(0, 1), grid.shown(0, 2)]).toEqual([180, 100, 255])
  expect(cellFacts(grid, health, { row: 1, column: 0 }).nothing).toContain('no counterpart')
})

test('a column without a picture is a gap with its cause; one that the picture before still covers is none', () => {
  const gap = { from_ms: 11_900, to_ms: 13_100, cause: 'bus_down' as const, lost: 3 }
  const grid = picture(whole, { gaps: [gap] })
  expect(grid.gaps).toEqual([{ from: 2, to: 3, cause: 'bus_down', lost: 3 }])
  expect(gapWords(grid.gaps[0]!)).toBe('the bus was down, 3 lost')
  expect(cellWords(grid, health, { row: 0, column: 2 })).toContain('the bus was down')
  const young = picture(
    { state: [...never, ...never], low: [...none, ...none], high: [...none, ...none] },
    { ticks: [0, 0, 0, 0], past: { kept: 'ticks', bucket_ms: 1_000, from_ms: 13_500, none_because: null } },
  )
  expect(young.gaps).toEqual([{ from: 0, to: 4, cause: 'not_kept', lost: null }])
  expect(picture(whole).gaps.map(({ cause }) => cause)).toEqual(['nothing'])
})

test('a cell is said with its seeds, its time, least and greatest, and what happened there', () => {
  const mark = {
    at_ms: 10_400,
    kind: 'transition' as const,
    state: 'TRAINING' as const,
    text: 'plateau',
    row: 1,
    seed_id: 4,
  }
  const words = cellWords(picture(whole, { marks: [mark], marks_of: 1 }), health, { row: 1, column: 0 })
  expect(words).toContain('3 seeds, the first is 4')
  expect(words).toContain('Health 0.20, least 0.20, greatest 0.35')
  expect(words).toContain('transition at 00:00:10: plateau')
})

test('rows are never too low to point at: the canvas grows instead', () => {
  const layout = layoutGrid(1_000, 200, { rows: 240, columns: 300 }, 'value')
  expect(layout.rowPx).toBe(MIN_GRID_ROW_PX)
  expect(layout.height).toBeGreaterThan(240 * MIN_GRID_ROW_PX)
  expect(rowsThatFit(200)).toBe(30)
  expect(layout.panes.map(({ kind }) => kind)).toEqual(['value', 'state'])
  expect(layoutGrid(390, 200, { rows: 4, columns: 300 }, 'state').panes.map(({ kind }) => kind)).toEqual(['state'])
})

test('a point is found in either pane, labels lead to the newest column, and keys stay inside', () => {
  const layout = layoutGrid(1_000, 200, { rows: 4, columns: 300 }, 'value')
  const [value, state] = layout.panes
  for (const pane of [value!, state!])
    expect(hitGrid(layout, pane.x + pane.width / 2, layout.top + layout.rowPx * 1.5)).toEqual({ row: 1, column: 150 })
  expect(hitGrid(layout, 4, layout.top + 1)).toEqual({ row: 0, column: 299 })
  expect(hitGrid(layout, 500, layout.top + layout.rowPx * 4 + 1)).toBeNull()
  expect(stepGrid(layout, { row: 3, column: 299 }, 'down')).toEqual({ row: 3, column: 299 })
  expect(stepGrid(layout, { row: 3, column: 299 }, 'home')).toEqual({ row: 3, column: 0 })
  expect(stepGrid(layout, { row: 3, column: 5 }, 'first')).toEqual({ row: 0, column: 5 })
})
