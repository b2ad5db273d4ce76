/*
 * loadgen: the labelled load generator on the command line.
 * In: --layers N --seeds N --hz N [--metrics N] [--seed N] [--for SECONDS] [--events N] [--redis URL]. Out: one line a second.
 * Invariant: a bad flag ends it before anything is sent, with every problem named; Ctrl-C ends it with a goodbye on the bus.
 * Source: docs/performance.md "load generator".
 */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { createRedisBus } from '../lib/bus/drivers/redis/redisBus.ts'
import { isAppError } from '../lib/contracts/appError.ts'
import { createLoadGenerator, type LoadCounters } from '../lib/loadgen/loadGenerator.ts'
import { parseLoadTables } from '../lib/loadgen/loadTables.ts'
import { systemClock as clock } from '../lib/primitives/clock.ts'

const USAGE = `npm run loadgen -- --layers 10 --seeds 1000 --hz 1
  --layers N    layers (1)
  --seeds N     seeds per layer (100)
  --hz N        sweeps over all seeds per second (1)
  --metrics N   fitted metrics besides the columns of the seed's life (6)
  --seed N      run seed: the same one gives the same numbers (1)
  --events N    transition events per second, at most; 0 for none (10)
  --for SECONDS stop by itself
  --redis URL   default: REDIS_URL, else the Redis of a product running here`
const EX_USAGE = 64
const MB = 1_048_576
const print = (line: string): void => void process.stdout.write(`${line}\n`)
const complain = (line: string): void => void process.stderr.write(`${line}\n`)

class UsageError extends Error {}

function readFlags() {
  const text = { type: 'string' } as const
  try {
    return parseArgs({
      options: {
        layers: text,
        seeds: text,
        hz: text,
        metrics: text,
        seed: text,
        events: text,
        for: text,
        redis: text,
        help: { type: 'boolean' },
      },
    }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}
type Flags = ReturnType<typeof readFlags>

function numberOf(
  flags: Flags,
  name: 'layers' | 'seeds' | 'hz' | 'metrics' | 'seed' | 'events' | 'for',
  fallback: number,
) {
  const text = flags[name]
  if (text === undefined) return fallback
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new UsageError(`--${name} ${text}: expected a number`)
  return value
}

function redisUrl(flags: Flags): string {
  const told = flags.redis ?? process.env['REDIS_URL']
  if (told) return told
  const root = path.dirname(import.meta.dirname)
  const socket = path.join(path.resolve(root, process.env['DATA_DIR'] ?? 'data'), 'redis', 'redis.sock')
  if (existsSync(socket)) return `unix://${socket}`
  throw new UsageError('no Redis: start the product here (npm start), set REDIS_URL, or give --redis redis://host:port')
}

function progress(before: LoadCounters, now: LoadCounters, elapsedS: number, cpuS: number): string {
  const sweeps = (now.sweeps - before.sweeps) / elapsedS
  const bytes = (now.bytes - before.bytes) / elapsedS / MB
  const samples = now.seedSamples - before.seedSamples
  const parts = [
    `${sweeps.toFixed(2)} Hz`,
    `${bytes.toFixed(1)} MB/s`,
    `behind ${now.behindMs.toFixed(0)} ms`,
    `missed ${now.missedSweeps}`,
    `failed ${now.failedEntries}`,
    `${(cpuS / elapsedS).toFixed(2)} CPU`,
    `${(samples / cpuS / 1e6).toFixed(1)} M seed-samples per CPU-s`,
    `${now.transitions} transitions, ${now.transitionsPublished} told`,
  ]
  return parts.join(', ')
}

const cpuSeconds = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** Resolves at the first signal, or when the time is over. */
function untilToldToStop(seconds: number | null): Promise<void> {
  return new Promise((resolve) => {
    const undo = seconds === null ? () => undefined : clock.after(seconds * 1_000, resolve)
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.once(signal, () => {
        undo()
        resolve()
      })
  })
}

async function main(): Promise<void> {
  const flags = readFlags()
  if (flags.help) return print(USAGE)
  const shape = {
    layers: numberOf(flags, 'layers', 1),
    seedsPerLayer: numberOf(flags, 'seeds', 100),
    hz: numberOf(flags, 'hz', 1),
    metrics: numberOf(flags, 'metrics', 6),
    seed: numberOf(flags, 'seed', 1),
  }
  const eventsPerSecond = numberOf(flags, 'events', 10)
  const seconds = flags.for === undefined ? null : numberOf(flags, 'for', 0)
  const tables = parseLoadTables(readFileSync(new URL('../assets/loadgen/tables.json', import.meta.url), 'utf8'))
  // 4 MB are the writer's default; two layers of the largest kind must fit behind those in flight.
  const bus = createRedisBus({ url: redisUrl(flags), clock, name: 'loadgen', maxQueuedBytes: 8 * MB })
  let failures = 0
  const generator = createLoadGenerator({
    bus,
    clock,
    shape,
    tables,
    eventsPerSecond,
    onError: (error) => failures++ < 3 && complain(`${error.code}: ${error.message}`),
  })
  const stop = untilToldToStop(seconds)
  await bus.start()
  try {
    await generator.start()
    print(`${generator.run.title}; run ${generator.run.run_id}, ${generator.run.seed_columns.length} columns`)
    let before = { counters: generator.counters(), atMs: clock.monotonicMs(), cpuS: cpuSeconds() }
    const undo = clock.every(1_000, () => {
      const now = { counters: generator.counters(), atMs: clock.monotonicMs(), cpuS: cpuSeconds() }
      print(progress(before.counters, now.counters, (now.atMs - before.atMs) / 1_000, now.cpuS - before.cpuS))
      before = now
    })
    await stop
    undo()
  } finally {
    await generator.stop()
    await bus.stop(1_000)
  }
  const { sweeps, entries, failedEntries, missedSweeps } = generator.counters()
  print(`stopped: ${sweeps} sweeps, ${entries} entries, ${failedEntries} failed, ${missedSweeps} sweeps missed`)
}

try {
  await main()
} catch (error) {
  const isUsage = error instanceof UsageError || isAppError(error, 'CONFIG_INVALID')
  complain(`loadgen: ${error instanceof Error ? error.message : String(error)}`)
  if (isUsage) complain(USAGE)
  process.exitCode = isUsage ? EX_USAGE : 1
}
