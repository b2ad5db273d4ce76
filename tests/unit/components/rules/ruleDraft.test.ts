import { expect, test } from 'vitest'
import { backtestWords, coverageWords } from '../../../../components/rules/backtestWords.ts'
import { readRules } from '../../../../components/rules/readRules.ts'
import {
  conditionsOf,
  draftProblems,
  draftText,
  judgedText,
  NEW_RULE,
  parameterLabel,
  parseDraft,
  withDetector,
} from '../../../../components/rules/ruleDraft.ts'
import { defaultParams, DETECTOR_NAMES, DETECTORS } from '../../../../lib/contracts/alertDetectors.ts'
import { RuleDraft } from '../../../../lib/contracts/alerts.ts'
import type { RuleBacktest } from '../../../../lib/contracts/httpRules.ts'

const dead: RuleDraft = {
  ...withDetector({ ...NEW_RULE, id: 'dead', title: 'Dead chunk' }, 'dead_chunk'),
}

test('for every detector a fresh rule is one that the contract accepts', () => {
  for (const name of DETECTOR_NAMES) {
    const draft = withDetector({ ...NEW_RULE, id: 'mine', title: 'Mine' }, name)
    const ready = DETECTORS[name].takesMetric ? { ...draft, metric: 'health_score' } : draft
    expect(draftProblems(ready), name).toEqual([])
    expect(RuleDraft.safeParse(ready).error?.issues ?? [], name).toEqual([])
    expect(ready.params).toEqual(defaultParams(name))
  }
})

test('what the contract refuses is named before it is sent, with what is accepted', () => {
  const bad: RuleDraft = { ...dead, id: 'Bad id', title: ' ', params: { ...dead.params, raise: 7, clear: Number.NaN } }
  expect(RuleDraft.safeParse(bad).success).toBe(false)
  const problems = draftProblems(bad)
  expect(problems.some((text) => text.includes('accepted is 0 to 1'))).toBe(true)
  expect(problems.some((text) => text.includes('is not a number'))).toBe(true)
  expect(problems).toHaveLength(4)
})

test('conditions are said with their numbers and units, an event clears by acknowledging, a latched one by a person', () => {
  expect(conditionsOf(dead)).toEqual({
    raise: 'dead_node_ratio: dead units at least 1 share, for 3 ticks',
    clear: 'clear below 0.500 share, for 10 ticks',
  })
  expect(conditionsOf(withDetector(dead, 'governor_rollback')).clear).toBe('by being acknowledged')
  expect(conditionsOf({ ...dead, latched: true }).clear).toBe('by a person only')
})

test('no two parameters of a detector have the same name on the page', () => {
  for (const name of DETECTOR_NAMES) {
    const labels = DETECTORS[name].parameters.map(parameterLabel)
    expect(new Set(labels).size, name).toBe(labels.length)
  }
})

test('a rule as JSON is read back as it was, whatever the order of its parameters', () => {
  const mixed = { ...dead, params: Object.fromEntries(Object.entries(dead.params).toReversed()) }
  expect(draftText(mixed)).toBe(draftText(dead))
  expect(parseDraft(draftText(dead), NEW_RULE)).toEqual({ ok: true, draft: JSON.parse(draftText(dead)) as RuleDraft })
})

test('JSON that is no rule is refused with what is accepted', () => {
  const problem = (text: string): string => {
    const read = parseDraft(text, dead)
    return read.ok ? '' : read.problem
  }
  expect(problem('{')).toContain('not JSON')
  expect(problem('[]')).toContain('object')
  expect(problem('{"threshold":1}')).toContain('Not a field of a rule: threshold')
  expect(problem('{"detector":"magic"}')).toContain('There are: metric')
  expect(problem('{"params":{"speed":1}}')).toContain('No parameter of dead_chunk: speed')
})

test('a trial holds for a change of words and not for a change of what decides', () => {
  expect(judgedText({ ...dead, runbook: 'look', title: 'x', note: 'y', enabled: false })).toBe(judgedText(dead))
  expect(judgedText({ ...dead, params: { ...dead.params, raise: 0.9 } })).not.toBe(judgedText(dead))
})

test('a back-test is one sentence, and one that judged nothing never says that it would not have fired', () => {
  const test_: RuleBacktest = {
    run_id: 'r',
    source: 'history',
    from_ms: 0,
    to_ms: 3_600_000,
    firings: 14,
    flaps: 9,
    per_10_min: 2.33,
    would_ack: 5,
    alerts: [],
    judged: 1_200,
    coverage: { ticks: 1_200, of: 1_230, gaps: [], gaps_total: 0 },
    limits: [],
  }
  expect(backtestWords(test_)).toBe(
    'It would have fired 14 times in the last 1 h 00 m, 9 flaps, 2.3 alarms per 10 min; 5 to acknowledge; 1,200 ticks of layers judged.',
  )
  expect(backtestWords({ ...test_, firings: 0 })).toContain('would not have fired')
  const gap = { from_ms: 0, to_ms: 12_000, cause: 'server_restart', lost: null } as const
  const holed = { ...test_, coverage: { ...test_.coverage, gaps: [gap], gaps_total: 1 } }
  expect(coverageWords(holed)).toBe(
    'Read from the record on the disk: 1,200 of 1,230 ticks of layers; 1 gap (server restart).',
  )
  expect(coverageWords({ ...test_, source: 'memory', coverage: { ...test_.coverage, of: null } })).toBe(
    'Read from memory: 1,200 ticks of layers, of how many is not known.',
  )
  expect(backtestWords({ ...test_, firings: 0, judged: 0 })).not.toContain('fired')
})

test('an export, a list and a single rule are read; anything else is told what is accepted', () => {
  expect(readRules('{"format":"x","rules":[{"id":"a"}]}')).toEqual({ ok: true, rules: [{ id: 'a' }] })
  expect(readRules('[{"id":"a"}]')).toEqual({ ok: true, rules: [{ id: 'a' }] })
  expect(readRules('{"id":"a","detector":"metric"}').ok).toBe(true)
  for (const text of ['', '{}', '[]', '7', 'null', '{"rules":[]}']) expect(readRules(text).ok, text).toBe(false)
})
