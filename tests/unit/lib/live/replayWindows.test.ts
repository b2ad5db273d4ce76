import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { LiveRecord } from '../../../../lib/contracts/liveRecords.ts'
import {
  createReplayWindows,
  framesBetween,
  windowShape,
  type ReplayWindow,
} from '../../../../lib/live/replayWindows.ts'

const record = (atMs: number): LiveRecord => ({
  kind: 'incident',
  offset: 0,
  at_ms: atMs,
  run_id: null,
  code: 'X',
  severity: 'info',
  text: '',
  lost: null,
  from_ms: null,
  to_ms: null,
})
const window = (fromMs: number, toMs: number, bytes = 10): ReplayWindow => {
  const times = Array.from({ length: Math.ceil((toMs - fromMs) / 10) }, (_, index) => fromMs + index * 10)
  return {
    fromMs,
    toMs,
    stepMs: 0,
    bytes,
    frames: times.map((atMs) => ({ atMs, bytes: new Uint8Array([atMs % 251]) })),
    records: times.map(record),
    served: times.length,
  }
}
const bounds = { fromMs: 0, toMs: 100_000 }

test('the cover ends at the first hole, in either direction', () => {
  const windows = createReplayWindows()
  windows.add(window(100, 200), 100)
  windows.add(window(200, 300), 100)
  windows.add(window(400, 500), 100)
  expect(windows.coveredTo(100, false)).toBe(300)
  expect(windows.coveredTo(250, true)).toBe(100)
  expect(windows.coveredTo(350, false)).toBe(350)
  expect(windows.at(300)).toBe(null)
})

test('walking through windows in any strides takes every record once', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 60 }), (strides) => {
      const windows = createReplayWindows()
      for (const from of [0, 100, 200, 300]) windows.add(window(from, from + 100), 0)
      let atMs = -1
      const taken: number[] = []
      for (const stride of strides) {
        const to = Math.min(atMs + stride, 399)
        taken.push(...windows.records(atMs, to).map((one) => one.at_ms))
        atMs = to
      }
      expect(taken).toEqual(Array.from({ length: Math.floor(atMs / 10) + 1 }, (_, index) => index * 10))
    }),
  )
})

test('too much is given up at the far end first, and what holds the moment stays', () => {
  const windows = createReplayWindows(25)
  for (const from of [0, 100, 200, 300]) windows.add(window(from, from + 100), 310)
  expect(windows.bytes).toBeLessThanOrEqual(25)
  expect(windows.at(310)).not.toBe(null)
  expect(windows.at(10)).toBe(null)
  const one = createReplayWindows(5)
  one.add(window(0, 100, 1_000), 10)
  expect(one.at(10)).not.toBe(null)
})

test('the next stretch begins where the cover ends, until the end of what is kept', () => {
  const windows = createReplayWindows()
  const pace = { speed: 1, reverse: false }
  expect(windows.missing(50, pace, bounds)).toEqual({ fromMs: 50, toMs: 8_050, stepMs: 0 })
  windows.add({ ...window(50, 60), toMs: 8_050 }, 50)
  expect(windows.missing(50, pace, bounds)).toBe(null)
  expect(windows.missing(7_000, pace, bounds)).toEqual({ fromMs: 8_050, toMs: 16_050, stepMs: 0 })
  expect(windows.missing(7_000, { speed: 1, reverse: true }, bounds)).toBe(null)
  expect(windows.missing(60, { speed: 1, reverse: true }, bounds)).toEqual({ fromMs: 0, toMs: 50, stepMs: 250 })
  windows.add({ ...window(99_990, 100_000), toMs: 100_001 }, 99_990)
  expect(windows.missing(99_995, pace, bounds)).toBe(null)
})

test('at 64 times a window is eight minutes of pictures that are six seconds apart', () => {
  expect(windowShape({ speed: 64, reverse: false })).toEqual({ spanMs: 512_000, stepMs: 6_400 })
  expect(windowShape({ speed: 0.25, reverse: false })).toEqual({ spanMs: 8_000, stepMs: 0 })
})

test('frames between two moments are those after the first up to the second; from the beginning when there is no first', () => {
  const one = window(100, 200)
  expect(framesBetween(one, null, 120).map((bytes) => bytes[0])).toEqual([100, 110, 120])
  expect(framesBetween(one, 110, 139).map((bytes) => bytes[0])).toEqual([120, 130])
  expect(framesBetween(one, 130, 130)).toEqual([])
})
