/*
 * runPlans: the runs that the rules are scored on: seven in which nothing is wrong and thirteen with one fault each, as data.
 * In: the digits, the number of the round. Out: for each run what is done, which rules must see it, which may follow from it.
 * Invariant: what a fault must raise was written down from what it does (docs/training.md), not from what the engine answered; where a
 * rule may follow, the reason stands beside it.
 * Source: docs/alerts.md "measured"; docs/training.md "faults".
 */
import { columnIndex } from '../../lib/contracts/columnIndex.ts'
import type { SeedState } from '../../lib/contracts/lifecycle.ts'
import { SEED_STATE_ID } from '../../lib/contracts/lifecycleTable.ts'
import { createSpirals } from '../../lib/training/dataset.ts'
import type { Dataset } from '../../lib/training/trainerOptions.ts'
import type { Recorder, RunSetup } from './recordRun.ts'

export interface RunPlan extends RunSetup {
  readonly name: string
  /** Rules that have to raise after the fault began. */
  readonly must: readonly string[]
  /** Rules that may raise after it, with the reason; neither right nor wrong. */
  readonly may: Readonly<Record<string, string>>
}

const at = { layerId: 'layer_0', seedId: 0 }
const fault = { faultId: 'score' } as const
const MODULES: readonly SeedState[] = ['TRAINING', 'GRAFTING', 'STABILIZATION', 'EVALUATING', 'FINE_TUNING']

interface Seed {
  readonly layerId: string
  readonly seedId: number
}

/** The first seed in one of the states. */
function findSeed({ trainer }: Recorder, states: readonly SeedState[]): Seed | null {
  const column = columnIndex(trainer.describe().seed_columns, 'state')
  const ids = new Set(states.map((state) => SEED_STATE_ID[state]))
  for (const [layer, layerId] of trainer.layerIds.entries())
    for (let seedId = 0; seedId < trainer.seedsPerLayer; seedId++)
      if (ids.has(trainer.seedColumns(layer)[column * trainer.seedsPerLayer + seedId]!)) return { layerId, seedId }
  return null
}

function waitForSeed(recorder: Recorder, states: readonly SeedState[]): Seed {
  recorder.runUntil(`a seed in ${states.join(', ')}`, () => findSeed(recorder, states) !== null, 600)
  return findSeed(recorder, states)!
}

const quiet = (name: string, setup: Omit<RunSetup, 'script'>, ticks: number): RunPlan => ({
  name,
  ...setup,
  script: ({ run }) => run(ticks),
  must: [],
  may: {},
})

