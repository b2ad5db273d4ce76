import { expect, test } from 'vitest'
import { alarmOf, buildLut, colorAt, inkOn, luminance } from '../../../../components/heatmap/colorScale.ts'

test.each(['dark', 'light'] as const)('lightness is monotonic from calm to alarming in %s', (theme) => {
  const levels = Array.from({ length: 64 }, (_, index) => luminance(colorAt(theme, index / 63)))
  const rising = theme === 'dark'
  for (let index = 1; index < levels.length; index++) {
    const step = (levels[index] ?? 0) - (levels[index - 1] ?? 0)
    expect(rising ? step : -step).toBeGreaterThan(0)
  }
})

test('the alarming end is the low one for health, the high one for demand', () => {
  expect(alarmOf(0, 'low')).toBe(1)
  expect(alarmOf(0, 'high')).toBe(0)
  expect(alarmOf(1, 'none')).toBe(1)
})

test('unmeasured is transparent and every value is opaque', () => {
  const lut = buildLut('dark', 'low')
  expect(lut[255]).toBe(0)
  expect(lut.slice(0, 255).every((word) => word >>> 24 === 255)).toBe(true)
})

test.each(['dark', 'light'] as const)('text on every fill has a contrast of at least 4.4 in %s', (theme) => {
  const ink = { dark: luminance([5, 7, 10]), light: luminance([255, 255, 255]) }
  for (let index = 0; index <= 100; index++) {
    const fill = colorAt(theme, index / 100)
    const [a, b] = [luminance(fill), ink[inkOn(fill)]].toSorted((x, y) => y - x)
    expect(((a ?? 0) + 0.05) / ((b ?? 0) + 0.05)).toBeGreaterThanOrEqual(4.4)
  }
})

test('the ink of every fill in both themes has at least 4.5 : 1', () => {
  const inks = { dark: 0, light: 1 }
  for (const theme of ['dark', 'light'] as const)
    for (let step = 0; step <= 254; step++) {
      const fill = colorAt(theme, step / 254)
      const [a, b] = [luminance(fill), inks[inkOn(fill)]]
      expect((Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), `${theme} ${step}`).toBeGreaterThanOrEqual(4.5)
    }
})
