import { describe, expect, test } from 'vitest'
import type { SeedState } from '../../../../lib/contracts/lifecycle.ts'
import { isLegalEdge } from '../../../../lib/contracts/lifecycleTable.ts'
import type { LifeNote, TransitionNote } from '../../../../server/ingest/lifeNotes.ts'
import { tellLives } from '../../../../server/state/lives.ts'

const base = { run_id: 'run', layer_id: 'layer_0', seed_id: 0, entry: null }

/** A transition at a tick; a tick lasts 100 ms. */
const move = (tick: number, from: SeedState, to: SeedState, rest: Partial<TransitionNote> = {}): TransitionNote => ({
  ...base,
  kind: 'transition',
  at_ms: tick * 100,
  step: tick * 20,
  tick,
  generation: 1,
  from_state: from,
  to_state: to,
  reason: `to ${to}`,
  triggered_by: 'policy',
  guard: null,
  guards: [],
  forced: false,
  correlation_id: null,
  legal: isLegalEdge(from, to),
  blueprint_id: 'affine',
  strategy: 'linear',
  ...rest,
})

const culled = [
  move(10, 'DORMANT', 'GERMINATED'),
  move(12, 'GERMINATED', 'TRAINING'),
  move(50, 'TRAINING', 'CULLED', { triggered_by: 'guard' }),
  move(75, 'CULLED', 'DORMANT'),
]

test('a slot never planted has no life', () => {
  expect(tellLives([])).toEqual({ lives: [], edges: [], last: null })
})

test('a whole life: states with their dwell, its end and cause; the empty slot belongs to nobody', () => {
  const { lives, last } = tellLives(culled)
  expect(lives).toHaveLength(1)
  const [life] = lives
  expect(life).toMatchObject({
    generation: 1,
    blueprint_id: 'affine',
    strategy: 'linear',
    from: { at_ms: 1_000, step: 200, tick: 10 },
    to: { tick: 50 },
    end: { state: 'CULLED', triggered_by: 'guard', reason: 'to CULLED' },
    legal: true,
    complete: true,
  })
  expect(life!.states.map(({ state, dwell_ms, dwell_ticks }) => [state, dwell_ms, dwell_ticks])).toEqual([
    ['GERMINATED', 200, 2],
    ['TRAINING', 3_800, 38],
    ['CULLED', 2_500, 25],
  ])
  expect(life!.transitions.every((one) => one.oddity === null)).toBe(true)
  expect(last?.to_state).toBe('DORMANT')
})

test('the last life goes on: no end, its last stay open', () => {
  const { lives } = tellLives([...culled, move(100, 'DORMANT', 'GERMINATED', { generation: 2, blueprint_id: 'gate' })])
  expect(lives.map((life) => [life.generation, life.blueprint_id, life.end?.state ?? null])).toEqual([
    [1, 'affine', 'CULLED'],
    [2, 'gate', null],
  ])
  expect(lives[1]).toMatchObject({ to: null, states: [{ state: 'GERMINATED', to: null, dwell_ms: null }] })
})

test('an edge that is not in the scheme is kept, marked and counted apart', () => {
  const { lives, edges } = tellLives([culled[0]!, culled[1]!, move(20, 'TRAINING', 'FOSSILIZED')])
  expect(lives[0]).toMatchObject({ legal: false, complete: true, end: { state: 'FOSSILIZED' } })
  expect(lives[0]!.transitions[2]).toMatchObject({ legal: false, oddity: expect.stringContaining('not an edge') })
  expect(edges).toContainEqual({ from_state: 'TRAINING', to_state: 'FOSSILIZED', count: 1, legal: false })
})

test('a missing transition leaves a hole that is said: the stay before it has no known length', () => {
  const { lives } = tellLives([culled[0]!, move(50, 'TRAINING', 'GRAFTING')])
  expect(lives).toHaveLength(1)
  expect(lives[0]).toMatchObject({ complete: false })
  expect(lives[0]!.states[0]).toMatchObject({ state: 'GERMINATED', dwell_ms: null, dwell_ticks: null })
  expect(lives[0]!.transitions[1]!.oddity).toMatch(/before this it was GERMINATED.*TRAINING was not seen/)
})

