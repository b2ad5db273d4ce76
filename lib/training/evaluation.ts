/*
 * Evaluation: loss and accuracy of a split, and the paired on/off reading that measures what one seed contributes.
 * In: core, a split, one alpha per chunk. Out: readings; an event per paired reading and per validation.
 * Invariant: evaluation draws no random number and changes no weight; on and off see the same samples in the same order. Between its
 * pieces a stop may come into force: it changes nothing that is read here.
 * Source: docs/training.md "evaluation".
 */
import { noteContribution, type SeedRecord } from './seedRecord.ts'
import { EVALUATION_ROWS, parametersInUse, type TrainerCore } from './trainerCore.ts'
import type { DataSplit } from './trainerOptions.ts'
import type { EvaluationReading } from './trainerTypes.ts'

/** Called between the pieces of an evaluation, which are milliseconds long: what may not wait for its end has its turn. */
export type Between = () => void

export interface Stretch {
  readonly from: number
  readonly n: number
  /** Takes 1 for each right answer, when given. */
  readonly right: Uint8Array | null
}

/** Evaluates a stretch of a split, the whole of it by default. */
export function evaluateSplit(
  core: TrainerCore,
  split: DataSplit,
  alphas: Float64Array,
  between: Between | null,
  { from, n, right }: Stretch = { from: 0, n: split.n, right: null },
): EvaluationReading {
  const { network, dataset } = core
  const dims = dataset.dims
  let loss = 0
  let correct = 0
  for (let at = from; at < from + n; at += EVALUATION_ROWS) {
    const rows = Math.min(EVALUATION_ROWS, from + n - at)
    between?.()
    network.forward(split.x.subarray(at * dims, (at + rows) * dims), rows, alphas)
    network.loss(split.y, at, rows, false)
    loss += network.lastLossSum
    correct += network.lastCorrect
    if (!right) continue
    for (let i = 0; i < rows; i++) right[at - from + i] = network.predicted(i) === split.y[at + i] ? 1 : 0
  }
  return { loss: loss / n, accuracy: correct / n }
}

const measured = (value: number): number | null => (Number.isFinite(value) ? value : null)

/** Validates the host on the whole split, refreshes the total improvement of measured seeds, tells it. */
export function validateHost(core: TrainerCore, between: Between | null): void {
  const { counters } = core
  const reading = evaluateSplit(core, core.dataset.val, core.alphas, between)
  counters.valLossFall = counters.valLoss - reading.loss
  counters.valLoss = reading.loss
  counters.valAccuracy = reading.accuracy
  counters.valStep = counters.step
  core.emit({
    kind: 'evaluation',
    valLoss: measured(reading.loss),
    valAccuracy: measured(reading.accuracy),
    trainLoss: measured(counters.trainLoss),
    trainAccuracy: measured(counters.trainAccuracy),
    parameters: parametersInUse(core),
  })
}

/** Reads one seed on and off on one half of the validation split, the halves taking turns by tick. */
export function readContribution(
  core: TrainerCore,
  seed: SeedRecord,
  rightOn: Uint8Array,
  rightOff: Uint8Array,
  between: Between | null,
): void {
  const { counters, readingAlphas } = core
  const val = core.dataset.val
  const n = val.n >> 1
  const from = (counters.tick % 2) * n
  const on = evaluateSplit(core, val, core.alphas, between, { from, n, right: rightOn })
  readingAlphas.set(core.alphas)
  readingAlphas[seed.index] = 0
  const off = evaluateSplit(core, val, readingAlphas, between, { from, n, right: rightOff })
  let b = 0
  let c = 0
  for (let i = 0; i < n; i++) {
    if (rightOn[i]! > rightOff[i]!) b++
    else if (rightOn[i]! < rightOff[i]!) c++
  }
  if (!Number.isFinite(on.loss) || !Number.isFinite(off.loss)) return
  noteContribution(seed, {
    delta: on.accuracy - off.accuracy,
    lossDelta: off.loss - on.loss,
    lossOn: on.loss,
  })
  seed.totalImprovement = (seed.baselineLoss - counters.valLoss) / seed.baselineLoss
  core.emit({
    kind: 'counterfactual',
    layerId: core.layerIds[seed.layer]!,
    seedId: seed.row,
    generation: seed.generation,
    blueprintId: seed.blueprintId,
    accuracyOn: on.accuracy,
    accuracyOff: off.accuracy,
    lossOn: on.loss,
    lossOff: off.loss,
    samples: n,
    fromSample: from,
    b,
    c,
  })
}
