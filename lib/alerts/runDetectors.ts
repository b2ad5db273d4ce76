/*
 * runDetectors: what a rule looks for in the events of a run: its losses, the ends of its lives, its snapshots.
 * In: evaluations, ended lives, snapshots, ticks, of one run. Out: conditions that hold now, by what they are about.
 * Invariant: pure but for its memory; a condition is a fact of this moment: whether it was told before is not known here.
 * Source: docs/alerts.md "rules that ship".
 */
import type { AlertRule } from '../contracts/alerts.ts'

export interface Condition {
  readonly level: number
  readonly metric: string | null
  readonly value: number | null
  readonly threshold: number | null
  readonly text: string
}

export interface RunDetector {
  onEvaluation?(reading: EvaluationReading): void
  onLifeEnd?(end: LifeEnd): void
  onSnapshot?(tick: number | null): void
  onRestoreRefused?(text: string): void
  onTick?(tick: number, states: StateCounts): void
  /** What holds now, by what it is about; '' is the run itself. */
  readonly holds: ReadonlyMap<string, Condition>
}

export interface EvaluationReading {
  readonly valLoss: number | null
  readonly valAccuracy: number | null
  readonly trainAccuracy: number | null
}

export interface LifeEnd {
  readonly tick: number | null
  readonly outcome: 'FOSSILIZED' | 'CULLED' | 'CANCELLED' | 'ROLLED_BACK'
  readonly blueprintId: string | null
}

export interface StateCounts {
  readonly seeds: number
  readonly fossilised: number
}

const percent = (share: number): string => `${Math.round(share * 1_000) / 10} %`

function lossDegradation({ params }: AlertRule): RunDetector {
  const { raise, critical, clear, evaluations } = params as Record<string, number>
  const holds = new Map<string, Condition>()
  let best = Number.POSITIVE_INFINITY
  let bad = 0
  let worse = 0
  let good = 0
  return {
    holds,
    onEvaluation({ valLoss }) {
      if (valLoss === null || !Number.isFinite(valLoss)) return
      best = Math.min(best, valLoss)
      const ratio = valLoss / best
      bad = ratio > raise! ? bad + 1 : 0
      worse = ratio > critical! ? worse + 1 : 0
      good = ratio < clear! ? good + 1 : 0
      const level = worse >= evaluations! ? 2 : 1
      const before = holds.get('')
      if (bad >= evaluations! || (before !== undefined && good < evaluations!))
        holds.set('', {
          level: bad >= evaluations! ? level : (before?.level ?? 1),
          metric: 'val_loss',
          value: valLoss,
          threshold: raise! * best,
          text: `Validation loss is ${valLoss.toPrecision(3)}, ${ratio.toFixed(2)} times the best (${best.toPrecision(3)}).`,
        })
      else if (good >= evaluations!) holds.delete('')
    },
  }
}

function overfitGap({ params }: AlertRule): RunDetector {
  const { gap: limit, evaluations, clear } = params as Record<string, number>
  const holds = new Map<string, Condition>()
  let gaps: number[] = []
  return {
    holds,
    onEvaluation({ valAccuracy, trainAccuracy }) {
      if (valAccuracy === null || trainAccuracy === null) return
      const gap = trainAccuracy - valAccuracy
      gaps = [...gaps, gap].slice(-evaluations!)
      if (gap < clear!) holds.delete('')
      const full = gaps.length >= evaluations!
      if (!holds.has('') && !(full && gap > limit! && slope(gaps) > 0)) return
      if (gap >= clear!)
        holds.set('', {
          level: 1,
          metric: 'train_accuracy',
          value: gap,
          threshold: limit!,
          text: `Training accuracy is ${percent(gap)} above validation, and the gap grew over ${evaluations} evaluations.`,
        })
    },
  }
}

/** Least squares over equal steps. */
export function slope(values: readonly number[]): number {
  const middle = (values.length - 1) / 2
  let above = 0
  let below = 0
  values.forEach((value, at) => {
    above += (at - middle) * value
    below += (at - middle) ** 2
  })
  return below === 0 ? 0 : above / below
}

