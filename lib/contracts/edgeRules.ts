/*
 * What the edge table means for a person: why an edge does not exist, what comes first, whether there is a way back.
 * In: LEGAL_EDGES. Out: a reason for every pair of states, the inverse of an edge, which edges are one way, which readings guard it.
 * Invariant: derived from the table, so that a text can not say what the table does not; pure, the same in browser and server.
 * Source: docs/commands.md "edges"; seed-design.md 2.3; docs/training.md "guards".
 */
import type { SeedState } from './lifecycle.ts'
import { isLegalEdge, isLiveState, LEGAL_EDGES } from './lifecycleTable.ts'

/** The shortest legal way; empty when there is none. The first state is not in it. */
export function wayBetween(from: SeedState, to: SeedState): readonly SeedState[] {
  const before = new Map<SeedState, SeedState | null>([[from, null]])
  for (const state of before.keys()) {
    for (const next of LEGAL_EDGES[state]) {
      if (before.has(next)) continue
      before.set(next, state)
    }
  }
  if (from === to || !before.has(to)) return []
  const way: SeedState[] = []
  for (let at: SeedState | null = to; at !== null && at !== from; at = before.get(at) ?? null) way.unshift(at)
  return way
}

/** Says why the edge does not exist and what comes first; empty when it does exist. */
export function edgeReason(from: SeedState, to: SeedState): string {
  if (isLegalEdge(from, to)) return ''
  if (from === to) return `the seed is already ${to}`
  if (LEGAL_EDGES[from].length === 0) return `${from} is final: the seed stays as it is`
  const way = wayBetween(from, to)
  const legal = LEGAL_EDGES[from].join(', ')
  if (way.length === 0) return `${from} -> ${to} is not possible; from ${from}: ${legal}`
  const first = way.at(-2)!
  const newLife = way.slice(0, -1).includes('DORMANT')
  if (newLife) return `${from} -> ${to} needs a new life: ${way.join(', ')}`
  return `${from} -> ${to} needs ${first} first${way.length > 2 ? `: ${way.join(', ')}` : ''}`
}

/** Edges after which the module, or the seed's freedom, is gone for good. */
const ONE_WAY: ReadonlySet<SeedState> = new Set(['FOSSILIZED', 'CULLED', 'CANCELLED', 'ROLLED_BACK'])

/** Tells whether nothing takes this edge back. */
export function isOneWay(to: SeedState): boolean {
  return ONE_WAY.has(to)
}

export interface EdgeInverse {
  readonly text: string
  /** Null: there is no way back. */
  readonly targetState: SeedState | null
}

/** Names what undoes the edge: of a living seed the safe exit its new state offers. */
export function inverseOf(from: SeedState, to: SeedState): EdgeInverse {
  if (to === 'FOSSILIZED') return { text: 'no way back: the module is kept for good', targetState: null }
  if (isOneWay(to))
    return { text: 'no way back: the module is gone, the seed can only begin a new life', targetState: null }
  if (to === 'DORMANT') return { text: 'nothing to take back: the seed waits for a new life', targetState: null }
  const exit = (['CANCELLED', 'ROLLED_BACK'] as const).find((state) => LEGAL_EDGES[to].includes(state))
  if (exit === undefined || !isLiveState(to))
    return { text: `no edge leads from ${to} back to ${from}`, targetState: null }
  return { text: `${exit} ends this life and takes its part out of the network`, targetState: exit }
}

export interface EdgeGuard {
  /** Column of the seed that is read. */
  readonly metric: string
  readonly op: '>=' | '<=' | '>' | '<'
  /** A key of the guards in the run's configuration, or the number itself. */
  readonly threshold: string | number
  readonly unit: string
  /** Time guards and quality guards can be skipped by force, safety never. */
  readonly kind: 'time' | 'quality'
}

const ticks = (threshold: string): EdgeGuard => ({
  metric: 'ticks_in_state',
  op: '>=',
  threshold,
  unit: 'ticks',
  kind: 'time',
})
const quality = (metric: string, op: EdgeGuard['op'], threshold: string | number, unit: string): EdgeGuard => ({
  metric,
  op,
  threshold,
  unit,
  kind: 'quality',
})

/** Readings the layer will judge by, as far as telemetry shows them; the layer decides with its own at the moment of effect. */
export const EDGE_GUARDS: Readonly<Partial<Record<`${SeedState}>${SeedState}`, readonly EdgeGuard[]>>> = Object.freeze({
  'TRAINING>GRAFTING': [
    quality('shadow_gain', '>=', 'minShadowGain', 'nats'),
    quality('reconstruction_loss', '<=', 'maxReconstructionLoss', 'ratio'),
    ticks('minTrainingTicks'),
  ],
  'TRAINING>CULLED': [ticks('reconstructionTicks')],
  'GRAFTING>STABILIZATION': [quality('alpha', '>=', 1, 'ratio')],
  'STABILIZATION>EVALUATING': [ticks('minStabilizationTicks')],
  'EVALUATING>FINE_TUNING': [
    quality('performance_delta', '>', 0, 'fraction'),
    quality('stability_score', '>=', 'minStability', 'ratio'),
    ticks('minEvaluatingTicks'),
  ],
  'EVALUATING>CULLED': [ticks('minEvaluatingTicks')],
  'FINE_TUNING>FOSSILIZED': [
    quality('performance_delta', '>=', 'minContribution', 'fraction'),
    quality('total_improvement', '>=', 'minTotalImprovement', 'ratio'),
    ticks('minFineTuningTicks'),
  ],
  'FINE_TUNING>CULLED': [ticks('minFineTuningTicks')],
  'CULLED>DORMANT': [ticks('culledEmbargoTicks')],
  'CANCELLED>DORMANT': [ticks('cancelledEmbargoTicks')],
  'ROLLED_BACK>DORMANT': [ticks('rolledBackEmbargoTicks')],
})

/** Where a blueprint may be set. */
export const BLUEPRINT_STATES: ReadonlySet<SeedState> = new Set(['DORMANT', 'GERMINATED'])

/** Says why a blueprint can not be set in this state; empty when it can. */
export function blueprintReason(state: SeedState): string {
  if (BLUEPRINT_STATES.has(state)) return ''
  return `a blueprint is set in DORMANT or GERMINATED, the seed is in ${state}: swapping a living module is a new life`
}
