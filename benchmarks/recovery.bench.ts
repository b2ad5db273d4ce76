/*
 * recovery.bench: redis-server killed with -9 under the real trainer, again and again: how soon the page is told, how soon data flows again.
 * In: nothing (--kills N, --down-ms N, --json FILE). Out: medians and spread; lost and shown gaps side by side.
 * Invariant: times are seen by a Socket.IO viewer, as a browser would; "ready" is the first PONG of the restarted server.
 * Source: docs/bus.md "connection profile"; docs/performance.md "recovery".
 */
import type { LiveRecord, LiveStatus } from '../lib/contracts/liveRecords.ts'
import { zstdDecompressSync } from 'node:zlib'
import { splitFrames } from '../lib/frames/frameBatch.ts'
import { decodeViewFrame } from '../lib/frames/viewFrame.ts'
import { systemClock } from '../lib/primitives/clock.ts'
import { startRedis } from '../tests/support/redisHarness.ts'
import { connected, hello, startTestServer } from '../tests/support/serverHarness.ts'
import { finish, judge, judgeCount, median, numberFlag, say } from './support/benchReport.ts'

const KILLS = numberFlag('kills', 9)
const DOWN_MS = numberFlag('down-ms', 1_000)
const TOLD_BAR_MS = 1_500
const RECOVERED_BAR_MS = 100
const spreadText = (values: readonly number[]): string =>
  `median ${median(values).toFixed(0)} ms, min ${Math.min(...values).toFixed(0)}, max ${Math.max(...values).toFixed(0)}, n ${values.length}`

/** Resolves with the wall time at which `look` first holds; rejects after 30 s, which is a hang, not a slow run. */
async function firstTime(look: () => boolean): Promise<number> {
  const endMs = systemClock.monotonicMs() + 30_000
  while (!look()) {
    if (systemClock.monotonicMs() > endMs) throw new Error('no recovery within 30 s')
    await systemClock.sleep(1)
  }
  return systemClock.wallMs()
}

const redis = await startRedis({ appendonly: true })
const server = await startTestServer({ BUS: 'redis', REDIS_URL: redis.url, TRAINER: 'on' })
const viewer = server.viewer()
let status: LiveStatus | null = null
const newest = { entryMs: 0, seenMs: 0 }
const incidents: LiveRecord[] = []
viewer.on('status', (next) => (status = next))
viewer.on('frame', (bytes) => {
  for (const one of splitFrames(new Uint8Array(bytes))) {
    const frame = decodeViewFrame(one, (packed) => zstdDecompressSync(packed))
    // A picture of a layer that never reported has no entry time.
    if (Number.isFinite(frame.ingestMs)) newest.entryMs = Math.max(newest.entryMs, frame.ingestMs)
  }
  newest.seenMs = systemClock.wallMs()
})
viewer.on('records', ({ records }) => incidents.push(...records.filter((record) => record.kind === 'incident')))
const statusNow = (): LiveStatus | null => status

try {
  await connected(viewer)
  const answer = await hello(viewer)
  if (!answer.ok) throw new Error(answer.problem.detail)
  await firstTime(() => (statusNow()?.layers.length ?? 0) > 0)
  const runId = statusNow()!.layers[0]!.run_id
  // `cells` frames of twelve seeds are too small to be compressed: their header is all this bench reads.
  viewer.emit('view', { run_id: runId, precision: 'cells', metric: 'health_score', max_hz: 60 }, (ack) => {
    if (!ack.ok) say(`view refused: ${ack.problem.detail}`)
  })
  await firstTime(() => newest.entryMs > 0)

  const toldMs: number[] = []
  const recoveredMs: number[] = []
  for (let kill = 0; kill < KILLS; kill++) {
    await systemClock.sleep(1_500)
    const killedMs = systemClock.wallMs()
    await redis.kill()
    toldMs.push((await firstTime(() => statusNow()?.bus.state !== 'up')) - killedMs)
    await systemClock.sleep(DOWN_MS)
    // The harness gives monotonic time.
    const readyMs = performance.timeOrigin + (await redis.restart())
    const seenMs = await firstTime(() => newest.seenMs >= readyMs && newest.entryMs > killedMs)
    recoveredMs.push(seenMs - readyMs)
  }
  await systemClock.sleep(2_000)
  const lost = statusNow()!.bus.lost
  const shown = incidents.reduce((sum, record) => sum + (record.kind === 'incident' ? (record.lost ?? 0) : 0), 0)
  say(`killed ${KILLS} times, ${DOWN_MS} ms down each, trainer running, append-only file on`)
  say(`page told that the bus is gone: ${spreadText(toldMs)} (bar ${TOLD_BAR_MS} ms)`)
  say(
    `first new frame at the viewer after Redis answers PONG: ${spreadText(recoveredMs)} (bar: median ${RECOVERED_BAR_MS} ms)`,
  )
  say(`lost by sequence number: ${lost}; said in incident records: ${shown}`)
  const against = (values: readonly number[], barMs: number) => values.map((value) => ({ value, ceiling: barMs }))
  finish([
    judge('bus-loss-told', 'ms', against(toldMs, TOLD_BAR_MS), {
      text: `every one <= ${TOLD_BAR_MS} ms`,
      // Even the slowest must hold, so a wide spread hides nothing.
      holds: () => Math.max(...toldMs) <= TOLD_BAR_MS,
      anySpread: true,
    }),
    judge('recovery', 'ms', against(recoveredMs, RECOVERED_BAR_MS), {
      text: `median <= ${RECOVERED_BAR_MS} ms`,
      holds: (value) => value <= RECOVERED_BAR_MS,
    }),
    judgeCount('recovery-lost-not-told', lost - shown, 0),
  ])
} finally {
  await server.end()
  await redis.stop()
}
