import fc from 'fast-check'
import { expect, test } from 'vitest'
import { countBytes } from '../../../../components/heatmap/countBytes.ts'
import { binStates, binWorst, STATE_ATTENTION } from '../../../../lib/frames/binning.ts'
import { UNMEASURED_CELL as UNMEASURED } from '../../../../lib/frames/quantize.ts'
import { SEED_STATE_ID } from '../../../../lib/contracts/lifecycleTable.ts'

test('a bin shows its worst seed by the orientation of the metric, and knows which it is', () => {
  const source = Uint8Array.of(200, 10, 250, UNMEASURED, UNMEASURED, UNMEASURED)
  const target = new Uint8Array(2)
  const rows = new Uint32Array(2)
  binWorst(source, 3, 'low', target, rows)
  expect([...target]).toEqual([10, UNMEASURED])
  expect(rows[0]).toBe(1)
  binWorst(source, 3, 'high', target, rows)
  expect(target[0]).toBe(250)
  expect(rows[0]).toBe(2)
})

test('unmeasured shows only where nothing was measured', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.integer({ min: 1, max: 40 }), (source, size) => {
      const target = new Uint8Array(source.length)
      const bins = binWorst(source, size, 'low', target)
      for (let bin = 0; bin < bins; bin++) {
        const known = source.slice(bin * size, (bin + 1) * size).filter((byte) => byte !== UNMEASURED)
        expect(target[bin]).toBe(known.length === 0 ? UNMEASURED : Math.min(...known))
      }
    }),
  )
})

test('of states the one that most needs a look is shown: failures first, unknown before anything calm', () => {
  const attention = (state: keyof typeof SEED_STATE_ID) => STATE_ATTENTION[SEED_STATE_ID[state]] ?? 0
  expect(attention('ROLLED_BACK')).toBeGreaterThan(STATE_ATTENTION[255] ?? 0)
  expect(STATE_ATTENTION[255] ?? 0).toBeGreaterThan(attention('GRAFTING'))
  expect(attention('TRAINING')).toBeGreaterThan(attention('FOSSILIZED'))
  const target = new Uint8Array(1)
  const rows = new Uint32Array(1)
  binStates(Uint8Array.of(0, 7, 8, 2), 4, target, rows)
  expect(target[0]).toBe(SEED_STATE_ID.CULLED)
  expect(rows[0]).toBe(2)
})

test('a histogram counts every measured value once and the rest apart', () => {
  const { counts, unmeasured } = countBytes(Uint8Array.of(0, 0, 254, UNMEASURED), 0, 4, 4)
  expect(counts).toEqual([2, 0, 0, 1])
  expect(unmeasured).toBe(1)
})
