import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { isAppError } from '../../../../lib/contracts/appError.ts'
import { parseLoadTables } from '../../../../lib/loadgen/loadTables.ts'
import { heldOut, shipped } from './loadFixture.ts'

const file = new URL('../../../../assets/loadgen/tables.json', import.meta.url)
const text = readFileSync(file, 'utf8')

const pathOf = (changed: unknown): unknown => {
  try {
    parseLoadTables(typeof changed === 'string' ? changed : JSON.stringify(changed))
    return 'accepted'
  } catch (error) {
    return isAppError(error, 'CONTRACT_INVALID') ? (error.context['path'] ?? 'no path') : error
  }
}

test('the shipped file is small and says where it comes from', () => {
  expect(text.length).toBeLessThan(120_000)
  expect(shipped.provenance.fit_seeds.filter((seed) => heldOut.provenance.fit_seeds.includes(seed))).toEqual([])
  expect(shipped.provenance.seed_ticks).toBeGreaterThan(40_000)
})

test('tables that lie are refused with the path', () => {
  const dormant = shipped.states.DORMANT
  const withDormant = (change: object): unknown => ({
    ...shipped,
    states: { ...shipped.states, DORMANT: { ...dormant, ...change } },
  })
  expect(pathOf('{')).toBe('no path')
  expect(pathOf(withDormant({ edges: [{ to: 'FOSSILIZED', share: 1 }] }))).toBe('states.DORMANT.edges')
  expect(pathOf(withDormant({ edges: [{ to: 'GERMINATED', share: 0.5 }] }))).toBe('states.DORMANT')
  expect(pathOf(withDormant({ dwell_ticks: [...dormant.dwell_ticks!].reverse() }))).toBe('states.DORMANT.dwell_ticks')
  expect(pathOf({ ...shipped, rho: { health_score: 1.5 } })).toBe('rho.health_score')
})
