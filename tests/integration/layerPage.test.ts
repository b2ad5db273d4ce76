/*
 * The answers behind a layer's page at 10,000 seeds, on a real Redis fed by the load generator: rows, grid, baseline.
 * In: the generator's publisher, the composed server, the real routes. Out: what a page is told, checked against the columns themselves.
 * Invariant: nothing is timed here; what is asserted is what is true of any machine.
 * Source: docs/protocol.md "layers: rows, grid, baseline"; features A3, A5, A6, A19.
 */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createRedisBus } from '../../lib/bus/drivers/redis/redisBus.ts'
import { LayerGridHead, LayerRows, RunBaselineHead } from '../../lib/contracts/httpLayer.ts'
import type { LayerDetail } from '../../lib/contracts/httpApi.ts'
import { decodeHeaded } from '../../lib/frames/headedBytes.ts'
import { createLoadGenerator, type LoadGenerator } from '../../lib/loadgen/loadGenerator.ts'
import { parseLoadTables } from '../../lib/loadgen/loadTables.ts'
import { systemClock as clock } from '../../lib/primitives/clock.ts'
import { redisMissing, startRedis, type RedisServer } from '../support/redisHarness.ts'
import { startTestServer, type TestServer } from '../support/serverHarness.ts'
import { waitUntil } from '../support/waitUntil.ts'

const SEEDS = 10_000
const missing = redisMissing()
if (missing !== null) process.stdout.write(`the layer page at 10,000 seeds skipped: ${missing}\n`)

