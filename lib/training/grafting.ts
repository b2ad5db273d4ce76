/*
 * Grafting strategies: how alpha moves from 0 to 1, one decision per tick.
 * In: the rule, its memory and readings of the tick. Out: the next alpha.
 * Invariant: alpha never falls while grafting; a pause holds it exactly where it is; it never passes 1.
 * Source: docs/training.md "grafting"; seed-design.md 2.3 (grafting_strategy).
 */
import { assertNever } from './assertNever.ts'
import type { GraftMemory } from './seedRecord.ts'
import type { StrategyId } from './trainerTypes.ts'

export interface GraftReading {
  readonly rampTicks: number
  /** Relative departure of the module's weight norm from its moving average; NaN = unmeasured. */
  readonly weightDrift: number
  /** Fall of validation loss between the last two evaluations; NaN before the second. */
  readonly valLossFall: number
  /** Mean training loss of the tick and its slow average; NaN = unmeasured. */
  readonly tickLoss: number
  readonly slowLoss: number
}

/** Departure of the weight norm above which a drift-controlled ramp waits, and for how many ticks. */
export const DRIFT_LIMIT = 0.05
export const DRIFT_PAUSE_TICKS = 3
/** A stability ramp waits while the tick's loss is this much above its slow average. */
export const STABILITY_LIMIT = 0.1

const SUPPORTED: readonly StrategyId[] = ['linear', 'drift_controlled', 'momentum', 'adaptive', 'stability']

export type ParsedStrategy =
  | { readonly ok: true; readonly strategy: StrategyId; readonly rampTicks: number | null }
  | { readonly ok: false; readonly text: string }

/** Maps an outside name to a rule; aliases: immediate (linear, ramp 1), gradual (linear), safe (stability). */
export function parseStrategy(name: string): ParsedStrategy {
  if (name === 'immediate') return { ok: true, strategy: 'linear', rampTicks: 1 }
  if (name === 'gradual') return { ok: true, strategy: 'linear', rampTicks: null }
  if (name === 'safe') return { ok: true, strategy: 'stability', rampTicks: null }
  const known = SUPPORTED.find((entry) => entry === name)
  if (known) return { ok: true, strategy: known, rampTicks: null }
  return {
    ok: false,
    text: `grafting strategy "${name.slice(0, 64)}" is not built; supported: ${SUPPORTED.join(', ')}, immediate, gradual, safe`,
  }
}

/** Computes the alpha of the next tick and updates the rule's memory. */
export function advanceAlpha(strategy: StrategyId, alpha: number, memory: GraftMemory, reading: GraftReading): number {
  const pace = 1 / reading.rampTicks
  const advance = (amount: number): number => {
    const next = Math.min(1, alpha + Math.max(0, amount))
    if (next === alpha) memory.heldTicks++
    return next
  }
  switch (strategy) {
    case 'linear':
      return advance(pace)
    case 'drift_controlled':
      if (memory.pauseTicks > 0) {
        memory.pauseTicks--
        return advance(0)
      }
      if (reading.weightDrift > DRIFT_LIMIT) {
        memory.pauseTicks = DRIFT_PAUSE_TICKS
        return advance(0)
      }
      return advance(pace)
    case 'momentum':
      memory.velocity = 0.1 * memory.velocity + (reading.valLossFall > 0 ? 0.02 : -0.01)
      return advance(pace + memory.velocity)
    case 'adaptive': {
      // Twice the pace while the loss falls, a quarter while it rises; unmeasured readings leave the pace alone.
      const trend = (reading.slowLoss - reading.tickLoss) / reading.slowLoss
      const factor = Number.isFinite(trend) ? Math.min(2, Math.max(0.25, 1 + 10 * trend)) : 1
      return advance(pace * factor)
    }
    case 'stability':
      return advance(reading.tickLoss > reading.slowLoss * (1 + STABILITY_LIMIT) ? 0 : pace)
    default:
      return assertNever(strategy)
  }
}
