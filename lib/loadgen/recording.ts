/*
 * recording: the columns and transitions of one run of the real trainer, tick by tick, as the fit reads them.
 * In: something that steps like a trainer. Out: float32 rows [tick][seed][column] and every transition with its tick.
 * Invariant: what is recorded is exactly what would travel on the wire; nothing is smoothed, filled or left out.
 * Source: docs/performance.md "load generator".
 */
import type { SeedState } from '../contracts/lifecycle.ts'

export interface RecordedTransition {
  readonly tick: number
  readonly seed: number
  readonly from: SeedState
  readonly to: SeedState
}

export interface Recording {
  readonly runSeed: number
  readonly ticks: number
  readonly seeds: number
  readonly columns: number
  /** [tick][seed][column] */
  readonly values: Float32Array
  readonly transitions: readonly RecordedTransition[]
}

/** The part of a trainer that is recorded. */
export interface RecordedTrainer {
  readonly layerIds: readonly string[]
  readonly seedsPerLayer: number
  readonly tick: number
  /** [column][seed of the layer] */
  seedColumns(layer: number): Float32Array
}

export interface Recorder {
  /** Takes the columns of the tick that just ended. */
  take(): void
  finish(runSeed: number, transitions: readonly RecordedTransition[]): Recording
}

/** Creates a recorder for at most `maxTicks` ticks. */
export function createRecorder(trainer: RecordedTrainer, columns: number, maxTicks: number): Recorder {
  const rows = trainer.seedsPerLayer
  const seeds = trainer.layerIds.length * rows
  const values = new Float32Array(maxTicks * seeds * columns)
  let ticks = 0
  return {
    take() {
      if (ticks >= maxTicks) return
      for (let layer = 0; layer < trainer.layerIds.length; layer++) {
        const source = trainer.seedColumns(layer)
        for (let row = 0; row < rows; row++) {
          const at = (ticks * seeds + layer * rows + row) * columns
          for (let column = 0; column < columns; column++) values[at + column] = source[column * rows + row]!
        }
      }
      ticks++
    },
    finish: (runSeed, transitions) => ({
      runSeed,
      ticks,
      seeds,
      columns,
      values: values.slice(0, ticks * seeds * columns),
      transitions,
    }),
  }
}
