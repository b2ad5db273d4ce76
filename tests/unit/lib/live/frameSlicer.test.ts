import { expect, test } from 'vitest'
import { createFrameSlicer } from '../../../../lib/live/frameSlicer.ts'
import type { Clock } from '../../../../lib/primitives/clock.ts'

/** A clock on which every applied frame takes `costMs`; timers run when told. */
function givenClock() {
  let nowMs = 0
  const timers: (() => void)[] = []
  const clock = {
    monotonicMs: () => nowMs,
    wallMs: () => nowMs,
    after: (_: number, run: () => void) => {
      timers.push(run)
      return () => {}
    },
  } as unknown as Clock
  return {
    clock,
    spend: (ms: number) => (nowMs += ms),
    runTimers: () => {
      nowMs += 17
      for (const run of timers.splice(0)) run()
    },
  }
}

test('a burst is applied in slices, in order, and nothing is left out', () => {
  const given = givenClock()
  const applied: number[] = []
  const slicer = createFrameSlicer(given.clock, (bytes) => {
    applied.push(bytes[0] ?? -1)
    given.spend(1)
  })
  for (let n = 0; n < 20; n++) slicer.push(Uint8Array.of(n))
  expect(applied.length).toBe(4)
  expect(slicer.waiting).toBe(16)
  given.runTimers()
  expect(applied.length).toBe(8)
  for (let turn = 0; turn < 10; turn++) given.runTimers()
  expect(applied).toEqual(Array.from({ length: 20 }, (_, n) => n))
  expect(slicer.waiting).toBe(0)
})

test('a single frame is applied at once', () => {
  const given = givenClock()
  let applied = 0
  createFrameSlicer(given.clock, () => (applied += 1)).push(Uint8Array.of(1))
  expect(applied).toBe(1)
})

test('the queue is bounded: beyond its bound frames are applied at once, still in order', () => {
  const given = givenClock()
  const applied: number[] = []
  const slicer = createFrameSlicer(given.clock, (bytes) => {
    applied.push(new DataView(bytes.buffer).getUint32(0))
    given.spend(5)
  })
  for (let n = 0; n < 5_000; n++) {
    const bytes = new Uint8Array(4)
    new DataView(bytes.buffer).setUint32(0, n)
    slicer.push(bytes)
  }
  expect(slicer.waiting).toBeLessThanOrEqual(4_096)
  expect(applied).toEqual(applied.toSorted((a, b) => a - b))
})
