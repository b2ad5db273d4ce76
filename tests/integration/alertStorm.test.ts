import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AlertItem } from '../../lib/contracts/alerts.ts'
import { startAlertWorld, type AlertWorld } from '../support/alertWorld.ts'
import { redisMissing } from '../support/redisHarness.ts'
import { waitUntil } from '../support/waitUntil.ts'

const missing = redisMissing()
if (missing !== null) process.stdout.write(`alert storm skipped: ${missing}\n`)
const STORM = 10_000
const CRITICAL_EACH = 500

describe.skipIf(missing !== null)('a storm of alerts', () => {
  let world: AlertWorld
  beforeAll(async () => {
    world = await startAlertWorld()
    await waitUntil('the engine runs', async () => (await world.list()).engine.age_ms !== null, 60_000)
  }, 120_000)
  afterAll(() => world.end())

  test('10,000 alerts, sent as fast as they go: all kept, grouped, every critical one listed first, and all there after a restart', async () => {
    const startMs = performance.now()
    for (let from = 0; from < STORM; from += 250)
      await Promise.all(
        Array.from({ length: 250 }, (_, at) => {
          const seed = from + at
          const severity = seed % CRITICAL_EACH === 0 ? 'critical' : 'warning'
          return world.send('PerformanceAlert', `storm_${seed % 10}`, {
            seed_id: seed,
            alert_type: 'anomaly',
            severity,
          })
        }),
      )
    await waitUntil('all of them', async () => (await world.list('?limit=1')).counts.open >= STORM, 120_000)
    const tookS = (performance.now() - startMs) / 1_000
    const asked = performance.now()
    const list = await world.list('?limit=100&rule=inbound')
    const answeredMs = performance.now() - asked
    process.stdout.write(
      `storm: ${STORM} alerts in ${tookS.toFixed(1)} s (${Math.round((STORM / tookS) * 60)} a minute); the list answers in ${answeredMs.toFixed(0)} ms\n`,
    )
    expect(list.counts.open).toBe(STORM)
    expect(list.counts.critical).toBe(STORM / CRITICAL_EACH)
    expect(list.engine.folded).toBe(0)
    const groups = list.groups.filter(({ rule }) => rule === 'inbound')
    expect(groups).toHaveLength(10)
    expect(groups.reduce((sum, group) => sum + group.count, 0)).toBe(STORM)
    const critical = (alert: AlertItem): boolean => alert.severity === 'critical'
    expect(list.alerts.slice(0, STORM / CRITICAL_EACH).every(critical)).toBe(true)
    // Every one can be reached, once, page by page.
    const seen = new Set<string>()
    let cursor: string | null = ''
    while (cursor !== null) {
      const page = await world.list(`?limit=200&rule=inbound${cursor === '' ? '' : `&cursor=${cursor}`}`)
      for (const { id } of page.alerts) seen.add(id)
      cursor = page.next
    }
    expect(seen.size).toBe(STORM)
    await world.restart()
    const after = await world.list('?limit=1')
    expect([after.counts.open, after.counts.critical]).toEqual([STORM, STORM / CRITICAL_EACH])
  }, 240_000)
})
