/*
 * playRecord: a recorded stretch of any length, and the page's own player over the routes of a real server: what it takes of it.
 * In: a folder, a length, a number of transitions; the address of a server, a speed. Out: how many records were written, served, taken.
 * Invariant: session, source and player are those of the page; only the browser around them is missing.
 * Source: docs/ux.md "time travel"; docs/history.md.
 */
import path from 'node:path'
import { createReplaySource } from '../../components/replay/replaySource.ts'
import { SEED_STATES } from '../../lib/contracts/lifecycleTable.ts'
import type { LiveRecord } from '../../lib/contracts/liveRecords.ts'
import type { RunDescriptor } from '../../lib/contracts/runDescriptor.ts'
import type { Speed } from '../../lib/live/conductor.ts'
import { createLiveSession } from '../../lib/live/liveSession.ts'
import { createLocalPictures } from '../../lib/live/pictures.ts'
import { createReplayPlayer } from '../../lib/live/replayPlayer.ts'
import { createReplaySession } from '../../lib/live/replaySession.ts'
import { systemClock as clock } from '../../lib/primitives/clock.ts'
import { checksumOf } from '../../server/history/historyTick.ts'
import { openHistoryWriter } from '../../server/history/historyWriter.ts'
import { folderOf, writeRunFile } from '../../server/history/runFolder.ts'
import { createFakeSocket, givenHello } from '../unit/lib/live/liveFixture.ts'
import { buildRun } from '../unit/server/runFixture.ts'

export const PLAYED_FROM = 1_700_000_000_000
const LAYERS = 3
const SEEDS = 4
const BATCH = 50

export interface PlayedShape {
  readonly seconds: number
  readonly transitions: number
}

/** Writes a stretch into `DATA_DIR/history`: a tick a second, transitions spread evenly, in the likeness of the trainer. */
export function writePlayedRecord(dataDir: string, { seconds, transitions }: PlayedShape): RunDescriptor {
  const run = buildRun({ layers: LAYERS, rows: SEEDS, intervalMs: 1_000 })
  const folder = path.join(dataDir, 'history', folderOf(run.run_id))
  writeRunFile(folder, {
    form: 1,
    run_id: run.run_id,
    recorded_run_id: run.run_id,
    kept: 'recorded',
    first_seen_ms: PLAYED_FROM,
    descriptor: run,
  })
  const writer = openHistoryWriter(folder)
  writer.describe(run, 'exact')
  const close = (): void => {
    const work = writer.close()
    while (work.next().done !== true);
  }
  let written = 0
  for (let second = 0; second <= seconds; second++) {
    const atMs = PLAYED_FROM + second * 1_000
    for (let layer = 0; layer < LAYERS; layer++) {
      const seeds = Float32Array.from({ length: SEEDS * run.seed_columns.length }, (_, at) => (at < SEEDS ? 1 : at % 7))
      const moment = { tick: second, step: second * 20, flags: 0, entryMs: atMs, entrySeq: layer }
      const checksum = checksumOf(moment, seeds, SEEDS, run.seed_columns)
      const layerValues = new Float32Array(run.layer_columns.length)
      writer.tick({ ...moment, atMs, checksum, layer, layerValues, seeds })
    }
    if (writer.isDue(atMs)) close()
    const due = Math.floor((Math.min(second + 1, seconds) / seconds) * transitions)
    const records: LiveRecord[] = []
    for (const first = written; written < due; written++)
      records.push(
        transition(run, written, atMs + 1 + Math.floor(((written - first) * 998) / Math.max(1, due - first))),
      )
    for (let at = 0; at < records.length; at += BATCH) writer.records(records.slice(at, at + BATCH))
  }
  close()
  writer.end()
  return run
}

function transition(run: RunDescriptor, turn: number, atMs: number): LiveRecord {
  const layerId = run.layers[turn % LAYERS]!.layer_id
  const state = Math.floor(turn / (LAYERS * SEEDS))
  return {
    kind: 'transition',
    offset: 0,
    at_ms: atMs,
    run_id: run.run_id,
    entry: { topic: `kasmina.event.layer.${layerId}`, entry_id: `${PLAYED_FROM + turn}-0` },
    layer_id: layerId,
    seed_id: Math.floor(turn / LAYERS) % SEEDS,
    from_state: SEED_STATES[state % SEED_STATES.length]!,
    to_state: SEED_STATES[(state + 1) % SEED_STATES.length]!,
    reason: 'a test',
    triggered_by: 'policy',
    guard: null,
    step: null,
    tick: null,
    generation: 1,
    blueprint_id: null,
    correlation_id: null,
    legal: true,
  }
}

export interface Played {
  /** Records the server said there are in what was played. */
  readonly served: number
  readonly taken: number
  readonly atMs: number
  readonly tookMs: number
  /** How often the moment had to wait for what was not there yet, looked at ten times a second. */
  readonly waits: number
}

/** Plays a run from its first moment to its end. @throws when the player says that it can not go on, or does not end in time */
export async function playRecord(url: string, run: RunDescriptor, speed: Speed, mostMs: number): Promise<Played> {
  const browserFetch = globalThis.fetch
  // The page asks with addresses of its own origin.
  globalThis.fetch = (ask, init) => browserFetch(typeof ask === 'string' ? new URL(ask, url) : ask, init)
  const inflate = (): never => {
    throw new Error('frames of the history are not compressed')
  }
  const live = createLiveSession({
    openSocket: createFakeSocket,
    clock,
    chance: () => 0.5,
    pictures: createLocalPictures(clock, inflate),
  })
  live.store.applyHello(givenHello())
  const session = createReplaySession(live, createLocalPictures(clock, inflate))
  const source = createReplaySource({
    descriptorOf: () => run,
    precisionOf: () => 'exact',
    compare: () => Promise.resolve({ kind: 'none' }),
  })
  const player = createReplayPlayer({ session, source, clock })
  const startMs = clock.monotonicMs()
  let waits = 0
  try {
    player.enter(run.run_id, PLAYED_FROM, { speed, reverse: false })
    for (;;) {
      await clock.sleep(100)
      session.show(run.run_id, run.seed_columns[1]!.name)
      const { state, waiting, problem, served, taken, atMs } = player.get()
      if (problem !== null) throw new Error(problem)
      if (waiting) waits++
      const tookMs = clock.monotonicMs() - startMs
      if (state.kind === 'fixed' && state.end) return { served, taken, atMs, tookMs, waits }
      if (tookMs > mostMs) throw new Error(`after ${mostMs} ms the moment is only ${atMs - PLAYED_FROM} ms far`)
    }
  } finally {
    player.stop()
    globalThis.fetch = browserFetch
  }
}
