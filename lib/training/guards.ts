/*
 * Guards: what must hold before a seed may take an edge, each as {name, value, threshold, passed}.
 * In: the seed's own readings and a few facts about the run. Out: every check of the edge, deciding one first.
 * Invariant: a required metric that is unmeasured refuses by name; `force` skips time and quality, never safety.
 * Source: docs/training.md "guards"; seed-design.md 2.3.
 */
import type { GuardConfig } from './trainerOptions.ts'
import type { GuardReading, SeedState } from './trainerTypes.ts'
import type { SeedRecord } from './seedRecord.ts'

export interface GuardFacts {
  readonly seed: SeedRecord
  /** Seeds in GERMINATED..FINE_TUNING, this one included when it is one of them. */
  readonly activeSeeds: number
  readonly halted: boolean
  /** Last validation loss of the host; NaN before the first evaluation. */
  readonly valLoss: number
  /** Norm of the module's weights; NaN or infinite when something in it is broken, null when there is no module. */
  readonly moduleNorm: number | null
  readonly config: GuardConfig
}

export interface GuardCheck {
  readonly reading: GuardReading
  readonly kind: 'time' | 'quality' | 'safety'
  /** For an operator: value against threshold, or which metric is missing. */
  readonly text: string
}

type Comparison = '>=' | '<=' | '>' | '<'

const COMPARE: Readonly<Record<Comparison, (value: number, threshold: number) => boolean>> = {
  '>=': (value, threshold) => value >= threshold,
  '<=': (value, threshold) => value <= threshold,
  '>': (value, threshold) => value > threshold,
  '<': (value, threshold) => value < threshold,
}

const brief = (value: number): string => String(Number(value.toPrecision(4)))

function check(
  kind: GuardCheck['kind'],
  name: string,
  value: number,
  comparison: Comparison,
  threshold: number,
): GuardCheck {
  const measured = Number.isFinite(value)
  const passed = measured && COMPARE[comparison](value, threshold)
  const text = measured
    ? `${name} ${brief(value)}, required ${comparison} ${brief(threshold)}`
    : `${name} is unmeasured, required ${comparison} ${brief(threshold)}`
  return { kind, text, reading: { name, value: measured ? value : null, threshold, passed } }
}

const time = (facts: GuardFacts, ticks: number): GuardCheck =>
  check('time', 'ticks_in_state', facts.seed.ticksInState, '>=', ticks)

function moduleFinite(facts: GuardFacts): GuardCheck {
  const norm = facts.moduleNorm ?? NaN
  const passed = Number.isFinite(norm)
  const text = passed ? 'module weights are finite' : 'module weights are not finite'
  return {
    kind: 'safety',
    text,
    reading: { name: 'module_weight_norm', value: passed ? norm : null, threshold: null, passed },
  }
}

function notHalted(facts: GuardFacts): GuardCheck {
  const value = facts.halted ? 1 : 0
  return {
    kind: 'safety',
    text: facts.halted ? 'the trainer is halted' : 'the trainer is running',
    reading: { name: 'halted', value, threshold: 0, passed: !facts.halted },
  }
}

function validationMeasured(facts: GuardFacts): GuardCheck {
  const measured = Number.isFinite(facts.valLoss)
  return {
    kind: 'quality',
    text: measured ? `baseline_val_loss ${brief(facts.valLoss)}` : 'baseline_val_loss is unmeasured: no evaluation yet',
    reading: { name: 'baseline_val_loss', value: measured ? facts.valLoss : null, threshold: null, passed: measured },
  }
}

/**
 * Evaluates every guard of a legal edge; the first entry is the one worth telling when all pass. Edges that only take
 * structure away at once (cancel, roll back) have none.
 */
export function evaluateGuards(from: SeedState, to: SeedState, facts: GuardFacts): readonly GuardCheck[] {
  const { seed, config } = facts
  switch (`${from}>${to}`) {
    case 'DORMANT>GERMINATED':
      return [
        check('quality', 'active_seeds', facts.activeSeeds, '<', config.maxActiveSeeds),
        validationMeasured(facts),
        notHalted(facts),
      ]
    case 'GERMINATED>TRAINING':
      return [check('quality', 'active_seeds', facts.activeSeeds, '<=', config.maxActiveSeeds), moduleFinite(facts)]
    case 'TRAINING>GRAFTING':
      return [
        check('quality', 'shadow_gain', seed.shadowGain, '>=', config.minShadowGain),
        check('quality', 'reconstruction_loss', seed.reconstructionLoss, '<=', config.maxReconstructionLoss),
        time(facts, config.minTrainingTicks),
        moduleFinite(facts),
      ]
    case 'TRAINING>CULLED':
      return [time(facts, config.reconstructionTicks)]
    case 'GRAFTING>STABILIZATION':
      return [check('quality', 'alpha', seed.alpha, '>=', 1), moduleFinite(facts)]
    case 'STABILIZATION>EVALUATING':
      return [time(facts, config.minStabilizationTicks), moduleFinite(facts)]
    case 'EVALUATING>FINE_TUNING':
      return [
        check('quality', 'performance_delta', seed.contribution, '>', 0),
        check('quality', 'stability_score', seed.stability, '>=', config.minStability),
        time(facts, config.minEvaluatingTicks),
        moduleFinite(facts),
      ]
    case 'EVALUATING>CULLED':
      return [time(facts, config.minEvaluatingTicks)]
    case 'FINE_TUNING>FOSSILIZED':
      return [
        check('quality', 'performance_delta', seed.contribution, '>=', config.minContribution),
        check('quality', 'total_improvement', seed.totalImprovement, '>=', config.minTotalImprovement),
        time(facts, config.minFineTuningTicks),
        moduleFinite(facts),
      ]
    case 'FINE_TUNING>CULLED':
      return [time(facts, config.minFineTuningTicks)]
    case 'CULLED>DORMANT':
      return [time(facts, config.culledEmbargoTicks)]
    case 'CANCELLED>DORMANT':
      return [time(facts, config.cancelledEmbargoTicks)]
    case 'ROLLED_BACK>DORMANT':
      return [time(facts, config.rolledBackEmbargoTicks)]
    default:
      return []
  }
}

/** Finds the first check that stands in the way; null when the edge is free. */
export function findRefusal(checks: readonly GuardCheck[], force: boolean): GuardCheck | null {
  return checks.find((entry) => !entry.reading.passed && (entry.kind === 'safety' || !force)) ?? null
}
