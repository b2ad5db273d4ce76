/*
 * redisUsers: the shipped ACL file on a real server: who may do what, asked of the server and tried on real connections.
 * In: deploy/redis/users.acl. Out: tests.
 * Invariant: a user that publishes reports can issue nothing; the gateway can read no telemetry and the web server can write none.
 * Source: docs/redis-users.md.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { systemClock } from '../../lib/primitives/clock.ts'
import { createGatewayClient } from '../../server/gateway/gatewayClient.ts'
import { startGateway } from '../support/gatewayHarness.ts'
import { redisMissing, type RedisServer } from '../support/redisHarness.ts'
import { bus, cleanUps, server } from '../support/redisWorld.ts'
import { waitUntil } from '../support/waitUntil.ts'

const missing = redisMissing()
if (missing) process.stdout.write(`redis users: skipped: ${missing}\n`)

const FILE = path.resolve(import.meta.dirname, '../../deploy/redis/users.acl')
const USERS = ['telemetry', 'layers', 'layer-layer_0', 'controller', 'gateway', 'web', 'janitor'] as const
type User = (typeof USERS)[number]

/** A server with the shipped users; only the administrator's line is the test's, for the file switches the default user off. */
async function guarded(): Promise<{ redis: RedisServer; url: (user: User) => string }> {
  const folder = mkdtempSync(path.join(tmpdir(), 'acl-'))
  cleanUps.push(async () => rmSync(folder, { recursive: true, force: true }))
  const file = path.join(folder, 'users.acl')
  const shipped = readFileSync(FILE, 'utf8')
  const lines = shipped
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#') && line !== 'user default off')
  writeFileSync(file, `user default on nopass ~* &* +@all\n${lines.join('\n')}\n`)
  const redis = await server({ tcp: true, args: ['--aclfile', file] })
  for (const user of USERS) await redis.command('ACL', 'SETUSER', user, `>${user}-secret`)
  return { redis, url: (user) => `redis://${user}:${user}-secret@127.0.0.1:${redis.port}` }
}

const ADD = (key: string): string[] => ['XADD', key, '*', 'type', 'x', 'data', 'y']
const READ = (key: string): string[] => ['XREAD', 'COUNT', '1', 'STREAMS', key, '0']
const GROUP = (key: string): string[] => ['XREADGROUP', 'GROUP', 'layer-agent', 'm', 'COUNT', '1', 'STREAMS', key, '>']

const MAY: { readonly [U in User]: readonly string[][] } = {
  telemetry: [
    ADD('kasmina.telemetry.shard.0'),
    ADD('kasmina.event.layer.a'),
    ADD('kasmina.run'),
    ADD('morphogenetic.telemetry.batch'),
  ],
  layers: [
    ADD('kasmina.ack.layer.a'),
    GROUP('kasmina.control.layer.a'),
    READ('kasmina.control.all'),
    READ('kasmina.lease'),
  ],
  'layer-layer_0': [
    ADD('kasmina.ack.layer.layer_0'),
    GROUP('kasmina.control.layer.layer_0'),
    READ('kasmina.control.all'),
  ],
  controller: [ADD('kasmina.control.layer.a'), READ('kasmina.telemetry.shard.0'), READ('kasmina.ack.layer.a')],
  gateway: [
    ADD('kasmina.control.all'),
    ADD('kasmina.control.layer.a'),
    ADD('kasmina.lease'),
    ADD('morphogenetic.control.layer.a'),
    READ('kasmina.ack.layer.a'),
    READ('kasmina.service'),
  ],
  web: [READ('kasmina.telemetry.shard.0'), READ('kasmina.control.all'), ['XINFO', 'GROUPS', 'kasmina.control.layer.a']],
  janitor: [['XTRIM', 'kasmina.telemetry.shard.0', 'MAXLEN', '~', '1']],
}

