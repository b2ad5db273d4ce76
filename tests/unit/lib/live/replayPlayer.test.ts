import { expect, test } from 'vitest'
import type { LiveRecord } from '../../../../lib/contracts/liveRecords.ts'
import { SEED_COLUMNS } from '../../../../lib/contracts/metrics.ts'
import { encodeViewFrame } from '../../../../lib/frames/viewFrame.ts'
import type { Speed } from '../../../../lib/live/conductor.ts'
import { createLiveSession } from '../../../../lib/live/liveSession.ts'
import { createLocalPictures } from '../../../../lib/live/pictures.ts'
import { createReplayPlayer } from '../../../../lib/live/replayPlayer.ts'
import type { MomentCheck, ReplaySource } from '../../../../lib/live/replaySource.ts'
import { createReplaySession } from '../../../../lib/live/replaySession.ts'
import type { FrameEntry } from '../../../../lib/live/replayWindows.ts'
import { createManualClock } from '../../../support/manualClock.ts'
import { createFakeSocket, givenDescriptor, givenHello, givenTransition, RUN_ID } from './liveFixture.ts'

const START = 1_700_000_000_000
const HOUR = 3_600_000
const COLUMNS = SEED_COLUMNS.length
const ROWS = 2
const noInflate = (): never => {
  throw new Error('nothing is compressed here')
}

/** One tick a second; the second column of row 0 holds the second. */
function pictureAt(second: number): Uint8Array {
  const values = new Float32Array(ROWS * COLUMNS)
  values[ROWS] = second
  return new Uint8Array(values.buffer)
}
function framesOf(fromMs: number, toMs: number, stepMs: number): FrameEntry[] {
  const entries: FrameEntry[] = []
  for (let layer = 0; layer < 2; layer++) {
    let previous: { readonly frame: number; readonly picture: Uint8Array } | null = null
    let frame = 0
    for (let atMs = fromMs; atMs < toMs; atMs += Math.max(1_000, stepMs)) {
      const second = Math.floor((atMs - START) / 1_000)
      const header = {
        classId: 7,
        runIndex: 0,
        layer,
        frame: ++frame,
        step: second * 20,
        tick: second,
        ingestMs: START + second * 1_000,
        serverMs: atMs,
        rows: ROWS,
        columnCount: COLUMNS,
        binSize: 1,
        precision: 'exact' as const,
        sourceFlags: 0,
      }
      const picture = pictureAt(second)
      entries.push({ atMs: START + second * 1_000, bytes: encodeViewFrame(header, picture, previous) })
      previous = { frame, picture }
    }
  }
  return entries.toSorted((a, b) => a.atMs - b.atMs)
}
const RECORDS: readonly LiveRecord[] = Array.from({ length: 3_600 }, (_, second) =>
  givenTransition(0, { at_ms: START + second * 1_000, seed_id: second % 2 }),
)

