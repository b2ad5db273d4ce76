/*
 * stop.bench: emergency stops of the real trainer under full telemetry, with Redis alive, and with Redis killed every three seconds; and how
 * exactly a layer that hears no gateway freezes.
 * In: nothing (--stops N, --rate N, --isolations N, --json FILE). Out: from the call to the last layer's own word, as the caller sees it.
 * Invariant: processes as the runner starts them; each stop is resumed before the next, so that each has something to halt; a stop that is
 * not confirmed within five seconds is missing, and none may be.
 * Source: docs/performance.md "emergency stop"; docs/emergency-stop.md.
 */
import { systemClock as clock } from '../lib/primitives/clock.ts'
import { createStopWorld } from '../tests/support/stopWorld.ts'
import { type BenchResult, finish, judge, judgeCount, numberFlag, say } from './support/benchReport.ts'

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

const world = await createStopWorld({ rate: RATE })

async function series(name: string): Promise<BenchResult[]> {
  world.rate()
  const batches: number[][] = []
  let missing = 0
  for (let batch = 0; batch < BATCHES; batch++) {
    const took: number[] = []
    for (let stop = 0; stop < STOPS / BATCHES; stop++) {
      const { id, tookMs } = await world.stop()
      if (tookMs === null) missing++
      else took.push(tookMs)
      await world.resume(id)
    }
    batches.push(took)
  }
  const all = batches.flat()
  const over = (limitMs: number, share: number): number =>
    Math.max(0, all.filter((ms) => ms >= limitMs).length - Math.floor(all.length * share))
  const at = [0.5, 0.99, 0.999, 1].map((share) => quantile(all, share).toFixed(1)).join(' / ')
  say(`${name}: p50 / p99 / p99.9 / max ${at} ms of ${all.length} stops under ${world.rate()} messages/s`)
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

const results: BenchResult[] = []
try {
  results.push(...(await series('with Redis')))
  let killing = true
  const killer = (async () => {
    while (killing) {
      await clock.sleep(KILL_EVERY_MS - DOWN_MS)
      await world.redis.kill()
      await clock.sleep(DOWN_MS)
      await world.redis.restart()
    }
  })()
  results.push(...(await series('with Redis killed every 3 s')))
  killing = false
  await killer
  const ages: number[] = []
  for (let i = 0; i < ISOLATIONS; i++) ages.push(await world.isolate())
  const off = ages.map((ms) => Math.abs(ms - FREEZE_MS) / FREEZE_MS)
  say(`isolated ${ISOLATIONS} times, frozen after ${ages.map((ms) => ms.toFixed(0)).join(', ')} ms`)
  results.push(judgeCount('freeze more than 10 % off 3 s', off.filter((share) => share > 0.1).length, 0))
} finally {
  await world.close()
}
finish(results)
process.exit()
