import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HTTP_API } from '../../lib/contracts/httpApi.ts'
import type { SeedDetail } from '../../lib/contracts/httpSeed.ts'
import { redisMissing, startRedis, type RedisServer } from '../support/redisHarness.ts'
import { startTestServer, type TestServer } from '../support/serverHarness.ts'
import { waitUntil } from '../support/waitUntil.ts'

const missing = redisMissing()
if (missing !== null) process.stdout.write(`seed pages on redis skipped: ${missing}\n`)

for (const driver of ['memory', 'redis'] as const)
  describe.skipIf(driver === 'redis' && missing !== null)(`one seed of the real trainer on ${driver}`, () => {
    let redis: RedisServer | null = null
    let server: TestServer
    let grown: SeedDetail

    const seedOf = async (layer: string, seed: number): Promise<SeedDetail> => {
      const { body } = await server.get(`/api/layers/${layer}/seeds/${seed}`)
      return HTTP_API.seed.output.parse(body)
    }
    /** The first seed whose life has left the waiting room. */
    const findGrown = async (): Promise<SeedDetail | undefined> => {
      for (const layer of ['layer_0', 'layer_1', 'layer_2'])
        for (let seed = 0; seed < 4; seed++) {
          const detail = await seedOf(layer, seed).catch(() => undefined)
          if (detail?.lives.some((life) => life.states.length >= 2) === true) return detail
        }
      return undefined
    }

    beforeAll(async () => {
      redis = driver === 'redis' ? await startRedis() : null
      server = await startTestServer({ TRAINER: 'on', ...(redis === null ? {} : { REDIS_URL: redis.url }) })
      await waitUntil(
        'a life in its second state',
        async () => {
          const found = await findGrown()
          if (found !== undefined) grown = found
          return found !== undefined
        },
        60_000,
      )
    }, 90_000)
    afterAll(async () => {
      await server.end()
      await redis?.stop()
    })

    test('tells its lives: states with their dwell, guards, and where each transition lies on the bus', () => {
      const life = grown.lives.at(-1)!
      expect(life).toMatchObject({ complete: true, legal: true })
      expect(life.blueprint_id).not.toBeNull()
      expect(life.transitions[0]).toMatchObject({ from_state: 'DORMANT', to_state: 'GERMINATED', oddity: null })
      expect(life.states.map((stay) => stay.state).slice(0, 2)).toEqual(['GERMINATED', 'TRAINING'])
      expect(life.states[0]!.dwell_ms).toBeGreaterThanOrEqual(0)
      expect(life.transitions.every((one) => one.entry?.topic === `kasmina.event.layer.${grown.layer_id}`)).toBe(true)
      expect(life.transitions[0]!.guards.length).toBeGreaterThan(0)
      expect(grown.edges).toContainEqual({
        from_state: 'DORMANT',
        to_state: 'GERMINATED',
        count: expect.any(Number),
        legal: true,
      })
      if (grown.state_since !== null) expect(life.states.at(-1)!.state).toBe(grown.state)
    })

    test('each measured value names the entry that carried it, and that entry is on the stream with the same number', async () => {
      const detail = await seedOf(grown.layer_id, grown.seed_id)
      expect(detail.entry?.topic).toMatch(/^kasmina\.telemetry\.shard\./)
      const measured = Object.entries(detail.metrics).filter(([, metric]) => metric.value !== null)
      expect(measured.length).toBeGreaterThan(5)
      expect(new Set(measured.map(([, metric]) => metric.entry_id))).toEqual(new Set([detail.entry!.entry_id]))
      const { status, body } = await server.get(
        `/api/layers/${detail.layer_id}/seeds/${detail.seed_id}/raw?kind=telemetry&limit=50`,
      )
      expect(status).toBe(200)
      const raw = HTTP_API.seedRaw.output.parse(body)
      const entry = raw.entries.find(
        (one) => one.entry_id === detail.entry!.entry_id && one.topic === detail.entry!.topic,
      )
      expect(entry, `${detail.entry!.entry_id} among ${raw.entries.length}`).toBeDefined()
      expect(entry).toMatchObject({ type: 'TelemetryFrames', check: { ok: true } })
      for (const [name, metric] of measured) expect(entry!.row![name]).toBe(metric.value)
    })

    test('raw entries of all kinds come newest first, page without a hole, and decode', async () => {
      const at = `/api/layers/${grown.layer_id}/seeds/${grown.seed_id}/raw`
      const first = HTTP_API.seedRaw.output.parse((await server.get(`${at}?limit=10`)).body)
      expect(first.entries.length).toBeGreaterThanOrEqual(10)
      expect(first.entries.every((entry) => entry.check.ok)).toBe(true)
      const ids = first.entries.map((entry) => entry.at_ms)
      expect(ids).toEqual(ids.toSorted((a, b) => b - a))
      const second = HTTP_API.seedRaw.output.parse((await server.get(`${at}?limit=10&before=${first.next}`)).body)
      expect(second.entries[0]!.at_ms).toBeLessThanOrEqual(first.entries.at(-1)!.at_ms)
      const keys = [...first.entries, ...second.entries].map((entry) => `${entry.topic} ${entry.entry_id}`)
      expect(new Set(keys).size).toBe(keys.length)
      const events = HTTP_API.seedRaw.output.parse((await server.get(`${at}?kind=event&limit=50`)).body)
      const transitions = events.entries.filter((entry) => entry.type === 'StateTransitionEvent')
      expect(transitions.length).toBeGreaterThanOrEqual(2)
      for (const { content } of transitions)
        expect(content).toMatchObject({ layer_id: grown.layer_id, seed_id: grown.seed_id })
      const commands = HTTP_API.seedRaw.output.parse((await server.get(`${at}?kind=command&limit=50`)).body)
      expect(commands.entries.map((entry) => entry.type)).toEqual(
        expect.arrayContaining(['LifecycleTransitionCommand', 'CommandOutcome']),
      )
    })

    test('series keep peaks, say n of m, and carry the marks of the transitions', async () => {
      const at = `/api/layers/${grown.layer_id}/seeds/${grown.seed_id}/series`
      const { body } = await server.get(`${at}?metrics=health_score,alpha&points=40`)
      const answer = HTTP_API.seedSeries.output.parse(body)
      expect(answer.none_because).toBeNull()
      const health = answer.series[0]!
      expect(health.metric).toBe('health_score')
      expect(health.shown).toBeLessThanOrEqual(health.of)
      expect(health.shown).toBeGreaterThan(0)
      expect(health.values.length).toBe(health.at_ms.length)
      expect(answer.marks.filter((mark) => mark.kind === 'transition').map((mark) => mark.state)).toContain('TRAINING')
    })

    test('unknown ids are 404 with the path, bad values 422', async () => {
      const cases = [
        ['/api/layers/layer_0/seeds/99/raw', 404, 'seed'],
        ['/api/layers/layer_0/seeds/0/series?metrics=nope', 404, 'metrics'],
        ['/api/layers/layer_0/seeds/0/series?metrics=NOPE', 422, 'metrics.0'],
        ['/api/layers/layer_0/seeds/0/raw?before=yesterday', 422, 'before'],
        ['/api/layers/layer_0/seeds/0/raw?limit=51', 422, 'limit'],
        ['/api/layers/nope/seeds/0/raw', 404, 'layer'],
      ] as const
      for (const [url, status, field] of cases) {
        const answer = await server.get(url)
        expect([url, answer.status, (answer.body as { path: string }).path]).toEqual([url, status, field])
      }
    })

    test('limits are written once per version, only from an allowed origin, and kept on disk', async () => {
      const current = HTTP_API.limits.output.parse((await server.get('/api/limits')).body)
      expect(current).toMatchObject({ version: 0, saved_at: null })
      const put = async (version: number, origin: string, by = 'ada') => {
        const limits = [{ ...current.limits[0]!, warn_low: 0.7 }]
        const response = await fetch(`${server.url}/api/limits`, {
          method: 'PUT',
          headers: { origin, 'content-type': 'application/json' },
          body: JSON.stringify({ version, by, limits }),
        })
        return { status: response.status, body: (await response.json()) as Record<string, unknown> }
      }
      expect((await put(0, 'http://evil.example')).status).toBe(403)
      const saved = await put(0, server.url)
      expect([saved.status, saved.body['version'], saved.body['saved_by']]).toEqual([200, 1, 'demo-1'])
      expect(saved.body['change']).toContain('health_score: warn_low 0.8 to 0.7')
      const late = await put(0, server.url, 'grace')
      expect([late.status, late.body['code']]).toEqual([409, 'STATE_CONFLICT'])
      expect(late.body['detail']).toMatch(/version 1 was written by demo-1 at .*health_score: warn_low 0\.8 to 0\.7/)
      expect((await server.get('/api/limits')).body).toEqual(saved.body)
    })

    test('the back-test judges the kept history without saving anything', async () => {
      const body = {
        limits: [
          {
            metric: 'health_score',
            alarm_low: null,
            warn_low: 1.5,
            warn_high: null,
            alarm_high: null,
            hysteresis: 0,
            note: '',
          },
          {
            metric: 'sparsity',
            alarm_low: null,
            warn_low: -1,
            warn_high: null,
            alarm_high: null,
            hysteresis: 0,
            note: '',
          },
        ],
      }
      const response = await fetch(`${server.url}/api/limits/backtest`, {
        method: 'POST',
        headers: { origin: server.url, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      expect(response.status).toBe(200)
      const answer = HTTP_API.backtestLimits.output.parse(await response.json())
      expect(answer.results[0]).toMatchObject({ metric: 'health_score', seeds: 12, seeds_outside: 12, raised: 12 })
      expect(answer.results[1]).toMatchObject({ metric: 'sparsity', seeds: 12, seeds_outside: 0, worst: null })
      expect(answer.results[0]!.minutes_outside).toBeCloseTo(answer.results[0]!.minutes, 3)
    })
  })