async function givenPlayer(
  change: {
    readonly delayMs?: number
    readonly openMs?: number
    readonly unsent?: number
    readonly check?: MomentCheck
  } = {},
) {
  const clock = createManualClock(START + HOUR)
  const socket = createFakeSocket()
  const live = createLiveSession({
    openSocket: () => socket,
    clock,
    chance: () => 0.5,
    pictures: createLocalPictures(clock, noInflate),
  })
  live.store.applyHello(givenHello())
  const pictures = createLocalPictures(clock, noInflate)
  const session = createReplaySession(live, pictures)
  const asked: string[] = []
  let failure: string | null = null
  const wait = (signal: AbortSignal) => clock.sleep(change.delayMs ?? 0, signal)
  const source: ReplaySource = {
    async open(_runId, signal) {
      await clock.sleep(change.openMs ?? 0, signal)
      return {
        bounds: { fromMs: START, toMs: START + HOUR - 1_000 },
        gaps: [],
        run: { descriptor: givenDescriptor(), firstSeenMs: START, gaps: [] },
      }
    },
    async window({ fromMs, toMs, stepMs }, signal) {
      asked.push(`${fromMs - START}-${toMs - START}/${stepMs}`)
      await wait(signal)
      if (failure !== null) throw new Error(failure)
      const records = RECORDS.filter((record) => record.at_ms >= fromMs && record.at_ms < toMs)
      return {
        fromMs,
        toMs,
        stepMs,
        records,
        frames: framesOf(fromMs, toMs, stepMs),
        served: records.length + (change.unsent ?? 0),
        bytes: 1_000,
      }
    },
    before: async ({ atMs }) => RECORDS.filter((record) => record.at_ms <= atMs).slice(-500),
    neighbour: async ({ atMs, back }) =>
      (back ? RECORDS.findLast((record) => record.at_ms < atMs) : RECORDS.find((record) => record.at_ms > atMs))
        ?.at_ms ?? null,
    check: async () => change.check ?? { kind: 'agrees', checksum: 'abc', recorded: true, own: true },
  }
  const player = createReplayPlayer({ session, source, clock })
  const enter = async (atMs: number, speed: Speed | null = null, reverse = false): Promise<void> => {
    player.enter(RUN_ID, atMs, { speed, reverse })
    await clock.advance(0)
    // The frame around the page chooses run and metric as soon as the run is there.
    session.show(RUN_ID, SEED_COLUMNS[1]!.name)
    await clock.advance(0)
  }
  const shownSecond = (): number => pictures.shown()[0]!.columns[1]![0]!
  const fail = (text: string | null): void => {
    failure = text
  }
  return { clock, session, player, asked, enter, shownSecond, live, fail }
}

test('a fixed moment shows its picture and what had happened by then, and is compared with the record', async () => {
  const { clock, session, player, enter, shownSecond } = await givenPlayer()
  await enter(START + 100_000)
  await clock.advance(1_000)
  expect(shownSecond()).toBe(100)
  expect(session.client.serverNowMs()).toBe(START + 100_000)
  expect(session.store.events().length).toBe(101)
  expect(session.store.events().every((record) => record.at_ms <= START + 100_000)).toBe(true)
  expect(player.get().check).toMatchObject({ kind: 'agrees', checksum: 'abc' })
})

test('an hour at 64 times takes less than a minute and takes every record', async () => {
  const { clock, player, session, enter, shownSecond } = await givenPlayer()
  await enter(START, 64)
  await clock.advance(58_000)
  const { state, served, taken } = player.get()
  expect(state).toMatchObject({ kind: 'fixed', end: true, speed: 64 })
  expect([served, taken]).toEqual([3_599, 3_599])
  expect(session.store.events().length).toBe(2_000)
  expect(session.store.events().at(-1)?.at_ms).toBe(START + 3_599_000)
  expect(shownSecond()).toBeGreaterThan(3_590)
})

test('a link that plays begins at its moment, however long its run and its first picture take', async () => {
  const { clock, session, player } = await givenPlayer({ delayMs: 3_000, openMs: 5_000 })
  player.enter(RUN_ID, START, { speed: 64, reverse: false })
  await clock.advance(5_000)
  session.show(RUN_ID, SEED_COLUMNS[1]!.name)
  await clock.advance(3_000)
  expect(player.get().atMs - START).toBeLessThan(64 * 1_000)
  for (let turn = 0; turn < 400 && player.get().state.kind !== 'fixed'; turn++) await clock.advance(500)
  expect([player.get().served, player.get().taken]).toEqual([3_599, 3_599])
})

test('a slow server makes the moment wait: nothing is stepped over, and the wait is said', async () => {
  const { clock, player, enter } = await givenPlayer({ delayMs: 9_000 })
  await enter(START, 64)
  await clock.advance(9_000)
  let waited = 0
  for (let turn = 0; turn < 200; turn++) {
    await clock.advance(500)
    if (player.get().waiting) waited++
    const { served, taken } = player.get()
    expect(taken).toBe(served)
    if (player.get().state.kind === 'fixed') break
  }
  expect(waited).toBeGreaterThan(3)
  expect(player.get().taken).toBe(3_599)
})

