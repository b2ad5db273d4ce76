import { expect, test } from 'vitest'
import { PaintReport } from '../../../../lib/contracts/socketEvents.ts'
import { createPaintMeter } from '../../../../lib/live/paintMeter.ts'
import { bucketOf } from '../../../../lib/primitives/latencyBuckets.ts'

const run = {
  run_id: 'run-1',
  layers: [
    { layer_id: 'layer_0', seeds: 4 },
    { layer_id: 'layer_1', seeds: 4 },
  ],
}
const picture = (frame: number, serverMs: number) => ({ frame, serverMs, ingestMs: serverMs - 1 })

test('every picture that was drawn is counted once for its layer, from the writing of its frame to the drawing', () => {
  const meter = createPaintMeter()
  meter.drawn([picture(1, 900), picture(1, 900)], 1_000)
  meter.drawn([picture(2, 1_000), picture(1, 900)], 1_012)
  meter.drawn([picture(2, 1_000), picture(2, 1_013)], 1_020)
  const report = PaintReport.parse(meter.take(run))
  expect(report.layers).toEqual([
    { layer_id: 'layer_0', counts: [[bucketOf(12), 1]], slowest: { ms: 12, at_ms: 999 }, skewed: 0, skew_ms: 0 },
    { layer_id: 'layer_1', counts: [[bucketOf(7), 1]], slowest: { ms: 7, at_ms: 1_012 }, skewed: 0, skew_ms: 0 },
  ])
  expect(meter.take(run)).toBeNull()
})

test('what waited for a viewer, a pause or a hidden tab is not counted as late', () => {
  const meter = createPaintMeter()
  meter.drawn([picture(5, 1_000)], 90_000)
  expect(meter.take(run)).toBeNull()
  meter.rest()
  meter.drawn([picture(6, 91_000)], 150_000)
  expect(meter.take(run)).toBeNull()
  meter.drawn([picture(7, 150_010)], 150_011)
  expect(meter.take(run)!.layers[0]!.slowest.ms).toBe(1)
})

test('a picture drawn before its frame was written is skew, and half a millisecond of it is none', () => {
  const meter = createPaintMeter()
  meter.drawn([picture(1, 0)], 1)
  meter.drawn([picture(2, 1_000.5)], 1_000)
  meter.drawn([picture(3, 1_040)], 1_000)
  expect(meter.take(run)!.layers[0]).toMatchObject({ counts: [[0, 1]], skewed: 1, skew_ms: 40 })
})

test('a report stays within what the server accepts, however much was drawn', () => {
  const meter = createPaintMeter()
  const all = (frame: number) => Array.from({ length: 100 }, () => picture(frame, 0))
  for (let frame = 1; frame < 300; frame++) meter.drawn(all(frame), 0.001 * 1.08 ** frame)
  const many = { run_id: 'run-1', layers: Array.from({ length: 100 }, (_, at) => ({ layer_id: `l${at}`, seeds: 1 })) }
  expect(PaintReport.parse(meter.take(many)).layers).toHaveLength(64)
})

test('of more layers than one report takes each has its turn, the longest waiting first', () => {
  const meter = createPaintMeter()
  const many = { run_id: 'run-1', layers: Array.from({ length: 150 }, (_, at) => ({ layer_id: `l${at}`, seeds: 1 })) }
  const all = (frame: number) => Array.from({ length: 150 }, () => picture(frame, frame * 100))
  const told: string[][] = []
  let counted = 0
  const take = (): boolean => {
    const report = meter.take(many)
    if (report === null) return false
    const { layers } = PaintReport.parse(report)
    told.push(layers.map((layer) => layer.layer_id))
    for (const layer of layers) for (const [, count] of layer.counts) counted += count
    return true
  }
  for (let frame = 1; frame <= 5; frame++) {
    meter.drawn(all(frame), frame * 100 + 3)
    expect(take()).toBe(frame > 1)
  }
  expect(told.map((layers) => [layers.length, layers[0]])).toEqual([
    [64, 'l0'],
    [64, 'l64'],
    [64, 'l128'],
    [64, 'l42'],
  ])
  expect(new Set(told.flat()).size).toBe(150)
  while (take());
  // Four drawings of 150 layers were late by something, the first one waited for its viewer.
  expect(counted).toBe(600)
})
