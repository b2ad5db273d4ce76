/*
 * stop.bench: emergency stops of the real trainer under full telemetry, with Redis alive, and with Redis killed every three seconds; and how
 * exactly a layer that hears no gateway freezes.
 * In: nothing (--stops N, --rate N, --isolations N, --json FILE). Out: from the call to the last layer's own word, as the caller sees it.
 * Invariant: processes as the runner starts them; each stop is resumed before the next, so that each has something to halt; a stop that is
 * not confirmed within five seconds is missing, and none may be.
 * Source: docs/performance.md "emergency stop"; docs/emergency-stop.md.
 */
import { fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { GatewayEvent } from '../lib/contracts/gatewayControl.ts'
import { systemClock as clock } from '../lib/primitives/clock.ts'
import { createSupervisor } from '../scripts/supervisor.mjs'
import { createGatewayClient } from '../server/gateway/gatewayClient.ts'
import { startRedis } from '../tests/support/redisHarness.ts'
import { waitUntil } from '../tests/support/waitUntil.ts'
import { type BenchResult, finish, judge, judgeCount, numberFlag, say } from './support/benchReport.ts'

const STOPS = numberFlag('stops', 1_000)
const RATE = numberFlag('rate', 20_000)
const ISOLATIONS = numberFlag('isolations', 5)
const BATCHES = 5
const GIVE_UP_MS = 5_000
const KILL_EVERY_MS = 3_000
const DOWN_MS = 1_000
const P99_MS = 50
const P999_MS = 100
const FREEZE_MS = 3_000

const dataDir = mkdtempSync(path.join(tmpdir(), 'bench-stop-'))
const redis = await startRedis({ appendonly: true, tcp: true })
const supervisor = createSupervisor({
  roles: ['gateway', 'trainer'],
  env: { ...process.env, BUS: 'redis', REDIS_URL: redis.url, DATA_DIR: dataDir, LOG_LEVEL: 'silent' },
  dev: false,
  dataDir,
  stopDeadlineMs: 8_000,
  onSpawn: () => undefined,
})
supervisor.start()
const pump = fork(path.join(import.meta.dirname, 'support/telemetryPump.ts'), [redis.url, String(RATE), '1024'])
let reached: number[] = []
pump.on('message', (message) => reached.push((message as { accepted: number }).accepted))
const client = createGatewayClient({ dataDir, clock, deadlineMs: GIVE_UP_MS })
const waiting = new Map<string, (event: GatewayEvent) => void>()
const undo = client.follow({
  after: null,
  onEvent(event) {
    if (event.kind === 'stop' && event.stop.missing === 0 && event.stop.layers.length > 0)
      waiting.get(event.stop.id)?.(event)
    if (event.kind === 'resume' && event.resume.state !== 'running') waiting.get(event.resume.id)?.(event)
  },
})

/** Resolves with the event of this id, or null when it does not come. */
async function eventOf(id: string): Promise<GatewayEvent | null> {
  const { promise, resolve } = Promise.withResolvers<GatewayEvent | null>()
  waiting.set(id, resolve)
  const giveUp = clock.after(GIVE_UP_MS, () => resolve(null))
  const event = await promise
  giveUp()
  waiting.delete(id)
  return event
}

/** One stop from the call to the last layer's word; null when it did not come. Everything runs again after it. */
async function stopOnce(): Promise<number | null> {
  const id = randomUUID()
  const confirmed = eventOf(id)
  const fromMs = clock.monotonicMs()
  await client.stop({ id, scope: 'all', issued_by: 'bench' })
  const event = await confirmed
  const tookMs = event === null ? null : clock.monotonicMs() - fromMs
  const resume = randomUUID()
  const resumed = eventOf(resume)
  await client.resume({ id: resume, stop_id: id, issued_by: 'bench', hold_ms: 0, health_floor: 0 })
  const end = await resumed
  if (end?.kind !== 'resume' || end.resume.state !== 'done') throw new Error('the run did not go on after a stop')
  return tookMs
}

const quantile = (values: readonly number[], at: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.ceil(at * values.length) - 1)] ?? Number.NaN