function cullStorm({ params }: AlertRule): RunDetector {
  const { culls: limit, share, window, clear } = params as Record<string, number>
  const holds = new Map<string, Condition>()
  let ends: { tick: number; culled: boolean }[] = []
  let now = 0
  const judge = (): void => {
    ends = ends.filter(({ tick }) => now - tick <= window!)
    const culls = ends.filter(({ culled }) => culled).length
    if (culls < clear!) return void holds.delete('')
    const storm = culls > limit! && culls >= share! * ends.length
    if (storm || holds.has(''))
      holds.set('', {
        level: 1,
        metric: null,
        value: culls,
        threshold: limit!,
        text: `${culls} of ${ends.length} lives that ended within ${window} ticks were culled.`,
      })
  }
  return {
    holds,
    onLifeEnd({ tick, outcome }) {
      now = Math.max(now, tick ?? now)
      ends.push({ tick: tick ?? now, culled: outcome === 'CULLED' })
      if (ends.length > 10_000) ends = ends.slice(-5_000)
      judge()
    },
    onTick(tick) {
      now = Math.max(now, tick)
      if (ends.length > 0) judge()
    },
  }
}

const MAX_BLUEPRINTS = 1_024

function blueprintFailing({ params }: AlertRule): RunDetector {
  const { tries } = params as Record<string, number>
  const holds = new Map<string, Condition>()
  const lives = new Map<string, { tries: number; kept: number }>()
  return {
    holds,
    onLifeEnd({ blueprintId, outcome }) {
      // What the governor or a person rolled back says nothing about the blueprint.
      if (outcome === 'ROLLED_BACK') return
      if (blueprintId === null || (!lives.has(blueprintId) && lives.size >= MAX_BLUEPRINTS)) return
      const known = lives.get(blueprintId) ?? { tries: 0, kept: 0 }
      known.tries++
      if (outcome === 'FOSSILIZED') known.kept++
      lives.set(blueprintId, known)
      if (known.kept > 0 || known.tries < tries!) return void holds.delete(blueprintId)
      holds.set(blueprintId, {
        level: 1,
        metric: null,
        value: known.tries,
        threshold: tries!,
        text: `${blueprintId} was tried ${known.tries} times and never kept.`,
      })
    },
  }
}

function saturation({ params }: AlertRule): RunDetector {
  const { share, lives } = params as Record<string, number>
  const holds = new Map<string, Condition>()
  let without = 0
  let counts: StateCounts = { seeds: 0, fossilised: 0 }
  const judge = (): void => {
    const full = counts.seeds > 0 && counts.fossilised >= share! * counts.seeds
    if (!full && without < lives!) return void holds.delete('')
    holds.set('', {
      level: 1,
      metric: null,
      value: full ? counts.fossilised / counts.seeds : without,
      threshold: full ? share! : lives!,
      text: full
        ? `${counts.fossilised} of ${counts.seeds} seeds are fossilised.`
        : `The last ${without} lives ended without one that was kept.`,
    })
  }
  return {
    holds,
    onLifeEnd({ outcome }) {
      if (outcome === 'ROLLED_BACK') return
      without = outcome === 'FOSSILIZED' ? 0 : without + 1
      judge()
    },
    onTick(_tick, now) {
      if (now.fossilised === counts.fossilised && now.seeds === counts.seeds) return
      counts = now
      judge()
    },
  }
}

function noCheckpoint({ params }: AlertRule): RunDetector {
  const { age } = params as Record<string, number>
  const holds = new Map<string, Condition>()
  let newest: number | null = null
  let refused: string | null = null
  let now: number | null = null
  const judge = (): void => {
    const ticks = now === null || newest === null ? null : now - newest
    if (refused === null && (ticks === null || ticks <= age!)) return void holds.delete('')
    const old = ticks === null ? 'No snapshot is known' : `The newest snapshot is ${ticks} ticks old`
    holds.set('', {
      level: refused === null ? 1 : 2,
      metric: null,
      value: ticks,
      threshold: age!,
      text: refused === null ? `${old}.` : `A checkpoint was asked for and refused: ${refused} ${old}.`.slice(0, 2_000),
    })
  }
  return {
    holds,
    onSnapshot(tick) {
      newest = Math.max(newest ?? 0, tick ?? now ?? 0)
      refused = null
      judge()
    },
    onRestoreRefused(text) {
      refused = text
      judge()
    },
    onTick(tick) {
      now = tick
      // Where no snapshot was ever seen its age counts from when the run was first seen.
      newest ??= tick
      judge()
    },
  }
}

const MAKERS: Readonly<Partial<Record<AlertRule['detector'], (rule: AlertRule) => RunDetector>>> = Object.freeze({
  loss_degradation: lossDegradation,
  overfit_gap: overfitGap,
  cull_storm: cullStorm,
  blueprint_failing: blueprintFailing,
  saturation,
  no_checkpoint: noCheckpoint,
})

/** Makes the detector of a rule for one run; null: it does not look at a run's events. */
export function createRunDetector(rule: AlertRule): RunDetector | null {
  return MAKERS[rule.detector]?.(rule) ?? null
}
