/*
 * Seed rows: which seeds a list shows: a page in layer order, or the worst n of all.
 * In: a scene. Out: (layer, row) pairs.
 * Invariant: worst by the metric's own orientation; unmeasured is never worst; one pass over the bytes, bounded memory.
 * Source: docs/ux.md "accessibility"; features A6.
 */
import { STATE_ATTENTION } from '../../lib/frames/binning.ts'
import { bytesOf, type HeatmapScene } from './heatmapScene.ts'

export interface SeedRow {
  readonly layer: number
  readonly row: number
}

/** Lists `count` seeds from position `first` in layer order. */
export function listRows(scene: HeatmapScene, first: number, count: number): readonly SeedRow[] {
  const rows: SeedRow[] = []
  let passed = 0
  for (let layer = 0; layer < scene.layers.length && rows.length < count; layer++) {
    const size = scene.layers[layer]?.mirror.rows ?? 0
    for (let row = Math.max(0, first - passed); row < size && rows.length < count; row++) rows.push({ layer, row })
    passed += size
  }
  return rows
}

/** Lists the `count` worst seeds, worst first; in state mode those whose state most needs a look. */
export function worstRows(scene: HeatmapScene, count: number): readonly SeedRow[] {
  // Buckets by badness: a million seeds are ranked without sorting them.
  const buckets: SeedRow[][] = Array.from({ length: 256 }, () => [])
  scene.layers.forEach((layer, index) => {
    const bytes = scene.mode === 'state' ? layer.mirror.state : bytesOf(scene, layer)
    for (let row = 0; row < layer.mirror.rows; row++) {
      const byte = bytes[row] ?? 255
      const badness =
        scene.mode === 'state'
          ? (STATE_ATTENTION[byte] ?? 0)
          : byte === 255
            ? 0
            : scene.metric.worst === 'low'
              ? 255 - byte
              : byte + 1
      const bucket = buckets[badness]
      if (bucket && bucket.length < count) bucket.push({ layer: index, row })
    }
  })
  const worst: SeedRow[] = []
  for (let badness = 255; badness >= 0 && worst.length < count; badness--)
    worst.push(...(buckets[badness] ?? []).slice(0, count - worst.length))
  return worst
}
