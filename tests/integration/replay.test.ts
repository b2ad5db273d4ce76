/*
 * replay: what is recorded on a real Redis with the real trainer, killed, started again, and asked for the same moments.
 * In: redis-server, a server process. Out: tests.
 * Invariant: a moment gives the same state and checksum to whoever asks and whenever, and no record that viewers saw is missing.
 * Source: docs/history.md.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { io } from 'socket.io-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SHIPPED_BY_ID, draftOf } from '../../lib/alerts/shippedRules.ts'
import { HTTP_API } from '../../lib/contracts/httpApi.ts'
import { LayerGridHead } from '../../lib/contracts/httpLayer.ts'
import { ReplayCoverage, ReplayEvents, ReplayState } from '../../lib/contracts/httpReplay.ts'
import { LiveRecord } from '../../lib/contracts/liveRecords.ts'
import { LIVE_PROTOCOL } from '../../lib/contracts/socketNames.ts'
import { decodeHeaded } from '../../lib/frames/headedBytes.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { runCli } from '../../server/cli/runCli.ts'
import { parseConfig } from '../../server/config.ts'
import { operatorOf } from '../support/operator.ts'
import { redisMissing, startRedis, type RedisServer } from '../support/redisHarness.ts'
import { startTestServer } from '../support/serverHarness.ts'
import { waitUntil } from '../support/waitUntil.ts'

const missing = redisMissing()
if (missing !== null) process.stdout.write(`replay on redis skipped: ${missing}\n`)
const GUARD_MS = 60_000

interface Child {
  readonly url: string
  kill(): Promise<void>
}

async function startChild(env: Readonly<Record<string, string>>): Promise<Child> {
  const child: ChildProcess = fork(path.join(import.meta.dirname, '../support/serverChild.ts'), {
    env: { ...process.env, PORT: '0', AUTH: 'demo', TRAINER_STEPS_PER_S: '120', ...env },
  })
  const [said] = (await once(child, 'message')) as [{ readonly url: string }]
  return {
    url: said.url,
    async kill() {
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
    },
  }
}
const get = async (url: string, at: string): Promise<unknown> => {
  const response = await fetch(url + at)
  if (!response.ok) throw new Error(`${at}: ${response.status} ${await response.text()}`)
  return response.json()
}
const bytesIn = async (url: string, at: string): Promise<ArrayBuffer> => (await fetch(url + at)).arrayBuffer()
const bytesOf = async (url: string, at: string): Promise<Buffer> =>
  Buffer.from(await (await fetch(url + at)).arrayBuffer())
const stateOf = async (url: string, at: string): Promise<ReplayState> =>
  ReplayState.parse(await get(url, `/api/replay?at=${at}`))

/** What the pages of a layer, a seed and the run ask for at a moment. */
async function pagesAt(url: string, run: string, { at_ms: atMs, layers: [first] }: ReplayState) {
  const at = `at=${Math.floor(atMs)}&run=${run}`
  const layer = `/api/layers/${first!.layer_id}`
  const rows = HTTP_API.layerRows.output.parse(
    await get(url, `${layer}/rows?${at}&source=record&metric=health_score&sort=value`),
  )
  const order = `order=${rows.order.id}&seconds=60&columns=60&bins=20&source=record&metric=health_score`
  const grid = decodeHeaded(await bytesIn(url, `${layer}/grid?${at}&${order}`))
  const seed = HTTP_API.seed.output.parse(await get(url, `${layer}/seeds/1?${at}`))
  const series = HTTP_API.seedSeries.output.parse(
    await get(url, `${layer}/seeds/1/series?seconds=60&to=${Math.floor(atMs)}&run=${run}&source=record`),
  )
  const told = HTTP_API.run.output.parse(await get(url, `/api/runs/${run}?points=1000&at=${Math.floor(atMs)}`))
  return { rows, head: LayerGridHead.parse(grid.head), cells: Buffer.from(grid.body), seed, series, told }
}

async function allEvents(url: string, window: string): Promise<{ records: LiveRecord[]; total: number }> {
  const records: LiveRecord[] = []
  let cursor: string | null = null
  for (;;) {
    const at: string = `/api/replay/events?${window}&limit=500${cursor === null ? '' : `&cursor=${cursor}`}`
    const page = ReplayEvents.parse(await get(url, at))
    records.push(...page.records)
    cursor = page.next
    if (cursor === null) return { records, total: page.total }
  }
}

