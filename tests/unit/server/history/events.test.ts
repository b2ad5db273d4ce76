import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { ReplayEventsQuery, ReplayFlowQuery } from '../../../../lib/contracts/httpReplay.ts'
import type { LiveRecord } from '../../../../lib/contracts/liveRecords.ts'
import { makeBundle } from '../../../../server/history/bundle.ts'
import { openHistoryLibrary } from '../../../../server/history/historyLibrary.ts'
import { openBundle } from '../../../../server/history/openBundle.ts'
import { eventsOf } from '../../../../server/history/replayEvents.ts'
import { flowOf } from '../../../../server/history/replayFlow.ts'
import { stateAt } from '../../../../server/history/replayState.ts'
import { enforceRetention, readRemoved } from '../../../../server/history/retention.ts'
import { filesIn, segmentFile, segmentsIn } from '../../../../server/history/runFolder.ts'
import { createHistoryWorld, type HistoryWorld } from './historyWorld.ts'

const worlds: HistoryWorld[] = []
const open = (options: Parameters<typeof createHistoryWorld>[0] = {}): HistoryWorld => {
  const world = createHistoryWorld(options)
  worlds.push(world)
  return world
}
afterEach(() => worlds.splice(0).forEach((world) => world.end()))

const START = 1_700_000_000_000
const query = (text: Record<string, string> = {}) =>
  ReplayEventsQuery.parse({ to: String(START * 2), from: '0', ...text })

/** All pages of a question. */
function allPages(world: HistoryWorld, text: Record<string, string> = {}) {
  const library = world.library()
  const history = library.open(undefined)
  const records: LiveRecord[] = []
  let cursor: string | null = null
  let pages = 0
  do {
    const page = eventsOf(
      [history, library.server(history.run)],
      query({ ...text, ...(cursor === null ? {} : { cursor }) }),
    )
    records.push(...page.records)
    cursor = page.next
    pages++
  } while (cursor !== null)
  return { records, pages }
}

test('every record comes back once and in order, over pages, segments, restarts and a bus that is told anew', async () => {
  const world = open({ writer: { segmentBytes: 4_000 } })
  let recorder = world.openRecorder()
  const told: LiveRecord[] = []
  for (let at = 0; at < 900; at++)
    told.push(world.transition(at % 2, at % 10, `${START + Math.floor(at / 3)}-${at % 3}`))
  for (let at = 0; at < 900; at += 30) {
    recorder.records(told.slice(at, at + 30))
    await world.settle(recorder.settle())
    if (at === 300) {
      // Killed in the middle: the bus is read from its beginning again, up to where it is.
      recorder = world.openRecorder()
      recorder.records(told.slice(0, 300))
    }
    if (at === 600) {
      recorder.began()
      recorder.records(told.slice(0, 630))
    }
  }
  await world.settle(recorder.settle())
  const { records, pages } = allPages(world, { limit: '100' })
  expect(pages).toBe(9)
  expect(segmentsIn(world.library().open(undefined).folder).length).toBeGreaterThan(2)
  expect(records.map((record) => record.entry!.entry_id)).toEqual(told.map((record) => record.entry!.entry_id))
  const counted = eventsOf([world.library().open(undefined)], query({ limit: '1', kinds: 'fault' }))
  expect(counted).toMatchObject({ total: 900, counts: { transition: 900 }, records: [], next: null })
})

test('an hour played at 64 times its speed leaves no record out and tells none twice', async () => {
  const world = open()
  const recorder = world.openRecorder()
  const hourMs = 3_600_000
  const count = 20_000
  for (let at = 0; at < count; at += 1_000) {
    recorder.records(
      Array.from({ length: 1_000 }, (_, index) => {
        const number = at + index
        return world.transition(number % 2, number % 10, `${START + Math.floor((number * hourMs) / count)}-${number}`)
      }),
    )
    await world.settle(recorder.settle())
  }
  const history = world.library().open(undefined)
  const played = new Map<string, number>()
  // A player asks for what the next half second of its own time will show: 32 s of the hour.
  for (let fromMs = START; fromMs <= START + hourMs; fromMs += 32_000) {
    let cursor: string | null = null
    do {
      const window = { from: String(fromMs), to: String(fromMs + 31_999), limit: '150' }
      const page = eventsOf([history], query({ ...window, ...(cursor === null ? {} : { cursor }) }))
      for (const { entry } of page.records) played.set(entry!.entry_id, (played.get(entry!.entry_id) ?? 0) + 1)
      cursor = page.next
    } while (cursor !== null)
  }
  expect(played.size).toBe(count)
  expect([...played.values()].every((times) => times === 1)).toBe(true)
  expect(recorder.counters()).toMatchObject({ events: count, droppedEvents: 0 })
})

