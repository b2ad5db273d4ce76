import { zstdDecompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { TABLE_META } from '../../../../lib/frames/seedTable.ts'
import { applyViewFrame, createLayerMirror, decodeViewFrame } from '../../../../lib/frames/viewFrame.ts'
import { createFrameTicker } from '../../../../server/fanout/frameTicker.ts'
import { createViewer } from '../../../../server/fanout/viewer.ts'
import { createRunTable } from '../../../../server/ingest/runTable.ts'
import type { RunAnnouncement } from '../../../../server/ingest/ingestMessages.ts'
import { createRunBook } from '../../../../server/state/runBook.ts'
import { createManualClock } from '../../../support/manualClock.ts'
import { buildRun } from '../runFixture.ts'

const inflate = (bytes: Uint8Array, raw: number) => new Uint8Array(zstdDecompressSync(bytes, { maxOutputLength: raw }))

function open(rows = 40) {
  const clock = createManualClock()
  let announced: RunAnnouncement | null = null
  const table = createRunTable({ historySeconds: 10, onRun: (run) => (announced = run), onGone: () => undefined })
  const { run: writer } = table.announce(buildRun({ layers: 2, rows }), clock.wallMs())
  const run = createRunBook().announce(announced!)
  const ticker = createFrameTicker({ clock })
  ticker.start()
  const write = (tick: number): void => {
    for (const layer of writer.tables) {
      layer.begin()
      layer.seeds.fill(tick % 8)
      layer.meta[TABLE_META.tick] = tick
      layer.meta[TABLE_META.ingestMs] = clock.wallMs()
      layer.end()
    }
  }
  const watch = (maxHz = 60, precision: 'exact' | 'cells' = 'exact') => {
    const mirrors = run.tables.map((_, at) =>
      createLayerMirror(at, rows, precision === 'exact' ? run.descriptor.seed_columns.length : 0, precision),
    )
    const state = { backlog: 0, frames: 0, bytes: 0, gaps: 0, deltas: 0, mirrors }
    const viewer = createViewer(String(Math.round(maxHz)), {
      backlog: () => state.backlog,
      send: ({ bytes }) => {
        const frame = decodeViewFrame(bytes, inflate)
        state.frames++
        state.bytes += bytes.byteLength
        if (frame.base > 0) state.deltas++
        if (applyViewFrame(mirrors[frame.layer]!, frame) === 'gap') state.gaps++
      },
    })
    const classId = ticker.setView(viewer, { run, precision, metric: 'health_score', maxHz })
    return { viewer, state, classId }
  }
  return { clock, run, ticker, write, watch }
}

test('every viewer ends with the newest picture, whenever it came, and never sees a gap', async () => {
  const { clock, write, watch, ticker } = open()
  const first = watch()
  const cells = watch(60, 'cells')
  for (let tick = 1; tick <= 20; tick++) {
    write(tick)
    await clock.advance(17)
  }
  const late = watch()
  expect(late.classId).toBe(first.classId)
  expect(cells.classId).not.toBe(first.classId)
  for (let tick = 21; tick <= 25; tick++) {
    write(tick)
    await clock.advance(17)
  }
  for (const { state } of [first, late, cells]) {
    expect(state.gaps).toBe(0)
    expect(state.mirrors.map((mirror) => mirror.tick)).toEqual([25, 25])
    expect(state.mirrors[0]!.state[0]).toBe(25 % 8)
  }
  expect(ticker.counters().classes).toBe(2)
  ticker.stop()
  expect(clock.openTimers).toBe(0)
})

test('nothing is encoded for nobody, and nothing but the keyframe when nothing changes', async () => {
  const { clock, write, watch, ticker } = open()
  write(1)
  await clock.advance(500)
  expect(ticker.counters().framesEncoded).toBe(0)
  const one = watch()
  await clock.advance(100)
  const seen = one.state.frames
  await clock.advance(800)
  expect(one.state.frames).toBe(seen)
  await clock.advance(300)
  expect(one.state.frames).toBe(seen + 2)
  ticker.remove(one.viewer)
  write(2)
  await clock.advance(500)
  expect(ticker.counters()).toMatchObject({ classes: 0, framesSkipped: 0 })
  ticker.stop()
})

test('a busy line is skipped and counted, heals with the next keyframe, and costs the others nothing', async () => {
  const { clock, write, watch, ticker } = open()
  const slow = watch()
  const quick = watch()
  write(1)
  await clock.advance(17)
  slow.state.backlog = 3
  for (let tick = 2; tick <= 11; tick++) {
    write(tick)
    await clock.advance(17)
  }
  expect(slow.viewer.skipped()).toBe(20)
  expect(ticker.counters().framesSkipped).toBe(20)
  expect(quick.state.mirrors[0]!.tick).toBe(11)
  slow.state.backlog = 0
  for (let tick = 12; tick <= 90; tick++) {
    write(tick)
    await clock.advance(17)
  }
  expect(slow.state.gaps).toBe(0)
  expect(slow.state.mirrors.map((mirror) => mirror.tick)).toEqual([90, 90])
  ticker.stop()
})

test('a viewer gets at most the rate it asked for', async () => {
  const { clock, write, watch, ticker } = open()
  const calm = watch(5)
  const quick = watch(60)
  for (let tick = 1; tick <= 120; tick++) {
    write(tick)
    await clock.advance(17)
  }
  expect(calm.state.frames).toBeLessThanOrEqual(2 * 12)
  expect(calm.state.gaps).toBe(0)
  expect(quick.state.frames).toBeGreaterThan(2 * 100)
  ticker.stop()
})

test('what a late viewer is sent to catch up is counted like everything else', async () => {
  const { clock, write, watch, ticker } = open()
  const first = watch()
  write(1)
  await clock.advance(17)
  const late = watch()
  await clock.advance(1)
  expect(late.state.frames).toBe(2)
  const { framesSent, bytesSent } = ticker.counters()
  expect(framesSent).toBe(first.state.frames + late.state.frames)
  expect(bytesSent).toBe(first.state.bytes + late.state.bytes)
  ticker.stop()
})

test('a picture says its own tick, also when the writer was in the way of a newer one', async () => {
  const { clock, run, write, watch, ticker } = open()
  watch()
  write(3)
  await clock.advance(17)
  write(4)
  const table = run.tables[0]!
  // What the seqlock does when each copy is overtaken: the copies were made, and none of them counts.
  table.read = (copy) => {
    copy(table)
    return -1
  }
  await clock.advance(17)
  const late = watch()
  await clock.advance(1)
  expect([late.state.mirrors[0]!.state[0], late.state.mirrors[0]!.tick]).toEqual([3, 3])
  ticker.stop()
})
