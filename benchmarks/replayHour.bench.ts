/*
 * replayHour.bench: a recorded hour played at 64 times by the page's own player over the routes of a real server: is any event dropped?
 * In: nothing (--json FILE writes the results, --seconds N and --transitions N make it smaller). Out: records not taken, how long it took.
 * Invariant: what was written is known, what was taken is counted by the page's own store; nothing is compared with itself.
 * Source: docs/history.md "replay of an hour"; features B2.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { playRecord, writePlayedRecord } from '../tests/support/playRecord.ts'
import { startTestServer } from '../tests/support/serverHarness.ts'
import { finish, judgeCount, judgeOnce, numberFlag, say } from './support/benchReport.ts'

const SECONDS = numberFlag('seconds', 3_600)
const TRANSITIONS = numberFlag('transitions', 200_000)
const SPEED = 64
/** The hour itself at that speed, and as much again for a busy machine. */
const MOST_MS = (SECONDS / SPEED) * 1_000 * 4 + 60_000

const dataDir = mkdtempSync(path.join(tmpdir(), 'morphoscope-replay-hour-'))
const shape = { seconds: SECONDS, transitions: TRANSITIONS }
say(`writing ${SECONDS} s with ${TRANSITIONS} transitions`)
const run = writePlayedRecord(dataDir, shape)
const server = await startTestServer({ DATA_DIR: dataDir })
try {
  const { served, taken, tookMs, waits } = await playRecord(server.url, run, SPEED, MOST_MS)
  say(`${served} served, ${taken} taken, the moment waited in ${waits} of ${Math.round(tookMs / 100)} looks`)
  finish([
    judgeCount('records of the hour that the page did not take', TRANSITIONS - taken, 0),
    judgeOnce(
      `an hour at ${SPEED} times`,
      's',
      { value: tookMs / 1_000, samples: 1 },
      { text: `${(SECONDS / SPEED).toFixed(0)} s is the hour itself`, limit: (SECONDS / SPEED) * 4 + 60 },
    ),
  ])
} finally {
  await server.end()
  rmSync(dataDir, { recursive: true, force: true })
}
