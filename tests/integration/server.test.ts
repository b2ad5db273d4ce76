import { zstdDecompressSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HTTP_API } from '../../lib/contracts/httpApi.ts'
import { LiveStatus, ResumeAnswer } from '../../lib/contracts/liveRecords.ts'
import { applyViewFrame, createLayerMirror } from '../../lib/frames/layerMirror.ts'
import { splitFrames } from '../../lib/frames/frameBatch.ts'
import { decodeViewFrame } from '../../lib/frames/viewFrame.ts'
import { redisMissing, startRedis, type RedisServer } from '../support/redisHarness.ts'
import { connected, hello, nextStatus, startTestServer, type TestServer } from '../support/serverHarness.ts'
import { waitUntil } from '../support/waitUntil.ts'

const inflate = (bytes: Uint8Array, rawBytes: number) =>
  new Uint8Array(zstdDecompressSync(bytes, { maxOutputLength: rawBytes }))

const missing = redisMissing()
if (missing !== null) process.stdout.write(`server on redis skipped: ${missing}\n`)

for (const driver of ['memory', 'redis'] as const)
  describe.skipIf(driver === 'redis' && missing !== null)(`the whole server on ${driver} with its trainer`, () => {
    let redis: RedisServer | null = null
    let server: TestServer
    beforeAll(async () => {
      redis = driver === 'redis' ? await startRedis() : null
      server = await startTestServer({ TRAINER: 'on', ...(redis === null ? {} : { REDIS_URL: redis.url }) })
      await waitUntil(
        'all layers fresh',
        async () => {
          const { body } = await server.get('/api/layers')
          const { layers } = HTTP_API.layers.output.parse(body)
          return layers.length === 3 && layers.every((layer) => layer.freshness === 'fresh')
        },
        60_000,
      )
      // A layer can be heard before its reader has said that all of it runs.
      await waitUntil('ready', async () => (await server.get('/api/health/ready')).status === 200, 60_000)
    }, 150_000)
    afterAll(async () => {
      await server.end()
      await redis?.stop()
    })

    test('answers every route in the shape of its contract', async () => {
      const paths = {
        healthLive: '/api/health/live',
        healthReady: '/api/health/ready',
        overview: '/api/overview',
        layers: '/api/layers',
        layer: '/api/layers/layer_0',
        seed: '/api/layers/layer_2/seeds/3',
        layerHistory: '/api/layers/layer_1/history?metric=health_score',
        bus: '/api/bus',
        openApi: '/api/openapi.json',
      } as const
      for (const [name, path] of Object.entries(paths)) {
        const { status, body } = await server.get(path)
        expect([path, status]).toEqual([path, 200])
        const parsed = HTTP_API[name as keyof typeof paths].output.safeParse(body)
        expect([path, parsed.error?.issues]).toEqual([path, undefined])
      }
      expect((await server.get('/api/overview')).body).toMatchObject({ runs: 1, layers: 3, seeds: 12 })
      expect((await server.get('/api/health/ready')).body).toMatchObject({ ready: true, mode: 'full', bus: driver })
      expect((await server.get('/metrics')).body).toMatch(/morphoscope_ingest_reports_total \d+/)
    })

    test('says 404 for unknown ids and 422 for bad values, with the path', async () => {
      const cases = [
        ['/api/layers/nope', 404, 'layer'],
        ['/api/layers/layer_0?run=nope', 404, 'run'],
        ['/api/layers/layer_0/seeds/99', 404, 'seed'],
        ['/api/layers/layer_0/seeds/zero', 422, 'seed'],
        ['/api/layers/__proto__', 422, 'layer'],
        ['/api/layers/layer_0/history?metric=nope', 404, 'metric'],
        ['/api/layers/layer_0/history?metric=alpha&resolution=1', 422, 'resolution'],
        ['/api/layers/layer_0/history?metric=alpha&from=9&to=3', 422, 'from'],
      ] as const
      for (const [path, status, where] of cases) {
        const answer = await server.get(path)
        expect([path, answer.status, answer.body]).toMatchObject([path, status, { path: where, status }])
      }
    })

    test('shows a viewer every seed live, and the picture is the one of the API', async () => {
      const socket = server.viewer()
      expect(await connected(socket)).toBe('connected')
      const answer = await hello(socket)
      if (!answer.ok) throw new Error(answer.problem.detail)
      expect(LiveStatus.safeParse(answer.value.status).error?.issues).toBeUndefined()
      const { records } = answer.value
      expect(ResumeAnswer.safeParse(records).error?.issues).toBeUndefined()
      if (records.kind !== 'snapshot') throw new Error('the first answer is a snapshot')
      const { descriptor } = records.runs[0]!
      const mirrors = descriptor.layers.map((layer, at) =>
        createLayerMirror(at, layer.seeds, descriptor.seed_columns.length, 'exact'),
      )
      let gaps = 0
      const seen = new Set<number>()
      let classId = -1
      socket.on('frame', (bytes) => {
        for (const one of splitFrames(new Uint8Array(bytes as ArrayBuffer))) {
          const frame = decodeViewFrame(one, inflate)
          if (frame.classId !== classId) continue
          seen.add(frame.layer)
          if (applyViewFrame(mirrors[frame.layer]!, frame) === 'gap') gaps++
        }
      })
      const view = { run_id: descriptor.run_id, precision: 'exact' as const, metric: 'health_score', max_hz: 60 }
      socket.emit('view', view, (got) => (classId = got.ok ? got.value.class_id! : -1))
      await waitUntil('ten ticks of three layers', () => mirrors.every((mirror) => mirror.version >= 10))
      expect(seen.size).toBe(3)
      // A late class answer may cost the first delta, never more.
      expect(gaps).toBeLessThanOrEqual(3)
      const health = descriptor.seed_columns.findIndex((column) => column.name === 'health_score')
      expect([...mirrors[0]!.columns[health]!].every((value) => value >= 0 && value <= 1)).toBe(true)
      const history = await new Promise<unknown>(
        (resolve) =>
          void socket.emit(
            'history',
            { run_id: descriptor.run_id, metric: 'health_score', seconds: 60, points: 50 },
            resolve,
          ),
      )
      expect(history).toMatchObject({ ok: true, value: { metric: 'health_score' } })
      const inspected = await new Promise<unknown>(
        (resolve) =>
          void socket.emit('inspect', { run_id: descriptor.run_id, layer_id: 'layer_0', seed_id: 0 }, resolve),
      )
      expect(inspected).toMatchObject({ ok: true, value: { layer_id: 'layer_0', seed_id: 0 } })
      const status = await nextStatus(socket, () => true)
      expect(status.layers).toHaveLength(3)
      expect(status.viewers).toBe(1)
    })
  })

