/*
 * Governor: decides from the batch loss whether the run has gone off the rails.
 * In: one loss per step. Out: fine, suspect, or roll back.
 * Invariant: a non-finite loss rolls back at once; a finite one only after three bad steps, and bad losses never enter the window.
 * Source: docs/training.md "governor".
 */
export type GovernorVerdict = 'fine' | 'suspect' | 'rollback'

export interface GovernorState {
  readonly losses: readonly number[]
  readonly badSteps: number
}

export interface Governor {
  observe(loss: number): GovernorVerdict
  /** Mean of the window; NaN while it is empty. */
  meanLoss(): number
  readonly suspicious: boolean
  /** Forgets the window, as after a rollback. */
  reset(): void
  save(): GovernorState
  restore(state: GovernorState): void
}

const WINDOW_STEPS = 100
const MIN_STEPS = 20
const BAD_STEPS = 3

/** Creates a governor with an empty window: no judgement of finite losses before 20 steps. */
export function createGovernor(): Governor {
  const ring = new Float64Array(WINDOW_STEPS)
  let count = 0
  let head = 0
  let badSteps = 0

  const mean = (): number => {
    let sum = 0
    for (let i = 0; i < count; i++) sum += ring[i]!
    return count === 0 ? NaN : sum / count
  }
  const push = (loss: number): void => {
    ring[head] = loss
    head = (head + 1) % WINDOW_STEPS
    count = Math.min(WINDOW_STEPS, count + 1)
  }
  const isOutlier = (loss: number): boolean => {
    if (count < MIN_STEPS) return false
    const average = mean()
    if (loss <= 3 * average) return false
    let squares = 0
    for (let i = 0; i < count; i++) squares += (ring[i]! - average) ** 2
    return loss > average + 6 * Math.sqrt(squares / count)
  }

  return {
    observe(loss) {
      if (!Number.isFinite(loss)) return 'rollback'
      if (!isOutlier(loss)) {
        badSteps = 0
        push(loss)
        return 'fine'
      }
      badSteps++
      return badSteps >= BAD_STEPS ? 'rollback' : 'suspect'
    },
    meanLoss: mean,
    get suspicious() {
      return badSteps > 0
    },
    reset() {
      count = 0
      head = 0
      badSteps = 0
    },
    save() {
      const losses: number[] = []
      for (let i = 0; i < count; i++) losses.push(ring[(head - count + i + WINDOW_STEPS) % WINDOW_STEPS]!)
      return { losses, badSteps }
    },
    restore(state) {
      count = 0
      head = 0
      for (const loss of state.losses) push(loss)
      badSteps = state.badSteps
    },
  }
}
