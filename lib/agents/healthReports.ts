/*
 * healthReports: the JSON forms of a tick, for readers that do not speak columns.
 * In: the frames of one packed tick and the run they belong to. Out: bodies of LayerHealthReport and SeedMetricsSnapshot.
 * Invariant: numbers are those of the frames; unmeasured is null; the columnar form stays primary.
 * Source: seed-design.md 2.2; docs/protocol.md "telemetry".
 */
import { readPackedFrames } from '../bus/codec.ts'
import { isLiveState, SEED_STATES } from '../contracts/lifecycleTable.ts'
import { columnIndex } from '../contracts/columnIndex.ts'
import type { RunDescriptor } from '../contracts/runDescriptor.ts'
import { copyWireColumns, FRAME_KIND, type WireFrameHeader } from '../frames/wireFrame.ts'

export interface LayerReport {
  readonly layerId: string
  readonly health: Readonly<Record<string, unknown>>
  readonly liveSeeds: readonly Readonly<Record<string, unknown>>[]
}

interface LayerFrames {
  readonly header: WireFrameHeader
  readonly seeds: Float32Array
  summary: Float32Array | null
}

/** Builds the reports of every layer in one packed tick. @throws CONTRACT_FRAME when the bytes are not whole frames */
export function buildReports(tick: Uint8Array, run: RunDescriptor): readonly LayerReport[] {
  const layers = new Map<number, LayerFrames>()
  for (const { header, offset } of readPackedFrames(tick)) {
    const columns = new Float32Array(header.rows * header.columns)
    copyWireColumns(tick, offset, header, columns)
    if (header.kind === FRAME_KIND.seeds) layers.set(header.layer, { header, seeds: columns, summary: null })
    else {
      const layer = layers.get(header.layer)
      if (layer) layer.summary = columns
    }
  }
  const stateAt = columnIndex(run.seed_columns, 'state')
  return [...layers].flatMap(([index, frames]) => {
    const layerId = run.layers[index]?.layer_id
    return layerId === undefined ? [] : [buildLayer(layerId, frames, run, stateAt)]
  })
}

function buildLayer(
  layerId: string,
  { header, seeds, summary }: LayerFrames,
  run: RunDescriptor,
  stateAt: number,
): LayerReport {
  const position = { run_id: run.run_id, step: header.step, tick: header.tick }
  const perSeed = Array.from({ length: header.rows }, (_, row) =>
    toMap(run.seed_columns, (column) => seeds[column * header.rows + row] ?? Number.NaN),
  )
  const states = perSeed.map((_, row) => SEED_STATES[seeds[stateAt * header.rows + row] ?? -1] ?? null)
  const isLive = (row: number): boolean => {
    const state = states[row] ?? null
    return state !== null && isLiveState(state)
  }
  const endS = header.publishedAtS
  const health = {
    ...position,
    layer_id: layerId,
    total_seeds: header.rows,
    active_seeds: perSeed.filter((_, row) => isLive(row)).length,
    health_metrics: Object.fromEntries(
      perSeed.map((metrics, row) => [String(row), { ...metrics, lifecycle_state: metrics['state'] ?? null }]),
    ),
    performance_summary: summary ? toMap(run.layer_columns, (column) => summary[column] ?? Number.NaN) : {},
    telemetry_window: [Math.max(0, endS - header.windowMs / 1_000), endS],
  }
  const liveSeeds = perSeed.flatMap((metrics, row) => {
    if (!isLive(row)) return []
    const blueprint = run.blueprints.find((entry) => entry.index === metrics['blueprint'])
    const body = { seed_id: row, lifecycle_state: states[row], blueprint_id: blueprint?.blueprint_id ?? null, metrics }
    return [{ ...position, layer_id: layerId, ...body, generation: metrics['generation'] ?? null }]
  })
  return { layerId, health, liveSeeds }
}

function toMap(columns: readonly { readonly name: string }[], value: (column: number) => number) {
  const map: Record<string, number | null> = {}
  columns.forEach(({ name }, column) => {
    const reading = value(column)
    map[name] = Number.isFinite(reading) ? reading : null
  })
  return map
}
