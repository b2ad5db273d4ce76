import { afterEach, expect, test } from 'vitest'
import { joinFrames } from '../../../../lib/frames/frameBatch.ts'
import { cellsFrame, joinPictures, ROWS, type Joined } from './pictureFixture.ts'

const SHAPE = { rows: [ROWS, ROWS], columnCount: 0, precision: 'cells', metricIndex: 3, withSeries: false } as const

let joined: Joined | null = null
afterEach(() => joined?.close())

function given(): Joined {
  joined = joinPictures()
  joined.replica.open(SHAPE)
  joined.replica.setClass(1)
  return joined
}
const first = ({ replica }: Joined, layer = 0) => replica.shown()[layer]!

test('frames are applied on the other side in the order they were sent, and the page holds the same pictures', async () => {
  const pair = given()
  for (let frame = 1; frame <= 50; frame++)
    pair.replica.push(cellsFrame({ frame, fill: frame, ...(frame % 5 === 1 ? {} : { base: frame - 1 }) }))
  await pair.settle()
  expect(pair.replica.lost).toBe(0)
  expect(pair.replica.applied).toBe(50)
  const made = pair.host.keeper.book.shown()[0]!
  const held = first(pair)
  expect(held).toMatchObject({ frame: 50, tick: 50, step: 1_000, ingestMs: 50_000, version: made.version, gaps: 0 })
  expect(held.cells).toEqual(made.cells)
  expect(held.state).toEqual(made.state)
  expect(held.stateCounts).toEqual(made.stateCounts)
  expect(held.stateCounts.reduce((sum, count) => sum + count, 0)).toBe(ROWS)
})

test('a gap keeps the old picture on both sides, is counted once, and the next keyframe heals it', async () => {
  const pair = given()
  pair.replica.push(cellsFrame({ frame: 1, fill: 10 }))
  pair.replica.push(cellsFrame({ frame: 3, fill: 30, base: 2 }))
  await pair.settle()
  expect(pair.replica.lost).toBe(1)
  expect(first(pair)).toMatchObject({ frame: 1 })
  expect(first(pair).cells[5]).toBe(10)
  pair.replica.push(cellsFrame({ frame: 4, fill: 40 }))
  await pair.settle()
  expect(pair.replica.lost).toBe(1)
  expect(first(pair).cells[5]).toBe(40)
})

test('malformed bytes are counted across the boundary and change nothing', async () => {
  const pair = given()
  pair.replica.push(cellsFrame({ frame: 1, fill: 10 }))
  pair.replica.push(Uint8Array.of(1, 2, 3))
  const batch = joinFrames([cellsFrame({ frame: 2, fill: 20 }), cellsFrame({ layer: 1, frame: 1, fill: 9 })])
  pair.replica.push(batch.slice(0, batch.byteLength - 1))
  await pair.settle()
  expect(pair.replica.lost).toBe(2)
  expect(first(pair).cells[0]).toBe(10)
  expect(first(pair, 1).frame).toBe(0)
})

test('a message is transferred: the page keeps no bytes of it; a part of a larger buffer leaves the rest alone', async () => {
  const pair = given()
  const whole = cellsFrame({ frame: 1, fill: 1 })
  const large = new Uint8Array(whole.byteLength + 16)
  large.set(whole, 8)
  pair.replica.push(large.subarray(8, 8 + whole.byteLength))
  expect(large.byteLength).toBe(whole.byteLength + 16)
  pair.replica.push(whole)
  expect(whole.byteLength).toBe(0)
  await pair.settle()
  expect(pair.replica.applied).toBe(2)
})

test('frames that overtake the answer to the view are applied once it is known; frames of another class never', async () => {
  const pair = given()
  pair.replica.setClass(null)
  pair.replica.push(cellsFrame({ classId: 7, frame: 1, fill: 70 }))
  pair.replica.push(cellsFrame({ classId: 1, frame: 9, fill: 90 }))
  await pair.settle()
  expect(first(pair).frame).toBe(0)
  pair.replica.setClass(7)
  await pair.settle()
  expect(first(pair).cells[0]).toBe(70)
  expect(pair.replica.applied).toBe(1)
})

