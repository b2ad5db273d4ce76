/*
 * benchReport: rounds into figures, figures into verdicts, verdicts into the file that outside checks read.
 * In: values of interleaved rounds beside the ceiling of the same round. Out: printed lines, --json FILE, the exit code.
 * Invariant: a median of at least 5 rounds; the spread is the distance of the quartiles over the median; above 30 % no verdict
 * is given, nor on a machine that others use when the benchmark begins; no verdict is not a pass; the load stands beside every figure.
 * Source: docs/performance.md.
 */
import { writeFileSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

const MIN_ROUNDS = 5
const MAX_SPREAD = 0.3
/** Share of all cores that others may use while this benchmark has not begun. The load average knows what went before, too. */
const MAX_OTHERS = 0.2
const LOOK_MS = 1_000

async function busyShare(): Promise<number> {
  const read = () => {
    const times = cpus().map((cpu) => cpu.times)
    const total = times.reduce((sum, time) => sum + Object.values(time).reduce((a, b) => a + b, 0), 0)
    return { total, idle: times.reduce((sum, time) => sum + time.idle, 0) }
  }
  const before = read()
  await sleep(LOOK_MS)
  const after = read()
  return 1 - (after.idle - before.idle) / Math.max(1, after.total - before.total)
}

/** What others use of the machine, taken before anything of the benchmark runs. */
const othersShare = await busyShare()

export interface BenchResult {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly ceiling: number
  readonly ratio: number
  readonly spread: number
  readonly n: number
  readonly holds: boolean
  readonly bar: string
  /** False when the spread hides the answer. */
  readonly judged: boolean
  /** Load average of the last minute when the figure was taken. */
  readonly load: number
}

export interface Round {
  readonly value: number
  readonly ceiling: number
}

export interface Bar {
  readonly text: string
  /** Judges the medians; null for figures that are told and not judged. */
  readonly holds: ((value: number, ratio: number) => boolean) | null
  /** The bar is one for the worst round: the spread can hide nothing. */
  readonly anySpread?: boolean
}

export const say = (line: string): void => void process.stdout.write(`${line}\n`)

const quantile = (values: readonly number[], at: number): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const place = at * (sorted.length - 1)
  const low = sorted[Math.floor(place)] ?? Number.NaN
  const high = sorted[Math.ceil(place)] ?? Number.NaN
  return low + (high - low) * (place - Math.floor(place))
}
export const median = (values: readonly number[]): number => quantile(values, 0.5)
/** Distance of the quartiles over the median: one stalled round of nine does not speak for the others. */
export const spreadOf = (values: readonly number[]): number =>
  (quantile(values, 0.75) - quantile(values, 0.25)) / Math.abs(median(values))

const figure = (value: number): string =>
  Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3)

/** Judges one figure and prints it. `informative` bars hold by definition. */
export function judge(name: string, unit: string, rounds: readonly Round[], bar: Bar): BenchResult {
  if (rounds.length < MIN_ROUNDS) throw new Error(`${name}: ${rounds.length} rounds, at least ${MIN_ROUNDS} are needed`)
  const value = median(rounds.map((round) => round.value))
  const ratios = rounds.map((round) => round.value / round.ceiling)
  const ratio = median(ratios)
  const spread = spreadOf(ratios)
  const quiet = othersShare <= MAX_OTHERS
  const judged = bar.holds === null || bar.anySpread === true || (quiet && spread <= MAX_SPREAD)
  const passes = bar.holds?.(value, ratio) ?? true
  const load = loadavg()[0] ?? 0
  const result: BenchResult = {
    name,
    value,
    unit,
    ceiling: median(rounds.map((round) => round.ceiling)),
    ratio,
    spread,
    n: rounds.length,
    holds: judged && passes,
    bar: bar.text,
    judged,
    load,
  }
  const verdict =
    bar.holds === null
      ? bar.text
      : !judged
        ? `NOT JUDGED${quiet ? '' : `, others use ${(othersShare * 100).toFixed(0)} % of the machine`} (${bar.text})`
        : `${passes ? 'holds' : 'BROKEN'}: ${bar.text}`
  const numbers = `${figure(value)} ${unit}, ceiling ${figure(result.ceiling)}, ratio ${figure(ratio)}`
  say(
    `${name}: ${numbers}, spread ${(spread * 100).toFixed(0)} % of ${rounds.length}, load ${load.toFixed(1)}; ${verdict}`,
  )
  return result
}

/** A figure that is exact: a count that must be what it must be. */
export function judgeCount(name: string, value: number, wanted: number): BenchResult {
  const holds = value === wanted
  say(`${name}: ${value} (${holds ? 'holds' : 'BROKEN'}: exactly ${wanted})`)
  const load = loadavg()[0] ?? 0
  return {
    name,
    value,
    unit: 'count',
    ceiling: wanted,
    ratio: wanted === 0 ? value : value / wanted,
    spread: 0,
    n: MIN_ROUNDS,
    holds,
    bar: `exactly ${wanted}`,
    judged: true,
    load,
  }
}

/** Judges one long measurement, as the slope of many samples: it has no rounds, and its bar is for the whole of it. */
export function judgeOnce(
  name: string,
  unit: string,
  measured: { readonly value: number; readonly samples: number },
  bar: { readonly text: string; readonly limit: number },
): BenchResult {
  const { value, samples } = measured
  const holds = value <= bar.limit
  const load = loadavg()[0] ?? 0
  say(
    `${name}: ${figure(value)} ${unit} from ${samples} samples, load ${load.toFixed(1)}; ${holds ? 'holds' : 'BROKEN'}: ${bar.text}`,
  )
  const ratio = value / bar.limit
  return {
    name,
    value,
    unit,
    ceiling: bar.limit,
    ratio,
    spread: 0,
    n: samples,
    holds,
    bar: bar.text,
    judged: true,
    load,
  }
}

/** CPU time of one call, ns. The loop must be long enough for the 1 us grain of the counter. */
export function cpuNs(calls: number, work: () => void): number {
  const before = process.cpuUsage()
  for (let i = 0; i < calls; i++) work()
  const used = process.cpuUsage(before)
  return ((used.user + used.system) * 1_000) / calls
}

/** Microseconds of CPU this process used since `before`. */
export function cpuUsSince(before: NodeJS.CpuUsage): number {
  const used = process.cpuUsage(before)
  return used.user + used.system
}

/** Reads `--name value` as a number. */
export function numberFlag(name: string, fallback: number): number {
  const at = process.argv.indexOf(`--${name}`)
  const value = at < 0 ? fallback : Number(process.argv[at + 1])
  if (!Number.isFinite(value) || value <= 0) throw new Error(`--${name} wants a number above 0`)
  return value
}

/** Reads `--name value` as text; null when it is not there. */
export function textFlag(name: string): string | null {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? null : (process.argv[at + 1] ?? null)
}

/** Writes the results to --json FILE and sets the exit code: 1 when a judged bar is broken. */
export function finish(results: readonly BenchResult[]): void {
  const at = process.argv.indexOf('--json')
  const file = at < 0 ? undefined : process.argv[at + 1]
  if (file !== undefined) {
    const [cpu] = cpus()
    const machine = {
      cpu: cpu?.model ?? 'unknown',
      cores: cpus().length,
      memory_bytes: totalmem(),
      node: process.version,
      load: loadavg(),
      others: othersShare,
    }
    writeFileSync(file, `${JSON.stringify({ machine, results }, null, 2)}\n`)
  }
  process.exitCode = results.some((result) => result.judged && !result.holds) ? 1 : 0
}
