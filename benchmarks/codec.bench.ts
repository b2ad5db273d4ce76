/*
 * codec.bench: what the wire frame costs against copying its bytes, and what safe JSON costs against the native parser.
 * In: nothing (--json FILE writes the results). Out: medians and spread of interleaved rounds of CPU time.
 * Invariant: the ceiling is measured in the same round as the thing it is compared with; work is verified after each shape.
 * Source: docs/adr/0004-columns-on-the-hot-path.md.
 */
import { parseSafeJson } from '../lib/bus/safeJson.ts'
import {
  copyWireColumns,
  decodeWireHeader,
  encodeWireFrame,
  FRAME_KIND,
  wireFrameBytes,
} from '../lib/frames/wireFrame.ts'
import { type BenchResult, cpuNs, finish, judge } from './support/benchReport.ts'

const ROUNDS = 9
/** Frame cost over copying the same bytes once; the bar of the product. */
const FRAME_BAR = 4

interface Pair {
  readonly ceiling: () => void
  readonly subject: () => void
}

function compare(name: string, bar: number | null, calls: number, work: Pair): BenchResult {
  // Long enough for the optimiser to settle: its last tier comes late and would otherwise land inside the rounds.
  for (let i = 0; i < calls * 2; i++) {
    work.ceiling()
    work.subject()
  }
  const rounds = Array.from({ length: ROUNDS }, () => ({
    ceiling: cpuNs(calls, work.ceiling),
    value: cpuNs(calls, work.subject),
  }))
  return judge(name, 'ns CPU', rounds, {
    text: bar === null ? 'informative' : `<= ${bar} x ceiling`,
    holds: bar === null ? null : (_value, ratio) => ratio <= bar,
  })
}

function frames(rows: number, columns: number, bar: number | null): BenchResult {
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

function json(): BenchResult {
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

finish([
  frames(1_000, 4, FRAME_BAR),
  frames(1_000, 26, FRAME_BAR),
  frames(4_096, 26, FRAME_BAR),
  frames(4, 26, null),
  json(),
])
