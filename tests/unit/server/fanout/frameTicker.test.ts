import { zstdDecompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { splitFrames } from '../../../../lib/frames/frameBatch.ts'
import { TABLE_META } from '../../../../lib/frames/seedTable.ts'
import { applyViewFrame, createLayerMirror } from '../../../../lib/frames/layerMirror.ts'
import { decodeViewFrame } from '../../../../lib/frames/viewFrame.ts'
import { createFrameTicker, type ViewRequest } from '../../../../server/fanout/frameTicker.ts'
import { createViewer } from '../../../../server/fanout/viewer.ts'
import { createRunTable } from '../../../../server/ingest/runTable.ts'
import type { RunAnnouncement } from '../../../../server/ingest/ingestMessages.ts'
import type { Precision } from '../../../../lib/frames/viewFrame.ts'
import { createRunBook, type KnownRun } from '../../../../server/state/runBook.ts'
import { createManualClock } from '../../../support/manualClock.ts'
import { buildRun } from '../runFixture.ts'

const inflate = (bytes: Uint8Array, raw: number) => new Uint8Array(zstdDecompressSync(bytes, { maxOutputLength: raw }))

const viewOf = (run: KnownRun, precision: Precision, maxHz: number) => ({
  run,
  precision,
  metric: 'health_score',
  binSize: precision === 'binned' ? 8 : 1,
  maxHz,
  immediate: false,
  layers: null,
})

function open(rows = 40, onImmediate: (wanted: boolean) => void = () => undefined) {
  const clock = createManualClock()
  let announced: RunAnnouncement | null = null
  const table = createRunTable({ historySeconds: 10, onRun: (run) => (announced = run), onGone: () => undefined })
  const { run: writer } = table.announce(buildRun({ layers: 2, rows }), clock.wallMs())
  const run = createRunBook().announce(announced!)
  const ticker = createFrameTicker({ clock, onImmediate })
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
  const watch = (maxHz = 60, precision: Precision = 'exact', more: Partial<ViewRequest> = {}) => {
    const mirrors = run.tables.map((_, at) =>
      createLayerMirror(
        at,
        rows,
        precision === 'exact' ? run.descriptor.seed_columns.length : 0,
        precision,
        viewOf(run, precision, maxHz).binSize,
      ),
    )
    const state = { backlog: 0, messages: 0, frames: 0, bytes: 0, gaps: 0, deltas: 0, mirrors }
    const viewer = createViewer(String(Math.round(maxHz)), {
      backlog: () => state.backlog,
      send: (message) => {
        state.messages++
        for (const bytes of splitFrames(message.bytes)) {
          const frame = decodeViewFrame(bytes, inflate)
          state.frames++
          state.bytes += bytes.byteLength
          if (frame.base > 0) state.deltas++
          if (applyViewFrame(mirrors[frame.layer]!, frame) === 'gap') state.gaps++
        }
      },
    })
    const show = (changed: Partial<ViewRequest>) =>
      ticker.setView(viewer, { ...viewOf(run, precision, maxHz), ...changed })
    return { viewer, state, classId: show(more), show }
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
  // A round is one message, however many layers changed.
  expect(first.state.messages).toBeLessThan(first.state.frames * 0.6)
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

test('a bin shows the worst of its seeds and the state that most needs a look, and says which seeds they are', async () => {
  const { clock, run, write, watch, ticker } = open(20)
  const columns = run.descriptor.seed_columns
  const health = columns.findIndex((column) => column.name === 'health_score')
  write(2)
  const table = run.tables[0]!
  table.begin()
  table.seeds.fill(0.75, health * 20, health * 20 + 20)
  table.seeds[health * 20 + 11] = 0.25
  // The state is column 0: one seed of the second bin was culled.
  table.seeds[13] = 8
  table.end()
  const { state } = watch(60, 'binned')
  await clock.advance(17)
  const [mirror] = state.mirrors
  expect(mirror!.state).toHaveLength(3)
  expect([mirror!.state[1], mirror!.stateSeed[1]]).toEqual([8, 5])
  expect(mirror!.worstSeed[1]).toBe(3)
  const byte = (value: number) => Math.round(254 * value)
  expect(Math.abs(mirror!.cells[1]! - byte(0.25))).toBeLessThanOrEqual(1)
  expect(Math.abs(mirror!.cells[0]! - byte(0.75))).toBeLessThanOrEqual(1)
  ticker.stop()
})

test('layers out of sight cost nothing; one that comes into sight is there at once and the others go on', async () => {
  const { clock, write, watch, ticker } = open()
  const { state, show, classId } = watch(60, 'cells', { layers: new Set([1]) })
  for (let tick = 1; tick <= 5; tick++) {
    write(tick)
    await clock.advance(17)
  }
  expect(state.mirrors.map((mirror) => mirror.tick)).toEqual([0, 5])
  expect(ticker.counters().framesEncoded).toBe(5)
  const sent = state.frames
  expect(show({ layers: null })).toBe(classId)
  await clock.advance(18)
  expect(state.mirrors.map((mirror) => mirror.tick)).toEqual([5, 5])
  // The layer that was in sight all along is not sent again.
  expect(state.frames).toBe(sent + 1)
  expect(state.gaps).toBe(0)
  show({ layers: new Set([0]) })
  for (let tick = 6; tick <= 9; tick++) {
    write(tick)
    await clock.advance(17)
  }
  expect(state.mirrors.map((mirror) => mirror.tick)).toEqual([9, 5])
  ticker.stop()
})

test('immediate pace does not wait for the tick, and is told when nobody needs it any more', async () => {
  const wanted: boolean[] = []
  const { clock, write, watch, ticker } = open(40, (listening) => wanted.push(listening))
  const now = watch(60, 'exact', { immediate: true })
  const later = watch(60)
  expect(now.classId).not.toBe(later.classId)
  await clock.advance(1)
  write(1)
  ticker.merged()
  expect(now.state.mirrors.map((mirror) => mirror.tick)).toEqual([1, 1])
  expect(later.state.frames).toBe(0)
  ticker.remove(now.viewer)
  expect(wanted).toEqual([true, false])
  ticker.stop()
})

test('a line that was busy for one round gets the whole picture in the next, not at the next keyframe', async () => {
  const { clock, write, watch, ticker } = open()
  const { state } = watch()
  for (let tick = 1; tick <= 3; tick++) {
    state.backlog = tick === 2 ? 1 : 0
    write(tick)
    await clock.advance(17)
  }
  expect(state.mirrors.map((mirror) => mirror.tick)).toEqual([3, 3])
  expect(state.gaps).toBe(0)
  ticker.stop()
})

test('hundreds of viewers are served over several turns and all end with the newest picture', async () => {
  const { clock, write, watch, ticker } = open(8)
  const all = Array.from({ length: 300 }, () => watch(60))
  for (let tick = 1; tick <= 4; tick++) {
    write(tick)
    await clock.advance(34)
  }
  expect(all.every(({ state }) => state.gaps === 0 && state.mirrors.every((mirror) => mirror.tick === 4))).toBe(true)
  ticker.stop()
})
