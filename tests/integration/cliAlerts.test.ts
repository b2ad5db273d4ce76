import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock as clock } from '../../lib/primitives/clock.ts'
import { runCli } from '../../server/cli/runCli.ts'
import { EXIT } from '../../server/cli/cliIo.ts'
import { parseConfig } from '../../server/config.ts'
import { startAlertWorld, type AlertWorld } from '../support/alertWorld.ts'
import { redisMissing } from '../support/redisHarness.ts'
import { waitUntil } from '../support/waitUntil.ts'

describe.skipIf(redisMissing() !== null)('alerts from a terminal', () => {
  let world: AlertWorld
  beforeAll(async () => {
    world = await startAlertWorld()
    await waitUntil('the engine runs', async () => (await world.list()).engine.age_ms !== null, 60_000)
  }, 120_000)
  afterAll(() => world.end())
  const run = async (...args: string[]) => {
    const out: string[] = []
    const err: string[] = []
    const io = {
      config: parseConfig({}),
      dataDir: '/nonexistent',
      clock,
      out: (line: string) => void out.push(line),
      err: (line: string) => void err.push(line),
      readFile: () => Promise.reject(new Error('no')),
      onInterrupt: () => undefined,
    }
    const code = await runCli([...args, '--url', world.server().url], io as never)
    return { code, out: out.join('\n'), err: err.join('\n') }
  }

  test('lists what is open, says that the engine runs, and acknowledges one and a group', async () => {
    for (const seed of [1, 2, 3])
      await world.send('PerformanceAlert', 'l1', { seed_id: seed, alert_type: 'anomaly', severity: 'warning' })
    await waitUntil('three', async () => (await world.list('?layer=l1')).alerts.length === 3, 30_000)
    const listed = await run('alerts')
    expect(listed.code).toBe(EXIT.done)
    expect(listed.out).toMatch(/3 open, 3 unacknowledged, 0 critical.*engine looked/)
    const { alerts } = await world.list('?layer=l1')
    const one = await run('ack', alerts[0]!.id, '--reason', 'looking')
    expect(one.out).toContain('acknowledged by')
    const again = await run('ack', alerts[0]!.id)
    expect([again.code, again.err]).toEqual([EXIT.refused, expect.stringContaining('acknowledged') as string])
    const group = await run('ack', alerts[0]!.group)
    expect(group.out).toBe('2 acknowledged, 0 changed meanwhile, 0 new since')
    expect((await run('ack')).code).toBe(EXIT.usage)
    expect(JSON.parse((await run('alerts', 'all', '--json')).out)).toMatchObject({ counts: { unacked: 0 } })
  }, 60_000)
})