describe.skipIf(missing !== null)('a layer of 10,000 seeds', () => {
  let redis: RedisServer
  let server: TestServer
  let generator: LoadGenerator
  let bus: ReturnType<typeof createRedisBus>

  beforeAll(async () => {
    redis = await startRedis()
    server = await startTestServer({ BUS: 'redis', REDIS_URL: redis.url })
    bus = createRedisBus({ url: redis.url, clock, name: 'loadgen', maxQueuedBytes: 8 * 1_048_576 })
    await bus.start()
    const tables = parseLoadTables(readFileSync(new URL('../../assets/loadgen/tables.json', import.meta.url), 'utf8'))
    const shape = { layers: 2, seedsPerLayer: SEEDS, hz: 2, metrics: 6, seed: 7 }
    generator = createLoadGenerator({ bus, clock, shape, tables, eventsPerSecond: 10, onError: () => undefined })
    await generator.start()
    const isThere = async () => (await server.get('/api/layers/load_0')).status === 200
    await waitUntil('the layer', isThere)
    // Several whole buckets of the past.
    // Before the first picture there is no grid: that is answered as a problem.
    const pictures = async (): Promise<number> => {
      const head = (await grid().catch(() => null))?.head
      return head?.past.kept === 'buckets' ? head.of : 0
    }
    await waitUntil('five pictures of the past', async () => (await pictures()) >= 5, 60_000)
  }, 90_000)
  afterAll(async () => {
    await generator?.stop()
    await bus?.stop(1_000)
    await server?.end()
    await redis?.stop()
  })

  const rows = async (query: string): Promise<LayerRows> => {
    const { status, body } = await server.get(`/api/layers/load_0/rows?metric=health_score&${query}`)
    expect([status, body]).toEqual([200, expect.anything()])
    return LayerRows.parse(body)
  }
  const bytes = async (path: string): Promise<{ head: unknown; body: ArrayBuffer }> => {
    const response = await fetch(server.url + path)
    expect(response.headers.get('content-type')).toBe('application/octet-stream')
    return decodeHeaded(await response.arrayBuffer())
  }
  const grid = async (query = 'seconds=60&columns=60&bins=200', order?: string) => {
    const id = order ?? (await rows('')).order.id
    const { head, body } = await bytes(`/api/layers/load_0/grid?metric=health_score&order=${id}&${query}`)
    const told = LayerGridHead.parse(head)
    const cells = told.rows * told.columns
    expect(body.byteLength).toBe(cells * 6)
    const plane = (at: number) => new Uint8Array(body, cells * (2 + at), cells)
    return {
      head: told,
      seed: new Uint16Array(body, 0, cells),
      state: plane(0),
      low: plane(1),
      high: plane(2),
      last: plane(3),
    }
  }

  test('only the rows that are asked for are told, of an order that stands still under its id', async () => {
    const page = await rows('sort=value&first=5000&count=50')
    expect(page.rows.seed_id).toHaveLength(50)
    expect([page.total, page.matching, page.pinned, page.first]).toEqual([SEEDS, SEEDS, 0, 5_000])
    expect(page.distribution.measured + page.distribution.unmeasured).toBe(SEEDS)
    expect(page.distribution.counts.reduce((sum, count) => sum + count, 0)).toBe(page.distribution.measured)
    expect(Object.values(page.states).reduce((sum, count) => sum + (count ?? 0), 0)).toBe(SEEDS)
    const before = page.step
    await waitUntil('newer values', async () => (await rows('count=1')).step !== before)
    const held = await rows(`sort=value&first=5000&count=50&order=${page.order.id}`)
    expect(held.order.id).toBe(page.order.id)
    expect(held.rows.seed_id).toEqual(page.rows.seed_id)
    const unknown = await rows('sort=value&count=1&order=zzz')
    expect(unknown.order.id).not.toBe('zzz')
  })

  test('every seed is in an order once, sorted as asked, and the filter counts what it lets through', async () => {
    const seen = new Set<number>()
    const { order } = await rows('sort=value&count=1')
    let before = Number.NEGATIVE_INFINITY
    // One order, read in stretches while values go on changing: the seeds are those of one moment.
    for (let first = 0; first < SEEDS; first += 400)
      for (const seed of (await rows(`sort=value&count=400&first=${first}&order=${order.id}`)).rows.seed_id)
        seen.add(seed)
    expect(seen.size).toBe(SEEDS)
    for (const value of (await rows('sort=value&count=400')).rows.value) {
      if (value === null) break
      expect(value).toBeGreaterThanOrEqual(before)
      before = value
    }
    const low = await rows('max=0.5&count=400')
    expect(low.matching).toBeLessThan(SEEDS)
    expect(low.rows.value.every((value) => value !== null && value <= 0.5)).toBe(true)
    const some = await rows('ids=3,9000-9004&pins=17,3&count=400')
    expect(some.rows.seed_id).toEqual([17, 3, 9_000, 9_001, 9_002, 9_003, 9_004])
    expect([some.pinned, some.matching]).toEqual([2, 5])
    const dormant = await rows('states=DORMANT&count=400')
    expect(new Set(dormant.rows.state)).toEqual(new Set(['DORMANT']))
  })

  test('the grid is binned on the server: worst of many, every seed in a bin, drilled down to single seeds', async () => {
    const { order } = await rows('sort=seed')
    const whole = await grid('seconds=60&columns=60&bins=200', order.id)
    const { head } = whole
    expect([head.bin_size, head.rows, head.count]).toEqual([50, 200, SEEDS])
    expect(head.past.kept).toBe('buckets')
    // The newest bucket goes on filling between two questions; the one before it stands.
    const newest = head.ticks.findLastIndex((ticks) => ticks > 0)
    const column = head.ticks.findLastIndex((ticks, at) => at < newest && ticks > 0)
    expect(column).toBeGreaterThanOrEqual(0)
    const inside = await grid(`seconds=60&columns=60&bins=200&first=100&count=50`, order.id)
    expect([inside.head.bin_size, inside.head.rows, inside.head.seed_id[0]]).toEqual([1, 50, 100])
    const there = inside.head.columns - (head.columns - column) - (inside.head.from_ms - head.from_ms) / head.bucket_ms
    const single = Array.from({ length: 50 }, (_, row) => inside.low[row * inside.head.columns + there]!)
    const cell = 2 * head.columns + column
    // The same moment: the bin is exactly the worst of its seeds, and names it.
    expect(whole.low[cell]).toBe(Math.min(...single))
    expect(single[whole.seed[cell]!]).toBe(whole.low[cell])
    expect(whole.state.some((state) => state < 11)).toBe(true)
  })

  test('an order that is not kept is refused with the path, and so is a grid without one', async () => {
    expect(
      await server.get('/api/layers/load_0/grid?metric=health_score&order=none&seconds=60&columns=9&bins=9'),
    ).toMatchObject({ status: 404, body: { code: 'STATE_NOT_FOUND', path: 'order' } })
    expect(await server.get('/api/layers/load_0/grid?metric=health_score&seconds=60&columns=9&bins=9')).toMatchObject({
      status: 422,
      body: { path: 'order' },
    })
    expect(await server.get('/api/layers/load_0/rows?metric=health_score&ids=a')).toMatchObject({
      status: 422,
      body: { path: 'ids' },
    })
    expect(await server.get('/api/layers/load_0/rows?metric=nothing')).toMatchObject({
      status: 404,
      body: { path: 'metric' },
    })
  })

  test('similar seeds are grouped by their past, and how is said', async () => {
    const similar = await rows('sort=similar&seconds=60&count=10')
    expect(similar.order.said).toContain('k-means')
    expect(similar.order.groups.reduce((sum, size) => sum + size, 0)).toBe(SEEDS)
    expect(similar.order.groups.length).toBeGreaterThan(1)
  })

  test('the past of the whole run at a moment: every layer says which moment it is of, and its values were measured', async () => {
    const run = (await rows('count=1')).run_id
    const { head, body } = await bytes(`/api/runs/${run}/baseline?metric=health_score&base=ago-2`)
    const { layers } = RunBaselineHead.parse(head)
    expect(layers.map((layer) => [layer.layer_id, layer.rows, layer.source])).toEqual([
      ['load_0', SEEDS, 'history'],
      ['load_1', SEEDS, 'history'],
    ])
    const values = new Float32Array(body, 0, SEEDS)
    const detail = (await server.get('/api/layers/load_0')).body as LayerDetail
    const now = detail.seeds.metrics['health_score']!
    // What is unmeasured now and then is so in both; what is measured is a health.
    expect(values.every((value) => Number.isNaN(value) || (value >= 0 && value <= 1))).toBe(true)
    expect(values.some((value) => Number.isFinite(value))).toBe(now.some((value) => value !== null))
    const delta = await rows('base=ago-2&sort=delta&down=1&count=20')
    expect(delta.base).toMatchObject({ source: 'history', none_because: null })
    const changes = delta.rows.value.flatMap((value, at) => {
      const base = delta.rows.base[at] ?? null
      return value === null || base === null ? [] : [value - base]
    })
    expect(changes).toEqual(changes.toSorted((a, b) => b - a))
    const unknown = await server.get(`/api/runs/${run}/baseline?metric=health_score&base=run-nobody`)
    expect(unknown).toMatchObject({ status: 404, body: { path: 'base' } })
  })

  test('what is asked of an earlier moment is of it, however much comes after: rows, grid and the distance in time', async () => {
    const before = (await rows('count=1')).server_ms
    await waitUntil('two newer pictures', async () => {
      const { head } = await grid()
      return (
        head.ticks.filter((ticks, column) => ticks > 0 && head.from_ms + column * head.bucket_ms > before).length >= 2
      )
    })
    const at = Math.round(before)
    const then = await rows(`at=${at}&sort=value&count=400`)
    expect(then.as_of_ms).toBeLessThanOrEqual(at)
    expect(then.ages_at_ms).toBe(at)
    expect(then.age_ms).toBeCloseTo(at - then.as_of_ms!, 3)
    expect(Object.values(then.states).reduce((sum, count) => sum + (count ?? 0), 0)).toBe(SEEDS)
    expect(then.tick).toBeLessThan((await rows('count=1')).tick!)
    const again = await rows(`at=${at}&sort=value&count=400`)
    expect(again.rows).toEqual(then.rows)
    const whole = await grid(`seconds=60&columns=60&bins=200&at=${at}`)
    const end = whole.head.from_ms + whole.head.columns * whole.head.bucket_ms
    expect(end).toBeLessThanOrEqual(at + whole.head.bucket_ms)
    expect((await grid(`seconds=60&columns=60&bins=200&at=${at}`)).head.of).toBe(whole.head.of)
    const ago = await rows(`at=${at}&base=ago-1&count=1`)
    expect(ago.base!.at_ms).toBeLessThanOrEqual(at)
    // Longer ago than anything that is kept: the newest values, and they say so.
    expect(await rows('at=1000&count=1')).toMatchObject({ as_of_ms: null })
    expect(await server.get('/api/layers/load_0/rows?metric=health_score&at=soon')).toMatchObject({
      status: 422,
      body: { path: 'at' },
    })
  })
})
