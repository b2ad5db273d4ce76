/*
 * The policy: a pure reducer from what was seen to what is wanted.
 * In: state, observation built from wire columns. Out: next state, decisions in a fixed order.
 * Invariant: no clock, no chance, no hidden memory; a decision in flight is not repeated; a refused one backs off.
 * Source: docs/training.md "policy"; seed-design.md 2.3.
 */
import type { SeedState } from '../contracts/lifecycle.ts'
import { isLiveState } from '../contracts/lifecycleTable.ts'
import { readLayerColumn, type Decision, type Observation } from './observation.ts'
import type { BlueprintRecord, PendingDecision, PolicyState, SeedMemory } from './policyState.ts'
import { decideSeed } from './seedRules.ts'
import { readSeeds, type SeedView } from './seedView.ts'

export interface PolicyStep {
  readonly state: PolicyState
  readonly decisions: readonly Decision[]
}

/** Chooses what to germinate; the random control replaces it and nothing else. */
export interface GrowthChoice {
  seed(candidates: readonly SeedView[]): SeedView
  blueprint(state: PolicyState, seed: SeedView): string
}

const NEW_MEMORY: SeedMemory = { state: null, generation: -1, ransomReads: 0, ransomAsOf: -1 }
const NEW_RECORD: BlueprintRecord = { tries: 0, ended: 0, value: 0, fossilised: 0 }

/** Scores a dormant seed: dead chunks first, then gradient demand of low-rank chunks that have been tried least. */
export function demandScore(seed: SeedView): number {
  const dead = seed.deadRatio > 0 ? 1_000 * seed.deadRatio : 0
  const rank = Number.isFinite(seed.rank) ? seed.rank : 0
  const demand = Number.isFinite(seed.demand) ? seed.demand : 0
  return dead + (demand * (2 - rank)) / (1 + seed.generation)
}

/**
 * Picks the recipe: the first of the configured order until one life has ended; from then on every other germination
 * explores a recipe that was never tried, the rest take the best upper confidence bound of measured contribution. A life
 * under way counts for nothing: taking it as a failure would be a number nobody measured.
 */
export function chooseBlueprint(state: PolicyState): string {
  const { blueprintOrder, explorationWeight } = state.config
  const records = blueprintOrder.map((id) => ({ id, ...(state.blueprints[id] ?? NEW_RECORD) }))
  const ended = records.reduce((sum, record) => sum + record.ended, 0)
  if (ended === 0) return blueprintOrder[0]!
  const untried = records.find((record) => record.tries === 0)
  if (untried && state.germinations % 2 === 1) return untried.id
  const bound = (record: BlueprintRecord): number =>
    record.ended === 0
      ? -Infinity
      : record.value / record.ended + explorationWeight * Math.sqrt(Math.log(1 + ended) / record.ended)
  return records.reduce((best, record) => (bound(record) > bound(best) ? record : best)).id
}

const HEURISTIC: GrowthChoice = {
  seed: (candidates) => candidates.reduce((best, seed) => (demandScore(seed) > demandScore(best) ? seed : best)),
  // A dead chunk passes nothing on: only a module that reads the layer input can bring it back.
  blueprint: (state, seed) => (seed.deadRatio === 1 ? 'bypass_mlp' : chooseBlueprint(state)),
}

/** Reduces one observation. Observations that do not advance the tick change nothing. */
export function decide(state: PolicyState, observation: Observation, choice: GrowthChoice = HEURISTIC): PolicyStep {
  if (observation.tick <= state.tick) return { state, decisions: [] }
  const seeds = readSeeds(observation)
  let next = noteValidation({ ...state, tick: observation.tick }, observation)
  next = noteSeeds(next, seeds)
  next = notePending(next, seeds, observation)
  if (observation.halted) return { state: next, decisions: [] }

  const decisions: Decision[] = []
  for (const seed of seeds) {
    const wish = decideSeed(seed, next.seeds[seed.key] ?? NEW_MEMORY, next.config)
    if (wish) next = send(next, decisions, seed, wish.to, { reason: wish.reason })
  }
  return germinate(next, seeds, decisions, choice)
}

function noteValidation(state: PolicyState, observation: Observation): PolicyState {
  const layer = observation.layers[0]
  if (!layer) return state
  const asOfStep = readLayerColumn(layer, 'as_of_step')
  const loss = readLayerColumn(layer, 'val_loss')
  if (!Number.isFinite(loss) || !(asOfStep > state.asOfStep)) return state
  const valAccuracy = readLayerColumn(layer, 'val_accuracy')
  if (loss < state.bestLoss * (1 - state.config.plateauGain)) {
    return { ...state, asOfStep, valAccuracy, bestLoss: loss, badEvaluations: 0 }
  }
  return { ...state, asOfStep, valAccuracy, badEvaluations: state.badEvaluations + 1 }
}

/** Follows lives through their columns: counts tries and outcomes of recipes, and reads that smell of ransom. */
function noteSeeds(state: PolicyState, seeds: readonly SeedView[]): PolicyState {
  const memories: Record<string, SeedMemory> = { ...state.seeds }
  const blueprints: Record<string, BlueprintRecord> = { ...state.blueprints }
  let failedLives = state.failedLives
  for (const seed of seeds) {
    const before = memories[seed.key] ?? NEW_MEMORY
    const blueprint = state.config.blueprintTable[seed.blueprintIndex] ?? null
    const isNewLife = before.generation >= 0 && seed.generation > before.generation
    if (isNewLife && blueprint) blueprints[blueprint] = grown(blueprints[blueprint], { tries: 1 })
    const changed = seed.state !== before.state || isNewLife
    // The first sight of a seed is history: a controller that joins late counts nothing it did not see.
    if (changed && before.state !== null && blueprint && seed.state === 'FOSSILIZED') {
      const value = Number.isFinite(seed.contribution) ? seed.contribution : 0
      blueprints[blueprint] = grown(blueprints[blueprint], { ended: 1, value, fossilised: 1 })
      failedLives = 0
    }
    if (changed && before.state !== null && isFailure(seed.state)) {
      failedLives++
      if (blueprint) blueprints[blueprint] = grown(blueprints[blueprint], { ended: 1 })
    }
    memories[seed.key] = { state: seed.state, generation: seed.generation, ...noteRansom(state, seed, before) }
  }
  const limit = state.config.stopAfterFailedLives
  const saturated = state.saturated || (limit > 0 && failedLives >= limit)
  return { ...state, seeds: memories, blueprints, failedLives, saturated }
}