test('a server without a trainer says never and nothing, not zero', async () => {
  const server = await startTestServer()
  try {
    await waitUntil('ready', async () => (await server.get('/api/health/ready')).status === 200)
    expect((await server.get('/api/layers')).body).toEqual({ layers: [] })
    const socket = server.viewer()
    await connected(socket)
    const answer = await hello(socket)
    expect(answer).toMatchObject({ ok: true, value: { status: { trainer: 'off', layers: [] } } })
  } finally {
    await server.end()
  }
})

test('a server whose Redis is not there is up, says so, and heals when it comes', async (context) => {
  if (missing !== null) return context.skip(missing)
  const redis = await startRedis()
  await redis.kill()
  const server = await startTestServer({ REDIS_URL: redis.url })
  try {
    await waitUntil('causes', async () => {
      const { status, body } = await server.get('/api/health/ready')
      const text = JSON.stringify(body)
      // What is missing and where, while it is still tried.
      return (
        status === 503 && text.includes('BUS_UNAVAILABLE') && /ENOENT|does not accept|no such|is it running/.test(text)
      )
    })
    await redis.restart()
    // The gateway comes back beside the bus, a moment sooner or later.
    const isFull = async (): Promise<boolean> => {
      const { status, body } = await server.get('/api/health/ready')
      return status === 200 && (body as { mode: string }).mode === 'full'
    }
    await waitUntil('full service', isFull, 60_000)
    expect((await server.get('/api/health/ready')).body).toMatchObject({ mode: 'full', causes: [] })
  } finally {
    await server.end()
    await redis.stop()
  }
}, 120_000)
