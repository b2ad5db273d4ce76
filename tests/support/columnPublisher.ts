/*
 * columnPublisher: publishes a RunDescriptor and columnar ticks of any size, with values that can be predicted cell by cell.
 * In: a bus, layers and seeds, a source. Out: entries as a trainer would publish them, labelled origin load-generator.
 * Invariant: seq counts entries and is contiguous; value(layer, column, row, tick) is a pure function, so a reader can check any cell.
 * Source: docs/protocol.md "frames"; seed-design.md 5.2.
 */
import type { MessageBus } from '../../lib/bus/messageBus.ts'
import { MESSAGE_VERSION } from '../../lib/contracts/envelope.ts'
import { LAYER_COLUMNS, type MetricColumn, SEED_COLUMNS } from '../../lib/contracts/metrics.ts'
import type { RunDescriptor } from '../../lib/contracts/runDescriptor.ts'
import { topicName } from '../../lib/contracts/topics.ts'
import { schemaIdOf } from '../../lib/frames/schemaId.ts'
import { type Clock, systemClock } from '../../lib/primitives/clock.ts'
import { encodeJson } from '../../lib/telemetry/messageWriter.ts'
import { createTickEncoder } from '../../lib/telemetry/tickEncoder.ts'

export interface ColumnPublisherOptions {
  readonly bus: MessageBus
  readonly layers: number
  readonly seedsPerLayer: number
  readonly clock?: Clock
  readonly runId?: string
  readonly src?: string
  readonly epoch?: number
  readonly shard?: number
  readonly intervalMs?: number
  readonly seedColumns?: readonly MetricColumn[]
  readonly layerColumns?: readonly MetricColumn[]
  readonly title?: string
  /** Entries are packed up to this size; a single layer may be larger. */
  readonly maxEntryBytes?: number
}

export interface ColumnPublisher {
  readonly run: RunDescriptor
  /** Entries published so far; equal to the last seq. */
  readonly seq: number
  readonly tick: number
  publishRun(): Promise<void>
  /** Publishes one tick of all layers; resolves when the bus accepted every entry. Returns the number of entries. */
  publishTick(options?: { readonly flags?: number; readonly skipSeq?: number }): Promise<number>
  /** Publishes a tick each intervalMs until stopped; a failed entry is counted and its seq stays missing. */
  start(): void
  stop(): Promise<{ readonly failed: number }>
}

const LIVE_STATES = [0, 0, 0, 0, 1, 2, 2, 3, 4, 5, 6, 7, 7, 8, 9, 10]

/** The value of one cell: within the column's display range, changing with the tick; every 97th reading is unmeasured. */
export function cellValue(column: MetricColumn, at: number, layer: number, row: number, tick: number): number {
  const mixed = Math.imul(layer * 7_919 + row * 31 + at * 101 + 1, 0x9e37_79b1) >>> 0
  if (column.name === 'state') return LIVE_STATES[(mixed + (tick >> 5)) % LIVE_STATES.length] ?? 0
  if (column.name === 'ticks_in_state') return tick & 31
  if (column.name === 'generation') return mixed % 4
  if (column.name === 'blueprint') return mixed % 3
  if (column.name === 'as_of_step') return Math.floor(tick / 5) * 100
  if (mixed % 97 === 0) return Number.NaN
  const phase = (mixed % 1_000) / 1_000
  const share = 0.5 + 0.45 * Math.sin(6.283 * (phase + tick / 64))
  return column.min + share * (column.max - column.min)
}