describe.skipIf(missing !== null)('a recorded run on redis', () => {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'replay-'))
  let redis: RedisServer
  let child: Child
  let run: string
  let middle: ReplayState
  let window: string
  let frames: Buffer
  let before: { records: LiveRecord[]; total: number }
  const seen: LiveRecord[] = []
  let pages: Awaited<ReturnType<typeof pagesAt>>
  const env = (): Record<string, string> => ({ REDIS_URL: redis.url, DATA_DIR: dataDir, TRAINER: 'on' })

  beforeAll(async () => {
    redis = await startRedis({ appendonly: true })
    child = await startChild(env())
    const socket = io(`${child.url}/live`, { transports: ['websocket'], extraHeaders: { origin: child.url } })
    socket.on('records', (batch: { readonly records: readonly LiveRecord[] }) => seen.push(...batch.records))
    socket.emit('hello', { protocol: LIVE_PROTOCOL, resume: null }, () => undefined)
    await waitUntil(
      'transitions and thirty ticks are recorded',
      async () => {
        const told = ReplayCoverage.parse(await get(child.url, '/api/replay/coverage'))
        return told.events > 20 && told.ticks > 90 && seen.some((record) => record.kind === 'transition')
      },
      GUARD_MS,
    )
    const coverage = ReplayCoverage.parse(await get(child.url, '/api/replay/coverage'))
    run = coverage.run_id!
    const endMs = Math.floor(coverage.to!)
    // The record is a moment behind: what is asked for lies before that.
    await waitUntil(
      'the window has passed',
      async () => ReplayCoverage.parse(await get(child.url, '/api/replay/coverage')).to! > endMs + 2_000,
      GUARD_MS,
    )
    middle = await stateOf(child.url, String(endMs))
    window = `run=${run}&from=${Math.floor(coverage.from!)}&to=${Math.floor(middle.at_ms)}`
    frames = await bytesOf(child.url, `/api/replay/frames?${window}`)
    before = await allEvents(child.url, window)
    pages = await pagesAt(child.url, run, middle)
    socket.disconnect()
  }, GUARD_MS * 2)
  afterAll(async () => {
    await child.kill()
    await redis.stop()
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 })
  })

  test('every record that viewers were sent is in the replay of its time, once', async () => {
    const wanted = seen.filter(
      (record) => record.run_id === run && record.at_ms >= middle.coverage.from! && record.at_ms <= middle.at_ms,
    )
    expect(wanted.length).toBeGreaterThan(5)
    const keyOf = (record: LiveRecord): string => JSON.stringify(LiveRecord.parse(record))
    const replayed = before.records.map(keyOf)
    expect(wanted.filter((record) => !replayed.includes(keyOf(record)))).toEqual([])
    expect(new Set(replayed).size).toBe(replayed.length)
    expect(before.records).toHaveLength(before.total)
  })

  test('two who open the same link see the same state, by time, by text and by entry', async () => {
    expect(middle).toMatchObject({ run_id: run, agrees: true, kept: 'recorded' })
    expect(middle.layers.map((layer) => layer.agrees)).toEqual([true, true, true])
    const others = await Promise.all(
      [String(middle.at_ms), new Date(middle.at_ms).toISOString(), middle.entry_id!].map((at) =>
        stateOf(child.url, at),
      ),
    )
    expect(others.map((state) => state.checksum)).toEqual([middle.checksum, middle.checksum, middle.checksum])
  })

  test('a layer, a seed and the run are told as they were at a moment, and nothing later with them', () => {
    const atMs = Math.floor(middle.at_ms)
    const [first] = middle.layers
    const { rows, head, seed, series, told } = pages
    expect(rows).toMatchObject({ run_id: run, tick: first!.tick, total: first!.total_seeds, ages_at_ms: atMs })
    expect(rows.as_of_ms).toBeLessThanOrEqual(atMs)
    expect(rows.past).toMatchObject({ kept: 'ticks', none_because: null })
    expect(head.of).toBeGreaterThan(20)
    const row = rows.rows.seed_id.indexOf(1)
    expect([seed.state, seed.tick]).toEqual([rows.rows.state[row], rows.tick])
    expect(seed.metrics['health_score']?.value).toBe(rows.rows.value[row])
    expect(seed.age_ms).toBe(atMs - rows.as_of_ms!)
    expect(seed.transitions.every((one) => one.at_ms <= atMs)).toBe(true)
    expect(seed.lives.flatMap((life) => life.transitions).every((one) => one.at_ms <= atMs)).toBe(true)
    const health = series.series.find((one) => one.metric === 'health_score')!
    expect(health.of).toBeGreaterThan(20)
    expect([series.to_ms, Math.max(...health.at_ms) <= atMs]).toEqual([atMs, true])
    expect(series.marks.every((mark) => mark.at_ms <= atMs)).toBe(true)
    expect(told.curve.length).toBeGreaterThan(0)
    expect([...told.curve, ...told.marks].every((one) => one.at_ms <= atMs)).toBe(true)
    expect(told.transitions).toBe(before.records.filter((record) => record.kind === 'transition').length)
  })

  test(
    'killed and started again the server gives the same state, the same frames and the same records',
    async () => {
      const newestMs = ReplayCoverage.parse(await get(child.url, `/api/replay/coverage?run=${run}`)).to!
      await child.kill()
      child = await startChild(env())
      const at = `/api/replay?run=${run}&at=${middle.at_ms}`
      const again = ReplayState.parse(await get(child.url, at))
      expect([again.checksum, again.recorded_checksum, again.agrees]).toEqual([
        middle.checksum,
        middle.recorded_checksum,
        true,
      ])
      expect((await bytesOf(child.url, `/api/replay/frames?${window}`)).equals(frames)).toBe(true)
      const now = await pagesAt(child.url, run, middle)
      expect({ ...now.rows, server_ms: 0, order: null }).toEqual({ ...pages.rows, server_ms: 0, order: null })
      expect(now.cells.equals(pages.cells)).toBe(true)
      // Which entry carried a value only the bus knows; the values are the record's.
      expect([now.seed.state, now.seed.age_ms, now.seed.tick, now.seed.metrics]).toEqual([
        pages.seed.state,
        pages.seed.age_ms,
        pages.seed.tick,
        pages.seed.metrics,
      ])
      expect(now.series.series).toEqual(pages.series.series)
      // The bus is read from its beginning again: what was kept is not kept twice.
      await waitUntil(
        'the next run is recorded too',
        async () => {
          const told = ReplayCoverage.parse(await get(child.url, '/api/replay/coverage'))
          return told.run_id !== run && told.events > 3
        },
        GUARD_MS,
      )
      const after = await allEvents(child.url, window)
      expect(after.total).toBe(before.total)
      expect(after.records).toEqual(before.records)
      // What was recorded in the last moments before the kill is there as well.
      const last = ReplayState.parse(await get(child.url, `/api/replay?run=${run}&at=${Math.ceil(newestMs)}`))
      expect(last.agrees).toBe(true)
      expect(last.coverage.to).toBeGreaterThanOrEqual(newestMs)
    },
    GUARD_MS * 2,
  )

  test('the layers of a run that is not live any more are told from the record, by the same routes', async () => {
    const [first] = middle.layers
    const at = `/api/layers/${first!.layer_id}`
    const series = HTTP_API.layerHistory.output.parse(
      await get(child.url, `${at}/history?metric=health_score&${window}&resolution=1000`),
    )
    expect(series).toMatchObject({ run_id: run, of: series.of })
    expect(series.values).toHaveLength(first!.total_seeds)
    expect(series.values.flat().some((value) => value !== null)).toBe(true)
    const asked = `run=${run}&metric=health_score&at=${Math.floor(middle.at_ms)}`
    const rows = HTTP_API.layerRows.output.parse(await get(child.url, `${at}/rows?${asked}`))
    expect(rows).toMatchObject({ run_id: run, tick: first!.tick, total: first!.total_seeds })
    const counted = Object.entries(rows.states).filter(([, count]) => count > 0)
    expect(Object.fromEntries(counted)).toEqual(
      Object.fromEntries(Object.entries(first!.states).filter(([, count]) => count > 0)),
    )
    const order = `order=${rows.order.id}&seconds=60&columns=60&bins=20`
    const grid = LayerGridHead.parse(decodeHeaded(await bytesIn(child.url, `${at}/grid?${asked}&${order}`)).head)
    expect(grid.of).toBeGreaterThan(20)
    expect(grid.past).toMatchObject({ kept: 'ticks', none_because: null })
    // Without a moment: as it was last.
    const last = HTTP_API.layerRows.output.parse(await get(child.url, `${at}/rows?run=${run}&metric=health_score`))
    expect(last.tick).toBeGreaterThanOrEqual(first!.tick!)
    const unknown = await fetch(`${child.url}${at}/rows?run=nobody&metric=health_score`)
    expect(unknown.status).toBe(404)
  })

  test('a rule is tried on a run that is only on the disk, and says how much of it it saw', async () => {
    const rule = {
      ...draftOf(SHIPPED_BY_ID.get('dead_chunk')!),
      id: 'any_health',
      detector: 'metric',
      metric: 'health_score',
      params: { raise: -1, clear: -2, above: 1, raise_ticks: 1, clear_ticks: 1 },
    }
    const { status, body } = await operatorOf(child).post('/api/rules/backtest', { rule, hours: 1, run })
    expect(status).toBe(200)
    const tried = HTTP_API.backtestRule.output.parse(body)
    expect(tried).toMatchObject({ run_id: run, source: 'history', limits: [] })
    expect(tried.coverage.ticks).toBeGreaterThan(80)
    expect(tried.coverage.of).toBeGreaterThanOrEqual(tried.coverage.ticks)
    // Every seed has a health from its first report on: it fires once each.
    expect(tried.firings).toBe(middle.layers.reduce((sum, layer) => sum + layer.total_seeds, 0))
    expect(tried.from_ms).toBeLessThanOrEqual(middle.at_ms)
  })

  test('a bundle is audited, opens in another installation, and shows the same there', async () => {
    const bundle = await bytesOf(child.url, `/api/replay/bundle?${window}`)
    const other = mkdtempSync(path.join(tmpdir(), 'replay-other-'))
    const file = path.join(other, 'window.tar')
    writeFileSync(file, bundle)
    const said: string[] = []
    const cli = (...args: string[]): Promise<number> =>
      runCli(args, {
        config: parseConfig({ PORT: '1', DATA_DIR: other }),
        dataDir: other,
        clock: systemClock,
        out: (line) => void said.push(line),
        err: (line) => void said.push(line),
        readFile: () => Promise.resolve(''),
        onInterrupt: () => undefined,
      })
    expect(await cli('replay', 'check', file)).toBe(0)
    expect(await cli('replay', 'open', file)).toBe(0)
    expect(said.join('\n')).toContain(`Opened as ${run}:imported-`)
    expect(await cli('replay', 'state', '--at', String(middle.at_ms))).toBe(0)
    expect(said.join('\n')).toContain(`checksum   ${middle.checksum}`)
    const served = await startTestServer({ DATA_DIR: other })
    const told = ReplayState.parse((await served.get(`/api/replay?at=${middle.at_ms}`)).body)
    expect(told).toMatchObject({ kept: 'imported', checksum: middle.checksum, agrees: true })
    await served.end()
    const audited = await new Promise<string>((resolve) => {
      void runCli(['audit', 'export', '--database', `sqlite:${path.join(dataDir, 'morphoscope.db')}`], {
        config: parseConfig({ DATA_DIR: dataDir }),
        dataDir,
        clock: systemClock,
        out: (line) => void said.push(line),
        err: (line) => void said.push(line),
        readFile: () => Promise.resolve(''),
        onInterrupt: () => undefined,
      }).then(() => resolve(said.join('\n')))
    })
    const entries = audited.split('\n').filter((line) => line.startsWith('{'))
    const decoded = entries.map((line) =>
      Buffer.from((JSON.parse(line) as { entry?: string }).entry ?? '', 'base64').toString(),
    )
    expect([...entries, ...decoded].join('\n')).toContain('history.export')
    rmSync(other, { recursive: true, force: true })
  })

  test('what is not known is said with its path', async () => {
    const cases = [
      ['/api/replay?run=nope', 404, 'run'],
      ['/api/replay?at=yesterday', 422, 'at'],
      ['/api/replay/frames?metric=nope', 404, 'metric'],
      ['/api/replay/frames?layer=nope', 404, 'layer'],
      ['/api/replay/frames?from=5&to=3', 422, 'to'],
      ['/api/replay/events?cursor=2', 422, 'cursor'],
      ['/api/replay/events?kinds=rumour', 422, 'kinds.0'],
      ['/api/replay/flow?bins=0', 422, 'bins'],
      ['/api/replay/bundle?from=9&to=3', 422, 'to'],
    ] as const
    for (const [at, status, where] of cases) {
      const response = await fetch(child.url + at)
      expect([at, response.status, ((await response.json()) as { path?: string }).path]).toEqual([at, status, where])
    }
  })
})
