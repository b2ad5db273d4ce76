/*
 * stages: the lifecycle of the newer generation, in our eleven states, by name only.
 * In: a stage name. Out: our state, and whether an edge is one of theirs.
 * Invariant: numbers of that scheme are never read (only 7 and 8 mean the same); UNKNOWN and any other name is no state.
 * Source: seed-design.md 2.3; docs/adr/0006-lifecycle-edges.md; docs/protocol.md "leyline events".
 */
import type { SeedState } from '../../contracts/lifecycle.ts'

export const LEYLINE_SCHEME = 'leyline-0.2'

const STAGES = Object.freeze({
  DORMANT: { id: 1, state: 'DORMANT', next: ['GERMINATED'] },
  GERMINATED: { id: 2, state: 'GERMINATED', next: ['TRAINING', 'PRUNED'] },
  TRAINING: { id: 3, state: 'TRAINING', next: ['BLENDING', 'PRUNED'] },
  BLENDING: { id: 4, state: 'GRAFTING', next: ['HOLDING', 'PRUNED'] },
  HOLDING: { id: 6, state: 'EVALUATING', next: ['FOSSILIZED', 'BLENDING', 'PRUNED'] },
  FOSSILIZED: { id: 7, state: 'FOSSILIZED', next: [] },
  PRUNED: { id: 8, state: 'CULLED', next: ['EMBARGOED'] },
  EMBARGOED: { id: 9, state: 'CULLED', next: ['RESETTING'] },
  RESETTING: { id: 10, state: 'CULLED', next: ['DORMANT'] },
} as const satisfies Record<string, { id: number; state: SeedState; next: readonly string[] }>)

export type LeylineStage = keyof typeof STAGES

/** Tells whether the name is one of the nine stages; UNKNOWN is none. */
export function isStage(name: unknown): name is LeylineStage {
  return typeof name === 'string' && Object.hasOwn(STAGES, name)
}

/** Gives our state of a stage, and its number in the native scheme. */
export function stageState(stage: LeylineStage): { readonly state: SeedState; readonly nativeId: number } {
  return { state: STAGES[stage].state, nativeId: STAGES[stage].id }
}

/** Tells whether the edge is in the native table: ours would call `BLENDING -> HOLDING` a jump. */
export function isStageEdge(from: LeylineStage, to: LeylineStage): boolean {
  return (STAGES[from].next as readonly string[]).includes(to)
}