/** Creates a publisher; nothing is sent before a publish call or start(). */
export function createColumnPublisher(options: ColumnPublisherOptions): ColumnPublisher {
  const { bus } = options
  const clock = options.clock ?? systemClock
  const seedColumns = options.seedColumns ?? SEED_COLUMNS
  const layerColumns = options.layerColumns ?? LAYER_COLUMNS
  const runId = options.runId ?? 'load-1'
  const src = options.src ?? `loadgen-${runId}`
  const epoch = options.epoch ?? Math.floor(clock.wallMs())
  const intervalMs = options.intervalMs ?? 1_000
  const maxEntryBytes = options.maxEntryBytes ?? 262_144
  const topic = topicName('telemetryShard', options.shard ?? 0)
  const layers = Array.from({ length: options.layers }, (_, layer) => ({
    layer_id: `load_${layer}`,
    seeds: options.seedsPerLayer,
  }))
  const schemaId = schemaIdOf(layers, seedColumns, layerColumns)
  const encoder = createTickEncoder({
    schemaId,
    seedsPerLayer: layers.map((layer) => layer.seeds),
    seedColumns: seedColumns.length,
    layerColumns: layerColumns.length,
  })
  const seeds = new Float32Array(options.seedsPerLayer * seedColumns.length)
  const summary = new Float32Array(layerColumns.length)
  let seq = 0
  let tick = 0
  let failed = 0
  let undo: (() => void) | null = null
  let underWay: Promise<unknown> = Promise.resolve()

  const run: RunDescriptor = {
    message_id: globalThis.crypto.randomUUID(),
    timestamp: clock.wallMs() / 1_000,
    source: src,
    version: MESSAGE_VERSION,
    message_type: 'RunDescriptor',
    metadata: {},
    run_id: runId,
    origin: 'load-generator',
    title: options.title ?? `Generated load, ${options.layers} x ${options.seedsPerLayer} seeds`,
    telemetry_src: src,
    epoch,
    schema_id: schemaId,
    layers,
    seed_columns: [...seedColumns],
    layer_columns: [...layerColumns],
    blueprints: [
      { blueprint_id: 'generated_a', index: 1, parameters: 10, note: 'not a real module' },
      { blueprint_id: 'generated_b', index: 2, parameters: 20, note: 'not a real module' },
    ],
    seed: 0,
    steps_per_tick: 20,
    expected_interval_ms: intervalMs,
    dataset: { name: 'none (generated numbers)', sha256: null, samples: 0, split: 'none' },
    architecture: 'none: a load generator, not a network',
    host_parameters: 0,
    config: {},
    faults_allowed: false,
    control_curve: null,
  }

  const fillLayer = (layer: number): void => {
    seedColumns.forEach((column, at) => {
      const from = at * options.seedsPerLayer
      for (let row = 0; row < options.seedsPerLayer; row++) seeds[from + row] = cellValue(column, at, layer, row, tick)
    })
    layerColumns.forEach((column, at) => (summary[at] = cellValue(column, at, layer, 0, tick)))
  }

  const publish = async (data: Uint8Array): Promise<void> => {
    const entrySeq = ++seq
    const maxLen = Math.max(1_000, Math.ceil(10_000 / intervalMs) * layers.length)
    await bus.publish(topic, { type: 'TelemetryFrames', enc: 'columns', data, src, epoch, seq: entrySeq }, { maxLen })
  }

  /** Layers that travel together: as many as fit, at least one. */
  const packs = (): number[][] => {
    const all: number[][] = [[]]
    let bytes = 0
    for (let layer = 0; layer < layers.length; layer++) {
      const next = encoder.layerBytes(layer)
      if (bytes > 0 && bytes + next > maxEntryBytes) {
        all.push([])
        bytes = 0
      }
      all.at(-1)?.push(layer)
      bytes += next
    }
    return all
  }
  const plan = packs()

  const publishTick = async ({
    flags = 0,
    skipSeq = 0,
  }: { readonly flags?: number; readonly skipSeq?: number } = {}) => {
    tick++
    seq += skipSeq
    for (const pack of plan) {
      const data = new Uint8Array(pack.reduce((sum, layer) => sum + encoder.layerBytes(layer), 0))
      const head = {
        seq: seq + 1,
        step: tick * 20,
        tick,
        publishedAtS: clock.wallMs() / 1_000,
        flags,
        windowMs: intervalMs,
      }
      let offset = 0
      for (const layer of pack) {
        fillLayer(layer)
        offset = encoder.encodeLayer(data, offset, layer, head, seeds, summary)
      }
      await publish(data)
    }
    return plan.length
  }

  return {
    run,
    get seq() {
      return seq
    },
    get tick() {
      return tick
    },
    async publishRun() {
      const entry = { type: 'RunDescriptor', enc: 'json', data: encodeJson(run), src: `${src}:run`, epoch } as const
      await bus.publish('kasmina.run', entry, { maxLen: 256 })
    },
    publishTick,
    start() {
      undo ??= clock.every(intervalMs, () => {
        underWay = underWay.then(() => publishTick()).catch(() => failed++)
      })
    },
    async stop() {
      undo?.()
      undo = null
      await underWay
      return { failed }
    },
  }
}
