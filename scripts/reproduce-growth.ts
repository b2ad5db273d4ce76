/*
 * Reproduces the growth experiment: five run seeds, the policy on against off, test accuracy, beside the documented table.
 * In: flags --random (random-policy control), --static (static comparator), --seeds=1,2, --write-control (recorded curves).
 * Out: a table on stdout; with --write-control assets/control/no-growth-seed-<n>.json.
 * Invariant: quotes TEST accuracy; every number printed was computed in this process, the documented ones are labelled so.
 * Source: docs/training.md "results".
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { runLockstep } from '../lib/controller/lockstep.ts'
import { decide } from '../lib/controller/policy.ts'
import { createPolicyState } from '../lib/controller/policyState.ts'
import { createRandomPolicy } from '../lib/controller/randomPolicy.ts'
import { parseDigits } from '../lib/training/dataset.ts'
import { createRng } from '../lib/training/rng.ts'
import { createTrainer } from '../lib/training/trainer.ts'
import type { Trainer, TransitionEvent } from '../lib/training/trainerTypes.ts'

const CHECKPOINT_STEPS = 3_000
const CONTROL_STEPS = 18_000
const STATIC_STEPS = 16_000

/** Documented: first germination / fossil, grown / none at 3,000, 6,000, 9,000 in percent, fossils / culls / lives. */
const DOCUMENTED: Readonly<Record<number, string>> = {
  1: '2,500 / 4,000 | 81.8 / 81.8 | 89.3 / 81.5 | 90.1 / 83.9 | 4 / 6 / 13',
  2: '1,800 / 3,300 | 86.3 / 80.0 | 89.6 / 83.8 | 90.8 / 85.5 | 5 / 6 / 14',
  3: '2,500 / 4,000 | 78.0 / 78.0 | 88.4 / 83.2 | 88.3 / 83.8 | 3 / 7 / 13',
  4: '3,500 / 5,000 | 80.7 / 80.7 | 85.5 / 81.0 | 86.7 / 82.5 | 3 / 7 / 12',
  5: '2,700 / 4,200 | 82.7 / 82.7 | 89.8 / 84.5 | 88.4 / 85.5 | 3 / 7 / 13',
}

const dataset = parseDigits(readFileSync(new URL('../assets/digits/digits-14x14.bin.br', import.meta.url)))
const flags = process.argv.slice(2)
const has = (name: string): boolean => flags.includes(`--${name}`)
const seeds = (flags.find((flag) => flag.startsWith('--seeds='))?.slice(8) ?? '1,2,3,4,5').split(',').map(Number)
const print = (line: string): void => void process.stdout.write(`${line}\n`)
const percent = (fraction: number): string => (100 * fraction).toFixed(1)
const cpuS = (since: NodeJS.CpuUsage): number => {
  const used = process.cpuUsage(since)
  return (used.user + used.system) / 1e6
}

interface Outcome {
  readonly accuracies: readonly number[]
  readonly cpuS: number
  readonly transitions: readonly TransitionEvent[]
  readonly seedsOff: number
  readonly parameters: number
}

function measure(seed: number, run: (trainer: Trainer, steps: number) => void): Outcome {
  const trainer = createTrainer({ seed }, dataset)
  const started = process.cpuUsage()
  const accuracies: number[] = []
  for (let block = 0; block < 3; block++) {
    run(trainer, CHECKPOINT_STEPS)
    accuracies.push(trainer.evaluate('test').accuracy)
  }
  const spent = cpuS(started)
  const transitions = trainer.drainEvents().filter((event) => event.kind === 'transition')
  const parameters = trainer.layerColumns(0)[8] ?? NaN
  return { accuracies, cpuS: spent, transitions, seedsOff: trainer.evaluate('test', true).accuracy, parameters }
}

function grow(seed: number, random: boolean): Outcome {
  let state = createPolicyState()
  const draws = createRng(seed ^ 0x77)
  const reduce = random ? createRandomPolicy(() => draws.next()) : decide
  return measure(seed, (trainer, steps) => {
    state = runLockstep({ trainer, policy: state, steps, reduce })
  })
}

const plain = (seed: number): Outcome =>
  measure(seed, (trainer, steps) => {
    for (let i = 0; i < steps; i++) trainer.runStep()
  })

