/*
 * codec.bench: what the wire frame costs against copying its bytes, and what safe JSON costs against the native parser.
 * In: nothing (--json FILE writes the results). Out: medians and spread of interleaved rounds of CPU time.
 * Invariant: the ceiling is measured in the same round as the thing it is compared with; work is verified after each shape.
 * Source: docs/adr/0004-columns-on-the-hot-path.md.
 */
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseSafeJson } from '../lib/bus/safeJson.ts'
import {
  copyWireColumns,
  decodeWireHeader,
  encodeWireFrame,
  FRAME_KIND,
  wireFrameBytes,
} from '../lib/frames/wireFrame.ts'

const ROUNDS = 9
/** Frame cost over copying the same bytes once; the bar of the product. */
const FRAME_BAR = 4

interface Result {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly ceiling: number
  readonly ratio: number
  readonly spread: number
  readonly n: number
  readonly holds: boolean
  readonly bar: string
}

const say = (line: string): void => void process.stdout.write(`${line}\n`)

/** CPU time of one call, ns. The loop is long enough for the 1 us grain of the counter. */
function cpuNs(calls: number, work: () => void): number {
  const before = process.cpuUsage()
  for (let i = 0; i < calls; i++) work()
  const used = process.cpuUsage(before)
  return ((used.user + used.system) * 1_000) / calls
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
const spreadOf = (values: readonly number[]): number => (Math.max(...values) - Math.min(...values)) / median(values)

interface Pair {
  readonly ceiling: () => void
  readonly subject: () => void
}

function compare(name: string, bar: number | null, calls: number, work: Pair): Result {
  // Long enough for the optimiser to settle: its last tier comes late and would otherwise land inside the rounds.
  for (let i = 0; i < calls * 2; i++) {
    work.ceiling()
    work.subject()
  }
  const rounds = Array.from({ length: ROUNDS }, () => {
    const ceiling = cpuNs(calls, work.ceiling)
    const subject = cpuNs(calls, work.subject)
    return { ceiling, subject, ratio: subject / ceiling }
  })
  const result: Result = {
    name,
    value: median(rounds.map((round) => round.subject)),
    unit: 'ns CPU',
    ceiling: median(rounds.map((round) => round.ceiling)),
    ratio: median(rounds.map((round) => round.ratio)),
    spread: spreadOf(rounds.map((round) => round.ratio)),
    n: ROUNDS,
    holds: bar === null || median(rounds.map((round) => round.ratio)) <= bar,
    bar: bar === null ? 'informative' : `<= ${bar} x ceiling`,
  }
  const figures = `${result.value.toFixed(0)} ns, ceiling ${result.ceiling.toFixed(0)} ns, ratio ${result.ratio.toFixed(2)}`
  const verdict = bar === null ? '' : result.holds ? `, holds ${result.bar}` : `, BROKEN ${result.bar}`
  say(`${name}: ${figures}, spread ${(result.spread * 100).toFixed(0)} % of ${ROUNDS}${verdict}`)
  return result
}

function frames(rows: number, columns: number, bar: number | null): Result {
  const values = Float32Array.from({ length: rows * columns }, (_, i) => i * 0.5)
  const bytes = new Uint8Array(wireFrameBytes(rows, columns))
  const copy = new Uint8Array(bytes.length)
  const target = new Float32Array(values.length)
  // One header object, rewritten for each frame, as a publisher holds it.
  const header = {
    kind: FRAME_KIND.seeds,
    flags: 0,
    schemaId: 1,
    layer: 0,
    publishedAtS: 1_769_500_800,
    seq: 0,
    step: 20,
    tick: 1,
    rows,
    columns,
    windowMs: 133,
  }
  const subject = (): void => {
    header.seq++
    encodeWireFrame(bytes, 0, header, values)
    copyWireColumns(bytes, 0, decodeWireHeader(bytes, 0), target)
  }
  const calls = Math.max(1_000, Math.round(8e8 / bytes.length))
  const name = `frame ${rows} x ${columns} (${bytes.length} B), encode + decode`
  const result = compare(name, bar, calls, { ceiling: () => copy.set(bytes), subject })
  if (target.some((value, i) => value !== values[i]) || decodeWireHeader(bytes, 0).seq !== header.seq)
    throw new Error('the frame did not survive the benchmark')
  return result
}

function json(): Result {
  const metrics = Object.fromEntries(
    Array.from({ length: 1_000 }, (_, seed) => [
      seed,
      { health: Math.sin(seed), loss: seed / 7, grad_norm: seed * 1e-7, alpha: 0.5 },
    ]),
  )
  const bytes = new TextEncoder().encode(JSON.stringify({ layer_id: 'layer_0', health_metrics: metrics }))
  const decoder = new TextDecoder()
  let kept: unknown = null
  const result = compare(`safe JSON of 1,000 seeds (${bytes.length} B) against JSON.parse`, null, 200, {
    ceiling: () => void (kept = JSON.parse(decoder.decode(bytes))),
    subject: () => void (kept = parseSafeJson(bytes).value),
  })
  if (JSON.stringify(kept) !== decoder.decode(bytes)) throw new Error('the JSON did not survive the benchmark')
  return result
}

const results = [
  frames(1_000, 4, FRAME_BAR),
  frames(1_000, 26, FRAME_BAR),
  frames(4_096, 26, FRAME_BAR),
  frames(4, 26, null),
  json(),
]
const jsonAt = process.argv.indexOf('--json')
const file = jsonAt === -1 ? undefined : process.argv[jsonAt + 1]
if (file !== undefined) {
  const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version }
  writeFileSync(file, `${JSON.stringify({ machine, results }, null, 2)}\n`)
}
process.exitCode = results.every((result) => result.holds) ? 0 : 1
