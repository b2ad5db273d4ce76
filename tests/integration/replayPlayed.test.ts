/*
 * replayPlayed: ten minutes with thirty thousand transitions at 64 times, by the page's own player over the routes of a real server.
 * In: a recorded stretch, a server over it. Out: tests.
 * Invariant: every record is served and taken once; benchmarks/replayHour.bench.ts plays a whole hour.
 * Source: docs/ux.md "time travel"; features B2.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RunDescriptor } from '../../lib/contracts/runDescriptor.ts'
import { PLAYED_FROM, playRecord, writePlayedRecord } from '../support/playRecord.ts'
import { startTestServer, type TestServer } from '../support/serverHarness.ts'

const SHAPE = { seconds: 600, transitions: 30_000 }
const GUARD_MS = 180_000
const dataDir = mkdtempSync(path.join(tmpdir(), 'replay-played-'))
let run: RunDescriptor
let server: TestServer

beforeAll(async () => {
  run = writePlayedRecord(dataDir, SHAPE)
  server = await startTestServer({ DATA_DIR: dataDir })
}, GUARD_MS)
afterAll(async () => {
  await server.end()
  rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 })
})

test(
  'at 64 times every record of the stretch is taken, and the moment stands at its end',
  async () => {
    const { served, taken, atMs } = await playRecord(server.url, run, 64, GUARD_MS - 10_000)
    expect([served, taken]).toEqual([SHAPE.transitions, SHAPE.transitions])
    expect(atMs).toBe(PLAYED_FROM + SHAPE.seconds * 1_000)
  },
  GUARD_MS,
)
