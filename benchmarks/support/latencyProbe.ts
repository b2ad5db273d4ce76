/*
 * latencyProbe: a process that publishes ticks at a steady rate and is also the page that sees them, on one clock.
 * In: argv Redis url, server url, ticks per second, layers, pace (60hz, immediate); a message { ms } per round. Out: per round the latencies of ALL
 * messages, those included that a newer one overtook before the next frame, from the XADD call to the client's callback.
 * Invariant: a tick that never reached the page is counted as lost, never left out of the percentiles unsaid.
 * Source: docs/performance.md "latency".
 */
import { zstdDecompressSync } from 'node:zlib'
import { io, type Socket } from 'socket.io-client'
import { createRedisBus } from '../../lib/bus/drivers/redis/redisBus.ts'
import { MESSAGE_VERSION } from '../../lib/contracts/envelope.ts'
import { SEED_COLUMNS } from '../../lib/contracts/metrics.ts'
import type { LiveClientEvents, LiveServerEvents } from '../../lib/contracts/socketEvents.ts'
import { LIVE_PROTOCOL } from '../../lib/contracts/socketNames.ts'
import { topicName } from '../../lib/contracts/topics.ts'
import { schemaIdOf } from '../../lib/frames/schemaId.ts'
import { splitFrames } from '../../lib/frames/frameBatch.ts'
import { decodeViewFrame } from '../../lib/frames/viewFrame.ts'
import { systemClock as clock } from '../../lib/primitives/clock.ts'
import { encodeJson } from '../../lib/telemetry/messageWriter.ts'
import { createTickEncoder } from '../../lib/telemetry/tickEncoder.ts'

export interface ProbeRound {
  readonly p50Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
  readonly messages: number
  readonly messagesPerS: number
  readonly unseen: number
}

const [, , redisUrl = '', serverUrl = '', ticksText = '1000', layersText = '10', pace = '60hz'] = process.argv
const ticksPerS = Number(ticksText)
const layerCount = Number(layersText)
const SEEDS = 4
const RUN = `bench-latency-${pace}`
const source = `loadgen-${RUN}`
const columns = SEED_COLUMNS.slice(0, 8)
const layers = Array.from({ length: layerCount }, (_, layer) => ({ layer_id: `bench_${layer}`, seeds: SEEDS }))
const epoch = Math.floor(clock.wallMs())
const schemaId = schemaIdOf(layers, columns, [])
const bus = createRedisBus({ url: redisUrl, clock, name: 'bench-latency' })
const encoder = createTickEncoder({
  schemaId,
  seedsPerLayer: layers.map((layer) => layer.seeds),
  seedColumns: columns.length,
  layerColumns: 0,
})
const values = new Float32Array(SEEDS * columns.length)
const none = new Float32Array(0)
const topic = topicName('telemetryShard', 0)
/** Monotonic ms of the XADD call, by tick. */
const sentMs: number[] = [0]
const seenTick = layers.map(() => 0)
let latencies: number[] = []
let tick = 0

function publishTick(): void {
  tick++
  const data = new Uint8Array(encoder.tickBytes)
  values.fill(tick)
  const head = { seq: tick, step: tick, tick, publishedAtS: clock.wallMs() / 1_000, flags: 0, windowMs: 1 }
  let offset = 0
  for (let layer = 0; layer < layerCount; layer++) offset = encoder.encodeLayer(data, offset, layer, head, values, none)
  sentMs.push(clock.monotonicMs())
  void bus.publish(
    topic,
    { type: 'TelemetryFrames', enc: 'columns', data, src: source, epoch, seq: tick },
    { maxLen: 10_000 },
  )
}

function onFrames(bytes: ArrayBuffer | Uint8Array): void {
  const nowMs = clock.monotonicMs()
  for (const frame of splitFrames(new Uint8Array(bytes))) onFrame(frame, nowMs)
}

function onFrame(bytes: Uint8Array, nowMs: number): void {
  const frame = decodeViewFrame(bytes, (packed) => zstdDecompressSync(packed))
  const from = seenTick[frame.layer]!
  for (let at = from + 1; at <= frame.tick; at++) latencies.push(nowMs - sentMs[at]!)
  seenTick[frame.layer] = Math.max(from, frame.tick)
}

const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN

async function round(ms: number): Promise<ProbeRound> {
  latencies = []
  const startMs = clock.monotonicMs()
  const first = tick
  // What timers owe is made up for at once, so that the mean rate is exact whatever their grain.
  while (clock.monotonicMs() - startMs < ms) {
    while (tick - first < ((clock.monotonicMs() - startMs) * ticksPerS) / 1_000) publishTick()
    await clock.sleep(1)
  }
  const tookMs = clock.monotonicMs() - startMs
  const endMs = clock.monotonicMs() + 2_000
  while (seenTick.some((seen) => seen < tick) && clock.monotonicMs() < endMs) await clock.sleep(5)
  const sorted = latencies.toSorted((a, b) => a - b)
  const messages = (tick - first) * layerCount
  return {
    p50Ms: percentile(sorted, 0.5),
    p99Ms: percentile(sorted, 0.99),
    p999Ms: percentile(sorted, 0.999),
    messages,
    messagesPerS: (messages * 1_000) / tookMs,
    unseen: messages - sorted.length,
  }
}

async function join(): Promise<Socket<LiveServerEvents, LiveClientEvents>> {
  const socket: Socket<LiveServerEvents, LiveClientEvents> = io(`${serverUrl}/live`, {
    transports: ['websocket'],
    extraHeaders: { origin: serverUrl },
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('connect_error', reject)
  })
  await socket.emitWithAck('hello', { protocol: LIVE_PROTOCOL, resume: null })
  socket.on('frame', onFrames)
  return socket
}

async function main(): Promise<void> {
  await bus.start()
  const run = {
    message_id: globalThis.crypto.randomUUID(),
    timestamp: clock.wallMs() / 1_000,
    source,
    version: MESSAGE_VERSION,
    message_type: 'RunDescriptor',
    metadata: {},
    run_id: RUN,
    origin: 'load-generator',
    title: 'Benchmark: latency (generated)',
    telemetry_src: source,
    epoch,
    schema_id: schemaId,
    layers,
    seed_columns: columns,
    layer_columns: [],
    blueprints: [],
    seed: 0,
    steps_per_tick: 1,
    expected_interval_ms: Math.max(1, 1_000 / ticksPerS),
    dataset: { name: 'none (generated numbers)', sha256: null, samples: 0, split: 'none' },
    architecture: 'none: a benchmark',
    host_parameters: 0,
    config: {},
    faults_allowed: false,
    control_curve: null,
  }
  await bus.publish('kasmina.run', { type: 'RunDescriptor', enc: 'json', data: encodeJson(run) }, { maxLen: 16 })
  const socket = await join()
  const view = {
    run_id: RUN,
    precision: 'exact',
    metric: 'state',
    max_hz: 60,
    ...(pace === 'immediate' ? ({ pace } as const) : {}),
  } as const
  const endMs = clock.monotonicMs() + 10_000
  // The server learns of the run from the bus: until then the view is refused.
  while (!(await socket.emitWithAck('view', view)).ok) {
    if (clock.monotonicMs() > endMs) throw new Error('the server never learned of the run')
    await clock.sleep(50)
  }
  process.on('message', ({ ms }: { readonly ms: number }) => void round(ms).then((result) => process.send?.(result)))
  process.send?.('ready')
}

if (process.send) await main()
