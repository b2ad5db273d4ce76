/*
 * endToEnd.bench: the design document's own benchmark through the whole path: publisher process -> Redis -> ingest -> columns.
 * In: --rounds N, --reports N, --json FILE. Out: reports per second against redis-benchmark and against the JSON dictionary.
 * Invariant: a report counts when it is merged on the far side, never when it was put anywhere; lost and duplicated are exact.
 * Source: seed-design.md 5.2; docs/performance.md "end to end".
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createRedisBus } from '../lib/bus/drivers/redis/redisBus.ts'
import type { MessageBus } from '../lib/bus/messageBus.ts'
import { SeedTable } from '../lib/frames/seedTable.ts'
import { systemClock as clock } from '../lib/primitives/clock.ts'
import { createIngest } from '../server/ingest/ingest.ts'
import type { IngestCounters, RunAnnouncement } from '../server/ingest/ingestMessages.ts'
import { startRedis } from '../tests/support/redisHarness.ts'
import { cpuUsSince, finish, judge, judgeCount, numberFlag, say } from './support/benchReport.ts'
import { xaddCeiling } from './support/redisCeiling.ts'
import type { ReportOrder, ReportsDone } from './support/reportPublisher.ts'

const LAYERS = 10
const SEEDS = 1_000
/** 64 B header + 1,000 x 4 float32. */
const REPORT_BYTES = 16_064
const ROUNDS = numberFlag('rounds', 7)
const REPORTS = numberFlag('reports', 10_000)
const JSON_REPORTS = 100
const CEILING_ENTRIES = 20_000
/** Until the compilers of both processes are through with the hot paths. */
const WARM_UPS = 3
const HANG_MS = 60_000
const BARS = { reportsPerS: 25_000, ceilingShare: 0.2, overJson: 80 }

interface Seen {
  columns: number
  json: number
  lastMs: number
}

/** Counts deliveries after the ingest merged them; merging is synchronous. */
function watched(bus: MessageBus, seen: Seen): MessageBus {
  return {
    ...bus,
    subscribe: (topic, consumer, options) =>
      bus.subscribe(
        topic,
        (delivery) => {
          const settled = consumer(delivery)
          if (delivery.type === 'TelemetryFrames') seen.columns += LAYERS
          else if (delivery.type === 'LayerHealthReport') seen.json++
          seen.lastMs = clock.monotonicMs()
          return settled
        },
        options,
      ),
  }
}

async function order(child: ChildProcess, message: ReportOrder): Promise<ReportsDone> {
  child.send(message)
  const [done] = (await once(child, 'message')) as [ReportsDone]
  return done
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const endMs = clock.monotonicMs() + HANG_MS
  while (!holds()) {
    if (clock.monotonicMs() > endMs) throw new Error(`never came: ${what}`)
    await clock.sleep(2)
  }
}

const redis = await startRedis()
const socket = redis.url.replace('unix://', '')
const bus = createRedisBus({ url: redis.url, clock, name: 'bench-ingest' })
await bus.start()
const seen: Seen = { columns: 0, json: 0, lastMs: 0 }
const state: { counters: IngestCounters | null; run: RunAnnouncement | null } = { counters: null, run: null }
const ingest = createIngest({
  bus: watched(bus, seen),
  clock,
  historySeconds: 60,
  post: (message) => {
    if (message.kind === 'counters') state.counters = message.counters
    else if (message.kind === 'run' && message.run.descriptor.run_id === 'bench-end-to-end') state.run = message.run
  },
})
await ingest.start()
const child = fork(new URL('./support/reportPublisher.ts', import.meta.url), [redis.url, String(LAYERS), String(SEEDS)])

interface Timed {
  readonly perS: number
  readonly publisherUs: number
  readonly ingestUs: number
  readonly redisUs: number
}
const sums = { columns: 0, json: 0, dropped: 0 }

