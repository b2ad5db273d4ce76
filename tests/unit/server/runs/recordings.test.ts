import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { LiveRecord } from '../../../../lib/contracts/liveRecords.ts'
import { SEED_COLUMNS } from '../../../../lib/contracts/metrics.ts'
import { columnIndex } from '../../../../lib/contracts/columnIndex.ts'
import { layoutTables, TABLE_META } from '../../../../lib/frames/seedTable.ts'
import type { TransitionNote } from '../../../../server/ingest/lifeNotes.ts'
import { halve, readRecording, type Recording } from '../../../../server/runs/recording.ts'
import { createRecordings, fileOf, type RecordingsOptions } from '../../../../server/runs/recordings.ts'
import { createRunBook } from '../../../../server/state/runBook.ts'
import { createManualClock } from '../../../support/manualClock.ts'
import { buildRun } from '../runFixture.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'morphoscope-recordings-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function open(options: Partial<RecordingsOptions> = {}) {
  const clock = createManualClock()
  const problems: string[] = []
  const recordings = createRecordings({ folder, clock, onProblem: (text) => problems.push(text), ...options })
  return { clock, recordings, problems }
}

/** A run of one layer with two seeds, at this step. */
function runAt(step: number, runId = 'run-1') {
  const descriptor = buildRun({ runId, layers: 1, rows: 2 })
  const shapes = [
    { rows: 2, seedColumns: SEED_COLUMNS.length, layerColumns: descriptor.layer_columns.length, rowTimes: false },
  ]
  const run = createRunBook().announce({
    index: 0,
    descriptor,
    implicit: false,
    firstSeenMs: 1_000,
    shapes,
    tables: new SharedArrayBuffer(layoutTables(shapes).bytes),
    history: [null],
    pictures: [null],
  })
  const table = run.tables[0]!
  const setStep = (at: number, health: number): void => {
    table.begin()
    table.seeds.fill(Number.NaN)
    table.seeds[columnIndex(SEED_COLUMNS, 'health_score') * 2] = health
    table.meta[TABLE_META.ingestMs] = 5_000 + at
    table.meta[TABLE_META.step] = at
    table.meta[TABLE_META.tick] = at
    table.end()
  }
  setStep(step, 0.5)
  return { run, setStep }
}

const evaluation = (step: number, offset = step): LiveRecord => ({
  kind: 'evaluation',
  offset,
  at_ms: 1_000 + step,
  run_id: 'run-1',
  step,
  val_accuracy: 0.5 + step / 1_000,
  val_loss: 1,
  train_accuracy: null,
  train_loss: null,
  parameters: 100,
})
const planted = (seed: number): TransitionNote => ({
  kind: 'transition',
  run_id: 'run-1',
  layer_id: 'layer_0',
  seed_id: seed,
  at_ms: 2_000,
  step: 10,
  tick: 1,
  generation: 1,
  entry: null,
  from_state: 'DORMANT',
  to_state: 'GERMINATED',
  reason: '',
  triggered_by: 'policy',
  guard: null,
  guards: [],
  forced: null,
  correlation_id: null,
  legal: true,
  blueprint_id: 'bypass',
  strategy: null,
})

const whole = async (recordings: ReturnType<typeof createRecordings>, runId = 'run-1'): Promise<Recording> => {
  const found = await recordings.load(runId)
  if (found === null || 'damaged' in found) throw new Error('no recording')
  return found
}

test('what was told comes back, with the picture nearest to a step', async () => {
  const { clock, recordings } = open()
  const { run, setStep } = runAt(100)
  recordings.announce(run)
  recordings.record([evaluation(100), evaluation(200)])
  recordings.note([planted(0), planted(1)])
  expect((await whole(recordings)).records).toHaveLength(2)
  setStep(200, 0.75)
  await clock.advance(10_000)
  recordings.setGone('run-1', true)
  const found = await whole(recordings)
  expect(found).toMatchObject({ ended: true, problem: null, head: { firstSeenMs: 1_000 } })
  expect(found.notes.map((note) => note.seed_id)).toEqual([0, 1])
  expect(found.moments.map((moment) => moment.step)).toEqual([100, 200])
  const near = await found.picture((moment) => Math.abs((moment.step ?? 0) - 190))
  const column = near!.columns.indexOf('health_score')
  expect([...near!.values.subarray(column * 2, column * 2 + 2)]).toEqual([0.75, Number.NaN])
  await recordings.stop(1_000)
})

