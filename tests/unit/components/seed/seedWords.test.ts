import { expect, test } from 'vitest'
import { smooth } from '../../../../components/seed/smoothing.ts'
import { groupColumns } from '../../../../components/seed/seedColumns.ts'
import { isOneWay, scoreText, wayBetween, whyNot } from '../../../../components/seed/seedWords.ts'
import { SEED_STATES, LEGAL_EDGES } from '../../../../lib/contracts/lifecycleTable.ts'
import { SEED_COLUMNS } from '../../../../lib/contracts/metrics.ts'

test('why a state can not be entered: what must come first, or that nothing leads on', () => {
  expect(whyNot('TRAINING', 'FOSSILIZED')).toBe(
    'needs grafting, then stabilising, then evaluating, then fine-tuning first',
  )
  expect(whyNot('FOSSILIZED', 'TRAINING')).toBe('nothing leads from fossilised any more')
})

test('every way found is made of legal edges', () => {
  for (const from of SEED_STATES)
    for (const to of SEED_STATES) {
      const way = wayBetween(from, to) ?? []
      for (let at = 1; at < way.length; at++) expect(LEGAL_EDGES[way[at - 1]!]).toContain(way[at])
    }
})

test('only what can not come back has a lock', () => {
  const locked = SEED_STATES.flatMap((from) =>
    LEGAL_EDGES[from].filter((to) => isOneWay(from, to)).map((to) => `${from}>${to}`),
  )
  expect(locked).toEqual(['FINE_TUNING>FOSSILIZED'])
})

test('a score is explained by what it was computed from, and by what hinders it', () => {
  const column = SEED_COLUMNS.find((one) => one.name === 'health_score')!
  expect(scoreText({ scope: 'run', n: 11, median: 0.95, mad: 0.01, z: -4.2 }, column)).toMatch(
    /robust z −4\.2: median 0\.95 of 11 siblings in the run/,
  )
  expect(scoreText({ scope: 'layer', n: 3, median: null, mad: null, z: null }, column)).toContain('too few')
  expect(scoreText({ scope: 'layer', n: 20, median: 1, mad: 0, z: null }, column)).toContain('all agree')
})

test('smoothing carries nothing over a hole, and approaches a constant', () => {
  expect(smooth([0, 100, 200, 300], [0, null, 5, 5], 1_000)).toEqual([0, null, 5, 5])
  const step = smooth([0, 1_000], [0, 1], 1_000)
  expect(step[1]).toBeCloseTo(1 - Math.exp(-1), 10)
})

test('every drawn metric is in exactly one group', () => {
  const names = groupColumns(SEED_COLUMNS).flatMap((group) => group.columns.map((column) => column.name))
  expect(names.toSorted()).toEqual(
    SEED_COLUMNS.filter((column) => column.unit !== 'id')
      .map((column) => column.name)
      .toSorted(),
  )
})
