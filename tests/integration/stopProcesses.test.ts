/*
 * stopProcesses: an emergency stop of the real trainer in real processes: killed, cut off and started again.
 * In: redis-server, gateway and trainer as the runner starts them; no web server. Out: tests.
 * Invariant: what was stopped stays stopped, whatever is started again; what is cut off freezes by itself.
 * Source: docs/emergency-stop.md.
 */
import { randomUUID } from 'node:crypto'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { GatewayStatus } from '../../lib/contracts/gatewayControl.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { createSupervisor } from '../../scripts/supervisor.mjs'
import { createGatewayClient } from '../../server/gateway/gatewayClient.ts'
import { redisMissing, startRedis } from '../support/redisHarness.ts'
import { waitUntil } from '../support/waitUntil.ts'

const missing = redisMissing()
if (missing) process.stdout.write(`stop of real processes: skipped: ${missing}\n`)
const GUARD_MS = 60_000

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
}, GUARD_MS)

async function product() {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'stopped-'))
  cleanUps.push(() => rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 }))
  const redis = await startRedis({ appendonly: true })
  cleanUps.push(() => redis.stop())
  const env = { ...process.env, BUS: 'redis', REDIS_URL: redis.url, DATA_DIR: dataDir, LOG_LEVEL: 'silent' }
  const supervisor = createSupervisor({
    roles: ['gateway', 'trainer'],
    env: { ...env, TRAINER_STEPS_PER_S: '60' },
    dev: false,
    dataDir,
    stopDeadlineMs: 8_000,
    onSpawn: () => undefined,
  })
  cleanUps.push(async () => {
    supervisor.stop()
    await supervisor.ended
  })
  supervisor.start()
  const client = createGatewayClient({ dataDir, clock: systemClock })
  const status = (): Promise<GatewayStatus | null> => client.status().catch(() => null)
  const pid = (name: string): number =>
    (JSON.parse(readFileSync(path.join(dataDir, 'processes.json'), 'utf8')) as Record<string, number>)[name]!
  await waitUntil('three layers have a line', linesUp(status), GUARD_MS)
  return { dataDir, redis, client, status, pid, env }
}

const linesUp = (status: () => Promise<GatewayStatus | null>) => async (): Promise<boolean> => {
  const layers = (await status())?.layers ?? []
  return layers.length === 3 && layers.every(({ socket }) => socket)
}
const allHalted = (status: () => Promise<GatewayStatus | null>, agent: string | null) => async (): Promise<boolean> => {
  const layers = (await status())?.layers ?? []
  return layers.length === 3 && layers.every(({ halted, agent_id }) => halted === true && agent_id !== agent)
}

test.skipIf(missing)(
  'a stop of the real trainer is applied and verified on every layer, and outlives trainer and gateway',
  async () => {
    const { client, status, pid } = await product()
    const { id } = await client.stop({ id: randomUUID(), scope: 'all', issued_by: 'ada' })
    const verified = async (): Promise<boolean> =>
      (await client.stopState(id)).layers.every(({ state }) => state === 'verified')
    await waitUntil('every layer is verified', verified)
    const first = (await status())!.layers[0]!.agent_id

    process.kill(pid('trainer'), 'SIGKILL')
    await waitUntil('the next trainer stands still', allHalted(status, first), GUARD_MS)
    const second = (await status())!.layers[0]!.agent_id

    process.kill(pid('gateway'), 'SIGKILL')
    await waitUntil(
      'the next gateway has the stop and the lines',
      async () => {
        const now = await status()
        return now?.stops[0]?.id === id && (await linesUp(status)())
      },
      GUARD_MS,
    )
    expect((await status())!.layers.map(({ agent_id }) => agent_id)).toEqual([second, second, second])
    await waitUntil('it is confirmed to the next gateway', async () => (await client.stopState(id)).missing === 0)

    const resume = await client.resume({
      id: randomUUID(),
      stop_id: id,
      issued_by: 'ada',
      approved_by: ['bob'],
      hold_ms: 0,
    })
    await waitUntil('the resume is done', async () => (await client.resumeState(resume.id)).state === 'done', GUARD_MS)
    await waitUntil('every layer runs', async () => (await status())!.layers.every(({ halted }) => halted === false))
  },
  GUARD_MS * 2,
)

test.skipIf(missing)(
  'with Redis killed the stop is applied over the direct line, and the command line sends it',
  async () => {
    const { redis, client, dataDir, env } = await product()
    await redis.kill()
    const script = path.resolve(import.meta.dirname, '../../scripts/morphoscope.mjs')
    const cli = spawn(process.execPath, [script, 'stop', '--reason', 'redis is gone', '--wait', '20'], {
      env: { ...env, DATA_DIR: dataDir, PORT: '1' },
      stdio: 'ignore',
    })
    expect(await once(cli, 'exit')).toEqual([0, null])
    const { stops } = await client.status()
    expect(stops[0]?.layers.map(({ path: way }) => way)).toEqual(['socket', 'socket', 'socket'])
    await redis.restart()
  },
  GUARD_MS * 2,
)

test.skipIf(missing)(
  'a layer that hears no gateway freezes its structure, and a lease ends that by itself',
  async () => {
    const { redis, pid, status } = await product()
    const leaseOf = async (): Promise<unknown> => {
      const entries = (await redis.command('XREVRANGE', 'kasmina.service', '+', '-', 'COUNT', '20')) as [
        string,
        string[],
      ][]
      const beat = entries.map(
        ([, fields]) => JSON.parse(fields[fields.indexOf('data') + 1]!) as Record<string, unknown>,
      )
      return beat.find(({ message_type }) => message_type === 'Heartbeat')?.['lease']
    }
    process.kill(pid('gateway'), 'SIGSTOP')
    await waitUntil('its heartbeat says frozen', async () => (await leaseOf()) === 'frozen')
    process.kill(pid('gateway'), 'SIGCONT')
    await waitUntil('its heartbeat says ok', async () => (await leaseOf()) === 'ok')
    expect((await status())!.stops).toEqual([])
  },
  GUARD_MS * 2,
)
