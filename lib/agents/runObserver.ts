/*
 * runObserver: assembles the observations of one run from packed telemetry entries.
 * In: entries of the run's source and epoch. Out: one Observation per tick, when every layer of it has arrived.
 * Invariant: an observation never mixes ticks; duplicates and what is older than the last observation are ignored.
 * Source: seed-design.md 2.2; docs/training.md "policy".
 */
import type { PackedFrame } from '../bus/codec.ts'
import type { RunDescriptor } from '../contracts/runDescriptor.ts'
import { LAYER_COLUMNS, type MetricColumn, SEED_COLUMNS } from '../contracts/metrics.ts'
import type { DecisionOutcome, Observation } from '../controller/observation.ts'
import { copyWireColumns, FRAME_FLAG, FRAME_KIND, type WireFrameHeader } from '../frames/wireFrame.ts'

export interface RunObserver {
  /** Takes the frames of one entry; calls back for each tick they complete. The observation is borrowed during the call. */
  take(bytes: Uint8Array, frames: readonly PackedFrame[], onTick: (observation: Observation) => void): void
  readonly incompleteTicks: number
}

interface LayerBuffer {
  readonly layerId: string
  readonly seeds: number
  readonly seedColumns: Float32Array
  readonly layerColumns: Float32Array
  hasSeeds: boolean
  hasSummary: boolean
}

/** Tells whether the tables of a run are the ones the policy was written for: it reads columns by our positions. */
export function isReadable(run: RunDescriptor): boolean {
  const same = (given: readonly MetricColumn[], ours: readonly MetricColumn[]): boolean =>
    given.length === ours.length && given.every((column, at) => column.name === ours[at]?.name)
  return same(run.seed_columns, SEED_COLUMNS) && same(run.layer_columns, LAYER_COLUMNS)
}

/** Creates the observer of one run. `outcomes` is asked once per observation for what became of earlier decisions. */
export function createRunObserver(run: RunDescriptor, outcomes: () => readonly DecisionOutcome[]): RunObserver {
  const layers: LayerBuffer[] = run.layers.map(({ layer_id: layerId, seeds }) => ({
    layerId,
    seeds,
    seedColumns: new Float32Array(seeds * run.seed_columns.length),
    layerColumns: new Float32Array(run.layer_columns.length),
    hasSeeds: false,
    hasSummary: false,
  }))
  let open: { readonly tick: number; readonly step: number; halted: boolean } | null = null
  let lastStep = -1
  let incompleteTicks = 0

  const begin = (header: WireFrameHeader): void => {
    if (open && layers.some((layer) => layer.hasSeeds || layer.hasSummary)) incompleteTicks++
    // A run is halted when every layer of it says so.
    open = { tick: header.tick, step: header.step, halted: true }
    for (const layer of layers) layer.hasSeeds = layer.hasSummary = false
  }

  const fits = (header: WireFrameHeader, layer: LayerBuffer | undefined): layer is LayerBuffer => {
    if (!layer || header.schemaId !== run.schema_id || header.step <= lastStep) return false
    if (header.kind === FRAME_KIND.layer) return header.columns === run.layer_columns.length
    return header.rows === layer.seeds && header.columns === run.seed_columns.length
  }

  return {
    get incompleteTicks() {
      return incompleteTicks
    },
    take(bytes, frames, onTick) {
      for (const { header, offset } of frames) {
        const layer = layers[header.layer]
        if (!fits(header, layer)) continue
        if (!open || header.step > open.step) begin(header)
        else if (header.step < open.step) continue
        const isSeeds = header.kind === FRAME_KIND.seeds
        copyWireColumns(bytes, offset, header, isSeeds ? layer.seedColumns : layer.layerColumns)
        if (open && (header.flags & FRAME_FLAG.halted) === 0) open.halted = false
        if (isSeeds) layer.hasSeeds = true
        else layer.hasSummary = true
        if (!open || !layers.every((each) => each.hasSeeds && each.hasSummary)) continue
        const { step, tick, halted } = open
        lastStep = step
        open = null
        onTick({ step, tick, halted, layers, outcomes: outcomes() })
        for (const each of layers) each.hasSeeds = each.hasSummary = false
      }
    },
  }
}