function line(grown: Outcome, none: Outcome): string {
  const first = (state: string): string =>
    grown.transitions.find((event) => event.toState === state)?.step.toLocaleString('en-US') ?? 'never'
  const count = (state: string): number => grown.transitions.filter((event) => event.toState === state).length
  const pairs = grown.accuracies.map((accuracy, i) => `${percent(accuracy)} / ${percent(none.accuracies[i]!)}`)
  return [
    `${first('GERMINATED')} / ${first('FOSSILIZED')}`,
    ...pairs,
    `${count('FOSSILIZED')} / ${count('CULLED')} / ${count('GERMINATED')}`,
    `${grown.cpuS.toFixed(1)} / ${none.cpuS.toFixed(1)} CPU-s`,
    `${grown.parameters} parameters, seeds off ${percent(grown.seedsOff)}`,
  ].join(' | ')
}

function compare(title: string, random: boolean, without: ReadonlyMap<number, Outcome>): void {
  print(`\n${title}, test accuracy in percent, grown / none`)
  print('seed | first germination / fossil | step 3,000 | 6,000 | 9,000 | fossils / culls / lives | cost | size')
  const gains: number[][] = []
  for (const seed of seeds) {
    const none = without.get(seed)!
    const grown = grow(seed, random)
    gains.push(grown.accuracies.map((accuracy, i) => accuracy - none.accuracies[i]!))
    print(`${seed} ours       | ${line(grown, none)}`)
    if (!random && DOCUMENTED[seed]) print(`${seed} documented | ${DOCUMENTED[seed]}`)
  }
  const mean = (block: number): string => {
    const values = gains.map((gain) => 100 * gain[block]!)
    const average = values.reduce((sum, value) => sum + value, 0) / values.length
    return `${average.toFixed(1)} pp (${Math.min(...values).toFixed(1)} to ${Math.max(...values).toFixed(1)})`
  }
  print(`mean gain over no growth: 6,000 steps ${mean(1)}, 9,000 steps ${mean(2)}`)
  if (!random) print('documented mean gain: 6,000 steps 5.7 pp (4.5 to 7.8), 9,000 steps 4.6 pp (2.9 to 6.2)')
}

function comparator(seed: number): void {
  const trainer = createTrainer({ seed, staticSeeds: [0, 1, 2, 3] }, dataset)
  const started = process.cpuUsage()
  for (let i = 0; i < STATIC_STEPS; i++) trainer.runStep()
  print(`\nstatic comparator, run seed ${seed}: four bypass_mlp modules at layer 0 from step 0, no lifecycle`)
  print(
    `test ${percent(trainer.evaluate('test').accuracy)} after ${STATIC_STEPS} steps, ` +
      `${trainer.layerColumns(0)[8]} parameters, ${cpuS(started).toFixed(1)} CPU-s (documented: 93.4, one seed)`,
  )
  print('A static network of the grown size wins: growth here beats its own small host, not that.')
}

function writeControl(seed: number): void {
  const trainer = createTrainer({ seed }, dataset)
  const points: { step: number; val_accuracy: number | null; val_loss: number | null }[] = []
  for (let i = 0; i < CONTROL_STEPS; i++) trainer.runStep()
  for (const event of trainer.drainEvents()) {
    if (event.kind !== 'evaluation') continue
    const { step, valAccuracy, valLoss } = event
    points.push({ step, val_accuracy: valAccuracy, val_loss: valLoss })
  }
  const directory = new URL('../assets/control/', import.meta.url)
  mkdirSync(directory, { recursive: true })
  const { config, dataset: data } = trainer.describe()
  const record = { note: 'recorded run without growth', seed, dataset_sha256: data.sha256, config, points }
  const name = `no-growth-seed-${seed}.json`
  writeFileSync(new URL(name, directory), `${JSON.stringify(record)}\n`)
  print(`${name}: ${points.length} points, last validation accuracy ${percent(points.at(-1)?.val_accuracy ?? NaN)}`)
}

if (has('write-control')) seeds.forEach(writeControl)
else {
  const without = new Map(seeds.map((seed) => [seed, plain(seed)]))
  compare('heuristic policy', false, without)
  if (has('random')) compare('random-policy control', true, without)
  if (has('static')) comparator(seeds[0]!)
}
