import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createColumnPublisher } from '../support/columnPublisher.ts'
import { startAlertWorld, type AlertWorld } from '../support/alertWorld.ts'
import { redisMissing } from '../support/redisHarness.ts'
import { waitUntil } from '../support/waitUntil.ts'

const missing = redisMissing()
if (missing !== null) process.stdout.write(`alerts of the bus skipped: ${missing}\n`)

describe.skipIf(missing !== null)('faults of the bus and of who speaks on it', () => {
  let world: AlertWorld
  beforeAll(async () => {
    world = await startAlertWorld()
    await waitUntil('the engine runs', async () => (await world.list()).engine.age_ms !== null, 60_000)
  }, 120_000)
  afterAll(() => world.end())

  test('telemetry_gap: a producer that stops publishing is missed, and its return clears that', async () => {
    const producer = createColumnPublisher({ bus: world.bus, layers: 1, seedsPerLayer: 4, intervalMs: 250 })
    await producer.publishRun()
    producer.start()
    await waitUntil('telemetry', async () => (await world.server().get('/api/layers/load_0')).status === 200, 30_000)
    await waitUntil('a few ticks', () => producer.tick > 12, 30_000)
    await producer.stop()
    const gap = await world.until(
      'the gap',
      ({ rule, state }) => rule === 'telemetry_gap' && state === 'unacked_active',
      '',
      60_000,
    )
    expect(gap).toMatchObject({ layer_id: 'load_0', evidence: { metric: 'age', unit: 's' } })
    producer.start()
    await world.until('its end', ({ id, state }) => id === gap.id && state === 'unacked_cleared', '?state=all', 60_000)
    await producer.stop()
  }, 180_000)

  test('refusals: a producer of garbage is told after a minute of it, and it is counted that nothing of it was taken', async () => {
    const { rules } = (await world.as('demo-1').get('/api/rules')).body as { rules: { id: string; version: number }[] }
    const {
      shipped: _s,
      protected: _p,
      saved_at: _a,
      saved_by: _b,
      change: _c,
      ...rule
    } = rules.find(({ id }) => id === 'refusals') as Record<string, unknown>
    // Ten are enough for a test.
    const changed = { ...rule, params: { per_min: 10, clear: 1 } }
    expect((await world.as('demo-1').ask('PUT', '/api/rules/refusals', changed)).status).toBe(200)
    for (let n = 0; n < 20; n++)
      await world.bus.publish('kasmina.event.layer.l1', {
        type: 'PerformanceAlert',
        enc: 'json',
        data: new TextEncoder().encode('{"nothing":'),
        src: 'garbage',
        epoch: 1,
        seq: n + 1,
      })
    const alert = await world.until('the alert', ({ rule: id }) => id === 'refusals', '', 60_000)
    expect(alert.text).toContain('entries were refused within a minute')
  }, 120_000)
})
