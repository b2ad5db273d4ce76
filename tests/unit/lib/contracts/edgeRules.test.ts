import { describe, expect, test } from 'vitest'
import {
  BLUEPRINT_STATES,
  blueprintReason,
  EDGE_GUARDS,
  edgeReason,
  inverseOf,
  isOneWay,
  wayBetween,
} from '../../../../lib/contracts/edgeRules.ts'
import type { SeedState } from '../../../../lib/contracts/lifecycle.ts'
import { isLegalEdge, LEGAL_EDGES, SEED_STATES } from '../../../../lib/contracts/lifecycleTable.ts'
import { SEED_COLUMNS } from '../../../../lib/contracts/metrics.ts'

const pairs = SEED_STATES.flatMap((from) => SEED_STATES.map((to) => [from, to] as const))

describe('reasons', () => {
  test('an edge has a reason exactly when it does not exist', () => {
    expect(pairs.filter(([from, to]) => isLegalEdge(from, to) !== (edgeReason(from, to) === ''))).toEqual([])
  })
  test.each<[SeedState, SeedState, string]>([
    [
      'TRAINING',
      'FOSSILIZED',
      'TRAINING -> FOSSILIZED needs FINE_TUNING first: GRAFTING, STABILIZATION, EVALUATING, FINE_TUNING, FOSSILIZED',
    ],
    ['DORMANT', 'TRAINING', 'DORMANT -> TRAINING needs GERMINATED first'],
    ['FOSSILIZED', 'DORMANT', 'FOSSILIZED is final: the seed stays as it is'],
    ['TRAINING', 'TRAINING', 'the seed is already TRAINING'],
    ['CULLED', 'GERMINATED', 'CULLED -> GERMINATED needs a new life: DORMANT, GERMINATED'],
  ])('%s -> %s: %s', (from, to, text) => {
    expect(edgeReason(from, to)).toBe(text)
  })
  test('every way it names is legal at each step and ends at its goal', () => {
    for (const [from, to] of pairs) {
      const way = wayBetween(from, to)
      way.forEach((state, at) => expect(isLegalEdge(at === 0 ? from : way[at - 1]!, state)).toBe(true))
      if (way.length > 0) expect(way.at(-1)).toBe(to)
    }
  })
})

describe('ways back', () => {
  test('of a one-way edge there is none, of a living seed the exit its state offers', () => {
    const edges = SEED_STATES.flatMap((from) => LEGAL_EDGES[from].map((to) => [from, to] as const))
    for (const [from, to] of edges) {
      const { targetState, text } = inverseOf(from, to)
      expect(text).not.toBe('')
      if (isOneWay(to)) expect(targetState).toBeNull()
      if (targetState !== null) expect(isLegalEdge(to, targetState)).toBe(true)
    }
    expect(inverseOf('DORMANT', 'GERMINATED').targetState).toBe('CANCELLED')
    expect(inverseOf('TRAINING', 'GRAFTING').targetState).toBe('ROLLED_BACK')
    expect(inverseOf('FINE_TUNING', 'FOSSILIZED')).toEqual({
      text: 'no way back: the module is kept for good',
      targetState: null,
    })
  })
})

describe('guards of edges', () => {
  test('each reads a column that exists, of an edge that exists', () => {
    const columns = new Set(SEED_COLUMNS.map((column) => column.name))
    for (const [edge, guards] of Object.entries(EDGE_GUARDS)) {
      const [from, to] = edge.split('>') as [SeedState, SeedState]
      expect(isLegalEdge(from, to), edge).toBe(true)
      for (const guard of guards) expect(columns.has(guard.metric), guard.metric).toBe(true)
    }
  })
  test('a blueprint is set only where no module works yet', () => {
    const legal = SEED_STATES.filter((state) => blueprintReason(state) === '')
    expect(legal).toEqual([...BLUEPRINT_STATES])
    expect(blueprintReason('TRAINING')).toContain('the seed is in TRAINING')
  })
})
