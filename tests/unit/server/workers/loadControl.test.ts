import { EventEmitter } from 'node:events'
import { expect, test } from 'vitest'
import { LoadReport, LoadRequest } from '../../../../lib/contracts/httpLoad.ts'
import type { RecordDraft } from '../../../../server/ingest/ingestMessages.ts'
import { createLogger } from '../../../../server/logger.ts'
import { createLoadControl, whyNoLoad, type LoadThread } from '../../../../server/workers/loadControl.ts'
import type { LoadWorkerNote } from '../../../../server/workers/loadWorker.ts'
import { createManualClock } from '../../../support/manualClock.ts'

class FakeThread extends EventEmitter {
  readonly posted: unknown[] = []
  readonly obedient: boolean
  constructor(obedient: boolean) {
    super()
    this.obedient = obedient
  }
  postMessage(message: unknown): void {
    this.posted.push(message)
    if (this.obedient) queueMicrotask(() => this.emit('exit', 0))
  }
  terminate(): Promise<number> {
    queueMicrotask(() => this.emit('exit', 1))
    return Promise.resolve(1)
  }
  say(message: LoadWorkerNote): void {
    this.emit('message', message)
  }
}

const REQUEST = LoadRequest.parse({ layers: 2, seeds_per_layer: 10, hz: 1 })

function setUp({ whyNot = null, obedient = true }: { whyNot?: string | null; obedient?: boolean } = {}) {
  const clock = createManualClock()
  const threads: FakeThread[] = []
  const records: RecordDraft[] = []
  const control = createLoadControl({
    clock,
    logger: createLogger({ level: 'silent', format: 'json' }).room('load'),
    whyNot,
    spawn: () => {
      const thread = new FakeThread(obedient)
      threads.push(thread)
      return thread as unknown as LoadThread
    },
    onRecord: (record) => records.push(record),
  })
  const start = async () => {
    const started = control.start(REQUEST)
    threads.at(-1)!.say({ kind: 'started', runId: 'load-s1-x' })
    return started
  }
  return { clock, threads, records, control, start }
}

const counted = (atMs: number, sweeps: number, cpuMs: number): LoadWorkerNote => ({
  kind: 'counters',
  atMs,
  cpuMs,
  counters: {
    sweeps,
    missedSweeps: 1,
    entries: sweeps,
    failedEntries: 0,
    bytes: sweeps * 100,
    seedSamples: 0,
    transitions: 3,
    transitionsPublished: 3,
    behindMs: 4,
  },
})

test('it starts one, tells what it sends, and stops it', async () => {
  const { threads, control, start } = setUp()
  expect(control.report()).toMatchObject({ state: 'off', run: null })
  expect(await start()).toMatchObject({ state: 'running', run: { run_id: 'load-s1-x', behind_ms: null } })
  threads[0]!.say(counted(1_000, 2, 100))
  expect(control.report().run).toMatchObject({ sweeps: 2, sweeps_per_s: null, bytes_per_s: null, cpu_cores: null })
  threads[0]!.say(counted(3_000, 4, 1_100))
  expect(control.report().run).toMatchObject({ sweeps_per_s: 1, bytes_per_s: 100, cpu_cores: 0.5, behind_ms: 4 })
  expect(LoadReport.safeParse(control.report()).success).toBe(true)
  expect(await control.stop()).toMatchObject({ state: 'off', run: { sweeps: 4, sweeps_per_s: null, behind_ms: null } })
  expect(threads[0]!.posted).toMatchObject([{ kind: 'stop' }])
})

test('a second one is refused while one starts, runs or stops, and nothing is spawned for it', async () => {
  const { threads, control, start } = setUp()
  const first = start()
  await expect(control.start(REQUEST)).rejects.toMatchObject({ code: 'STATE_CONFLICT' })
  await first
  await expect(control.start(REQUEST)).rejects.toMatchObject({ code: 'STATE_CONFLICT' })
  const stopped = control.stop()
  await expect(control.start(REQUEST)).rejects.toMatchObject({ code: 'STATE_CONFLICT' })
  await stopped
  expect(threads).toHaveLength(1)
  await start()
  expect(threads).toHaveLength(2)
})