test('pausing freezes the very same picture on both sides, whatever was under way, and counts what waits', async () => {
  const pair = given()
  pair.replica.push(cellsFrame({ frame: 1, fill: 10 }))
  // Under way when the pause comes: it was sent before, so it is part of the frozen picture.
  pair.replica.push(cellsFrame({ frame: 2, fill: 20 }))
  pair.replica.freeze(true)
  pair.replica.push(cellsFrame({ frame: 3, fill: 30 }))
  pair.replica.push(cellsFrame({ frame: 4, fill: 40 }))
  await pair.settle()
  expect(first(pair).cells[0]).toBe(20)
  expect(pair.host.keeper.book.shown()[0]!.cells).toEqual(first(pair).cells)
  expect(pair.replica.waiting).toBe(2)
  expect(pair.replica.live()[0]!.cells[0]).toBe(40)
  pair.replica.freeze(false)
  await pair.settle()
  expect(first(pair).cells[0]).toBe(40)
  expect(pair.host.keeper.book.shown()[0]!.cells[0]).toBe(40)
  expect(pair.replica.waiting).toBe(0)
})

test('a pause that was taken back, or whose view was left, before the other side answered freezes nothing', async () => {
  const pair = given()
  pair.replica.push(cellsFrame({ frame: 1, fill: 10 }))
  pair.replica.freeze(true)
  pair.replica.freeze(false)
  pair.replica.push(cellsFrame({ frame: 2, fill: 20 }))
  await pair.settle()
  expect(first(pair).cells[0]).toBe(20)
  pair.replica.freeze(true)
  pair.replica.open(SHAPE)
  pair.replica.push(cellsFrame({ frame: 3, fill: 30 }))
  await pair.settle()
  expect(first(pair).cells[0]).toBe(30)
})

test('pictures of the view before are thrown away: a new shape starts with nothing known', async () => {
  const pair = given()
  pair.replica.push(cellsFrame({ frame: 1, fill: 10 }))
  pair.replica.open({ ...SHAPE, rows: [ROWS] })
  await pair.settle()
  expect(pair.replica.shown()).toHaveLength(1)
  expect(first(pair).frame).toBe(0)
  expect(first(pair).stateCounts[254]).toBe(ROWS)
})

test('who draws is told of every change, and of a picture no more than once per message', async () => {
  const pair = given()
  await pair.settle()
  const before = pair.redraws()
  pair.replica.push(joinFrames([cellsFrame({ frame: 1, fill: 1 }), cellsFrame({ layer: 1, frame: 1, fill: 2 })]))
  await pair.settle()
  expect(pair.redraws()).toBe(before + 1)
})

test('series of a small run are the same on both sides, history included', async () => {
  joined = joinPictures()
  const pair = joined
  pair.replica.open({ ...SHAPE, withSeries: true })
  pair.replica.setClass(1)
  for (const frame of [100, 101, 102]) pair.replica.push(cellsFrame({ frame, fill: frame }))
  await pair.settle()
  const past = { layer: 0, atMs: [1, 2], values: [[0.5, null]], states: [[1, 2]] }
  pair.replica.backfill([past])
  await pair.settle()
  const [here, there] = [pair.replica.series(0)!, pair.host.keeper.book.series(0)!]
  expect(here.length).toBe(5)
  expect(there.length).toBe(5)
  for (let at = 0; at < 5; at++) {
    expect(here.atMs(at)).toBe(there.atMs(at))
    expect(here.state(at, 0)).toBe(there.state(at, 0))
  }
  pair.replica.setMetric(4)
  await pair.settle()
  expect([here.length, there.length]).toEqual([0, 0])
})
