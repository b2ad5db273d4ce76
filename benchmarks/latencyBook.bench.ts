/*
 * latencyBook.bench: what counting one latency costs on the hot path, against one increment of the same array.
 * In: nothing (--json FILE writes the results). Out: medians and spread of interleaved rounds of CPU time.
 * Invariant: the values are those of a message path (microseconds to seconds), a slice turns meanwhile, and every count is verified.
 * Source: docs/performance.md "latency".
 */
import { createLatencyBuffer, LatencyReader, LatencyWriter } from '../lib/primitives/latencyBook.ts'
import { LATENCY_BUCKETS } from '../lib/primitives/latencyBuckets.ts'
import { cpuNs, finish, judge } from './support/benchReport.ts'

const ROUNDS = 9
const CALLS = 2_000_000
const SERIES = 512
const VALUES = 4_096
/** The cost of a record over one increment of shared memory: it also finds the bucket, sums, and looks whether to keep a sample. */
const RECORD_BAR = 4

const buffer = createLatencyBuffer(SERIES)
const writer = new LatencyWriter(buffer)
const reader = new LatencyReader(buffer)
const values = Float64Array.from({ length: VALUES }, (_, at) => 10 ** ((((at * 7_919) % VALUES) / VALUES) * 5 - 2))
const plain = new Uint32Array(new SharedArrayBuffer(SERIES * LATENCY_BUCKETS * 4))
let at = 0
let recorded = 0
/** Twelve series are in use at once: three layers, four stages. */
const record = (): void => {
  writer.record(at % 12, values[at & (VALUES - 1)]!)
  at++
  recorded++
}
const increment = (): void => {
  plain[(at % 12) * LATENCY_BUCKETS + (at & 511)]!++
  at++
}
for (let warm = 0; warm < CALLS; warm++) {
  record()
  increment()
}
const rounds = Array.from({ length: ROUNDS }, () => {
  reader.turn()
  return { ceiling: cpuNs(CALLS, increment), value: cpuNs(CALLS, record) }
})
let counted = 0
for (let series = 0; series < 12; series++) counted += reader.take(series, () => undefined)?.n ?? 0
if (counted !== recorded) throw new Error(`${counted} of ${recorded} records were counted`)

const takes = Array.from({ length: ROUNDS }, () => {
  for (let series = 0; series < 12; series++) writer.record(series, 1)
  let series = 0
  const take = (): void => void reader.take(series++ % 12, () => undefined)
  return { ceiling: cpuNs(12, () => void plain.subarray(0, LATENCY_BUCKETS).indexOf(1)), value: cpuNs(12, take) }
})
finish([
  judge('record one latency', 'ns CPU', rounds, {
    text: `<= ${RECORD_BAR} x ceiling`,
    holds: (_value, ratio) => ratio <= RECORD_BAR,
  }),
  judge('take one series (960 buckets)', 'ns CPU', takes, { text: 'informative', holds: null }),
])
