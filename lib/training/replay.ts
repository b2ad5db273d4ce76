/*
 * Replay: runs a command log again from the seed and ends with the same hashes.
 * In: options, data set, log, number of steps, checkpoints that came from files. Out: the replayed trainer.
 * Invariant: commands are executed at the position (steps run, piece of an evaluation) where they were executed first, in the same order.
 * Source: docs/training.md "determinism".
 */
import { createTrainer } from './trainer.ts'
import type { Dataset, TrainerOptions } from './trainerOptions.ts'
import type { CommandLogEntry, Trainer } from './trainerTypes.ts'

export interface ReplayInput {
  readonly options: TrainerOptions
  readonly dataset: Dataset
  readonly log: readonly CommandLogEntry[]
  /** Steps to run in all, halted calls not counted. */
  readonly steps: number
  /** Bytes the first run imported, needed only when its log restores them. */
  readonly imports?: readonly Uint8Array[]
}

/** Replays synchronously; never reads a clock. */
export function replayRun({ options, dataset, log, steps, imports = [] }: ReplayInput): Trainer {
  const trainer = createTrainer(options, dataset)
  for (const bytes of imports) trainer.importCheckpoint(bytes)
  let next = 0
  const executeAt = (position: number, piece?: number): void => {
    for (; log[next]?.position === position && log[next]!.piece === piece; next++) trainer.execute(log[next]!.command)
  }
  for (let position = 0; position <= steps; position++) {
    executeAt(position)
    if (position < steps) trainer.runStep((piece) => executeAt(position + 1, piece))
  }
  return trainer
}
