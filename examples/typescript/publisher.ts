/*
 * publisher: shows a run of your own in Morphoscope as columns, the form that carries a million seeds.
 * In: the URL of a Redis, and how long to run. Out: one RunDescriptor, then one packed entry per tick.
 * Invariant: `seq` grows by one per entry, so whatever is lost on the way is a number on the page; unmeasured is NaN, never 0.
 * Source: docs/connect-your-own-run.md "columns"; docs/protocol.md "frames".
 */
import { createRedisBus } from '../../lib/bus/drivers/redis/redisBus.ts'
import { encodeMessage } from '../../lib/bus/codec.ts'
import { MESSAGE_VERSION } from '../../lib/contracts/envelope.ts'
import { SEED_COLUMNS } from '../../lib/contracts/metrics.ts'
import { columnIndex } from '../../lib/contracts/columnIndex.ts'
import { topicName } from '../../lib/contracts/topics.ts'
import { schemaIdOf } from '../../lib/frames/schemaId.ts'
import { systemClock as clock } from '../../lib/primitives/clock.ts'
import { createTickEncoder } from '../../lib/telemetry/tickEncoder.ts'

const [url = 'redis://127.0.0.1:6379', ticks = '600', tickMs = '500'] = process.argv.slice(2)

const LAYERS = [
  { layer_id: 'attention', seeds: 16 },
  { layer_id: 'feed_forward', seeds: 64 },
]
/** Choose from the catalogue (docs/messages.md), or describe columns of your own the same way. */
const COLUMNS = SEED_COLUMNS.filter(({ name }) => ['state', 'alpha', 'chunk_variance', 'health_score'].includes(name))
const column = (name: string): number => columnIndex(COLUMNS, name)

/** Replace this by what your network measures. Column by column, seed by seed. */
function measure(values: Float32Array, seeds: number, tick: number): void {
  for (let seed = 0; seed < seeds; seed++) {
    const phase = tick / 20 + seed
    values[column('state') * seeds + seed] = seed % 3
    values[column('alpha') * seeds + seed] = Number.NaN
    values[column('chunk_variance') * seeds + seed] = 5 + 4 * Math.sin(phase)
    values[column('health_score') * seeds + seed] = 0.75 + 0.2 * Math.cos(phase)
  }
}

const bus = createRedisBus({ url, clock, name: 'example-publisher' })
await bus.start()

const epoch = Math.floor(clock.wallMs())
const src = `example-${epoch.toString(36)}`
const schemaId = schemaIdOf(LAYERS, COLUMNS, [])
await bus.publish(
  topicName('run'),
  encodeMessage({
    message_id: globalThis.crypto.randomUUID(),
    timestamp: clock.wallMs() / 1_000,
    source: src,
    version: MESSAGE_VERSION,
    message_type: 'RunDescriptor',
    run_id: src,
    origin: 'external',
    title: 'A run of my own',
    telemetry_src: src,
    epoch,
    schema_id: schemaId,
    layers: LAYERS,
    seed_columns: COLUMNS,
    layer_columns: [],
    blueprints: [],
    seed: 0,
    steps_per_tick: 20,
    expected_interval_ms: Number(tickMs),
    dataset: { name: 'made up', sha256: null, samples: 0, split: 'none' },
    architecture: 'none: an example',
    host_parameters: 0,
    config: {},
    faults_allowed: false,
    control_curve: null,
  }),
)

const seedsPerLayer = LAYERS.map((layer) => layer.seeds)
const encoder = createTickEncoder({ schemaId, seedsPerLayer, seedColumns: COLUMNS.length, layerColumns: 0 })
const values = LAYERS.map((layer) => new Float32Array(layer.seeds * COLUMNS.length))
for (let tick = 1; tick <= Number(ticks); tick++) {
  const data = new Uint8Array(encoder.tickBytes)
  const publishedAtS = clock.wallMs() / 1_000
  const head = { seq: tick, step: tick * 20, tick, publishedAtS, flags: 0, windowMs: Number(tickMs) }
  let offset = 0
  LAYERS.forEach(({ seeds }, layer) => {
    measure(values[layer]!, seeds, tick)
    offset = encoder.encodeLayer(data, offset, layer, head, values[layer]!, new Float32Array(0))
  })
  const frames = { type: 'TelemetryFrames', enc: 'columns', data, src, epoch, seq: tick } as const
  await bus.publish(topicName('telemetryShard', 0), frames, { maxLen: 10_000 })
  await clock.sleep(Number(tickMs))
}
await bus.stop()
