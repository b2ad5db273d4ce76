/*
 * fit-loadgen: runs the real trainer with its policy, records its columns, fits the tables of the load generator.
 * In: --seeds 101,102 (fit), --held-out 201,202, --steps N. Out: assets/loadgen/tables.json and held-out.json.
 * Invariant: run seeds of the fit and of the held-out runs are disjoint; the files carry where they come from and no time of day.
 * Source: docs/performance.md "load generator".
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { SEED_STATES } from '../lib/contracts/lifecycleTable.ts'
import { SEED_COLUMNS } from '../lib/contracts/metrics.ts'
import { runLockstep } from '../lib/controller/lockstep.ts'
import { createPolicyState } from '../lib/controller/policyState.ts'
import { fitTables, ksDistance } from '../lib/loadgen/fitTables.ts'
import { LOAD_METRICS } from '../lib/loadgen/loadRun.ts'
import { createRecorder, type Recording } from '../lib/loadgen/recording.ts'
import { BLUEPRINTS } from '../lib/training/blueprints.ts'
import { parseDigits } from '../lib/training/dataset.ts'
import { createTrainer } from '../lib/training/trainer.ts'

const { values: flags } = parseArgs({
  options: {
    seeds: { type: 'string', default: '101,102,103,104,105,106,107,108,109,110' },
    'held-out': { type: 'string', default: '201,202,203,204' },
    steps: { type: 'string', default: '8000' },
  },
})
const seedsOf = (text: string): number[] => text.split(',').map(Number)
const STEPS = Number(flags.steps)
const STEPS_PER_TICK = 20
const print = (line: string): void => void process.stdout.write(`${line}\n`)
const dataset = parseDigits(readFileSync(new URL('../assets/digits/digits-14x14.bin.br', import.meta.url)))
const columns = SEED_COLUMNS.map((column) => column.name)

function record(seed: number): Recording {
  const trainer = createTrainer({ seed }, dataset)
  const recorder = createRecorder(trainer, columns.length, STEPS / STEPS_PER_TICK)
  runLockstep({ trainer, policy: createPolicyState(), steps: STEPS, onTick: () => recorder.take() })
  const transitions = trainer.drainEvents().flatMap((event) => {
    if (event.kind !== 'transition') return []
    const seed = trainer.layerIds.indexOf(event.layerId) * trainer.seedsPerLayer + event.seedId
    return [{ tick: event.tick, seed, from: event.fromState, to: event.toState }]
  })
  print(`run seed ${seed}: ${STEPS} steps, ${transitions.length} transitions`)
  return recorder.finish(seed, transitions)
}

const fitSeeds = seedsOf(flags.seeds)
const heldSeeds = seedsOf(flags['held-out'])
if (fitSeeds.some((seed) => heldSeeds.includes(seed))) throw new Error('a run seed is both fitted and held out')

const fit = (seeds: readonly number[], note: string) => {
  const recordings = seeds.map(record)
  const seedTicks = recordings.reduce((sum, recording) => sum + recording.ticks * recording.seeds, 0)
  const provenance = {
    trainer: `digits host, ${recordings[0]?.seeds} seeds, heuristic policy in lockstep`,
    fit_seeds: [...seeds],
    steps_per_seed: STEPS,
    steps_per_tick: STEPS_PER_TICK,
    seed_ticks: seedTicks,
    note,
  }
  const blueprintIds = Object.fromEntries(BLUEPRINTS.map((blueprint) => [blueprint.index, blueprint.id]))
  return fitTables({ recordings, columns, metrics: LOAD_METRICS, blueprintIds, provenance })
}

const folder = new URL('../assets/loadgen/', import.meta.url)
const tables = fit(fitSeeds, 'fitted; cross-metric and cross-seed correlation are not modelled')
const held = fit(heldSeeds, 'held out: never seen by the fit, kept to judge it')
mkdirSync(folder, { recursive: true })
writeFileSync(new URL('tables.json', folder), `${JSON.stringify(tables)}\n`)
writeFileSync(new URL('held-out.json', folder), `${JSON.stringify(held)}\n`)
for (const state of SEED_STATES) {
  const distances = LOAD_METRICS.flatMap((metric) => {
    const [a, b] = [tables.states[state].values[metric]?.quantiles, held.states[state].values[metric]?.quantiles]
    return a && b ? [`${metric} ${ksDistance(a, b).toFixed(2)}`] : []
  })
  print(`${state} (${tables.states[state].samples}/${held.states[state].samples}): ${distances.join(', ')}`)
}
