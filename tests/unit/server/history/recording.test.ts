import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { zstdDecompressSync } from 'node:zlib'
import { afterEach, expect, test } from 'vitest'
import { applyViewFrame, createLayerMirror } from '../../../../lib/frames/layerMirror.ts'
import { decodeHeaded } from '../../../../lib/frames/headedBytes.ts'
import { ReplayFramesHead, ReplayFramesQuery } from '../../../../lib/contracts/httpReplay.ts'
import { createLayerEncoder } from '../../../../server/fanout/layerEncoder.ts'
import { segmentsIn, segmentFile, tailsIn, tailFile } from '../../../../server/history/runFolder.ts'
import { coverageOf } from '../../../../server/history/replayCoverage.ts'
import { pastTicks } from '../../../../server/history/pastTicks.ts'
import { framesOf } from '../../../../server/history/replayFrames.ts'
import { stateAt } from '../../../../server/history/replayState.ts'
import type { RunHistory } from '../../../../server/history/runHistory.ts'
import { createRunBook } from '../../../../server/state/runBook.ts'
import { createHistoryWorld, TICK_MS, valueAt, type HistoryWorld } from './historyWorld.ts'

const inflate = (bytes: Uint8Array, raw: number) => new Uint8Array(zstdDecompressSync(bytes, { maxOutputLength: raw }))
const worlds: HistoryWorld[] = []
const open = (options: Parameters<typeof createHistoryWorld>[0] = {}): HistoryWorld => {
  const world = createHistoryWorld(options)
  worlds.push(world)
  return world
}
afterEach(() => worlds.splice(0).forEach((world) => world.end()))

/** The frames of an answer, with their times and layers. */
function framesIn(bytes: Uint8Array<ArrayBuffer>) {
  const { head, body } = decodeHeaded(bytes.buffer)
  const parsed = ReplayFramesHead.parse(head)
  const view = new DataView(body)
  const frames: { atMs: number; layer: number; bytes: Uint8Array }[] = []
  for (let at = 0; at < body.byteLength;) {
    const length = view.getUint32(at + 12, true)
    frames.push({
      atMs: view.getFloat64(at, true),
      layer: view.getUint32(at + 8, true),
      bytes: new Uint8Array(body, at + 16, length),
    })
    at += 16 + length + ((8 - (length & 7)) & 7)
  }
  return { head: parsed, frames }
}
const query = (text: Record<string, string>) => ReplayFramesQuery.parse(text)
const folderOf = (history: RunHistory): string => history.folder

test('a state at any moment has the checksum that was taken live, in a chunk, in the tail and over a restart', async () => {
  const world = open()
  const recorder = world.openRecorder()
  const seen: { ms: number; checksum: string }[] = []
  await world.pump(recorder, 30)
  await world.settle(recorder.settle())
  const library = world.library()
  for (let part = 0; part < 12; part++) {
    await world.pump(recorder, 30)
    await world.settle(recorder.settle())
    const state = stateAt(library.open(undefined), undefined)
    expect(state.agrees).toBe(true)
    expect(state.layers.map((layer) => layer.tick)).toEqual([world.tick(), world.tick()])
    seen.push({ ms: world.clock.wallMs(), checksum: state.checksum! })
  }
  // More than a minute: some of it lies in chunks, some in the tail.
  const history = library.open(undefined)
  expect(history.stretches('layer_0').length).toBeGreaterThan(1)
  expect(tailsIn(folderOf(history))).toHaveLength(1)
  for (const { ms, checksum } of seen) {
    const again = stateAt(history, { ms, seq: null })
    expect([again.checksum, again.recorded_checksum, again.agrees]).toEqual([checksum, checksum, true])
  }
  // Killed: nobody closed anything. A new process finds the same.
  const later = world.openRecorder()
  later.records([])
  await world.pump(later, 1)
  const found = world.library().open(undefined)
  for (const { ms, checksum } of seen) expect(stateAt(found, { ms, seq: null }).checksum).toBe(checksum)
  expect(later.counters()).toMatchObject({ tornBlocks: 0, problem: null })
})