const MAY_NOT: { readonly [U in User]: readonly string[][] } = {
  telemetry: [
    ADD('kasmina.control.all'),
    ADD('kasmina.control.layer.a'),
    ADD('kasmina.ack.layer.a'),
    ADD('kasmina.lease'),
    ADD('morphogenetic.control.layer.a'),
    ADD('morphogenetic.control.ack.layer.a'),
    READ('kasmina.telemetry.shard.0'),
    GROUP('kasmina.control.layer.a'),
    ['DEL', 'kasmina.telemetry.shard.0'],
    ['FLUSHALL'],
    ['CONFIG', 'GET', '*'],
    ['ACL', 'LIST'],
    ['EVAL', 'return 1', '0'],
    ['XTRIM', 'kasmina.event.layer.a', 'MAXLEN', '0'],
  ],
  layers: [
    ADD('kasmina.control.all'),
    ADD('kasmina.control.layer.a'),
    ADD('kasmina.lease'),
    READ('kasmina.ack.layer.a'),
    ['FLUSHALL'],
  ],
  'layer-layer_0': [
    ADD('kasmina.ack.layer.layer_1'),
    GROUP('kasmina.control.layer.layer_1'),
    ADD('kasmina.event.layer.layer_1'),
    ADD('kasmina.control.layer.layer_0'),
  ],
  controller: [
    ADD('kasmina.control.all'),
    ADD('kasmina.lease'),
    ADD('kasmina.ack.layer.a'),
    GROUP('kasmina.control.layer.a'),
  ],
  gateway: [
    READ('kasmina.telemetry.shard.0'),
    ADD('kasmina.ack.layer.a'),
    ADD('kasmina.telemetry.shard.0'),
    ['FLUSHALL'],
    ['XTRIM', 'kasmina.control.all', 'MAXLEN', '0'],
  ],
  web: [
    ADD('kasmina.control.all'),
    ADD('kasmina.control.layer.a'),
    ADD('kasmina.telemetry.shard.0'),
    ['XTRIM', 'kasmina.run', 'MAXLEN', '0'],
    GROUP('kasmina.control.layer.a'),
  ],
  janitor: [
    ADD('kasmina.control.all'),
    READ('kasmina.telemetry.shard.0'),
    ['XTRIM', 'kasmina.control.all', 'MAXLEN', '0'],
    ['XTRIM', 'kasmina.run', 'MAXLEN', '0'],
  ],
}

describe.skipIf(missing !== null)('redis users', { timeout: 60_000 }, () => {
  test('the server itself says that each user may do what its role needs, and nothing of another', async () => {
    const { redis } = await guarded()
    const wrong: string[] = []
    for (const user of USERS) {
      for (const command of MAY[user]) {
        const answer = String(await redis.command('ACL', 'DRYRUN', user, ...command))
        if (answer !== 'OK') wrong.push(`${user} may not ${command.join(' ')}: ${answer}`)
      }
      for (const command of MAY_NOT[user]) {
        const answer = String(await redis.command('ACL', 'DRYRUN', user, ...command))
        if (answer === 'OK') wrong.push(`${user} may ${command.join(' ')}`)
      }
    }
    expect(wrong).toEqual([])
  })

  test('as shipped nobody can sign in: every user has its rights and no password', async () => {
    const { redis } = await guarded()
    await redis.command('ACL', 'LOAD')
    for (const user of USERS)
      await expect(redis.command('AUTH', user, `${user}-secret`), user).rejects.toThrow('WRONGPASS')
  })

  test('a telemetry user publishes reports, and every command it tries on a real connection is refused', async () => {
    const { url } = await guarded()
    const mine = await bus(url('telemetry'), { publishDeadlineMs: 2_000 })
    const message = { type: 'Note', data: new Uint8Array(4) }
    await mine.publish('kasmina.telemetry.shard.0', message)
    for (const topic of [
      'kasmina.control.all',
      'kasmina.control.layer.layer_0',
      'kasmina.lease',
      'kasmina.ack.layer.layer_0',
    ])
      await expect(mine.publish(topic, message), topic).rejects.toMatchObject({ code: 'BUS_REFUSED' })
  })

  test('gateway and layer agent work as their own users: a stop is applied over the bus alone', async () => {
    const { url } = await guarded()
    const gatewayBus = await bus(url('gateway'), { scanForeign: true })
    const layerBus = await bus(url('layers'))
    const world = await startGateway({ bus: gatewayBus, urgentBus: gatewayBus })
    cleanUps.push(() => world.close())
    await world.layer({ bus: layerBus, layers: ['layer_0'], lines: false })
    const client = createGatewayClient({ dataDir: world.dataDir, clock: systemClock })
    await waitUntil('the layer is known', async () => (await client.status()).layers.length === 1)
    const { id } = await client.stop({ id: globalThis.crypto.randomUUID(), scope: 'all', issued_by: 'ada' })
    await waitUntil('it is applied', async () => (await client.stopState(id)).missing === 0)
  })
})
