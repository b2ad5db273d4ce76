/*
 * alerts.bench: what watching 10,000 seeds with every shipped rule costs per tick, beside one copy of the same columns.
 * In: nothing (--json FILE writes the results). Out: medians and spread of interleaved rounds of CPU time; the bar is 5 ms.
 * Invariant: values change every tick and some seeds are bad, so that alarms are raised and cleared while it is measured.
 * Source: docs/performance.md "alerts"; docs/alerts.md "how it works".
 */
import { SHIPPED_RULES } from '../lib/alerts/shippedRules.ts'
import { MESSAGE_VERSION } from '../lib/contracts/envelope.ts'
import { LAYER_COLUMNS, SEED_COLUMNS } from '../lib/contracts/metrics.ts'
import { RunDescriptor } from '../lib/contracts/runDescriptor.ts'
import { schemaIdOf } from '../lib/frames/schemaId.ts'
import { TABLE_META } from '../lib/frames/seedTable.ts'
import { createRunWatch } from '../server/alerts/runWatch.ts'
import { createRunTable, noteReport } from '../server/ingest/runTable.ts'
import { cpuNs, finish, judge } from './support/benchReport.ts'

const LAYERS = 8
const ROWS = 1_250
const ROUNDS = 15
const TICKS = 60
const BAR_MS = 5

const layers = Array.from({ length: LAYERS }, (_, at) => ({ layer_id: `layer_${at}`, seeds: ROWS }))
const descriptor = RunDescriptor.parse({
  message_id: '00000000-0000-4000-8000-000000000000',
  timestamp: 1_800_000_000,
  source: 'bench',
  version: MESSAGE_VERSION,
  message_type: 'RunDescriptor',
  run_id: 'bench',
  title: 'bench',
  origin: 'trainer',
  telemetry_src: 'bench',
  epoch: 1,
  layers,
  seed_columns: SEED_COLUMNS,
  layer_columns: LAYER_COLUMNS,
  schema_id: schemaIdOf(layers, SEED_COLUMNS, LAYER_COLUMNS),
  expected_interval_ms: 1_000,
  blueprints: [],
  seed: 1,
  steps_per_tick: 20,
  dataset: { name: 'none', sha256: null, samples: 0, split: 'none' },
  architecture: 'none',
  host_parameters: 0,
  config: {},
  faults_allowed: false,
  control_curve: null,
})
const table = createRunTable({ historySeconds: 10, onRun: () => undefined, onGone: () => undefined })
const { run } = table.announce(descriptor, 0)
let raised = 0
let cleared = 0
const watch = createRunWatch({
  run,
  rules: SHIPPED_RULES,
  open: [],
  takeRows: () => true,
  emit: ({ on }) => {
    if (on === 'raise') raised++
    if (on === 'clear') cleared++
  },
})

/** Two moments that alternate: in the second one seed of fifty is dead and its flow is gone. */
const moments = [0, 1].map((moment) =>
  layers.map(() => {
    const values = new Float32Array(ROWS * SEED_COLUMNS.length)
    SEED_COLUMNS.forEach(({ name, min, max }, column) => {
      for (let row = 0; row < ROWS; row++) {
        const share = ((row * 7_919 + column * 31) % 997) / 997
        let value = min + share * (max - min)
        if (name === 'state') value = row % 9
        if (name === 'ticks_in_state') value = row % 60
        if (name === 'dead_node_ratio') value = moment === 1 && row % 50 === 0 ? 1 : 0.1
        if (name === 'flow_grad_norm') value = moment === 1 && row % 50 === 0 ? 1e-6 : 0.1 + share
        values[column * ROWS + row] = value
      }
    })
    return values
  }),
)
let tick = 0
/** Twelve ticks well, twelve ticks bad: every hysteresis goes through all it has. */
const fill = (): void => {
  tick++
  const moment = moments[Math.floor(tick / 12) % 2]!
  run.tables.forEach((one, at) => {
    one.seeds.set(moment[at]!)
    one.meta[TABLE_META.tick] = tick
    noteReport(run, at, tick * 1_000)
  })
}
const look = (): boolean => watch.look(tick * 1_000)

for (let warm = 0; warm < 300; warm++) {
  fill()
  look()
}
const rounds = Array.from({ length: ROUNDS }, () => {
  const ceiling = cpuNs(TICKS, fill)
  const both = cpuNs(TICKS, () => {
    fill()
    look()
  })
  return { ceiling: ceiling / 1e6, value: Math.max(0, both - ceiling) / 1e6 }
})
if (raised === 0 || cleared === 0) throw new Error(`nothing was raised (${raised}) or cleared (${cleared})`)
finish([
  judge(`alerts: ${LAYERS * ROWS} seeds x ${SHIPPED_RULES.length} rules, one tick`, 'ms CPU', rounds, {
    text: `<= ${BAR_MS} ms`,
    holds: (value) => value <= BAR_MS,
  }),
])