/** The twenty runs of a round; each round has other run seeds. */
export function planRuns(digits: Dataset, round: number): readonly RunPlan[] {
  const spirals = createSpirals(7, { samples: 1_200 })
  const few = createSpirals(7, { samples: 90 })
  const seed = (number: number) => number + 100 * round
  const grown = (number: number) => ({ dataset: digits, options: { seed: seed(number) }, policy: true })
  const plain = (number: number) => ({ dataset: digits, options: { seed: seed(number) }, policy: false })
  const small = (number: number) => ({ dataset: spirals, options: { seed: seed(number) }, policy: false })
  return [
    quiet('growth 1', grown(1), 450),
    quiet('growth 2', grown(2), 450),
    quiet('growth 3', grown(3), 450),
    quiet('growth 4', grown(4), 450),
    quiet('no growth 1', plain(5), 300),
    quiet('no growth 2', plain(6), 300),
    quiet('spirals, no growth', small(7), 600),
    {
      name: 'NaN in a weight',
      ...grown(11),
      script(recorder) {
        const seedOf = waitForSeed(recorder, MODULES)
        recorder.run(5)
        recorder.fault({ kind: 'nan_weight', ...fault, ...(findSeed(recorder, MODULES) ?? seedOf) })
        recorder.run(60)
      },
      must: ['non_finite'],
      may: { governor_rollback: 'a NaN that reaches the host is restored from' },
    },
    {
      name: 'learning rate x150',
      ...grown(12),
      script({ run, fault: inject }) {
        run(200)
        inject({ kind: 'lr_spike', ...fault })
        run(60)
      },
      must: ['gradient_explosion', 'governor_rollback'],
      may: {
        loss_degradation: 'the loss rises until the governor restores',
        non_finite: 'weights can overflow before the governor restores',
      },
    },
    {
      name: 'biases -50 at once',
      ...plain(13),
      script({ run, fault: inject }) {
        run(150)
        inject({ kind: 'dead_bias_jump', ...fault, ...at })
        run(60)
      },
      // Restored after about three steps: no tick ever shows the dead chunk.
      must: ['governor_rollback'],
      may: { gradient_explosion: 'the loss jumps for the steps before the restore' },
    },
    {
      name: '60 % wrong labels',
      ...grown(14),
      script({ run, fault: inject }) {
        run(200)
        inject({ kind: 'label_noise', ...fault })
        run(120)
      },
      must: ['loss_degradation'],
      may: {
        gradient_explosion: 'labels that turn wrong at once make the gradient jump',
        governor_rollback: 'the loss of the step jumps beyond what the governor allows',
      },
    },
    {
      name: 'alpha held',
      ...grown(15),
      script(recorder) {
        const seedOf = waitForSeed(recorder, ['GRAFTING'])
        recorder.fault({ kind: 'frozen_alpha', ...fault, ...seedOf })
        recorder.run(120)
      },
      must: ['stuck_in_state'],
      may: {},
    },
    {
      name: 'biases drift down',
      ...plain(16),
      script({ run, fault: inject }) {
        run(210)
        inject({ kind: 'dead_bias_drift', ...fault, ...at, steps: 1_600 })
        run(160)
      },
      must: ['dead_chunk', 'vanishing_flow', 'dormant_drift'],
      may: { loss_degradation: 'a chunk that dies takes what it knew with it' },
    },
    {
      name: 'a ramp cut short',
      ...small(17),
      script({ run, bring, mark, force }) {
        run(20)
        bring('GRAFTING')
        run(3)
        mark()
        force('STABILIZATION')
        run(30)
      },
      must: ['alpha_jump'],
      may: {},
    },
    {
      name: 'ten lives culled',
      ...small(18),
      script({ run, bring, mark, force }) {
        run(20)
        mark()
        for (let life = 0; life < 10; life++) {
          const where = { layerId: `layer_${life % 3}`, seedId: Math.floor(life / 3) }
          bring('TRAINING', { blueprintId: 'gated', ...where })
          force('CULLED', where)
        }
        run(30)
      },
      must: ['cull_storm', 'blueprint_failing', 'saturation'],
      may: {},
    },
    {
      name: 'leaned on while all gets worse',
      ...plain(19),
      script({ run, force, mark, fault: inject, trainer }) {
        run(170)
        const stay = [
          ['GERMINATED', 1],
          ['TRAINING', 40],
          ['GRAFTING', 21],
          ['STABILIZATION', 2],
          ['EVALUATING', 2],
          ['FINE_TUNING', 2],
        ] as const
        for (const [state, ticks] of stay) {
          force(state, { blueprintId: 'bypass_mlp' })
          run(ticks - 1)
        }
        mark()
        // Wrong labels that become more, too slowly for the governor.
        for (let turn = 0; turn < 15; turn++) {
          inject({ kind: 'label_noise', faultId: `score${trainer.tick}`, ratio: 0.08, steps: 100_000 })
          run(5)
        }
      },
      must: ['ransomware'],
      may: { loss_degradation: 'the labels are wrong', gradient_explosion: 'the labels are wrong' },
    },
    {
      name: 'no snapshots',
      dataset: spirals,
      options: { seed: seed(20), ticksPerSnapshot: 60_000 },
      policy: false,
      script({ run, mark }) {
        mark()
        run(130)
      },
      must: ['no_checkpoint'],
      may: {},
    },
    {
      name: 'put back as a whole',
      ...small(21),
      script({ run, bring, force, mark, trainer }) {
        run(20)
        const { checkpointId } = trainer.saveCheckpoint()
        for (let life = 0; life < 2; life++) {
          bring('TRAINING')
          force('CULLED')
          run(30)
          force('DORMANT')
        }
        mark()
        trainer.restoreCheckpoint(checkpointId, 'exact')
        bring('GERMINATED')
        run(10)
      },
      must: ['illegal_transition'],
      may: {},
    },
    {
      name: 'the producer stops',
      ...small(22),
      script({ run, wait, mark }) {
        run(60)
        mark()
        wait(20_000)
        run(30)
        wait(90_000)
      },
      must: ['telemetry_gap', 'layer_silent'],
      may: {},
    },
    {
      name: 'too little data',
      dataset: few,
      options: { seed: seed(23) },
      policy: false,
      script({ run, mark }) {
        mark()
        run(600)
      },
      must: ['overfit_gap'],
      may: { loss_degradation: 'what is learned by heart makes the validation loss rise' },
    },
  ]
}