test('a torn end costs what lies behind the tear; writing goes on where the file is whole', async () => {
  const first = open()
  first.recordings.announce(runAt(1).run)
  first.recordings.record([evaluation(1)])
  await first.recordings.stop(1_000)
  const file = path.join(folder, fileOf('run-1'))
  const size = statSync(file).size
  appendFileSync(file, Buffer.from([40, 0, 0, 0, 2, 0, 0, 0, 1, 2, 3, 4, 9, 9]))
  const torn = await readRecording(readFileSync(file))
  expect(torn).toMatchObject({ validBytes: size, problem: expect.stringContaining('torn') })
  const listed = await open().recordings.list()
  expect(listed.entries).toMatchObject([{ run_id: 'run-1', keeping: 'partial', evaluations: 1, step: 1 }])

  const second = open()
  second.recordings.announce(runAt(2).run)
  second.recordings.record([evaluation(2)])
  const again = await whole(second.recordings)
  expect(again).toMatchObject({ problem: null, ended: false })
  expect(again.records.map((record) => record.kind === 'evaluation' && record.step)).toEqual([1, 2])
  await second.recordings.stop(1_000)
})

test('every cut of a file is read without an exception, and never gives more than was there', async () => {
  const { recordings } = open()
  recordings.announce(runAt(1).run)
  recordings.record([evaluation(1)])
  await recordings.stop(1_000)
  const bytes = readFileSync(path.join(folder, fileOf('run-1')))
  for (let length = 0; length < bytes.byteLength; length += 7) {
    const cut = await readRecording(Buffer.from(bytes.subarray(0, length)))
    if ('damaged' in cut) expect(cut.damaged).not.toBe('')
    else expect(cut.records.length).toBeLessThanOrEqual(1)
  }
  const flipped = Buffer.from(bytes)
  flipped[20] = flipped[20]! ^ 0xff
  expect(await readRecording(flipped)).toMatchObject({ damaged: expect.stringContaining('which run') })
  const newer = Buffer.from(bytes)
  newer[7] = 9
  expect(await readRecording(newer)).toMatchObject({ damaged: expect.stringContaining('version') })
})

test('a file that is no recording is listed as damaged and stands in nobody’s way', async () => {
  const { recordings } = open()
  writeFileSync(path.join(folder, fileOf('run-1')), 'something else')
  expect((await recordings.list()).entries).toMatchObject([{ keeping: 'damaged', origin: null }])
  recordings.announce(runAt(1).run)
  recordings.record([evaluation(1)])
  expect((await whole(recordings)).records).toHaveLength(1)
  expect(readdirSync(folder).toSorted()).toEqual([fileOf('run-1'), `${fileOf('run-1')}.damaged`].toSorted())
  await recordings.stop(1_000)
})

test('the oldest recording makes room and is counted', async () => {
  for (const [at, runId] of ['run-a', 'run-b'].entries()) {
    const { recordings } = open()
    recordings.announce(runAt(at, runId).run)
    await recordings.stop(1_000)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const { recordings } = open({ bounds: { count: 2 } })
  recordings.announce(runAt(3, 'run-c').run)
  await whole(recordings, 'run-c')
  expect(readdirSync(folder)).not.toContain(fileOf('run-a'))
  expect(readdirSync(folder)).toContain(fileOf('run-b'))
  expect(recordings.counters()).toMatchObject({ removed: 1, dropped: 0 })
  await recordings.stop(1_000)
})

test('a file at its bound is halved, keeps its first and its last evaluation, and counts what it left out', async () => {
  const { recordings } = open({ bounds: { fileBytes: 6_000 } })
  recordings.announce(runAt(1).run)
  for (let at = 0; at < 12; at++) {
    recordings.record(Array.from({ length: 200 }, (_, index) => evaluation(at * 200 + index)))
    recordings.note([planted(at)])
    await whole(recordings)
  }
  const found = await whole(recordings)
  const steps = found.records.flatMap((record) => (record.kind === 'evaluation' ? [record.step] : []))
  expect(steps[0]).toBe(0)
  expect(steps.at(-1)).toBe(2_399)
  expect(steps.length).toBeLessThan(2_400)
  expect(found.head.notesLeftOut).toBeGreaterThan(0)
  expect(found.head.notesLeftOut + found.notes.length).toBe(12)
  await recordings.stop(1_000)
  expect(await halve(Buffer.from('no recording'))).toBeNull()
})

test('a disk that can not be written costs what was queued, counted and said once, and nothing else', async () => {
  writeFileSync(path.join(folder, 'taken'), '')
  const { recordings, problems } = open({ folder: path.join(folder, 'taken') })
  recordings.announce(runAt(1).run)
  recordings.record([evaluation(1)])
  expect(await recordings.load('run-1')).toBeNull()
  await recordings.stop(1_000)
  expect(problems).toHaveLength(1)
  expect(recordings.counters()).toMatchObject({ problem: expect.stringContaining('can not be written') })
})