test('one that ends by itself is told as an incident with its cause, is not started again, and can be', async () => {
  const { threads, records, control, start } = setUp()
  await start()
  threads[0]!.emit('error', new Error('out of memory'))
  threads[0]!.emit('exit', 1)
  expect(control.report()).toMatchObject({ state: 'failed', cause: 'out of memory' })
  expect(records).toMatchObject([{ kind: 'incident', code: 'LOAD_ENDED', run_id: 'load-s1-x', severity: 'warning' }])
  expect(threads).toHaveLength(1)
  expect(await start()).toMatchObject({ state: 'running', cause: null })
})

test('one that can not begin is an error with its cause; one that does not begin in time is ended', async () => {
  const { clock, threads, control } = setUp()
  const refused = control.start(REQUEST)
  threads[0]!.say({ kind: 'failed', error: { code: 'BUS_UNAVAILABLE', text: 'no Redis there' } })
  threads[0]!.emit('exit', 1)
  await expect(refused).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE', message: expect.stringContaining('no Redis') })
  const late = expect(control.start(REQUEST)).rejects.toMatchObject({ message: expect.stringContaining('in time') })
  await clock.advance(6_001)
  await late
  expect(control.report()).toMatchObject({ state: 'failed' })
})

test('a thread that does not obey is terminated; the end of the server ends it, and no other starts', async () => {
  const { clock, control, start, threads } = setUp({ obedient: false })
  await start()
  const closed = control.close(1_000)
  await clock.advance(1_001)
  await closed
  expect(control.report().state).toBe('off')
  await expect(control.start(REQUEST)).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' })
  expect(threads).toHaveLength(1)
})

test('outside demo mode both changes are refused with words, and the report says why', async () => {
  const { control, threads } = setUp({ whyNot: whyNoLoad({ auth: 'local', host: '127.0.0.1' }) })
  expect(control.report()).toMatchObject({ available: false, why_not: expect.stringContaining('demo mode') })
  await expect(control.start(REQUEST)).rejects.toMatchObject({ code: 'GUARD_DEMO_ONLY' })
  await expect(control.stop()).rejects.toMatchObject({ code: 'GUARD_DEMO_ONLY' })
  expect(threads).toHaveLength(0)
  expect(whyNoLoad({ auth: 'demo', host: '0.0.0.0' })).toContain('0.0.0.0')
  for (const host of ['127.0.0.1', 'localhost', '::1']) expect(whyNoLoad({ auth: 'demo', host })).toBe(null)
})

test('stopping when nothing runs changes nothing', async () => {
  const { control } = setUp()
  expect(await control.stop()).toMatchObject({ state: 'off', run: null })
})

test.each([
  [{ layers: 0, seeds_per_layer: 1, hz: 1 }, 'layers'],
  [{ layers: 101, seeds_per_layer: 1, hz: 1 }, 'layers'],
  [{ layers: 1, seeds_per_layer: 10_001, hz: 1 }, 'seeds_per_layer'],
  [{ layers: 1, seeds_per_layer: 1, hz: 61 }, 'hz'],
  [{ layers: 1, seeds_per_layer: 1, hz: Number.NaN }, 'hz'],
  [{ layers: 100, seeds_per_layer: 10_000, hz: 2 }, 'hz'],
  [{ layers: 1.5, seeds_per_layer: 1, hz: 1 }, 'layers'],
])('a request beyond the bounds names the field: %o', (request, field) => {
  expect(LoadRequest.safeParse(request).error?.issues[0]?.path).toEqual([field])
})

test('the whole bound is accepted', () => {
  expect(LoadRequest.safeParse({ layers: 100, seeds_per_layer: 10_000, hz: 1 }).success).toBe(true)
  expect(LoadRequest.safeParse({ layers: 10, seeds_per_layer: 1_000, hz: 60 }).success).toBe(true)
})