test('a moment named by an entry of the bus is the state after that entry', async () => {
  const world = open()
  const recorder = world.openRecorder()
  await world.pump(recorder, 10)
  const middleMs = world.clock.wallMs() + 5
  await world.pump(recorder, 10)
  const history = world.library().open(undefined)
  expect(stateAt(history, { ms: middleMs, seq: 0 })).toMatchObject({ entry_id: `${middleMs}-0`, agrees: true })
  expect(stateAt(history, { ms: middleMs, seq: 0 }).layers[0]!.tick).toBe(10)
  expect(stateAt(history, { ms: middleMs - 1, seq: 0 }).layers[0]!.tick).toBe(9)
  expect(stateAt(history, { ms: 5, seq: null })).toMatchObject({ checksum: null, agrees: null, entry_id: null })
})

test.each([
  ['exact', 10, 1],
  ['cells', 10, 1],
  ['binned', 40, 8],
] as const)('replayed frames give the very pictures that live frames give (%s)', async (precision, rows, bin) => {
  const world = open({ rows })
  const recorder = world.openRecorder()
  const run = createRunBook().announce(world.announced())
  const encoders = run.tables.map((_, layer) =>
    createLayerEncoder({
      run,
      layer,
      classId: 7,
      precision,
      metric: 'health_score',
      binSize: bin,
      keyframeMs: 1_000_000,
    }),
  )
  const columns = precision === 'exact' ? run.descriptor.seed_columns.length : 0
  const mirrors = () => run.tables.map((_, layer) => createLayerMirror(layer, rows, columns, precision, bin))
  const [live, replayed] = [mirrors(), mirrors()]
  const pictures: string[][] = []
  const pictureOf = (mirror: (typeof live)[number]): string =>
    Buffer.concat([
      new Uint8Array(mirror.state.buffer),
      new Uint8Array(mirror.values.buffer),
      Buffer.from(`${mirror.tick} ${mirror.step} ${mirror.ingestMs} ${mirror.sourceFlags}`),
    ]).toString('hex')
  const fromMs = world.clock.wallMs() + TICK_MS
  for (let tick = 0; tick < 400; tick++) {
    await world.pump(recorder, 1)
    if (tick % 50 === 0) await world.settle(recorder.settle())
    encoders.forEach((encoder, layer) =>
      applyViewFrame(live[layer]!, encoder.encode(world.clock.wallMs())!.bytes, inflate),
    )
    pictures.push(live.map(pictureOf))
  }
  const history = world.library().open(undefined)
  const asked = { from: String(fromMs), to: String(world.clock.wallMs()), precision, bin: String(bin), class: '7' }
  const { head, frames } = framesIn(framesOf(history, query(asked)))
  expect(head).toMatchObject({ frames: 800, of: 800, next_ms: null, precision })
  const back: string[][] = []
  frames.forEach((frame, at) => {
    expect(frame.layer).toBe(at % 2)
    expect(applyViewFrame(replayed[frame.layer]!, frame.bytes, inflate)).toBe('applied')
    if (frame.layer === 1) back.push(replayed.map(pictureOf))
  })
  expect(back).toEqual(pictures)
})

test('an answer of frames is bounded and says where to go on; together the answers leave nothing out', async () => {
  const world = open({ layers: 3, rows: 200 })
  const recorder = world.openRecorder()
  const fromMs = world.clock.wallMs() + TICK_MS
  await world.pump(recorder, 40)
  const history = world.library().open(undefined)
  const times: number[] = []
  let answers = 0
  for (let next: number | null = fromMs; next !== null; answers++) {
    const asked = query({ from: String(next), to: String(world.clock.wallMs()), precision: 'exact', layer: 'layer_1' })
    const { head, frames } = framesIn(framesOf(history, asked, { frameBytes: 4_000, frames: 4_000 }))
    times.push(...frames.map((frame) => frame.atMs))
    next = head.next_ms
  }
  expect(answers).toBeGreaterThan(1)
  expect(times).toEqual(Array.from({ length: 40 }, (_, at) => fromMs + at * TICK_MS))
})

