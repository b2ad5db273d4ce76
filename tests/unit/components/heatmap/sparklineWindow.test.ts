import { expect, test } from 'vitest'
import { sparklineWindowMs, windowText } from '../../../../components/heatmap/sparklineWindow.ts'

test('the window grows with what is known and ends at five minutes', () => {
  const now = 1_000_000
  expect(sparklineWindowMs(now, now)).toBe(30_000)
  expect(sparklineWindowMs(now - 31_000, now)).toBe(60_000)
  expect(sparklineWindowMs(now - 200_000, now)).toBe(300_000)
  expect(sparklineWindowMs(now - 900_000, now)).toBe(300_000)
})

test('the window is said in words', () => {
  expect([windowText(30_000), windowText(120_000)]).toEqual(['30 s', '2 min'])
})
