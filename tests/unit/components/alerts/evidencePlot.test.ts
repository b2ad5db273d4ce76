import { expect, test } from 'vitest'
import { layoutEvidence } from '../../../../components/alerts/evidencePlot.ts'
import { alertOf } from './alertFixture.ts'

const SIZE = { width: 100, height: 50 }
const evidence = (t: readonly number[], v: readonly (number | null)[], threshold: number | null = null) => ({
  ...alertOf('a').evidence,
  threshold,
  window: { t_ms: [...t], v: [...v] },
})

test('an unmeasured value breaks the line, is hatched, and is never drawn as zero', () => {
  const plot = layoutEvidence(evidence([0, 10, 20, 30, 40], [5, 6, null, 7, 8]), null, SIZE)!
  expect(plot.line.match(/M/g)).toHaveLength(2)
  expect(plot.gaps).toEqual([{ from: 25, to: 75 }])
  expect([plot.measured, plot.of]).toEqual([4, 5])
  expect(plot.min).toBeGreaterThan(0)
})

test('the threshold is inside the picture, and the moment it was raised too when the window holds it', () => {
  const plot = layoutEvidence(evidence([0, 100], [1, 2], 9), 50, SIZE)!
  expect(plot.thresholdY).toBeGreaterThan(0)
  expect(plot.thresholdY).toBeLessThan(SIZE.height)
  expect(plot.triggerX).toBe(50)
  expect(layoutEvidence(evidence([0, 100], [1, 2]), 500, SIZE)!.triggerX).toBeNull()
})

test('a window without a measured value has no picture; a single value and a flat line have one', () => {
  expect(layoutEvidence(evidence([], []), null, SIZE)).toBeNull()
  expect(layoutEvidence(evidence([0, 1], [null, null]), null, SIZE)).toBeNull()
  expect(layoutEvidence(evidence([5], [3]), null, SIZE)!.dots).toHaveLength(1)
  const flat = layoutEvidence(evidence([0, 10], [0, 0]), null, SIZE)!
  expect(flat.max).toBeGreaterThan(flat.min)
})