/** CPU time of redis-server so far, us. */
async function redisCpuUs(): Promise<number> {
  const text = String(await redis.command('INFO', 'cpu'))
  const seconds = (name: string): number => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(text)?.[1])
  return (seconds('used_cpu_user') + seconds('used_cpu_sys')) * 1e6
}

async function run(form: 'columns' | 'json', reports: number): Promise<Timed> {
  const wanted = seen[form] + reports
  const redisFromUs = await redisCpuUs()
  const cpu = process.cpuUsage()
  const fromMs = clock.monotonicMs()
  const done = order(child, { form, reports })
  await until(`${reports} reports as ${form}`, () => seen[form] >= wanted)
  const ingestUs = cpuUsSince(cpu) / reports
  const perS = (reports * 1_000) / (seen.lastMs - fromMs)
  const { cpuUs, dropped, sent } = await done
  sums[form] += sent
  sums.dropped = dropped
  const redisUs = ((await redisCpuUs()) - redisFromUs) / reports
  return { perS, publisherUs: cpuUs / reports, ingestUs, redisUs }
}

try {
  await once(child, 'message')
  for (let warmUp = 0; warmUp < WARM_UPS; warmUp++) {
    await run('columns', REPORTS)
    await run('json', JSON_REPORTS)
  }
  const rounds: { ceiling: number; columns: Timed; json: Timed }[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const ceiling = await xaddCeiling(socket, REPORT_BYTES, CEILING_ENTRIES)
    const columns = await run('columns', REPORTS)
    const json = await run('json', JSON_REPORTS)
    rounds.push({ ceiling, columns, json })
    const cpu = `CPU per report ${columns.publisherUs.toFixed(1)} us publisher, ${columns.ingestUs.toFixed(1)} us ingest, ${columns.redisUs.toFixed(1)} us Redis`
    say(
      `  round ${round + 1}: ${columns.perS.toFixed(0)} reports/s, JSON ${json.perS.toFixed(0)}, ceiling ${ceiling.toFixed(0)}; ${cpu}`,
    )
  }
  const isFast = (perS: number, share: number): boolean => perS >= BARS.reportsPerS || share >= BARS.ceilingShare
  const results = [
    judge(
      'end-to-end-columns',
      'reports/s',
      rounds.map((r) => ({ value: r.columns.perS, ceiling: r.ceiling })),
      {
        text: `>= ${BARS.reportsPerS} reports/s or >= ${BARS.ceilingShare} of redis-benchmark XADD ${REPORT_BYTES} B P16`,
        holds: isFast,
      },
    ),
    judge(
      'end-to-end-over-json',
      'reports/s',
      rounds.map((r) => ({ value: r.columns.perS, ceiling: r.json.perS })),
      {
        text: `>= ${BARS.overJson} x the JSON dictionary path`,
        holds: (_perS, ratio) => ratio >= BARS.overJson,
      },
    ),
    judge(
      'end-to-end-cpu',
      'us CPU/report',
      rounds.map((r) => ({
        value: r.columns.publisherUs + r.columns.ingestUs,
        ceiling: r.json.publisherUs + r.json.ingestUs,
      })),
      {
        text: 'informative: publisher and ingest together, beside JSON',
        holds: null,
      },
    ),
  ]
  await clock.sleep(600)
  const last = state.counters!
  const table = new SeedTable(state.run!.tables, 0, state.run!.shapes[0]!)
  const ticks = table.seeds[table.seeds.length - 1]!
  results.push(
    judgeCount('end-to-end-merged', last.reports, sums.columns + sums.json),
    judgeCount('end-to-end-lost', last.lost + sums.dropped, 0),
    judgeCount('end-to-end-duplicated', last.duplicates, 0),
    judgeCount('end-to-end-refused', last.refusedTotal, 0),
    judgeCount('end-to-end-last-tick', ticks, sums.columns / LAYERS),
  )
  finish(results)
  child.send({ form: 'stop' } satisfies ReportOrder)
  await once(child, 'exit')
} finally {
  child.kill()
  await ingest.stop(1_000)
  await bus.stop(1_000)
  await redis.stop()
}
