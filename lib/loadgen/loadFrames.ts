/*
 * loadFrames: one sweep over all generated layers, written straight into the bytes that go on the wire.
 * In: shape and tables. Out: packs of layers as entries below the bus bound; a pool of their buffers.
 * Invariant: columns are written once, in place, behind their header; the same shape and seed give the same bytes at every
 * sweep but for sequence and time; layers are filled in order.
 * Source: docs/protocol.md "frames"; docs/performance.md "load generator".
 */
import { AppError } from '../contracts/appError.ts'
import type { RunDescriptor } from '../contracts/runDescriptor.ts'
import { encodeWireHeader, FRAME_KIND, WIRE_HEADER_BYTES, wireFrameBytes } from '../frames/wireFrame.ts'
import { compileLives, compileMetric } from './compiledTables.ts'
import { LIFE_COLUMNS, LOAD_LIMITS, type LoadShape } from './loadRun.ts'
import type { LoadTables } from './loadTables.ts'
import { type LifeColumn, SeedField } from './seedField.ts'

/** Layers are packed up to here: half the bus bound keeps what an entry makes others wait below 10 ms. */
const PACK_BYTES = 524_288
/** The bus takes 1 MB; the text fields of an entry need a little of it. */
const MAX_LAYER_BYTES = 1_048_576 - 1_024

const LIFE_SOURCE: Readonly<Record<(typeof LIFE_COLUMNS)[number], LifeColumn>> = {
  state: 'state',
  ticks_in_state: 'ticksInState',
  generation: 'generation',
  blueprint: 'blueprint',
  alpha: 'alpha',
  alpha_velocity: 'alphaVelocity',
}
const lifeSource = (name: string): LifeColumn | undefined =>
  (LIFE_SOURCE as Readonly<Record<string, LifeColumn | undefined>>)[name]

export interface SweepHead {
  readonly seq: number
  readonly sweep: number
  readonly publishedAtS: number
}

/** The bytes of one entry and its columns as floats: give it back when the bus has let go of it. */
export interface PackBuffer {
  readonly data: Uint8Array<ArrayBuffer>
  readonly columns: readonly Float32Array[]
}

export interface LoadFrames {
  /** Layers of each entry, in order. */
  readonly packs: readonly (readonly number[])[]
  readonly sweepBytes: number
  /** Fills entry `pack` of a sweep; packs of one sweep are to be taken in order, each once. */
  fill(pack: number, head: SweepHead, onTransition: LayerTransition | null): PackBuffer
  giveBack(buffer: PackBuffer): void
}

export type LayerTransition = (layer: number, row: number, generation: number, from: number, to: number) => void

/** Layers that travel together: as many as fit, at least one. */
function packLayers(layers: number, layerBytes: number): number[][] {
  const perPack = Math.max(1, Math.floor(PACK_BYTES / layerBytes))
  return Array.from({ length: Math.ceil(layers / perPack) }, (_, pack) =>
    Array.from({ length: Math.min(perPack, layers - pack * perPack) }, (_each, i) => pack * perPack + i),
  )
}

/** Names every bad number of a shape at once. @throws CONFIG_INVALID */
export function assertLoadShape(shape: LoadShape, columns: number): void {
  const problems: string[] = []
  const whole = (name: string, value: number, min: number, max: number): void => {
    if (!Number.isInteger(value) || value < min || value > max)
      problems.push(`${name} ${value}: expected a whole number from ${min} to ${max}`)
  }
  whole('layers', shape.layers, 1, LOAD_LIMITS.layers)
  whole('seeds', shape.seedsPerLayer, 1, LOAD_LIMITS.seedsPerLayer)
  whole('metrics', shape.metrics, 1, LOAD_LIMITS.metrics)
  whole('seed', shape.seed, 0, 0x7fff_ffff)
  if (!(shape.hz >= LOAD_LIMITS.minHz && shape.hz <= LOAD_LIMITS.hz))
    problems.push(`hz ${shape.hz}: expected a number from ${LOAD_LIMITS.minHz} to ${LOAD_LIMITS.hz}`)
  if (problems.length === 0) {
    const seeds = shape.layers * shape.seedsPerLayer
    const bytes = wireFrameBytes(shape.seedsPerLayer, columns)
    if (seeds > LOAD_LIMITS.seeds) problems.push(`${seeds} seeds in all: at most ${LOAD_LIMITS.seeds} are generated`)
    if (bytes > MAX_LAYER_BYTES)
      problems.push(`a layer of ${bytes} bytes: the bus takes ${MAX_LAYER_BYTES}; use fewer seeds or metrics`)
  }
  if (problems.length > 0) throw new AppError('CONFIG_INVALID', problems.join('; '), { problems })
}

/** Creates the fields of all layers. @throws CONFIG_INVALID */
export function createLoadFrames(shape: LoadShape, run: RunDescriptor, tables: LoadTables): LoadFrames {
  const columns = run.seed_columns.map((column) => column.name)
  assertLoadShape(shape, columns.length)
  const metrics = columns.filter((name) => lifeSource(name) === undefined).map((name) => compileMetric(tables, name))
  const plan = columns.map((name) => lifeSource(name) ?? metrics.findIndex((metric) => metric.name === name))
  const lives = compileLives(tables)
  const rows = shape.seedsPerLayer
  const fields = run.layers.map((_, layer) => new SeedField(lives, metrics, rows, shape.seed, layer))
  const layerBytes = wireFrameBytes(rows, columns.length)
  const packs = packLayers(run.layers.length, layerBytes)
  // By number of layers: all packs but the last are alike.
  const free = new Map<number, PackBuffer[]>()

  const take = (layers: number): PackBuffer => {
    const kept = free.get(layers)?.pop()
    if (kept !== undefined) return kept
    const data = new Uint8Array(layers * layerBytes)
    return {
      data,
      columns: Array.from(
        { length: layers },
        (_, i) => new Float32Array(data.buffer, i * layerBytes + WIRE_HEADER_BYTES, rows * columns.length),
      ),
    }
  }

  return {
    packs,
    sweepBytes: layerBytes * run.layers.length,
    fill(pack, { seq, sweep, publishedAtS }, onTransition) {
      const layers = packs[pack]!
      const buffer = take(layers.length)
      const head = {
        kind: FRAME_KIND.seeds,
        flags: 0,
        schemaId: run.schema_id,
        publishedAtS,
        seq,
        step: sweep * run.steps_per_tick,
        tick: sweep,
        rows,
        columns: columns.length,
        windowMs: Math.round(run.expected_interval_ms),
      }
      layers.forEach((layer, i) => {
        const field = fields[layer]!
        const tell =
          onTransition &&
          ((row: number, from: number, to: number) => onTransition(layer, row, field.generation[row]!, from, to))
        field.sweep(buffer.columns[i]!, plan, tell)
        encodeWireHeader(buffer.data, i * layerBytes, { ...head, layer })
      })
      return buffer
    },
    giveBack(buffer) {
      const layers = buffer.columns.length
      const kept = free.get(layers)
      if (kept === undefined) free.set(layers, [buffer])
      else kept.push(buffer)
    },
  }
}