test('records that the server counted and did not send are said to be missing', async () => {
  const { clock, player, enter } = await givenPlayer({ unsent: 3 })
  await enter(START, 1)
  await clock.advance(2_000)
  const { served, taken } = player.get()
  expect(served - taken).toBeGreaterThanOrEqual(3)
})

test('backwards the picture and the list of events go back together', async () => {
  const { clock, player, session, enter, shownSecond } = await givenPlayer()
  await enter(START + 600_000, 16, true)
  await clock.advance(10_000)
  player.act({ kind: 'stand' })
  await clock.advance(100)
  const { atMs } = player.get()
  expect(atMs).toBeLessThan(START + 460_000)
  expect(shownSecond()).toBeLessThanOrEqual(Math.floor((atMs - START) / 1_000))
  expect(shownSecond()).toBeGreaterThan(Math.floor((atMs - START) / 1_000) - 6)
  expect(session.store.events().at(-1)!.at_ms).toBeLessThanOrEqual(atMs)
})

test('of many jumps while one is fetched, the newest is where it ends', async () => {
  const { clock, player, asked, enter, shownSecond } = await givenPlayer({ delayMs: 400 })
  await enter(START + 100_000)
  await clock.advance(1_000)
  for (const second of [200, 300, 400, 500]) player.act({ kind: 'jump', atMs: START + second * 1_000 })
  await clock.advance(3_000)
  expect(player.get().atMs).toBe(START + 500_000)
  expect(shownSecond()).toBe(500)
  // The ones between were never asked for.
  expect(asked.filter((text) => text.startsWith('300000') || text.startsWith('400000'))).toEqual([])
})

test('a step goes to the next event, or to the picture before', async () => {
  const { clock, player, enter } = await givenPlayer()
  await enter(START + 100_500)
  await clock.advance(500)
  player.stepEvent(false)
  await clock.advance(500)
  expect(player.get().atMs).toBe(START + 101_000)
  player.stepTick(true)
  await clock.advance(500)
  expect(player.get().atMs).toBe(START + 100_000)
})

test('a history that fails is said in words, and is asked again while it plays', async () => {
  const { clock, player, enter, fail } = await givenPlayer()
  await enter(START, 4)
  await clock.advance(1_000)
  fail('The history can not be read.')
  await clock.advance(40_000)
  expect(player.get()).toMatchObject({ problem: 'The history can not be read.', waiting: true })
  const stoodAt = player.get().atMs
  fail(null)
  await clock.advance(10_000)
  expect(player.get().problem).toBe(null)
  expect(player.get().atMs).toBeGreaterThan(stoodAt)
  expect(player.get().taken).toBe(player.get().served)
})

test('a player that was stopped asks nothing more and leaves no timer', async () => {
  const { clock, player, enter, asked } = await givenPlayer()
  await enter(START, 1)
  await clock.advance(1_000)
  const timers = clock.openTimers
  player.stop()
  const before = asked.length
  await clock.advance(60_000)
  expect(asked.length).toBe(before)
  expect(clock.openTimers).toBeLessThan(timers)
})

test('the present goes on behind the past: nothing of it reaches what is shown', async () => {
  const { clock, session, enter, live } = await givenPlayer()
  await enter(START + 100_000)
  await clock.advance(500)
  const before = session.store.events().length
  live.store.applyRecords({ epoch: 'e1', records: [givenTransition(1)] })
  expect(live.store.log.offset).toBe(1)
  expect(session.store.events().length).toBe(before)
  expect((await session.client.inspect({ run_id: RUN_ID, layer_id: 'layer_0', seed_id: 0 })).ok).toBe(false)
})
