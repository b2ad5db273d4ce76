import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { systemClock } from '../../../lib/primitives/clock.ts'
import { startEmbeddedRedis } from '../../../scripts/embeddedRedis.mjs'
import { findRedisServer } from '../../../scripts/redisBinary.mjs'
import { isAlive } from '../../../scripts/steps.mjs'
import { createSupervisor } from '../../../scripts/supervisor.mjs'
import { createGatewayClient } from '../../../server/gateway/gatewayClient.ts'
import { waitUntil } from '../../support/waitUntil.ts'

const binary = findRedisServer()
const NO_SERVER = 'no redis-server on this machine'
const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function supervised(roles: string[], more: Record<string, string> = {}) {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'supervised-'))
  cleanUps.push(() => rmSync(dataDir, { recursive: true, force: true }))
  const redis = await startEmbeddedRedis(binary!, dataDir)
  cleanUps.push(() => redis.stop())
  const spawned: number[] = []
  const supervisor = createSupervisor({
    roles,
    env: {
      ...process.env,
      BUS: 'redis',
      REDIS_URL: redis.url,
      DATA_DIR: dataDir,
      TRAINER_STEPS_PER_S: '30',
      LOG_LEVEL: 'silent',
      ...more,
    },
    dev: false,
    dataDir,
    stopDeadlineMs: 8_000,
    onSpawn: (pid: number) => void spawned.push(pid),
  })
  cleanUps.push(async () => {
    supervisor.stop()
    await supervisor.ended
  })
  supervisor.start()
  const client = createGatewayClient({ dataDir, clock: systemClock })
  const pids = () => JSON.parse(readFileSync(path.join(dataDir, 'processes.json'), 'utf8')) as Record<string, number>
  return { supervisor, client, pids, spawned }
}

const answers = async (work: Promise<unknown>): Promise<boolean> =>
  work.then(
    () => true,
    () => false,
  )

test('a killed process is started again and the others go on; a stop leaves nothing behind', async (context) => {
  if (!binary) return context.skip(NO_SERVER)
  const { supervisor, client, pids, spawned } = await supervised(['gateway', 'trainer'])
  await waitUntil('three layers are known', async () => {
    const status = await client.status().catch(() => null)
    return status?.layers.length === 3
  })
  const before = pids()
  const { gateway_epoch: epoch } = await client.status()
  process.kill(before['gateway']!, 'SIGKILL')
  await waitUntil('another gateway answers', async () =>
    answers(client.status().then((status) => expect(status.gateway_epoch).toBeGreaterThan(epoch))),
  )
  expect(pids()['gateway']).not.toBe(before['gateway'])
  expect(pids()['trainer']).toBe(before['trainer'])
  expect(isAlive(before['trainer']!)).toBe(true)
  supervisor.stop()
  expect(await supervisor.ended).toBe(0)
  expect(spawned.filter((pid) => isAlive(pid))).toEqual([])
})

test('a process that can not begin ends the product with the code that says so', async (context) => {
  if (!binary) return context.skip(NO_SERVER)
  const { supervisor } = await supervised(['gateway', 'trainer'], { TRAINER_SEED: 'many' })
  expect(await supervisor.ended).toBe(78)
})