test('two records of one entry are two, also when the entry is told again', async () => {
  const world = open()
  const pair = [world.transition(0, 1, `${START}-7`), world.transition(0, 2, `${START}-7`)]
  const recorder = world.openRecorder()
  recorder.records(pair)
  await world.settle(recorder.settle())
  const again = world.openRecorder()
  again.records([...pair, world.transition(0, 3, `${START}-7`)])
  await world.settle(again.settle())
  expect(allPages(world).records.map((record) => (record as { seed_id: number }).seed_id)).toEqual([1, 2, 3])
})

test('what the server says of no run stands in the replay of its runs, in the order of time', async () => {
  const world = open()
  const recorder = world.openRecorder()
  const incident = {
    kind: 'incident',
    offset: 1,
    at_ms: START + 50,
    run_id: null,
    code: 'BUS_DOWN',
    severity: 'warning',
    text: 'the bus is away',
    lost: null,
    from_ms: null,
    to_ms: null,
  } as const
  recorder.records([world.transition(0, 1, `${START}-0`), incident, world.transition(0, 2, `${START + 90}-0`)])
  await world.settle(recorder.settle())
  expect(allPages(world).records.map((record) => record.kind)).toEqual(['transition', 'incident', 'transition'])
  expect(allPages(world, { kinds: 'incident' }).records).toEqual([incident])
  expect(allPages(world, { layer: 'layer_0', seed: '2' }).records).toHaveLength(1)
})

test('a cursor nobody gave out is refused in words', () => {
  const world = open()
  const recorder = world.openRecorder()
  recorder.gap(world.descriptor.run_id, { from_ms: 1, to_ms: 2, cause: 'lost', lost: 1 })
  const history = world.library().open(undefined)
  expect(() => eventsOf([history], query({ cursor: 'page 2' }))).toThrow(/a cursor is what/)
})

test('the flow counts seeds by their transitions and by nothing else, and says when one is missing', async () => {
  const world = open({ layers: 1, rows: 10 })
  const recorder = world.openRecorder()
  const step = (seed: number, ms: number, from: string, to: string) =>
    world.transition(0, seed, `${START + ms}-0`, { from_state: from, to_state: to } as Partial<LiveRecord>)
  recorder.records([
    step(0, 1_000, 'DORMANT', 'GERMINATED'),
    step(1, 1_500, 'DORMANT', 'GERMINATED'),
    step(0, 2_500, 'GERMINATED', 'TRAINING'),
    step(0, 8_000, 'TRAINING', 'CULLED'),
  ])
  await world.settle(recorder.settle())
  const asked = ReplayFlowQuery.parse({ from: String(START), to: String(START + 10_000), bins: '10' })
  const flow = flowOf(world.library().open(undefined), asked)
  expect(flow).toMatchObject({ exact: true, breaks: 0, of: 4 })
  // Nothing but transitions is known: seeds without one are in no state.
  expect(flow.river.counts.DORMANT).toEqual([2, 0, 0, 0, 0, 0, 0, 0, 0, 0])
  expect(flow.river.counts.GERMINATED).toEqual([0, 2, 1, 1, 1, 1, 1, 1, 1, 1])
  expect(flow.river.counts.TRAINING).toEqual([0, 0, 1, 1, 1, 1, 1, 1, 0, 0])
  expect(flow.transitions[0]).toMatchObject({ from: 'DORMANT', to: 'GERMINATED', n: 2 })
  expect(flow.transitions[0]!.seeds.map((seed) => seed.seed_id)).toEqual([0, 1])
  recorder.records([step(1, 9_000, 'TRAINING', 'CULLED')])
  await world.settle(recorder.settle())
  expect(flowOf(world.library().open(undefined), asked)).toMatchObject({ exact: false, breaks: 1 })
})