const isFailure = (state: SeedState | null): boolean => state === 'CULLED' || state === 'ROLLED_BACK'

const grown = (record: BlueprintRecord = NEW_RECORD, by: Partial<BlueprintRecord>): BlueprintRecord => ({
  tries: record.tries + (by.tries ?? 0),
  ended: record.ended + (by.ended ?? 0),
  value: record.value + (by.value ?? 0),
  fossilised: record.fossilised + (by.fossilised ?? 0),
})

function noteRansom(state: PolicyState, seed: SeedView, before: SeedMemory) {
  const kept = { ransomReads: before.ransomReads, ransomAsOf: before.ransomAsOf }
  if (seed.state !== 'FINE_TUNING' || seed.generation !== before.generation) return { ransomReads: 0, ransomAsOf: -1 }
  if (state.asOfStep <= before.ransomAsOf) return kept
  const smells = seed.contribution > state.config.ransomContribution && seed.totalImprovement < 0
  return { ransomReads: smells ? before.ransomReads + 1 : 0, ransomAsOf: state.asOfStep }
}

/** Forgets decisions whose effect is seen or whose seed moved on, and lets refused ones wait longer each time. */
function notePending(state: PolicyState, seeds: readonly SeedView[], observation: Observation): PolicyState {
  const pending: Record<string, PendingDecision> = {}
  const byKey = new Map(seeds.map((seed) => [seed.key, seed]))
  const refused = new Set(observation.outcomes.filter((outcome) => !outcome.applied).map((outcome) => outcome.key))
  const { backoffTicks, maxBackoffTicks } = state.config
  for (const [key, entry] of Object.entries(state.pending)) {
    const seed = byKey.get(`${entry.layerId}/${entry.seedId}`)
    if (!seed || seed.state !== entry.fromState || seed.generation !== entry.generation) continue
    if (!refused.has(key)) {
      // A germination whose effect was not seen in time is given up: its seed and its slot are free for another choice.
      if (entry.fromState !== 'DORMANT' || state.tick < entry.untilTick) pending[key] = entry
      continue
    }
    const wait = Math.min(maxBackoffTicks, backoffTicks * 2 ** entry.refusals)
    pending[key] = { ...entry, refusals: entry.refusals + 1, untilTick: state.tick + wait }
  }
  return { ...state, pending }
}

function send(
  state: PolicyState,
  decisions: Decision[],
  seed: SeedView,
  to: SeedState,
  more: Pick<Decision, 'reason' | 'blueprintId' | 'graftingStrategy'>,
): PolicyState {
  if (seed.state === null) return state
  const key = `${seed.key}/${seed.generation}/${seed.state}>${to}`
  const waiting = state.pending[key]
  if (waiting && state.tick < waiting.untilTick) return state
  const { layerId, seedId, generation } = seed
  const fromState = seed.state
  decisions.push({ key, layerId, seedId, targetState: to, expect: { fromState, generation }, ...more })
  const untilTick = state.tick + state.config.pendingTimeoutTicks
  const entry: PendingDecision = { layerId, seedId, fromState, generation, untilTick, refusals: waiting?.refusals ?? 0 }
  return { ...state, pending: { ...state.pending, [key]: entry } }
}

function germinate(
  state: PolicyState,
  seeds: readonly SeedView[],
  decisions: Decision[],
  choice: GrowthChoice,
): PolicyStep {
  const { config } = state
  // Same live count as the trainer's guard; germinations in flight count too, or a slow bus would plant too many.
  const inFlight = Object.values(state.pending).filter((entry) => entry.fromState === 'DORMANT').length
  const active = seeds.filter((seed) => seed.state !== null && isLiveState(seed.state)).length
  const wanted =
    state.badEvaluations >= config.plateauEvaluations || (state.growing && state.valAccuracy < config.targetAccuracy)
  const due = state.tick - state.lastGerminationTick >= config.germinateEveryTicks
  if (state.saturated || !wanted || !due || active + inFlight >= config.maxActiveSeeds) return { state, decisions }
  const busy = new Set(Object.values(state.pending).map((entry) => `${entry.layerId}/${entry.seedId}`))
  const candidates = seeds.filter((seed) => seed.state === 'DORMANT' && !busy.has(seed.key))
  if (candidates.length === 0) return { state, decisions }
  const seed = choice.seed(candidates)
  const blueprintId = choice.blueprint(state, seed)
  const germinations = state.germinations + 1
  const graftingStrategy = config.strategies[germinations % config.strategies.length]!
  const reason = state.growing
    ? `demand ${seed.demand.toFixed(4)}, ${active} of ${config.maxActiveSeeds} slots in use`
    : `plateau of ${state.badEvaluations} evaluations, demand ${seed.demand.toFixed(4)}`
  const sent = send(state, decisions, seed, 'GERMINATED', { reason, blueprintId, graftingStrategy })
  return { state: { ...sent, growing: true, germinations, lastGerminationTick: state.tick }, decisions }
}
