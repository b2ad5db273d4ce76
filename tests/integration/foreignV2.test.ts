import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HTTP_API } from '../../lib/contracts/httpApi.ts'
import type { LiveRecord } from '../../lib/contracts/liveRecords.ts'
import { foreignV2Entries, type ForeignEntry } from '../contracts/foreignV2Fixtures.ts'
import { redisMissing, startRedis, type RedisServer } from '../support/redisHarness.ts'
import { connected, hello, startTestServer, type TestServer } from '../support/serverHarness.ts'
import { waitUntil } from '../support/waitUntil.ts'

const missing = redisMissing()
if (missing !== null) process.stdout.write(`the v2 client skipped: ${missing}\n`)

const CLAIM = '0b7b2a36-5f3c-4c55-9d5e-3f1a2b4c5d6e'

describe.skipIf(missing !== null)('a v2 client on an outside Redis, TRAINER=off', () => {
  let redis: RedisServer
  let server: TestServer
  let client: Redis
  let folder: string

  /** Two fields and nothing else, as its XADD writes them. */
  const write = async (entries: readonly ForeignEntry[]): Promise<void> => {
    for (const { topic, type, data } of entries) await client.xadd(topic, '*', 'data', data, 'type', type)
  }
  const fixture = (name: string): Promise<void> => write(foreignV2Entries(name))
  const layer = async (id: string) => {
    const { status, body } = await server.get(`/api/layers/${id}`)
    return status === 200 ? HTTP_API.layer.output.parse(body) : null
  }
  const bus = async () => HTTP_API.bus.output.parse((await server.get('/api/bus')).body)
  const records = async (): Promise<LiveRecord[]> => {
    const socket = server.viewer()
    await connected(socket)
    const answer = await hello(socket)
    socket.disconnect()
    if (!answer.ok || answer.value.records.kind !== 'snapshot') throw new Error('no snapshot')
    const { runs, incidents } = answer.value.records
    // An incident of a run stands in both lists.
    const all = [...runs.flatMap((run) => [...run.events, ...run.curve]), ...incidents]
    return [...new Map(all.map((one) => [one.offset, one])).values()].toSorted((x, y) => x.offset - y.offset)
  }

  beforeAll(async () => {
    redis = await startRedis({ tcp: true })
    client = new Redis(redis.url)
    folder = mkdtempSync(path.join(tmpdir(), 'morphoscope-claims-'))
    // Sent before anybody looked: shown all the same.
    await fixture('health-plain')
    server = await startTestServer({ REDIS_URL: redis.url, CLAIM_CHECK_DIR: folder })
    await waitUntil('the layer that was there first', async () => (await layer('layer_0')) !== null)
  })
  afterAll(async () => {
    await server.end()
    client.disconnect()
    await redis.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  test('layers and every seed appear, states by name, an average of states as unknown', async () => {
    await fixture('health-zlib')
    await waitUntil('twelve seeds', async () => (await layer('layer_0'))?.total_seeds === 12)
    const names = ['DORMANT', 'GERMINATED', 'TRAINING', 'GRAFTING', 'STABILIZATION', 'EVALUATING', 'FINE_TUNING']
    const found = await layer('layer_0')
    expect(found).toMatchObject({ origin: 'external', run_id: 'external-v2', freshness: 'fresh' })
    expect(found?.seeds.state).toEqual([...names, 'FOSSILIZED', 'CULLED', 'CANCELLED', 'ROLLED_BACK', 'GRAFTING'])
    expect(found?.seeds.metrics['accuracy']).toEqual(Array.from({ length: 12 }, () => 0.5))
    await fixture('health-aggregated-mixed-state')
    await waitUntil('the average', async () => (await layer('layer_0'))?.seeds.state[0] === 'UNKNOWN')
    expect((await layer('layer_0'))?.seeds.state[1]).toBe('GRAFTING')
  })

  test('what was not finite is unmeasured, flagged by layer, told once, and no refusal', async () => {
    await fixture('health-non-finite')
    await waitUntil('the flags', async () => (await layer('layer_0'))?.flags['nan'] === 1)
    const found = await layer('layer_0')
    expect(found?.seeds.metrics['loss']?.slice(0, 3)).toEqual([null, null, null])
    expect(found?.flags).toEqual({ nan: 1, inf: 1, '-inf': 1 })
    expect((await bus()).refused.total).toBe(0)
    const told = (await records()).filter((one) => one.kind === 'incident' && one.code === 'NON_FINITE')
    expect(told).toHaveLength(1)
    expect(told[0]).toMatchObject({ text: expect.stringContaining('health_metrics.0.loss') as string })
  })

  test('blueprints are text; batches are unpacked whatever they say of their bytes', async () => {
    for (const name of ['seed-snapshot-number-blueprint', 'seed-snapshot-text-blueprint']) await fixture(name)
    for (const name of ['batch-says-zstd-is-zlib', 'batch-says-zstd-is-plain']) await fixture(name)
    await waitUntil('the batches', async () => (await layer('l4')) !== null && (await layer('layer_3')) !== null)
    await waitUntil('the snapshots', async () => (await layer('layer_1'))?.seeds.state[4] === 'TRAINING')
    const seed = HTTP_API.seed.output.parse((await server.get('/api/layers/layer_1/seeds/3')).body)
    expect(seed).toMatchObject({ state: 'GRAFTING', blueprint_id: '7', metrics: { loss: { value: 0.125 } } })
    expect((await server.get('/api/layers/layer_1/seeds/4')).body).toMatchObject({ blueprint_id: 'bottleneck' })
    expect((await layer('layer_1'))?.seeds.state).toEqual(['UNKNOWN', 'UNKNOWN', 'UNKNOWN', 'GRAFTING', 'TRAINING'])
    expect((await layer('layer_2'))?.seeds.state).toEqual(['TRAINING', 'FOSSILIZED'])
    expect((await layer('layer_2'))?.seeds.metrics['loss']).toEqual([0.125, null])
  })

  test('a bad message of a batch is refused by its path, its neighbours are shown', async () => {
    await fixture('batch-one-bad-message')
    await waitUntil('the neighbours', async () => (await layer('layer_5'))?.seeds.state[2] === 'EVALUATING')
    await waitUntil('the refusal', async () => (await bus()).refused.total === 1)
    expect((await bus()).recent_refusals[0]).toMatchObject({
      code: 'CONTRACT_INVALID',
      path: 'messages.1.lifecycle_state',
    })
  })

  test('a message sent twice counts once; one that was overtaken never replaces its successor', async () => {
    const before = await bus()
    await fixture('duplicate-message')
    await fixture('reordered')
    await waitUntil('both', async () => {
      const now = await bus()
      return now.duplicates === before.duplicates + 1 && now.foreign?.overtaken === (before.foreign?.overtaken ?? 0) + 1
    })
    expect((await layer('layer_7'))?.seeds).toMatchObject({ state: ['GRAFTING'], metrics: { loss: [0.5] } })
    expect((await layer('layer_6'))?.seeds.state).toEqual(['TRAINING'])
  })

  test('alerts name the layer that their publisher cut, transitions move the seed', async () => {
    for (const name of ['alert-seed-topic', 'alert-cut-layer', 'alert-cut-layer-of-seed', 'checkpoint-event'])
      await fixture(name)
    for (const name of ['transition-generic-topic', 'transition-seed-topic']) await fixture(name)
    await waitUntil('the transitions', async () => (await layer('layer_0'))?.seeds.state[1] === 'STABILIZATION')
    await waitUntil('the alerts', async () => (await records()).filter((one) => one.kind === 'alert').length === 3)
    const alerts = (await records()).filter((one) => one.kind === 'alert')
    expect(alerts.map((one) => one.layer_id)).toEqual(['layer_0', 'layer_0', 'layer_0'])
    expect(alerts.map((one) => one.text).sort()).toEqual([
      'improvement: loss 0.5',
      'seed 2: anomaly: loss 2.5',
      'seed 2: degradation: accuracy unmeasured',
    ])
    await fixture('transition-all-seeds')
    await waitUntil('the stop', async () => (await layer('layer_0'))?.states.DORMANT === 12)
  })

  test('answers are joined to their commands; silence is unknown until telemetry settles it', async () => {
    for (const name of ['command-acknowledged', 'command-failed', 'command-unacknowledged']) await fixture(name)
    const commands = async () => (await records()).filter((one) => one.kind === 'command')
    await waitUntil('two answers and a silence', async () => (await commands()).length === 3)
    const byOutcome = Object.fromEntries((await commands()).map((one) => [one.outcome, one]))
    expect(byOutcome['applied']).toMatchObject({ layer_id: 'layer_0', seed_id: 1, text: '3.3 ms' })
    expect(byOutcome['failed']).toMatchObject({ layer_id: 'layer_0', seed_id: 2, text: 'Invalid transition' })
    expect(byOutcome['unknown']).toMatchObject({
      layer_id: 'layer_1',
      seed_id: 0,
      command_type: 'LifecycleTransitionCommand',
    })
    // Records are told at once, counts on their own beat.
    await waitUntil('the silence is counted', async () => (await bus()).foreign?.commands.unknown === 1)
    expect((await bus()).foreign?.commands).toEqual({ waiting: 0, unknown: 1, settled: 2 })
    const snapshot = JSON.stringify({
      message_id: globalThis.crypto.randomUUID(),
      timestamp: 1_769_500_900,
      source: 'kasmina_layer_layer_1_seed_0',
      version: '1.0',
      layer_id: 'layer_1',
      seed_id: 0,
      lifecycle_state: 'GERMINATED',
      metrics: {},
    })
    await write([
      {
        topic: 'morphogenetic.telemetry.seed.layer.layer_1.seed.0',
        type: 'SeedMetricsSnapshot',
        data: Buffer.from(snapshot),
      },
    ])
    await waitUntil('settled', async () => (await bus()).foreign?.commands.settled === 3)
    await waitUntil('told', async () => (await commands()).length === 4)
    expect((await commands()).at(-1)).toMatchObject({
      outcome: 'applied',
      text: expect.stringContaining('GERMINATED') as string,
    })
  })

  test('a claim check is an explained gap, and is read where its folder is ours', async () => {
    await fixture('batch-claim-check')
    await fixture('batch-claim-check-traversal')
    await waitUntil('the gap', async () => (await bus()).foreign?.claim_checks_missing === 1)
    const told = (await records()).filter((one) => one.kind === 'incident' && one.code === 'CLAIM_CHECK_MISSING')
    expect(told).toMatchObject([{ text: expect.stringContaining('70 kB') as string, run_id: 'external-v2' }])
    expect((await bus()).recent_refusals[0]).toMatchObject({ path: 'metadata.claim_check_id' })

    for (const [at, pack] of [zstdCompressSync, gzipSync, (bytes: Buffer) => bytes].entries()) {
      const id = `${CLAIM.slice(0, -1)}${at}`
      const text = foreignV2Entries('batch-says-zstd-is-plain')[0]!.data.toString()
      const named = text
        .replaceAll('"l4"', `"claimed_${at}"`)
        .replace(/"message_id": "[^"]+"/g, () => `"message_id": "${globalThis.crypto.randomUUID()}"`)
      writeFileSync(path.join(folder, `${id}.bin`), pack(Buffer.from(named)))
      const [claim] = foreignV2Entries('batch-claim-check')
      const data = claim!.data
        .toString()
        .replace(CLAIM, id)
        .replace(/"message_id": "[^"]+"/, `"message_id": "${globalThis.crypto.randomUUID()}"`)
      await write([{ ...claim!, data: Buffer.from(data) }])
      await waitUntil(`claim ${at}`, async () => (await layer(`claimed_${at}`))?.seeds.state[0] === 'TRAINING')
    }
    expect((await bus()).foreign?.claim_checks_missing).toBe(1)
  })

  test('presence, coordination and blueprint events are read; junk and unknown types are counted', async () => {
    const before = await bus()
    for (const name of [
      'heartbeat',
      'service',
      'coordination',
      'blueprint-event-number',
      'health-dotted-layer-wrong-clock',
    ])
      await fixture(name)
    await fixture('unknown-type')
    await fixture('not-json')
    await waitUntil('the dotted layer', async () => (await layer('encoder:0'))?.seeds.state[0] === 'GERMINATED')
    await waitUntil('the refusals', async () => (await bus()).refused.total === before.refused.total + 2)
    expect((await bus()).refused.by_reason).toMatchObject({ CONTRACT_TYPE: 1, CONTRACT_JSON: 1 })
  })
})
