/*
 * Two installations on one bus: each gateway stops its own layers, and says in words that it can not stop the other's.
 * In: gateways with keys of their own; redis-server, gateways and trainers as the runner starts them. Out: readiness, stops, commands.
 * Invariant: what is not ours is never counted as ready, never waited for, never hidden; what nobody can stop is counted as not ready.
 * Source: docs/emergency-stop.md "other installations".
 */
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { createMemoryBus } from '../../lib/bus/drivers/memory/memoryBus.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { startGateway } from '../support/gatewayHarness.ts'
import { redisMissing, startRedis } from '../support/redisHarness.ts'
import { createStubLayer } from '../support/stubLayer.ts'
import { createStopWorld } from '../support/stopWorld.ts'
import { waitUntil } from '../support/waitUntil.ts'

const missing = redisMissing()
if (missing) process.stdout.write(`two installations: skipped: ${missing}\n`)
const GUARD_MS = 120_000
const THEIRS = 'abcd0123abcd0123'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
}, GUARD_MS)

/** A gateway with a layer of its own, and on its bus an agent that obeys another key. */
async function withStranger(layers: readonly string[]) {
  const bus = createMemoryBus({ clock: systemClock })
  await bus.start()
  cleanUps.push(() => bus.stop(500))
  const ours = await startGateway({ bus })
  cleanUps.push(() => ours.close())
  const mine = await ours.layer({ layers: ['layer_0'] })
  // Keys of its own, in a folder of its own; its gateway is not there to answer what the test lets it say.
  const dataDir = mkdtempSync(path.join(tmpdir(), 'other-installation-'))
  cleanUps.push(() => rmSync(dataDir, { recursive: true, force: true }))
  const stranger = await createStubLayer({ dataDir, bus, layers, lines: false })
  cleanUps.push(() => stranger.end())
  const say = (lease: 'ok' | 'frozen'): void => stranger.beat({ lease, gateway_keys: [THEIRS], halted: false })
  const isElsewhere = async (count: number): Promise<void> =>
    waitUntil(`${count} layers are elsewhere`, async () => {
      say('ok')
      return (await ours.client.status()).elsewhere.length === count
    })
  return { ours, mine, stranger, say, isElsewhere }
}

test('a layer that obeys another key is named, not counted, not probed, not waited for and not commanded', async () => {
  const { ours, mine, stranger, isElsewhere } = await withStranger(['other_1', 'other_2'])
  await isElsewhere(2)
  await waitUntil('ours is ready', async () => (await ours.client.readiness()).ready === 1)
  const { ready, of, elsewhere, layers } = await ours.client.readiness()
  expect([ready, of, layers.map(({ layer_id }) => layer_id)]).toEqual([1, 1, ['layer_0']])
  expect(elsewhere?.layers).toBe(2)
  const words =
    /^2 layers belong to another installation \(key abcd0123…\): this gateway \(key [0-9a-f]{8}…\) cannot stop them\.$/
  expect(elsewhere?.text).toMatch(words)
  const { id, warnings } = await ours.client.stop({ id: randomUUID(), scope: 'all', issued_by: 'ada' })
  expect(warnings[0]).toMatch(words)
  await waitUntil('ours stands still', async () => (await ours.client.stopState(id)).missing === 0)
  expect((await ours.client.stopState(id)).layers.map(({ layer_id }) => layer_id)).toEqual(['layer_0'])
  expect([[...mine.stopped], [...stranger.stopped]]).toEqual([['layer_0'], []])
  const command = { message_type: 'NoOp' as const, layer_id: 'other_1', issued_by: 'ada', ttl_ms: 2_000 }
  await expect(ours.client.command({ id: randomUUID(), command })).rejects.toMatchObject({
    code: 'COMMAND_UNSUPPORTED',
    message: expect.stringContaining('cannot command it'),
  })
})

test('while no gateway renews its lease nobody could stop it: then it is counted, as not ready', async () => {
  const { ours, say, isElsewhere } = await withStranger(['other_1'])
  await isElsewhere(1)
  await waitUntil('it is ours to worry about', async () => {
    say('frozen')
    const { ready, of, elsewhere, layers } = await ours.client.readiness()
    const text = layers.find(({ layer_id }) => layer_id === 'other_1')?.text ?? ''
    return of === 2 && ready === 1 && elsewhere === null && text.includes(THEIRS)
  })
})

test('a stop of the others is not taken up here', async () => {
  const { ours, stranger, isElsewhere } = await withStranger(['other_1'])
  await isElsewhere(1)
  stranger.beat({ lease: 'ok', gateway_keys: [THEIRS], halted: true, halted_layers: ['other_1'], stop_epoch: 9 })
  await waitUntil('it was heard', async () => (await ours.client.status()).elsewhere[0]?.halted === true)
  expect((await ours.client.status()).stops).toEqual([])
})

test('what is said on the bus of an agent that proved itself to us on a line makes it nobody else’s', async () => {
  const { ours, mine } = await withStranger(['other_1'])
  mine.beat({ lease: 'ok', gateway_keys: [THEIRS], lag_ms: 4_711 })
  await waitUntil('it was heard', async () => (await ours.client.status()).layers[0]?.lease === 'ok')
  const { layers, elsewhere } = await ours.client.status()
  expect(layers[0]).toMatchObject({ layer_id: 'layer_0', other_key: null })
  expect(elsewhere.filter(({ layer_id }) => layer_id === 'layer_0')).toEqual([])
})

test.skipIf(missing !== null)(
  'two products on one Redis, with layers of the same names: each stops its own, and is resumed',
  async () => {
    const redis = await startRedis({ appendonly: true, tcp: true })
    cleanUps.push(() => redis.stop())
    const [one, two] = await Promise.all([createStopWorld({ rate: 0, redis }), createStopWorld({ rate: 0, redis })])
    cleanUps.push(() => Promise.all([one.close(), two.close()]))
    for (const world of [one, two])
      await waitUntil(
        'its three layers are ready and the other three are named',
        async () => {
          const { ready, of, elsewhere } = await world.client.readiness()
          return ready === 3 && of === 3 && elsewhere?.layers === 3
        },
        GUARD_MS,
      )
    const { id, tookMs } = await one.stop()
    expect(tookMs).not.toBeNull()
    expect((await one.client.stopState(id)).warnings[0]).toContain('3 layers belong to another installation')
    await waitUntil('one stands still, the other runs', async () => {
      const [mine, other] = [await one.status(), await two.status()]
      return (
        mine?.layers.every(({ halted }) => halted) === true &&
        other?.layers.every(({ halted }) => halted === false) === true
      )
    })
    expect((await two.status())?.stops).toEqual([])
    await one.resume(id)
  },
  GUARD_MS * 2,
)
