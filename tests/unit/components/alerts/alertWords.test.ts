import { expect, test } from 'vitest'
import { parseAlertAddress, alertAddressText } from '../../../../components/alerts/useAlertAddress.ts'
import { announcement } from '../../../../components/alerts/AlertStatus.tsx'
import {
  bellShape,
  canAck,
  groupWords,
  placeText,
  stateWords,
  valueText,
} from '../../../../components/alerts/alertWords.ts'
import { chipWords } from '../../../../components/alerts/chipWords.ts'
import { engineAgeMs, isEngineOld, loadWords } from '../../../../components/alerts/engineWords.ts'
import { ALERT_STATES } from '../../../../lib/contracts/alertTable.ts'
import type { AlertSummary } from '../../../../lib/contracts/httpAlerts.ts'
import { alertOf, second } from './alertFixture.ts'

const NOW = Date.parse(second(130))

test('every state has words and a shape of its own, and one that is being acknowledged is dashed', () => {
  const shapes = ALERT_STATES.map((state) => bellShape({ state }))
  expect(new Set(shapes).size).toBe(ALERT_STATES.length)
  for (const state of ALERT_STATES) expect(stateWords(alertOf('a', { state }), NOW)).not.toBe('')
  expect(bellShape({ state: 'unacked_active' }, true)).toBe('dashed')
})

test('an owner is named with the age of the acknowledgement', () => {
  const mine = alertOf('a', { state: 'acked_active', acked_by: 'demo-2', acked_at: second(10) })
  expect(stateWords(mine, NOW)).toBe('demo-2 2 m 00 s ago')
  expect(stateWords(alertOf('a', { state: 'shelved', shelved_until: second(3_600), shelved_by: 'demo-1' }), NOW)).toBe(
    'shelved until 01:00 UTC by demo-1',
  )
})

test('only what waits to be seen can be acknowledged', () => {
  expect(ALERT_STATES.filter((state) => canAck(alertOf('a', { state })))).toEqual([
    'unacked_active',
    'unacked_cleared',
    'latched',
  ])
  expect(canAck(alertOf('a', { state: 'latched', acked_by: 'demo-1' }))).toBe(false)
})

test('a value that was not measured is a question mark, never zero', () => {
  for (const value of [null, undefined, Number.NaN, Number.POSITIVE_INFINITY]) expect(valueText(value, 'ms')).toBe('?')
  expect(valueText(0, 'ms')).toBe('0 ms')
  expect(valueText(0.5, 'ratio')).toBe('0.500')
})

test('places and groups are said in full', () => {
  expect(placeText({ layer_id: 'kasmina.1', seed_id: 3, run_id: null })).toBe('kasmina.1/3')
  expect(placeText({ layer_id: null, seed_id: null, run_id: null })).toBe('the system')
  expect(groupWords({ count: 214, critical: 3, unacked: 200 })).toBe('214 alerts, 3 critical, 200 not acknowledged')
  expect(groupWords({ count: 1, critical: 0, unacked: 0 })).toBe('1 alert, all acknowledged')
})

const summary = (age: number | null): AlertSummary => ({
  counts: { open: 5, unacked: 4, critical: 2, acked: 1, shelved: 0, out_of_service: 0, silent: 0 },
  engine: {
    last_tick_at: null,
    age_ms: age,
    rules: 18,
    enabled: 18,
    ticks: 9,
    longest_ms: 1,
    mean_ms: 1,
    clear_since: null,
    folded: 0,
    inhibited: 0,
    limits: [],
  },
})

test('the header reads "?" when nothing is known, and says so when the engine stands still', () => {
  expect(chipWords(null, null, false, 0)).toMatchObject({ critical: null, open: '?' })
  expect(chipWords(summary(500), 0, true, 0)).toMatchObject({ critical: null, open: '?' })
  expect(chipWords(summary(500), 1_000, false, 2_000)).toMatchObject({ critical: '2', open: '5', trouble: null })
  expect(chipWords(summary(500), 1_000, false, 40_500).trouble).toBe('engine 40 s')
  expect(chipWords(summary(null), 1_000, false, 1_000).trouble).toBe('engine not run')
})

test('an engine that is not heard of grows old', () => {
  const { engine } = summary(2_000)
  expect(engineAgeMs(engine, 10_000, 13_000)).toBe(5_000)
  expect(isEngineOld(5_000)).toBe(false)
  expect(isEngineOld(10_001)).toBe(true)
  expect(isEngineOld(engineAgeMs(null, null, 0))).toBe(true)
})

test('a load nobody can follow is called that', () => {
  expect(loadWords({ per_10_min: 1, operators: 2, raised_per_operator: 0.5 })).toEqual({
    text: '0.5 per operator in 10 min',
    isFlood: false,
  })
  expect(loadWords({ per_10_min: 400, operators: 2, raised_per_operator: 200 }).isFlood).toBe(true)
})

test('an announcement tells how many are left, and nothing about counts that are not known', () => {
  const { counts } = summary(0)
  expect(announcement('Acknowledged: x', counts)).toBe('Acknowledged: x. 4 of 5 open not acknowledged.')
  expect(announcement('Acknowledged: x', null)).toBe('Acknowledged: x')
  expect(announcement('', counts)).toBe('')
})

test('tab, filters and alert are read back from the address they were written to, and what is unknown is left out', () => {
  const address = {
    tab: 'shelved' as const,
    filters: { severity: 'critical' as const, layer: 'kasmina.1', rule: '', text: 'a & b' },
    chosen: '01234567-89ab-cdef-0123-456789abcdef',
  }
  const text = alertAddressText(address, '?run=r1')
  expect(text).toContain('run=r1')
  const [search, hash] = text.split('#')
  expect(parseAlertAddress({ search: search!, hash: `#${hash}` })).toEqual(address)
  expect(parseAlertAddress({ search: '?tab=x&severity=y', hash: '#z' })).toEqual({
    tab: 'open',
    filters: { severity: '', layer: '', rule: '', text: '' },
    chosen: null,
  })
})
