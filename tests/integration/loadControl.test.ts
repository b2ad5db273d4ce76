/*
 * Load from the page: the routes on a real server, over a real Redis and over the in-process bus, beside nothing and again.
 * In: requests as a page sends them. Out: proof that a second run appears, is labelled, is told, and is gone with its goodbye.
 * Invariant: no skip without a printed reason; in CI a missing server is a failure.
 * Source: docs/protocol.md "generated load".
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LoadReport } from '../../lib/contracts/httpLoad.ts'
import { redisMissing, startRedis, type RedisServer } from '../support/redisHarness.ts'
import { startTestServer, type TestServer } from '../support/serverHarness.ts'
import { waitUntil } from '../support/waitUntil.ts'

const missing = redisMissing()
if (missing !== null) process.stdout.write(`load from the page over Redis skipped: ${missing}\n`)

interface LayerRow {
  readonly layer_id: string
  readonly run_id: string
  readonly origin: string
  readonly freshness: string
  readonly total_seeds: number
}

interface Ready {
  readonly ready: boolean
}

const SMALL = { layers: 3, seeds_per_layer: 50, hz: 5 }

for (const bus of ['redis', 'memory'] as const)
  describe.skipIf(bus === 'redis' && missing !== null)(`load from the page over ${bus}`, () => {
    let redis: RedisServer | null = null
    let server: TestServer
    beforeAll(async () => {
      redis = bus === 'redis' ? await startRedis() : null
      server = await startTestServer(redis === null ? { BUS: 'memory' } : { BUS: 'redis', REDIS_URL: redis.url })
    })
    afterAll(async () => {
      await server.end()
      await redis?.stop()
    })

    const send = async (method: 'GET' | 'POST' | 'DELETE', body?: unknown, headers: Record<string, string> = {}) => {
      const response = await fetch(`${server.url}/api/load`, {
        method,
        headers: { origin: server.url, 'content-type': 'application/json', ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      return { status: response.status, body: (await response.json()) as Record<string, unknown> }
    }
    const layers = async (): Promise<readonly LayerRow[]> =>
      ((await server.get('/api/layers')).body as { layers: readonly LayerRow[] }).layers
    const ready = () =>
      waitUntil('the server is ready', async () => ((await server.get('/api/health/ready')).body as Ready).ready)

    test('it starts as a labelled run, tells what it sends, is refused twice, and stops with a goodbye', async () => {
      await ready()
      expect((await send('GET')).body).toMatchObject({ available: true, state: 'off', run: null })
      const started = await send('POST', SMALL)
      expect(started.status).toBe(200)
      const { run } = LoadReport.parse(started.body)
      expect((await send('POST', SMALL)).body).toMatchObject({ code: 'STATE_CONFLICT', status: 409 })
      await waitUntil('all layers are fresh', async () => {
        const all = await layers()
        return all.length === 3 && all.every((layer) => layer.freshness === 'fresh')
      })
      for (const layer of await layers())
        expect(layer).toMatchObject({ origin: 'load-generator', run_id: run!.run_id, total_seeds: 50 })
      let told = LoadReport.parse((await send('GET')).body)
      await waitUntil('rates are known', async () => {
        told = LoadReport.parse((await send('GET')).body)
        return (told.run?.sweeps_per_s ?? 0) > 0 && told.run!.entries > 3
      })
      expect(told).toMatchObject({ state: 'running', run: { failed_entries: 0, request: SMALL } })
      const stopped = LoadReport.parse((await send('DELETE')).body)
      expect(stopped).toMatchObject({ state: 'off', run: { run_id: run!.run_id, sweeps_per_s: null } })
      await waitUntil('its goodbye was heard', async () =>
        (await layers()).every((layer) => layer.freshness === 'silent'),
      )
    })

    test('a second load is another run, never mixed with the first', async () => {
      const second = LoadReport.parse((await send('POST', { ...SMALL, seed: 2 })).body)
      await waitUntil('the second run is fresh', async () => {
        const mine = (await layers()).filter((layer) => layer.run_id === second.run!.run_id)
        return mine.length === 3 && mine.every((layer) => layer.freshness === 'fresh')
      })
      const runs = new Set((await layers()).map((layer) => layer.run_id))
      expect(runs.size).toBe(2)
      await send('DELETE')
    })

    test('a foreign page, a body beyond the bounds and a body that is none are refused, and nothing starts', async () => {
      expect((await send('POST', SMALL, { origin: 'http://evil.example' })).status).toBe(403)
      expect((await send('DELETE', undefined, { origin: 'http://evil.example' })).status).toBe(403)
      expect((await send('POST', { ...SMALL, layers: 101 })).body).toMatchObject({ status: 422, path: 'layers' })
      expect((await send('POST', { ...SMALL, hz: 'fast' })).body).toMatchObject({ status: 422, path: 'hz' })
      expect((await send('POST', SMALL, { 'content-type': 'text/plain' })).status).toBe(422)
      expect((await send('GET')).body).toMatchObject({ state: 'off' })
    })

    test('it ends with the server, which stops cleanly', async () => {
      const other = await startTestServer(redis === null ? { BUS: 'memory' } : { BUS: 'redis', REDIS_URL: redis.url })
      await waitUntil('it is ready', async () => ((await other.get('/api/health/ready')).body as Ready).ready)
      const headers = { origin: other.url, 'content-type': 'application/json' }
      const started = await fetch(`${other.url}/api/load`, { method: 'POST', headers, body: JSON.stringify(SMALL) })
      expect(started.status).toBe(200)
      const report = await other.stop(3_000)
      expect(report).toMatchObject({ ok: true, failures: [] })
      await other.end()
    })
  })
