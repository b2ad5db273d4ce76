/*
 * The seed lifecycle as data: the eleven extended states, their numeric ids in columnar frames, and the legal edges.
 * In: nothing. Out: names, ids, edges and families that trainer, server and browser all share.
 * Invariant: a bare number is only ever an id of THIS scheme; other schemes are mapped by name at the door. No schema library here: pages load it.
 * Source: seed-design.md 2.3, docs/adr/0006-lifecycle-edges.md.
 */
/** Names the eleven extended lifecycle states in id order: index = the id used in columnar frames. */
export const SEED_STATES = [
  'DORMANT',
  'GERMINATED',
  'TRAINING',
  'GRAFTING',
  'STABILIZATION',
  'EVALUATING',
  'FINE_TUNING',
  'FOSSILIZED',
  'CULLED',
  'CANCELLED',
  'ROLLED_BACK',
] as const

type SeedState = (typeof SEED_STATES)[number]

/** Maps each state name to its numeric id (0..10) in columnar frames. */
export const SEED_STATE_ID = Object.freeze(Object.fromEntries(SEED_STATES.map((name, id) => [name, id]))) as Readonly<
  Record<SeedState, number>
>

/** Marks a row whose state id on the wire is not one of ours: drawn as unknown, counted, never guessed. */
export const UNKNOWN_STATE_ID = 255

/**
 * Lists the legal targets of every state. The recycle edges (8, 9, 10 -> 0) are guarded by an embargo; 2 -> 10 is taken
 * when a guard finds a non-finite module. FOSSILIZED is terminal.
 */
export const LEGAL_EDGES: Readonly<Record<SeedState, readonly SeedState[]>> = Object.freeze({
  DORMANT: ['GERMINATED'],
  GERMINATED: ['TRAINING', 'CANCELLED'],
  TRAINING: ['GRAFTING', 'CULLED', 'CANCELLED', 'ROLLED_BACK'],
  GRAFTING: ['STABILIZATION', 'ROLLED_BACK'],
  STABILIZATION: ['EVALUATING', 'ROLLED_BACK'],
  EVALUATING: ['FINE_TUNING', 'CULLED', 'ROLLED_BACK'],
  FINE_TUNING: ['FOSSILIZED', 'CULLED', 'ROLLED_BACK'],
  FOSSILIZED: [],
  CULLED: ['DORMANT'],
  CANCELLED: ['DORMANT'],
  ROLLED_BACK: ['DORMANT'],
})

/** Tells whether the edge is in the table. Guards (time, quality, embargo) are checked elsewhere. */
export function isLegalEdge(from: SeedState, to: SeedState): boolean {
  return LEGAL_EDGES[from].includes(to)
}

/** Tells whether a seed in this state carries a module that is being grown (1..6). */
export function isLiveState(state: SeedState): boolean {
  const id = SEED_STATE_ID[state]
  return id >= 1 && id <= 6
}

/** Groups the states into the six visual families of the palette; a family is never told by hue alone. */
export const STATE_FAMILY = Object.freeze({
  DORMANT: 'idle',
  GERMINATED: 'growing',
  TRAINING: 'growing',
  GRAFTING: 'integrating',
  STABILIZATION: 'integrating',
  EVALUATING: 'integrating',
  FINE_TUNING: 'integrating',
  FOSSILIZED: 'success',
  CULLED: 'failure',
  CANCELLED: 'cooldown',
  ROLLED_BACK: 'failure',
}) satisfies Readonly<Record<SeedState, 'idle' | 'growing' | 'integrating' | 'success' | 'failure' | 'cooldown'>>
