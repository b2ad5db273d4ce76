/*
 * The load generator's command on a real Redis, seen through the real server: labelled, whole, ended with a goodbye.
 * In: scripts/loadgen.ts as a process. Out: proof that what it sends arrives, is counted and says what it is.
 * Invariant: no skip without a printed reason; in CI a missing server is a failure.
 * Source: docs/performance.md "load generator".
 */
import { spawn } from 'node:child_process'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RunOrigin } from '../../lib/contracts/runDescriptor.ts'
import { redisMissing, startRedis, type RedisServer } from '../support/redisHarness.ts'
import { startTestServer, type TestServer } from '../support/serverHarness.ts'
import { waitUntil } from '../support/waitUntil.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
const missing = redisMissing()
if (missing !== null) process.stdout.write(`the load generator skipped: ${missing}\n`)

interface Ended {
  readonly code: number | null
  readonly out: string
  readonly error: string
}

function runLoadgen(args: readonly string[], stopWhen: ((out: string) => boolean) | null = null): Promise<Ended> {
  const child = spawn(process.execPath, ['scripts/loadgen.ts', ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [out, error] = ['', '']
  let told = false
  child.stdout.on('data', (text: Buffer) => {
    out += String(text)
    // A second Ctrl-C would end it at once.
    if (!told && stopWhen?.(out)) told = child.kill('SIGINT')
  })
  child.stderr.on('data', (text: Buffer) => (error += String(text)))
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, out, error })))
}

interface LayerRow {
  readonly layer_id: string
  readonly origin: string
  readonly total_seeds: number
  readonly states: Readonly<Record<string, number>>
}

describe.skipIf(missing !== null)('the load generator', () => {
  let redis: RedisServer
  let server: TestServer
  beforeAll(async () => {
    redis = await startRedis()
    server = await startTestServer({ BUS: 'redis', REDIS_URL: redis.url })
  })
  afterAll(async () => {
    await server.end()
    await redis.stop()
  })
  const layers = async (): Promise<readonly LayerRow[]> =>
    ((await server.get('/api/layers')).body as { layers: readonly LayerRow[] }).layers

  test('shows up whole and labelled, loses nothing, says goodbye on Ctrl-C', async () => {
    const flags = ['--layers', '4', '--seeds', '300', '--hz', '20', '--redis', redis.url]
    let seen: readonly LayerRow[] = []
    const ended = runLoadgen(flags, () => seen.length === 4)
    await waitUntil('four layers with every seed', async () => {
      const now = await layers()
      const told = now.reduce(
        (sum, layer) => sum + Object.values(layer.states).reduce((all, count) => all + count, 0),
        0,
      )
      if (now.length === 4 && told === 1_200) seen = now
      return seen.length === 4
    })
    const { code, out, error } = await ended
    expect(error).toBe('')
    expect(code).toBe(0)
    expect(out).toMatch(/ Hz, .* MB\/s, behind \d+ ms, missed \d+, failed 0/)
    expect(out).toMatch(/stopped: \d+ sweeps, \d+ entries, 0 failed/)
    for (const layer of seen) {
      expect(layer.origin).toBe(RunOrigin.enum['load-generator'])
      expect(layer.layer_id).toMatch(/^load_\d$/)
      expect(Object.keys(layer.states)).not.toContain('UNKNOWN')
    }
    const overview = (await server.get('/api/overview')).body
    expect(overview).toMatchObject({ seeds: 1_200, lost: 0, duplicates: 0, refused: { total: 0 } })
  })

  test.each([
    [['--layers', 'many'], '--layers many: expected a number'],
    [['--hz', '0'], 'hz 0: expected a number from 0.1'],
    [['--seeds', '65536', '--metrics', '19'], 'use fewer seeds or metrics'],
    [['--sedes', '5'], "Unknown option '--sedes'"],
  ])('refuses %j before it sends anything', async (flags, text) => {
    const { code, error } = await runLoadgen([...flags, '--redis', redis.url])
    expect(code).toBe(64)
    expect(error).toContain(text)
    expect(error).toContain('npm run loadgen -- --layers')
  })

  test('says that there is no Redis, and ends', async () => {
    const { code, error } = await runLoadgen(['--redis', 'redis://127.0.0.1:1'])
    expect(code).toBe(1)
    expect(error).toContain('127.0.0.1:1')
  })
})
