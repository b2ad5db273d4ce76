import { expect, test } from 'vitest'
import { glossaryTerms, searchTerms } from '../../../../components/glossary/glossary.ts'
import { Freshness } from '../../../../lib/contracts/freshness.ts'
import { SEED_STATES } from '../../../../lib/contracts/lifecycleTable.ts'
import { LAYER_COLUMNS, SEED_COLUMNS } from '../../../../lib/contracts/metrics.ts'

test('every state, freshness and metric is explained, once', () => {
  const terms = glossaryTerms()
  const ids = terms.map((term) => term.id)
  for (const state of SEED_STATES) expect(ids).toContain(`state:${state}`)
  for (const freshness of Freshness.options) expect(ids).toContain(`freshness:${freshness}`)
  for (const { name } of SEED_COLUMNS)
    expect(terms.some((term) => term.id === `metric:${name}` && term.group === 'Metrics of a seed')).toBe(true)
  for (const { name } of LAYER_COLUMNS)
    expect(terms.some((term) => term.id === `metric:${name}` && term.group === 'Metrics of a layer')).toBe(true)
  expect(new Set(terms.map((term) => `${term.group} ${term.id}`)).size).toBe(terms.length)
  for (const term of terms) expect(term.text.length, term.id).toBeGreaterThan(10)
})

test('a metric of a foreign run is explained in that run’s words', () => {
  const own = { ...SEED_COLUMNS[4]!, help: 'As its publisher says.' }
  const terms = glossaryTerms([own])
  expect(terms.filter((term) => term.id === `metric:${own.name}`).map((term) => term.text)).toEqual([own.help])
})

test('all words of a query must stand somewhere in a term', () => {
  const terms = glossaryTerms()
  expect(searchTerms(terms, 'way BACK').map((term) => term.id)).toContain('state:FOSSILIZED')
  expect(searchTerms(terms, 'qqq')).toEqual([])
  expect(searchTerms(terms, '  ')).toEqual(terms)
})
