import { expect, test } from 'vitest'
import { baselineWords, chooseDelta, toggleDelta } from '../../../../components/delta/deltaChoice.ts'
import { buildDeltaLut, deltaColorAt, inkOn, luminance } from '../../../../components/heatmap/colorScale.ts'
import { SEED_COLUMNS } from '../../../../lib/contracts/metrics.ts'
import { binFarthest } from '../../../../lib/frames/binning.ts'
import { NO_DIFFERENCE } from '../../../../lib/frames/deltaCells.ts'
import { formatChange } from '../../../../lib/live/formatDelta.ts'

const column = (name: string) => SEED_COLUMNS.find((one) => one.name === name)!

test.each(['dark', 'light'] as const)(
  'in %s no difference is grey, less is blue, more is orange, and nothing to compare is transparent',
  (theme) => {
    const [r, g, b] = deltaColorAt(theme, 0)
    expect(Math.max(r, g, b) - Math.min(r, g, b)).toBeLessThan(20)
    const less = deltaColorAt(theme, -1)
    const more = deltaColorAt(theme, 1)
    expect(less[2]).toBeGreaterThan(less[0])
    expect(more[0]).toBeGreaterThan(more[2])
    const lut = buildDeltaLut(theme)
    expect(lut[NO_DIFFERENCE]! & 0xffffff).toBe((b << 16) | (g << 8) | r)
    expect(lut[255]).toBe(0)
  },
)

test.each(['dark', 'light'] as const)('text on every difference keeps 4.5 : 1 in %s', (theme) => {
  for (let step = -100; step <= 100; step++) {
    const fill = deltaColorAt(theme, step / 100)
    const [a, b] = [luminance(fill), inkOn(fill) === 'dark' ? 0 : 1]
    expect((Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), `${step}`).toBeGreaterThanOrEqual(4.5)
  }
})

test('of many seeds the difference farthest from none is shown, either way', () => {
  const target = new Uint8Array(3)
  const rows = new Uint32Array(3)
  expect(binFarthest(Uint8Array.of(127, 100, 140, 255, 255, 200, 128), 3, target, rows)).toBe(3)
  expect([...target]).toEqual([100, 200, 128])
  expect([...rows]).toEqual([1, 5, 6])
})

test('a difference is written with its sign, of a log metric as a factor, and what rounds to nothing has no direction', () => {
  const health = column('health_score')
  expect(formatChange({ kind: 'difference', value: 0.123 }, health)).toBe('+0.12')
  expect(formatChange({ kind: 'difference', value: -0.5 }, health)).toBe('−0.50')
  expect(formatChange({ kind: 'difference', value: -0.001 }, health)).toBe('0.00')
  expect(formatChange({ kind: 'factor', value: 1.8 }, column('demand_grad_norm'))).toBe('×1.80')
  expect(formatChange(null, health)).toBe('–')
})

test('the key goes between off and what was chosen last, and leaves the state mode', () => {
  expect(toggleDelta(null)).toEqual({ delta: 'ago-300', mode: 'value' })
  expect(chooseDelta('ago-60')).toEqual({ delta: 'ago-60', mode: 'value' })
  expect(toggleDelta('ago-60')).toEqual({ delta: null })
  expect(toggleDelta(null)).toEqual({ delta: 'ago-60', mode: 'value' })
  expect([baselineWords('ago-900'), baselineWords('run-a'), baselineWords('x')]).toEqual(['15 min ago', 'run a', ''])
})
