/*
 * Builders for trainer tests: small spirals (no file, fast), the real digits, and short cuts into a life.
 * In: overrides. Out: data sets, trainers, cores, commands with meaningful defaults.
 * Invariant: nothing here fakes a number: every state is reached by real steps and real commands.
 * Source: docs/training.md "seeds and their states".
 */
import { readFileSync } from 'node:fs'
import { createSpirals, parseDigits } from '../../lib/training/dataset.ts'
import { createTrainer } from '../../lib/training/trainer.ts'
import type { Dataset, TrainerOptions } from '../../lib/training/trainerOptions.ts'
import type { SeedState, Trainer, TrainerEvent, TransitionCommand } from '../../lib/training/trainerTypes.ts'

export const spirals: Dataset = createSpirals(7, { samples: 1_200 })

let digits: Dataset | null = null
export function givenDigits(): Dataset {
  digits ??= parseDigits(readFileSync(new URL('../../assets/digits/digits-14x14.bin.br', import.meta.url)))
  return digits
}

export const givenTrainer = (options: Partial<TrainerOptions> = {}): Trainer =>
  createTrainer({ seed: 3, faultsAllowed: true, ...options }, spirals)

export function transition(targetState: SeedState, more: Partial<TransitionCommand> = {}): TransitionCommand {
  return {
    type: 'transition',
    layerId: 'layer_0',
    seedId: 0,
    targetState,
    reason: 'test',
    triggeredBy: 'operator',
    force: false,
    expect: null,
    correlationId: null,
    ...more,
  }
}

export function runTicks(trainer: Trainer, ticks: number): void {
  for (let ended = 0; ended < ticks;) if (trainer.runStep()) ended++
}

const PATH: readonly SeedState[] = [
  'GERMINATED',
  'TRAINING',
  'GRAFTING',
  'STABILIZATION',
  'EVALUATING',
  'FINE_TUNING',
  'FOSSILIZED',
]

/** Forces layer_0/0 along the main path up to `state`, one tick in each; the ramp is skipped by force. */
export function bringTo(trainer: Trainer, state: SeedState, more: Partial<TransitionCommand> = {}): void {
  if (state === 'DORMANT') return
  runTicks(trainer, 5)
  const last = PATH.indexOf(state)
  for (const next of PATH.slice(0, last + 1)) {
    const result = trainer.execute(transition(next, { force: true, ...more }))
    if (result.status !== 'applied') throw new Error(`${next}: ${result.text}`)
    if (next !== state) runTicks(trainer, 1)
  }
}

export function eventsOf<K extends TrainerEvent['kind']>(
  events: readonly TrainerEvent[],
  kind: K,
): Extract<TrainerEvent, { kind: K }>[] {
  return events.filter((event): event is Extract<TrainerEvent, { kind: K }> => event.kind === kind)
}
