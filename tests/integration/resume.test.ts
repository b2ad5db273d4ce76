import { expect, test } from 'vitest'
import { createRedisBus } from '../../lib/bus/drivers/redis/redisBus.ts'
import type { CoverageGap, LiveRecord, LiveStatus } from '../../lib/contracts/liveRecords.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { createColumnPublisher } from '../support/columnPublisher.ts'
import { redisMissing, startRedis } from '../support/redisHarness.ts'
import { connected, hello, startTestServer } from '../support/serverHarness.ts'
import { waitUntil } from '../support/waitUntil.ts'

const missing = redisMissing()
if (missing !== null) process.stdout.write(`resume over a killed Redis skipped: ${missing}\n`)

test('redis killed with -9 under load: said within 1.5 s, healed without a new session, and the gap shown is the gap that was', async (context) => {
  if (missing !== null) return context.skip(missing)
  const redis = await startRedis({ appendonly: true })
  const server = await startTestServer({ REDIS_URL: redis.url, TRAINER: 'on' })
  try {
    const socket = server.viewer()
    expect(await connected(socket)).toBe('connected')
    const statuses: { atMs: number; status: LiveStatus }[] = []
    const records: LiveRecord[] = []
    let reconnected = 0
    socket.on('status', (status) => statuses.push({ atMs: performance.now(), status }))
    socket.on('records', (batch) => records.push(...batch.records))
    socket.on('disconnect', () => reconnected++)
    const first = await hello(socket)
    if (!first.ok) throw new Error(first.problem.detail)
    await waitUntil('fresh', () => statuses.at(-1)?.status.layers.some((layer) => layer.freshness === 'fresh') === true)
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    const killedMs = performance.now()
    await redis.kill()
    await waitUntil('told', () => statuses.some(({ atMs, status }) => atMs > killedMs && status.bus.state !== 'up'))
    const told = statuses.find(({ atMs, status }) => atMs > killedMs && status.bus.state !== 'up')!
    expect(told.atMs - killedMs).toBeLessThan(1_500)
    expect(told.status.mode).toBe('degraded')
    await new Promise((resolve) => setTimeout(resolve, 2_000))
    const readyMs = await redis.restart()
    const backWall = systemClock.wallMs()
    await waitUntil('up again', () => statuses.at(-1)!.status.bus.state === 'up')
    const upMs = statuses.find(({ atMs, status }) => atMs > readyMs && status.bus.state === 'up')!.atMs
    await waitUntil('outage told', () =>
      records.some((record) => record.kind === 'incident' && record.code === 'BUS_OUTAGE'),
    )
    const outage = records.find((record) => record.kind === 'incident' && record.code === 'BUS_OUTAGE')!
    if (outage.kind !== 'incident') throw new Error('not an incident')
    // A layer's gap ends, and is told, with its first report after it.
    let found: CoverageGap | undefined
    await waitUntil('the gap told', async () => {
      const again = await hello(socket)
      if (!again.ok || again.value.records.kind !== 'snapshot') throw new Error('no snapshot')
      found = again.value.records.runs[0]!.gaps.find((one: CoverageGap) => one.cause === 'bus_down')
      return found !== undefined
    })
    const gap = found!
    process.stdout.write(
      `redis kill: told after ${(told.atMs - killedMs).toFixed(0)} ms, up ${(upMs - readyMs).toFixed(0)} ms after ready, gap ${(gap.to_ms - gap.from_ms).toFixed(0)} ms, lost ${gap.lost}, ${outage.text}\n`,
    )
    expect(reconnected).toBe(0)
    expect({ from: outage.from_ms, to: outage.to_ms, lost: outage.lost }).toEqual({
      from: gap.from_ms,
      to: gap.to_ms,
      lost: gap.lost,
    })
    // From the last report before the kill to the first one after it came back.
    expect(gap.to_ms).toBeGreaterThanOrEqual(backWall - 500)
    expect(gap.to_ms - gap.from_ms).toBeGreaterThan(1_900)
    const overview = (await server.get('/api/overview')).body as { lost: number; duplicates: number }
    expect(gap.lost).toBe(overview.lost)
    await waitUntil('fresh again', () => statuses.at(-1)!.status.layers.every((layer) => layer.freshness === 'fresh'))
    // Offsets never jumped for this viewer.
    const offsets = records.map((record) => record.offset)
    expect(offsets.every((offset, at) => at === 0 || offset === offsets[at - 1]! + 1)).toBe(true)
  } finally {
    await server.end()
    await redis.stop()
  }
}, 60_000)

test('a page that was away gets exactly what it missed, or everything', async (context) => {
  if (missing !== null) return context.skip(missing)
  const redis = await startRedis()
  const server = await startTestServer({ REDIS_URL: redis.url })
  const bus = createRedisBus({ url: redis.url, clock: systemClock, name: 'test-resume' })
  await bus.start()
  const publisher = createColumnPublisher({ bus, layers: 1, seedsPerLayer: 4 })
  try {
    await waitUntil('ready', async () => (await server.get('/api/health/ready')).status === 200)
    await publisher.publishRun()
    await publisher.publishTick()
    const socket = server.viewer()
    await connected(socket)
    const first = await hello(socket)
    if (!first.ok) throw new Error(first.problem.detail)
    const at = { epoch: first.value.records.epoch, offset: first.value.status.offset }
    expect((await hello(socket, at)).ok).toBe(true)
    const delta = await hello(socket, at)
    expect(delta).toMatchObject({ ok: true, value: { records: { kind: 'delta', epoch: at.epoch, from: at.offset } } })
    expect(await hello(socket, { epoch: 'other', offset: 0 })).toMatchObject({
      value: { records: { kind: 'snapshot', because: 'epoch' } },
    })
    expect(await hello(socket, { epoch: at.epoch, offset: 1e6 })).toMatchObject({
      value: { records: { kind: 'snapshot', because: 'epoch' } },
    })
    // Three entries that never come: told once, exactly.
    await publisher.publishTick()
    await publisher.publishTick({ skipSeq: 3 })
    await publisher.publishTick()
    await waitUntil(
      'loss counted',
      async () => ((await server.get('/api/overview')).body as { lost: number }).lost === 3,
    )
    await waitUntil('loss told', async () => {
      const answer = await hello(socket)
      return answer.ok && JSON.stringify(answer.value.records).includes('TELEMETRY_LOST')
    })
  } finally {
    await bus.stop()
    await server.end()
    await redis.stop()
  }
})
