import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { HTTP_API } from '../../lib/contracts/httpApi.ts'
import { redisMissing, startRedis, type RedisServer } from '../support/redisHarness.ts'
import { startTestServer, type TestServer } from '../support/serverHarness.ts'
import { waitUntil } from '../support/waitUntil.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
const FIXTURES = path.join(ROOT, 'tests/contracts/foreign-leyline')

const missing = redisMissing()
if (missing !== null) process.stdout.write(`the examples skipped: ${missing}\n`)
const noPython = spawnSync('python3', ['--version']).status !== 0
if (noPython) process.stdout.write('the Python example skipped: there is no python3 on PATH\n')
/** The example imports redis-py; where it is not installed a stand-in with the same calls takes its place. */
const hasRedisPy = !noPython && spawnSync('python3', ['-c', 'import redis']).status === 0

describe.skipIf(missing !== null)('programs that connect', () => {
  let redis: RedisServer
  let server: TestServer
  let client: Redis
  let folder: string
  const running = new Set<ChildProcess>()

  const start = (command: string, args: readonly string[], env: Record<string, string> = {}): ChildProcess => {
    const child = spawn(command, args, { cwd: ROOT, env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] })
    running.add(child)
    child.stderr.on('data', (text: Buffer) => process.stdout.write(`${command}: ${text.toString()}`))
    child.once('exit', () => void running.delete(child))
    return child
  }
  const layer = async (id: string) => {
    const { status, body } = await server.get(`/api/layers/${id}`)
    return status === 200 ? HTTP_API.layer.output.parse(body) : null
  }
  const bus = async () => HTTP_API.bus.output.parse((await server.get('/api/bus')).body)

  beforeAll(async () => {
    redis = await startRedis({ tcp: true })
    client = new Redis(redis.url)
    folder = mkdtempSync(path.join(tmpdir(), 'morphoscope-examples-'))
    server = await startTestServer({ REDIS_URL: redis.url })
  })
  afterEach(async () => {
    for (const child of running) {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
  })
  afterAll(async () => {
    await server.end()
    client.disconnect()
    await redis.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  test.skipIf(noPython)(
    'the Python program: its layers are shown, a command moves a seed and is answered',
    async () => {
      process.stdout.write(hasRedisPy ? 'Python with redis-py\n' : 'Python with the stand-in for redis-py\n')
      const standIn = hasRedisPy ? {} : { PYTHONPATH: path.join(ROOT, 'tests/support/python') }
      start('python3', ['examples/python/network_stand_in.py', redis.url, '0.05'], standIn)
      await waitUntil(
        'both layers',
        async () => (await layer('encoder_0')) !== null && (await layer('encoder_1')) !== null,
      )
      const found = await layer('encoder_0')
      expect(found).toMatchObject({ origin: 'external', total_seeds: 8, states: { DORMANT: 8 } })
      expect(found?.seeds.metrics['chunk_variance']?.every((value) => value !== null && value > 0)).toBe(true)

      const topic = 'kasmina.control.layer.encoder_0'
      await waitUntil('its group', async () => (await client.exists(topic)) === 1)
      const command = (id: string, target: string) => ({
        message_id: id,
        timestamp: 1_760_000_000,
        source: 'operator',
        version: '2.0',
        message_type: 'LifecycleTransitionCommand',
        issued_by: 'operator',
        ttl_ms: 5_000,
        layer_id: 'encoder_0',
        seed_id: 3,
        target_state: target,
      })
      const ids = [globalThis.crypto.randomUUID(), globalThis.crypto.randomUUID()] as const
      for (const [at, target] of ['TRAINING', 'FOSSILIZED'].entries()) {
        const data = JSON.stringify(command(ids[at]!, target))
        await client.xadd(topic, '*', 'type', 'LifecycleTransitionCommand', 'enc', 'json', 'data', data)
      }
      await waitUntil('the seed moves', async () => (await layer('encoder_0'))?.seeds.state[3] === 'TRAINING')
      await waitUntil('two answers', async () => (await client.xlen('kasmina.ack.layer.encoder_0')) === 2)
      const answers = await client.xrange('kasmina.ack.layer.encoder_0', '-', '+')
      const kinds = answers.map(([, fields]) => {
        const { command_id, kind } = JSON.parse(fields[fields.indexOf('data') + 1]!) as Record<string, string>
        return [command_id, kind]
      })
      expect(kinds).toEqual([
        [ids[0], 'applied'],
        [ids[1], 'rejected'],
      ])
      expect((await bus()).refused.total).toBe(0)
    },
  )

  test('the TypeScript publisher: columns with its own choice of metrics, nothing lost', async () => {
    start(process.execPath, ['examples/typescript/publisher.ts', redis.url, '600', '50'])
    await waitUntil('its layers', async () => (await layer('feed_forward'))?.freshness === 'fresh')
    const found = await layer('feed_forward')
    expect(found).toMatchObject({ origin: 'external', total_seeds: 64 })
    expect(found?.seeds.state.slice(0, 3)).toEqual(['DORMANT', 'GERMINATED', 'TRAINING'])
    expect(Object.keys(found?.seeds.metrics ?? {}).sort()).toEqual(['alpha', 'chunk_variance', 'health_score'])
    expect(found?.seeds.metrics['alpha']?.[0]).toBeNull()
    expect(await bus()).toMatchObject({ lost: 0, refused: { total: 0 } })
  })

  test('import-leyline follows a file: layers, native edges, refusals by path, a record twice counts once', async () => {
    const file = path.join(folder, 'events.jsonl')
    const text = (name: string): string => readFileSync(path.join(FIXTURES, `${name}.jsonl`), 'utf8')
    writeFileSync(file, text('life-to-fossilized'))
    start(process.execPath, ['scripts/import-leyline.mjs', '--file', file, '--follow', '--redis', redis.url])
    await waitUntil('the life', async () => (await layer('env0:r0'))?.seeds.state[1] === 'FOSSILIZED')
    const seed = HTTP_API.seed.output.parse((await server.get('/api/layers/env0:r0/seeds/1')).body)
    expect(seed).toMatchObject({ run_id: 'leyline-A-00000001', blueprint_id: 'conv_light' })
    expect(seed.transitions.map((one) => one.kind === 'transition' && one.legal)).toEqual([
      true,
      true,
      true,
      true,
      true,
    ])
    expect(seed.metrics['performance_delta']?.value).toBeCloseTo(0.0225)

    const before = await bus()
    for (const name of [
      'life-to-fossilized',
      'epoch-completed',
      'field-refused',
      'not-json',
      'opaque',
      'env-not-filled-in',
    ])
      appendFileSync(file, text(name))
    await waitUntil('what was added', async () => (await layer('env-unassigned:r0')) !== null)
    await waitUntil('the refusals', async () => (await bus()).refused.total === before.refused.total + 4)
    const after = await bus()
    expect(after.duplicates - before.duplicates).toBe(text('life-to-fossilized').trim().split('\n').length)
    expect(after.foreign?.opaque).toEqual({ PPO_UPDATE_COMPLETED: 1, MORPHOLOGY_CAUSAL_LOG: 1 })
    const paths = after.recent_refusals.map((one) => one.path ?? '').map((one) => one.replace(/^line\.\d+\.?/, ''))
    expect(paths.slice(0, 4).sort()).toEqual(['', 'data.seeds.r1c0.stage', 'data.slot_id', 'data.val_accuracy'])
    expect((await layer('env0:r0'))?.seeds.state).toEqual(['TRAINING', 'FOSSILIZED', 'UNKNOWN'].slice(0, 2))
  })

  test('import-leyline reads standard input to its end and says what it sent', async () => {
    const child = start(process.execPath, ['scripts/import-leyline.mjs', '--redis', redis.url])
    let said = ''
    child.stdout?.on('data', (part: Buffer) => (said += part.toString()))
    child.stdin?.end(readFileSync(path.join(FIXTURES, 'annotations.jsonl')))
    const [code] = (await once(child, 'exit')) as [number]
    expect([code, said]).toEqual([0, '4 lines in 1 entries, 0 too long\n'])
  })
})