test('frames of a longer step leave ticks out, and say of how many', async () => {
  const world = open()
  const recorder = world.openRecorder()
  const fromMs = world.clock.wallMs() + TICK_MS
  await world.pump(recorder, 50)
  const asked = query({ from: String(fromMs), to: String(world.clock.wallMs()), step_ms: '1000', layer: 'layer_0' })
  const { head, frames } = framesIn(framesOf(world.library().open(undefined), asked))
  expect(head).toMatchObject({ frames: 10, of: 50 })
  expect(frames.map((frame) => frame.atMs - fromMs)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((at) => at * 1_000))
})

test('a past window comes tick by tick as the columns that were live, with its holes', async () => {
  const world = open()
  const recorder = world.openRecorder()
  await world.pump(recorder, 350)
  await world.settle(recorder.settle())
  await world.clock.advance(20_000)
  await world.pump(recorder, 10)
  const history = world.library().open(undefined)
  const fromMs = 1_700_000_000_000 + 10 * TICK_MS
  const names = ['state', 'health_score', 'no_such_metric']
  let ticks = 0
  let holes = 0
  let lastMs = 0
  for (const one of pastTicks(history, { fromMs, toMs: world.clock.wallMs(), columns: names })) {
    expect(one.atMs).toBeGreaterThanOrEqual(lastMs)
    lastMs = one.atMs
    if (one.sinceMs > 1_000) holes++
    const [states, health, unknown] = one.columns
    for (let row = 0; row < one.rows; row++) {
      expect(states![row]).toBe(valueAt('state', row, one.tick, one.layer))
      expect(health![row]).toEqual(valueAt('health_score', row, one.tick, one.layer))
      expect(unknown![row]).toBeNaN()
    }
    expect(one.layerValues[0]).toBe(one.tick)
    ticks++
  }
  // Ticks 10 to 360 of two layers; both fell silent once.
  expect([ticks, holes]).toEqual([702, 2])
  const single = [...pastTicks(history, { fromMs, toMs: fromMs + 1_000, columns: [], layerIds: ['layer_1'] })]
  expect(single.map((one) => [one.layerId, one.tick])).toEqual([10, 11, 12, 13, 14, 15].map((at) => ['layer_1', at]))
})

test('a torn end of a segment is cut off and counted, and what lies before it stays', async () => {
  const world = open()
  const recorder = world.openRecorder()
  await world.pump(recorder, 350)
  await world.settle(recorder.settle())
  const history = world.library().open(undefined)
  const folder = folderOf(history)
  const [number] = segmentsIn(folder)
  const file = segmentFile(folder, number!)
  const whole = statSync(file).size
  appendFileSync(file, readFileSync(file).subarray(0, 700))
  const again = world.openRecorder()
  await world.pump(again, 1)
  expect(again.counters().tornBlocks).toBe(1)
  expect(statSync(file).size).toBe(whole)
  expect(stateAt(world.library().open(undefined), undefined).agrees).toBe(true)
  // Cut inside the last block: its ticks are lost, those before are not.
  truncateSync(file, whole - 40)
  const third = world.openRecorder()
  third.gap(world.descriptor.run_id, { from_ms: 1, to_ms: 2, cause: 'lost', lost: 1 })
  expect(third.counters().tornBlocks).toBe(1)
  const left = world.library().open(undefined)
  expect(left.gaps()).toEqual([{ from_ms: 1, to_ms: 2, cause: 'lost', lost: 1 }])
})

