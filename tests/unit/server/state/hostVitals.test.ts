import { expect, test } from 'vitest'
import { Vitals } from '../../../../lib/contracts/httpVitals.ts'
import { createHostVitals, parseInfo } from '../../../../server/state/hostVitals.ts'
import type { ThreadUsage } from '../../../../server/workers/supervisedThread.ts'
import { createManualClock } from '../../../support/manualClock.ts'

const info = (change: Record<string, number | string> = {}) =>
  Object.entries({
    redis_version: '8.0.1',
    used_memory: 1_000_000,
    used_memory_peak: 2_000_000,
    maxmemory: 0,
    connected_clients: 4,
    instantaneous_ops_per_sec: 12,
    used_cpu_sys: 1,
    used_cpu_user: 2,
    total_net_input_bytes: 10_000,
    total_net_output_bytes: 50_000,
    ...change,
  })
    .map(([name, value]) => `${name}:${value}\r`)
    .join('\n')

function setUp(options: { redisInfo?: () => Promise<string | null> } = {}) {
  const clock = createManualClock()
  const world = {
    info: info(),
    threads: [{ name: 'ingest', state: 'running', cpuMs: 100, activeMs: 200 }] as readonly ThreadUsage[],
    payload: 0,
  }
  const vitals = createHostVitals({
    clock,
    threads: () => Promise.resolve(world.threads),
    redisInfo: options.redisInfo ?? (() => Promise.resolve(world.info)),
    loop: () => ({ p99Ms: 3, maxMs: 9 }),
    payloadBytes: () => world.payload,
  })
  return { clock, world, vitals }
}

test('the first answer has what can be read at once, and no rate', async () => {
  const { vitals } = setUp()
  const first = await vitals.read()
  expect(Vitals.safeParse(first).success).toBe(true)
  expect(first).toMatchObject({
    over_ms: null,
    process: { cpu_cores: null, loop_p99_ms: 3 },
    redis: { version: '8.0.1', memory_bytes: 1_000_000, memory_max_bytes: null, ops_per_s: 12, cpu_cores: null },
    overhead: { cpu_ratio: null, bytes_ratio: null },
    producers: [],
  })
  expect(first.threads).toEqual([{ name: 'ingest', state: 'running', cpu_cores: null, busy_ratio: null }])
})

test('rates are taken between two answers; the bus share of bytes is what is not payload', async () => {
  const { clock, world, vitals } = setUp()
  await vitals.read()
  await clock.advance(2_000)
  world.info = info({ used_cpu_user: 2.5, total_net_input_bytes: 30_000, total_net_output_bytes: 60_000 })
  world.threads = [{ name: 'ingest', state: 'running', cpuMs: 300, activeMs: 600 }]
  world.payload = 15_000
  const second = await vitals.read()
  expect(second.over_ms).toBe(2_000)
  expect(second.threads[0]).toMatchObject({ cpu_cores: 0.1, busy_ratio: 0.2 })
  expect(second.redis).toMatchObject({ cpu_cores: 0.25, bytes_in_per_s: 10_000, bytes_out_per_s: 5_000 })
  expect(second.overhead.bytes_ratio).toBeCloseTo(0.25)
  expect(second.overhead.cpu_ratio).not.toBe(null)
})

test('a count that ran backwards is a part that was started anew: unknown, not negative', async () => {
  const { clock, world, vitals } = setUp()
  await vitals.read()
  await clock.advance(2_000)
  world.info = info({ used_cpu_user: 0, used_cpu_sys: 0, total_net_input_bytes: 5 })
  world.threads = [{ name: 'ingest', state: 'restarting', cpuMs: null, activeMs: null }]
  expect(await vitals.read()).toMatchObject({
    threads: [{ cpu_cores: null, busy_ratio: null }],
    redis: { cpu_cores: null, bytes_in_per_s: null },
    overhead: { cpu_ratio: null, bytes_ratio: null },
  })
})

test('two that ask in the same moment are one reading', async () => {
  const { clock, vitals } = setUp()
  const first = await vitals.read()
  await clock.advance(500)
  expect(await vitals.read()).toBe(first)
})

test('without Redis, and with one that does not tell, the reason is said', async () => {
  expect(await setUp({ redisInfo: () => Promise.resolve(null) }).vitals.read()).toMatchObject({
    redis: null,
    redis_missing: expect.stringContaining('inside this process'),
  })
  expect(await setUp({ redisInfo: () => Promise.reject(new Error('no right')) }).vitals.read()).toMatchObject({
    redis: null,
    redis_missing: expect.stringContaining('no right'),
  })
})

test('a producer is shown by its newest heartbeat; what it does not tell, or tells wrongly, is unknown', async () => {
  const { clock, vitals } = setUp()
  const beat = (source: string, metrics: Record<string, number | null>) =>
    vitals.onBeat({ source, runId: 'run-a', atMs: clock.wallMs(), metrics })
  beat('agent', { cpu: 9 })
  beat('agent', { cpu: 0.5, rss: 1_000, gpu_util: 0.75, gpu_mem: 2_000 })
  beat('plain', { cpu: null, rss: -1 })
  await clock.advance(1_000)
  expect((await vitals.read()).producers).toEqual([
    {
      source: 'agent',
      run_id: 'run-a',
      age_ms: 1_000,
      cpu_cores: 0.5,
      rss_bytes: 1_000,
      gpu_util_ratio: 0.75,
      gpu_memory_bytes: 2_000,
    },
    {
      source: 'plain',
      run_id: 'run-a',
      age_ms: 1_000,
      cpu_cores: null,
      rss_bytes: null,
      gpu_util_ratio: null,
      gpu_memory_bytes: null,
    },
  ])
  for (let at = 0; at < 100; at++) beat(`many-${at}`, {})
  await clock.advance(1_000)
  expect((await vitals.read()).producers).toHaveLength(64)
})

test('lines of INFO that are headings or no lines at all are passed over', () => {
  expect([...parseInfo('# Memory\r\nused_memory:5\r\n\r\nodd\r\nurl:a:b\r\n')]).toEqual([
    ['used_memory', '5'],
    ['url', 'a:b'],
  ])
})
