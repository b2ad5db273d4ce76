import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  cellRect,
  columnsOf,
  hitTest,
  layoutHeatmap,
  MAX_DRAWN_CELLS,
  moveInGrid,
  seedRange,
} from '../../../../components/heatmap/heatmapLayout.ts'

const trainer = [4, 4, 4]
const million = Array.from({ length: 100 }, () => 10_000)

test('twelve seeds get large cells on a desktop and a strip on a phone', () => {
  expect(layoutHeatmap(960, 380, trainer, true)).toMatchObject({ kind: 'cells', binSize: 1, columns: 4 })
  expect(layoutHeatmap(330, 120, trainer, false)).toMatchObject({ kind: 'field', binSize: 1 })
})

test('a million seeds are binned, stay under the bound and keep every layer', () => {
  const layout = layoutHeatmap(960, 640, million, true)
  expect(layout.kind).toBe('field')
  expect(layout.binSize).toBeGreaterThan(1)
  expect(layout.columns * layout.seeds.length).toBeLessThanOrEqual(MAX_DRAWN_CELLS)
  expect(layout.contentHeight / layout.rowHeight).toBe(100)
  expect(layout.cellWidth).toBeGreaterThanOrEqual(6)
})

test('too many layers scroll instead of vanishing', () => {
  const layout = layoutHeatmap(
    960,
    400,
    Array.from({ length: 1_000 }, () => 10),
    true,
  )
  expect(layout.rowHeight).toBeGreaterThanOrEqual(5)
  expect(layout.contentHeight).toBeGreaterThan(400)
})

test('the point in the middle of a cell finds that cell', () => {
  const size = fc.record({ width: fc.integer({ min: 240, max: 2_000 }), height: fc.integer({ min: 130, max: 1_200 }) })
  const seeds = fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1, maxLength: 60 })
  fc.assert(
    fc.property(
      size,
      seeds,
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (box, layers, a, b) => {
        const layout = layoutHeatmap(box.width, box.height, layers, true)
        const layer = Math.floor(a * layers.length)
        const place = { layer, column: Math.floor(b * columnsOf(layout, layer)) }
        const scrollTop = Math.max(0, place.layer * layout.rowHeight - 20)
        const rect = cellRect(layout, place, scrollTop)
        const x = rect.x + rect.width / 2
        const y = rect.y + rect.height / 2
        if (y < layout.height) expect(hitTest(layout, x, y, scrollTop)).toEqual(place)
        const [from, to] = seedRange(layout, place)
        expect(to).toBeGreaterThan(from)
        expect(to).toBeLessThanOrEqual(layers[layer] ?? 0)
      },
    ),
  )
})

test('outside the grid nothing is hit', () => {
  const layout = layoutHeatmap(960, 380, [4, 2], true)
  expect(hitTest(layout, 5, 5)).toBe(null)
  expect(hitTest(layout, layout.left + 3 * layout.cellWidth, layout.rowHeight + 5)).toBe(null)
})

test('the keyboard cursor stays inside and fits shorter layers', () => {
  const layout = layoutHeatmap(960, 380, [4, 2], true)
  expect(moveInGrid(layout, { layer: 0, column: 3 }, 'right')).toEqual({ layer: 0, column: 3 })
  expect(moveInGrid(layout, { layer: 0, column: 3 }, 'down')).toEqual({ layer: 1, column: 1 })
  expect(moveInGrid(layout, { layer: 1, column: 1 }, 'down')).toEqual({ layer: 1, column: 1 })
  expect(moveInGrid(layout, { layer: 1, column: 1 }, 'home')).toEqual({ layer: 1, column: 0 })
  expect(moveInGrid(layout, { layer: 0, column: 0 }, 'last')).toEqual({ layer: 1, column: 1 })
})