test('a torn end of a tail costs the tick it is in and nothing else', async () => {
  const world = open()
  const recorder = world.openRecorder()
  await world.pump(recorder, 20)
  const folder = folderOf(world.library().open(undefined))
  const [number] = tailsIn(folder)
  const file = tailFile(folder, number!)
  truncateSync(file, statSync(file).size - 3)
  expect(stateAt(world.library().open(undefined), undefined).layers.map((layer) => layer.tick)).toEqual([20, 19])
  const again = world.openRecorder()
  await world.pump(again, 1)
  expect(again.counters().tornBlocks).toBe(1)
  const history = world.library().open(undefined)
  expect(history.stretches('layer_1').reduce((sum, stretch) => sum + stretch.count, 0)).toBe(20)
  expect(stateAt(history, undefined).agrees).toBe(true)
})

test('a chunk that was changed on the disk is a damaged gap and never a state', async () => {
  const world = open()
  const recorder = world.openRecorder()
  await world.pump(recorder, 350)
  await world.settle(recorder.settle())
  await world.settle(recorder.stop())
  const folder = folderOf(world.library().open(undefined))
  const file = segmentFile(folder, segmentsIn(folder)[0]!)
  const bytes = readFileSync(file)
  bytes[3_000]! ^= 1
  writeFileSync(file, bytes)
  const history = world.library().open(undefined)
  const early = stateAt(history, { ms: history.stretches('layer_0')[0]!.fromMs + 10, seq: null })
  expect(early.layers[0]).toMatchObject({ checksum: null, at_ms: null })
  expect(history.gaps()).toMatchObject([{ cause: 'damaged' }])
})

test('what is missing is told: a restart, a silence nobody explained, reports that came too fast', async () => {
  const world = open()
  const recorder = world.openRecorder()
  await world.pump(recorder, 20)
  const killedMs = world.clock.wallMs()
  await world.clock.advance(60_000)
  const again = world.openRecorder()
  await world.pump(again, 10)
  const silentMs = world.clock.wallMs()
  await world.clock.advance(30_000)
  world.write()
  world.write()
  world.write()
  await world.pump(again, 5)
  expect(again.counters()).toMatchObject({ missedTicks: 6, ticks: 30 })
  await world.settle(again.stop())
  const library = world.library()
  const retention = { maxBytes: 5, maxAgeMs: null }
  const told = coverageOf(undefined, { library, retention, recorder: again.counters() })
  expect(told.segments).toHaveLength(3)
  expect(told.gaps).toEqual([
    { from: killedMs, to: killedMs + 60_000 + TICK_MS, cause: 'server_restart', lost: null },
    { from: silentMs, to: silentMs + 30_000 + TICK_MS, cause: 'not_recorded', lost: null },
  ])
  expect(told).toMatchObject({ ticks: 70, recorder: { missed_ticks: 6, state: 'recording' } })
  expect(told.runs).toMatchObject([{ run_id: world.descriptor.run_id, kept: 'recorded' }])
})

test('a disk that takes nothing is said, records wait for it, and the time is a gap when it works again', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'morphoscope-history-'))
  const world = open({ root: path.join(folder, 'not-a-folder', 'history') })
  writeFileSync(path.join(folder, 'not-a-folder'), '')
  const recorder = world.openRecorder()
  recorder.records([world.transition(0, 1, '1700000000100-0')])
  await world.pump(recorder, 3)
  await world.settle(recorder.settle())
  const failedMs = 1_700_000_000_000 + TICK_MS
  expect(recorder.counters()).toMatchObject({ ticks: 0, events: 0, waitingEvents: 1 })
  expect(recorder.counters().problem).toMatch(/^The history can not be written: /)
  rmSync(path.join(folder, 'not-a-folder'))
  await world.pump(recorder, 3)
  await world.settle(recorder.settle())
  expect(recorder.counters()).toMatchObject({ ticks: 6, events: 1, waitingEvents: 0, problem: null })
  const history = world.library().open(undefined)
  expect(history.gaps()).toMatchObject([{ from_ms: failedMs, cause: 'not_recorded' }])
  expect(history.events().reduce((sum, block) => sum + block.count, 0)).toBe(1)
  rmSync(folder, { recursive: true, force: true })
})
