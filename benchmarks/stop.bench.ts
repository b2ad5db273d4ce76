/*
 * stop.bench: emergency stops of the real trainer under full telemetry, with Redis alive, and with Redis killed every three seconds; and how
 * exactly a layer that hears no gateway freezes.
 * In: nothing (--stops N, --rate N, --isolations N, --only redis | kills | isolations, --samples FILE, --json FILE).
 * Out: from the call to the last layer's own word, as the caller sees it; the slowest stops with where their time went.
 * Invariant: processes as the runner starts them; each stop is resumed before the next, so that each has something to halt; a stop that is
 * not confirmed within five seconds is missing, and none may be.
 * Source: docs/performance.md "emergency stop"; docs/emergency-stop.md.
 */
import { systemClock as clock } from '../lib/primitives/clock.ts'
import { createStopWorld } from '../tests/support/stopWorld.ts'
import { type BenchResult, finish, judge, judgeCount, numberFlag, say, textFlag } from './support/benchReport.ts'
import { openSamples, slowestLines, type StopSample } from './support/stopSamples.ts'

const STOPS = numberFlag('stops', 1_000)
const RATE = numberFlag('rate', 20_000)
const ISOLATIONS = numberFlag('isolations', 5)
const BATCHES = 5
const KILL_EVERY_MS = 3_000
const DOWN_MS = 1_000
const P99_MS = 50
const P999_MS = 100
const FREEZE_MS = 3_000

const quantile = (values: readonly number[], at: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.ceil(at * values.length) - 1)] ?? Number.NaN

const ONLY = textFlag('only')
const earlier = openSamples(textFlag('samples'))
const world = await createStopWorld({ rate: RATE })
/** When Redis was last killed, or came back, and which of the two; null before the first. */
let fault: { readonly what: string; readonly atMs: number } | null = null

async function series(name: string): Promise<BenchResult[]> {
  world.rate()
  const samples: StopSample[] = []
  for (let stop = 0; stop < STOPS; stop++) {
    const since = fault === null ? null : `${Math.round(clock.monotonicMs() - fault.atMs)} ms after ${fault.what}`
    const { id, tookMs, stages } = await world.stop()
    samples.push({ tookMs, stages, since })
    await world.resume(id)
  }
  return report(name, earlier.add(name, samples, world.rate()))
}

/** Judges all stops of a series, those of earlier pieces too. */
function report(name: string, { samples, rate }: { samples: readonly StopSample[]; rate: number }): BenchResult[] {
  const all = samples.flatMap(({ tookMs }) => (tookMs === null ? [] : [tookMs]))
  const missing = samples.length - all.length
  const size = Math.ceil(all.length / BATCHES)
  const batches = Array.from({ length: BATCHES }, (_, batch) => all.slice(batch * size, (batch + 1) * size))
  const over = (limitMs: number, share: number): number =>
    Math.max(0, all.filter((ms) => ms >= limitMs).length - Math.floor(all.length * share))
  const at = [0.5, 0.99, 0.999, 1].map((share) => quantile(all, share).toFixed(1)).join(' / ')
  say(`${name}: p50 / p99 / p99.9 / max ${at} ms of ${all.length} stops under ${rate} messages/s`)
  for (const line of slowestLines(samples)) say(line)
  const rounds = batches.map((took) => ({ value: quantile(took, 0.99), ceiling: quantile(took, 0.5) }))
  return [
    judge(`stop ${name}: p99 of each batch`, 'ms', rounds, {
      text: `under ${P99_MS} ms`,
      holds: (value) => value < P99_MS,
      anySpread: true,
    }),
    judgeCount(`stop ${name}: beyond one in a hundred over ${P99_MS} ms`, over(P99_MS, 0.01), 0),
    judgeCount(`stop ${name}: beyond one in a thousand over ${P999_MS} ms`, over(P999_MS, 0.001), 0),
    judgeCount(`stop ${name}: missing`, missing, 0),
  ]
}

/** Kills Redis every three seconds for a second, until it is told to end. */
async function kill(isOver: () => boolean): Promise<void> {
  const note = (what: string): void => void (fault = { what, atMs: clock.monotonicMs() })
  while (!isOver()) {
    await clock.sleep(KILL_EVERY_MS - DOWN_MS)
    note('a kill')
    await world.redis.kill()
    await clock.sleep(DOWN_MS)
    note('the start of a new one')
    await world.redis.restart()
    note('it answered')
  }
}

const results: BenchResult[] = []
const isWanted = (part: string): boolean => ONLY === null || ONLY === part
try {
  if (isWanted('redis')) results.push(...(await series('with Redis')))
  if (isWanted('kills')) {
    let over = false
    const killer = kill(() => over)
    results.push(...(await series('with Redis killed every 3 s')))
    over = true
    await killer
  }
  if (isWanted('isolations')) {
    const ages: number[] = []
    for (let i = 0; i < ISOLATIONS; i++) ages.push(await world.isolate())
    const off = ages.map((ms) => Math.abs(ms - FREEZE_MS) / FREEZE_MS)
    say(`isolated ${ISOLATIONS} times, frozen after ${ages.map((ms) => ms.toFixed(0)).join(', ')} ms`)
    results.push(judgeCount('freeze more than 10 % off 3 s', off.filter((share) => share > 0.1).length, 0))
  }
} finally {
  await world.close()
}
finish(results)
process.exit()
