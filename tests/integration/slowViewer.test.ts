import { createConnection, type Socket as TcpSocket } from 'node:net'
import { createServer } from 'node:net'
import { io } from 'socket.io-client'
import { expect, test } from 'vitest'
import { createRedisBus } from '../../lib/bus/drivers/redis/redisBus.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { createColumnPublisher } from '../support/columnPublisher.ts'
import { redisMissing, startRedis } from '../support/redisHarness.ts'
import { connected, hello, startTestServer, type ViewerSocket } from '../support/serverHarness.ts'
import { waitUntil } from '../support/waitUntil.ts'

const missing = redisMissing()
if (missing !== null) process.stdout.write(`slow viewer skipped: ${missing}\n`)

/** A proxy whose client side stops reading: what a phone in a tunnel looks like to the server. */
async function stallingProxy(port: number) {
  const pairs: { near: TcpSocket; far: TcpSocket }[] = []
  const server = createServer((near) => {
    const far = createConnection(port, '127.0.0.1')
    near.pipe(far)
    far.pipe(near)
    for (const socket of [near, far]) socket.on('error', () => undefined)
    pairs.push({ near, far })
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as { port: number }).port,
    stall() {
      for (const { near, far } of pairs) {
        far.unpipe(near)
        far.pause()
      }
    },
    close() {
      for (const { near, far } of pairs) {
        near.destroy()
        far.destroy()
      }
      server.close()
    },
  }
}

test('a stalled viewer is skipped and counted, costs no memory, and takes nothing from the others', async (context) => {
  if (missing !== null) return context.skip(missing)
  const redis = await startRedis()
  const server = await startTestServer({ REDIS_URL: redis.url })
  const bus = createRedisBus({ url: redis.url, clock: systemClock, name: 'test-publisher' })
  await bus.start()
  const publisher = createColumnPublisher({ bus, layers: 4, seedsPerLayer: 1_000 })
  const proxy = await stallingProxy(server.port)
  try {
    await publisher.publishRun()
    const runId = publisher.run.run_id
    await waitUntil('run known', async () => JSON.stringify((await server.get('/api/layers')).body).includes(runId))
    const watch = async (socket: ViewerSocket, frames: { count: number }) => {
      socket.on('frame', () => frames.count++)
      expect(await connected(socket)).toBe('connected')
      await hello(socket)
      await new Promise(
        (resolve) =>
          void socket.emit('view', { run_id: runId, precision: 'exact', metric: 'health_score', max_hz: 60 }, resolve),
      )
    }
    const good = { count: 0 }
    const bad = { count: 0 }
    await watch(server.viewer(), good)
    const slow: ViewerSocket = io(`http://127.0.0.1:${proxy.port}/live`, {
      transports: ['websocket'],
      reconnection: false,
      forceNew: true,
      extraHeaders: { origin: server.url, host: new URL(server.url).host },
    })
    await watch(slow, bad)
    const publish = async (ticks: number): Promise<void> => {
      for (let tick = 0; tick < ticks; tick++) {
        await publisher.publishTick()
        await new Promise((resolve) => setTimeout(resolve, 15))
      }
    }
    // As many as later: the memory of a busy server has grown to its size before it is measured.
    await publish(200)
    await waitUntil('both see frames', () => good.count > 0 && bad.count > 0)
    proxy.stall()
    const rssBefore = process.memoryUsage().rss
    const [goodBefore, seqBefore] = [good.count, publisher.seq]
    await publish(200)
    const overview = (await server.get('/api/overview')).body as { frames_skipped: number; lost: number }
    const grownMb = (process.memoryUsage().rss - rssBefore) / 1e6
    process.stdout.write(
      `stalled viewer: ${overview.frames_skipped} frames skipped, rss ${grownMb.toFixed(0)} MB more, other viewer ${good.count - goodBefore} frames of ${(publisher.seq - seqBefore) * 4}\n`,
    )
    expect(overview.frames_skipped).toBeGreaterThan(20)
    expect(overview.lost).toBe(0)
    expect(good.count - goodBefore).toBeGreaterThan(100)
    // 200 ticks x 4 layers x 104 kB would be 83 MB for this one viewer if they were queued.
    expect(grownMb).toBeLessThan(200)
    slow.disconnect()
  } finally {
    proxy.close()
    await bus.stop()
    await server.end()
    await redis.stop()
  }
}, 120_000)
