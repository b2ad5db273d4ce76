/*
 * chaos: the hard scenarios at full size, each with its seed printed and its history checked.
 * In: names (all without one), --seed N, --size N, --json FILE. Out: one report per scenario; exit code 1 when a law was broken.
 * Invariant: the same scenarios run smaller in `npm test`; a scenario that throws fails the whole.
 * Source: docs/protocol.md "commands"; docs/adr/0012-stop-and-lease.md; docs/emergency-stop.md.
 */
import { writeFileSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { parseArgs } from 'node:util'
import { runAltered } from '../tests/chaos/alteredCommands.ts'
import { runDeliveries } from '../tests/chaos/commandDeliveries.ts'
import { runHostileTraffic } from '../tests/chaos/hostileTraffic.ts'
import { runStops } from '../tests/chaos/emergencyStops.ts'
import { runStale } from '../tests/chaos/staleCommands.ts'
import { startRedis } from '../tests/support/redisHarness.ts'

// A handler that is killed is loaded anew, hundreds of times.
enableCompileCache()

const EX_USAGE = 64
const HOUR_MS = 3_600_000
const say = (line: string): void => void process.stdout.write(`${line}\n`)

interface Scenario {
  readonly size: number
  readonly run: (size: number, seed: number) => Promise<object>
  /** Names of the figures that must be 0. */
  readonly zero: readonly string[]
}

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  deliveries: {
    size: 1_000_000,
    zero: ['doubleEffects', 'unanswered', 'contradictions'],
    async run(deliveries, seed) {
      const redis = await startRedis()
      try {
        return await runDeliveries({ url: redis.url, deliveries, seed, layers: 4, batch: 500, say })
      } finally {
        await redis.stop()
      }
    },
  },
  stop: {
    size: 300,
    zero: ['missing', 'ran'],
    run: (stops, seed) => runStops({ stops, seed, rate: 5_000, say }),
  },
  fuzz: {
    size: 1_000_000,
    zero: ['wrong', 'escaped', 'dead'],
    run: (frames, seed) => runHostileTraffic({ frames, seed, say }),
  },
  altered: {
    size: 100_000,
    zero: ['accepted', 'unanswered'],
    run: (commands, seed) => runAltered({ commands, seed }),
  },
  stale: {
    size: 100_000,
    zero: ['applied', 'unanswered'],
    async run(commands, seed) {
      const reports: Awaited<ReturnType<typeof runStale>>[] = []
      for (const skewMs of [0, HOUR_MS, -HOUR_MS])
        reports.push(await runStale({ commands: Math.ceil(commands / 3), seed, skewMs }))
      const sum = (name: keyof Awaited<ReturnType<typeof runStale>>): number =>
        reports.reduce((total, report) => total + report[name], 0)
      return {
        stale: sum('stale'),
        applied: sum('applied'),
        unanswered: sum('unanswered'),
        fresh: sum('fresh'),
        freshApplied: sum('freshApplied'),
      }
    },
  },
}

async function main(): Promise<number> {
  const text = { type: 'string' } as const
  const { values, positionals } = parseArgs({
    args: process.argv.slice(2).filter((each) => each !== '--'),
    options: { seed: text, size: text, json: text },
    allowPositionals: true,
  })
  const names = positionals.length > 0 ? positionals : Object.keys(SCENARIOS)
  const unknown = names.find((name) => !Object.hasOwn(SCENARIOS, name))
  const seed = Number(values.seed ?? Date.now() % 1_000_000)
  const size = values.size === undefined ? null : Number(values.size)
  const isWrong = (value: number): boolean => !Number.isSafeInteger(value) || value < 1
  if (unknown !== undefined || isWrong(seed) || (size !== null && isWrong(size))) {
    process.stderr.write(
      `npm run chaos [-- NAME] [-- --seed N] [-- --size N] [-- --json FILE]; NAME is one of ${Object.keys(SCENARIOS).join(', ')}\n`,
    )
    return EX_USAGE
  }
  const results = []
  for (const name of names) {
    const scenario = SCENARIOS[name]!
    const amount = size ?? scenario.size
    say(`${name}: size ${amount}, seed ${seed}`)
    const report = (await scenario.run(amount, seed)) as Readonly<Record<string, unknown>>
    const broken = scenario.zero.filter((figure) => report[figure] !== 0)
    results.push({ name, seed, size: amount, ok: broken.length === 0, report })
    say(`${name}: ${broken.length === 0 ? 'held' : `BROKEN (${broken.join(', ')})`} ${JSON.stringify(report)}`)
  }
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`)
  return results.every((result) => result.ok) ? 0 : 1
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    process.exit(1)
  },
)
