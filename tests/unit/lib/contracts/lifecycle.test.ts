import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { SeedState } from '../../../../lib/contracts/lifecycle.ts'
import {
  isLegalEdge,
  isLiveState,
  LEGAL_EDGES,
  SEED_STATE_ID,
  SEED_STATES,
  STATE_FAMILY,
} from '../../../../lib/contracts/lifecycleTable.ts'

const EDGES = '0>1 1>2 1>9 2>3 2>8 2>9 2>10 3>4 3>10 4>5 4>10 5>6 5>8 5>10 6>7 6>8 6>10 8>0 9>0 10>0'.split(' ')

test('names eleven states whose order is their id', () => {
  expect(SEED_STATES).toHaveLength(11)
  for (const [id, name] of SEED_STATES.entries()) expect(SEED_STATE_ID[name]).toBe(id)
})

test('holds exactly the documented edges', () => {
  const found = SEED_STATES.flatMap((from) =>
    LEGAL_EDGES[from].map((to) => `${SEED_STATE_ID[from]}>${SEED_STATE_ID[to]}`),
  )
  expect(found.toSorted()).toEqual(EDGES.toSorted())
  for (const from of SEED_STATES)
    for (const to of SEED_STATES)
      expect(isLegalEdge(from, to)).toBe(EDGES.includes(`${SEED_STATE_ID[from]}>${SEED_STATE_ID[to]}`))
})

test('leaves FOSSILIZED never, and comes back to DORMANT from every other end', () => {
  expect(LEGAL_EDGES.FOSSILIZED).toEqual([])
  for (const end of ['CULLED', 'CANCELLED', 'ROLLED_BACK'] as const) expect(LEGAL_EDGES[end]).toEqual(['DORMANT'])
})

test('any walk along the edges meets only legal states and never skips a stage of integration', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(10), { maxLength: 60 }), (choices) => {
      let state: SeedState = 'DORMANT'
      for (const choice of choices) {
        const targets: readonly SeedState[] = LEGAL_EDGES[state]
        const next: SeedState | undefined = targets[choice % Math.max(1, targets.length)]
        if (next === undefined) break
        if (next === 'FOSSILIZED') expect(state).toBe('FINE_TUNING')
        state = next
      }
    }),
  )
})

test('calls 1 to 6 live, and gives every state a visual family', () => {
  expect(SEED_STATES.filter(isLiveState).map((state) => SEED_STATE_ID[state])).toEqual([1, 2, 3, 4, 5, 6])
  expect(Object.keys(STATE_FAMILY)).toEqual([...SEED_STATES])
})