async function series(name: string): Promise<BenchResult[]> {
  reached = []
  const batches: number[][] = []
  let missing = 0
  for (let batch = 0; batch < BATCHES; batch++) {
    const took: number[] = []
    for (let stop = 0; stop < STOPS / BATCHES; stop++) {
      const ms = await stopOnce()
      if (ms === null) missing++
      else took.push(ms)
    }
    batches.push(took)
  }
  const all = batches.flat()
  const over = (limitMs: number, share: number): number =>
    Math.max(0, all.filter((ms) => ms >= limitMs).length - Math.floor(all.length * share))
  const rate = reached.reduce((sum, one) => sum + one, 0) / Math.max(1, reached.length)
  const at = [0.5, 0.99, 0.999, 1].map((share) => quantile(all, share).toFixed(1)).join(' / ')
  say(`${name}: p50 / p99 / p99.9 / max ${at} ms of ${all.length} stops under ${Math.round(rate)} messages/s`)
  const rounds = batches.map((took) => ({ value: quantile(took, 0.99), ceiling: quantile(took, 0.5) }))
  return [
    judge(`stop ${name}: p99 of each batch`, 'ms', rounds, {
      text: `under ${P99_MS} ms`,
      holds: (value) => value < P99_MS,
      anySpread: true,
    }),
    judgeCount(`stop ${name}: beyond one in a hundred over ${P99_MS} ms`, over(P99_MS, 0.01), 0),
    judgeCount(`stop ${name}: beyond one in a thousand over ${P999_MS} ms`, over(P999_MS, 0.001), 0),
    judgeCount(`stop ${name}: missing`, missing, 0),
  ]
}

/** Cuts the trainer off by stopping the gateway's process; from the last lease to the freeze, as the layer counts it. */
async function isolateOnce(): Promise<number> {
  const pids = JSON.parse(readFileSync(path.join(dataDir, 'processes.json'), 'utf8')) as { gateway: number }
  process.kill(pids.gateway, 'SIGSTOP')
  let ageMs = Number.NaN
  await waitUntil('the layers freeze', async () => {
    const entries = (await redis.command('XREVRANGE', 'kasmina.service', '+', '-', 'COUNT', '8')) as [
      string,
      string[],
    ][]
    for (const [, fields] of entries) {
      const beat = JSON.parse(fields[fields.indexOf('data') + 1]!) as { lease?: string; lease_age_ms?: number }
      if (beat.lease === 'frozen' && typeof beat.lease_age_ms === 'number') ageMs = beat.lease_age_ms
    }
    return !Number.isNaN(ageMs)
  })
  process.kill(pids.gateway, 'SIGCONT')
  await waitUntil('they go on', async () => {
    const layers = (await client.status().catch(() => null))?.layers ?? []
    return layers.length > 0 && layers.every(({ lease }) => lease === 'ok')
  })
  await redis.command('DEL', 'kasmina.service')
  return ageMs
}

const results: BenchResult[] = []
try {
  await waitUntil(
    'three layers have a line',
    async () => {
      const layers = (await client.status().catch(() => null))?.layers ?? []
      return layers.length === 3 && layers.every(({ socket }) => socket)
    },
    60_000,
  )
  results.push(...(await series('with Redis')))
  let killing = true
  const killer = (async () => {
    while (killing) {
      await clock.sleep(KILL_EVERY_MS - DOWN_MS)
      await redis.kill()
      await clock.sleep(DOWN_MS)
      await redis.restart()
    }
  })()
  results.push(...(await series('with Redis killed every 3 s')))
  killing = false
  await killer
  const ages: number[] = []
  for (let i = 0; i < ISOLATIONS; i++) ages.push(await isolateOnce())
  const off = ages.map((ms) => Math.abs(ms - FREEZE_MS) / FREEZE_MS)
  say(`isolated ${ISOLATIONS} times, frozen after ${ages.map((ms) => ms.toFixed(0)).join(', ')} ms`)
  results.push(judgeCount('freeze more than 10 % off 3 s', off.filter((share) => share > 0.1).length, 0))
} finally {
  undo()
  pump.disconnect()
  supervisor.stop()
  await supervisor.ended
  await redis.stop()
  rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 })
}
finish(results)
process.exit()