test('a bundle opens in another installation as an imported run with the same states and the same records', async () => {
  const world = open()
  const recorder = world.openRecorder()
  recorder.records([world.transition(0, 1, `${START + 300}-0`), world.transition(1, 2, `${START + 5_000}-0`)])
  await world.pump(recorder, 350)
  await world.settle(recorder.settle())
  await world.pump(recorder, 20)
  const library = world.library()
  const history = library.open(undefined)
  const bundle = makeBundle([history, library.server(history.run)], {}, START + 100_000)
  const other = mkdtempSync(path.join(tmpdir(), 'morphoscope-history-'))
  const file = path.join(other, bundle.fileName)
  const bytes = Buffer.concat([...bundle.pieces()])
  writeFileSync(file, bytes)
  const root = path.join(other, 'history')
  const opened = openBundle(file, root)
  expect(opened).toMatchObject({ known: false, manifest: { run_id: 'run-1', records: { transition: 2 } } })
  expect(opened.runId).toMatch(/^run-1:imported-[0-9a-f]{8}$/)
  expect(openBundle(file, root)).toMatchObject({ known: true, runId: opened.runId })
  const there = openHistoryLibrary(root).open(opened.runId)
  for (const ms of [START + 250, START + 40_000, START + 71_000, START + 80_000]) {
    const [here, copy] = [stateAt(history, { ms, seq: null }), stateAt(there, { ms, seq: null })]
    expect(copy).toMatchObject({ checksum: here.checksum, agrees: true, kept: 'imported', run_id: opened.runId })
  }
  const events = eventsOf([there], query())
  expect(events.records.map((record) => [record.at_ms, record.run_id])).toEqual([
    [START + 300, opened.runId],
    [START + 5_000, opened.runId],
  ])
  // One byte of it changed: nothing of it is kept.
  const at = bytes.indexOf('MSH1') + 400
  bytes[at]! ^= 1
  writeFileSync(file, bytes)
  expect(() => openBundle(file, path.join(other, 'again'))).toThrow(/is not what the manifest says/)
  writeFileSync(file, bytes.subarray(0, 5_000))
  expect(() => openBundle(file, path.join(other, 'again'))).toThrow(/is cut off/)
  rmSync(other, { recursive: true, force: true })
})

test('the oldest files go first, the one that is written to never, and a run that is gone does not come back', async () => {
  const world = open({ writer: { chunkMs: 2_000, segmentBytes: 1_000 } })
  const recorder = world.openRecorder()
  const told: LiveRecord[] = []
  for (let at = 0; at < 6; at++) {
    const record = world.transition(0, 1, `${START + at * 5_000}-0`)
    told.push(record)
    recorder.records([record])
    await world.pump(recorder, 20)
    await world.settle(recorder.settle())
  }
  const { folder } = world.library().open(undefined)
  const numbers = segmentsIn(folder)
  expect(numbers.length).toBeGreaterThan(4)
  numbers.forEach((number) => utimesSync(segmentFile(folder, number), 1_000 + number, 1_000 + number))
  const last = segmentFile(folder, numbers.at(-1)!)
  const isOpen = (file: string): boolean => file === last
  const kept = new Set([segmentFile(folder, numbers.at(-2)!), last])
  const keep = filesIn(folder).reduce((sum, { file, bytes }) => sum + (kept.has(file) ? bytes : 0), 0)
  const bounds = { nowMs: 2_000_000, isOpen }
  const gone = enforceRetention(world.root, { maxBytes: keep, maxAgeMs: null }, bounds)
  expect(gone.files).toBeGreaterThan(0)
  expect(segmentsIn(folder).at(0)).toBe(numbers.at(-2))
  enforceRetention(world.root, { maxBytes: 1e9, maxAgeMs: 1 }, bounds)
  expect(segmentsIn(folder)).toEqual([numbers.at(-1)])
  await world.settle(recorder.stop())
  enforceRetention(world.root, { maxBytes: 0, maxAgeMs: null }, { nowMs: 2_000_000, isOpen: () => false })
  expect(readRemoved(world.root)).toEqual(new Set(['run-1']))
  const again = world.openRecorder()
  again.records(told)
  await world.settle(again.settle())
  expect(world.library().list()).toEqual([])
})