test('a life whose beginning was not seen is partial, and begins where it was first seen', () => {
  const { lives } = tellLives([move(50, 'TRAINING', 'GRAFTING')])
  expect(lives[0]).toMatchObject({ complete: false, from: { tick: 50 }, states: [{ state: 'GRAFTING' }] })
})

test('a transition that came late goes into its hole, and says so', () => {
  const [germinated, training, cull, dormant] = culled as [
    TransitionNote,
    TransitionNote,
    TransitionNote,
    TransitionNote,
  ]
  const { lives } = tellLives([germinated, cull, training, dormant])
  expect(lives).toHaveLength(1)
  expect(lives[0]!.transitions.map((one) => one.to_state)).toEqual(['GERMINATED', 'TRAINING', 'CULLED', 'DORMANT'])
  expect(lives[0]!.transitions[1]!.oddity).toContain('arrived after its successors')
  expect(lives[0]!.transitions[2]!.oddity).toBeNull()
  expect(lives[0]!.states.map((stay) => stay.dwell_ticks)).toEqual([2, 38, 25])
})

test('the same transition told twice counts once', () => {
  const { lives, edges } = tellLives([culled[0]!, culled[0]!, culled[1]!, culled[0]!])
  expect(lives).toHaveLength(1)
  expect(edges.map((edge) => edge.count)).toEqual([1, 1])
})

test('without steps, equal transitions far apart are two, near each other one', () => {
  const bare = { step: null, tick: null, generation: null }
  const round = (atMs: number): TransitionNote[] => [
    move(0, 'DORMANT', 'GERMINATED', { ...bare, at_ms: atMs }),
    move(0, 'GERMINATED', 'CANCELLED', { ...bare, at_ms: atMs + 10_000 }),
    move(0, 'CANCELLED', 'DORMANT', { ...bare, at_ms: atMs + 20_000 }),
  ]
  expect(tellLives([...round(0), ...round(60_000)]).lives).toHaveLength(2)
  const [first] = round(0)
  expect(tellLives([first!, { ...first!, at_ms: 200 }]).edges[0]!.count).toBe(1)
})

test('a generation that goes back is said', () => {
  const { lives } = tellLives([
    ...culled.map((note) => ({ ...note, generation: 5 })),
    move(100, 'DORMANT', 'GERMINATED'),
  ])
  expect(lives[1]!.transitions[0]!.oddity).toContain('went back from 5 to 1')
})

test('a new life begins though the end of the one before was not seen', () => {
  const { lives } = tellLives([culled[0]!, culled[1]!, move(90, 'DORMANT', 'GERMINATED', { generation: 2 })])
  expect(lives).toHaveLength(2)
  expect(lives[0]).toMatchObject({ end: null, states: [{}, { state: 'TRAINING', to: { tick: 90 }, dwell_ms: null }] })
  expect(lives[1]!.complete).toBe(false)
})

describe('readings, refusals and recipes', () => {
  const at = (tick: number, generation: number | null) => ({
    ...base,
    at_ms: tick * 100,
    step: tick * 20,
    tick,
    generation,
  })
  const reading = (tick: number, generation: number | null): LifeNote => ({
    ...at(tick, generation),
    kind: 'reading',
    samples: 1_000,
    accuracy_on: 0.85,
    accuracy_off: 0.84,
    loss_delta: 0.01,
    discordant: [15, 5],
  })
  test('belong to the life of their generation, or of their time where none is told', () => {
    const { lives } = tellLives([
      ...culled,
      reading(40, 1),
      reading(41, null),
      { ...at(42, 1), kind: 'blueprint', blueprint_id: 'affine', strategy: 'linear', parameters: 42 },
      {
        ...at(43, 1),
        kind: 'refusal',
        from_state: 'TRAINING',
        to_state: 'GRAFTING',
        guard: { name: 'shadow_gain', value: 0.001, threshold: 0.002, passed: false },
        suppressed: 3,
      },
      move(100, 'DORMANT', 'GERMINATED', { generation: 2 }),
      reading(110, 2),
    ])
    expect(lives.map((life) => [life.contributions.length, life.refusals.length, life.parameters])).toEqual([
      [2, 1, 42],
      [1, 0, null],
    ])
  })
})
