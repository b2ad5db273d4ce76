import { expect, test } from 'vitest'
import { stageDots, stateTone, stateWords } from '../../../../components/ops/stageWords.ts'
import type { CommandStage } from '../../../../lib/contracts/commandStates.ts'
import { COMMAND_STATES, isFinalState } from '../../../../lib/contracts/commandStateTable.ts'

const stage = (name: CommandStage['stage'], second: number, afterMs: number | null): CommandStage => ({
  stage: name,
  at: `2026-01-01T00:00:0${second}.000Z`,
  by: 'server',
  after_ms: afterMs,
})

test('every state has words, and only what did not work or is not known has an alarming tone', () => {
  for (const state of COMMAND_STATES) expect(stateWords(state)).not.toBe('')
  expect(stateTone('UNKNOWN')).toBe('warn')
  expect(stateWords('UNKNOWN')).not.toContain('failed')
  expect(stateTone('APPLIED')).toBe('ok')
  expect(COMMAND_STATES.filter((state) => stateTone(state) === 'crit').every(isFinalState)).toBe(true)
})

test('a running command shows what was, where it stands, and what is still to come', () => {
  const dots = stageDots({
    state: 'ISSUED',
    final: false,
    stages: [stage('drafted', 0, null), stage('validated', 0, 2), stage('sent', 1, 900)],
  })
  expect(dots.map((dot) => `${dot.name}:${dot.kind}`)).toEqual([
    'drafted:done',
    'validated:done',
    'sent:now',
    'received:next',
    'started:next',
    'applied:next',
    'verified:next',
  ])
})

test('what is over promises nothing more, and a refusal has a shape of its own', () => {
  const dots = stageDots({
    state: 'REJECTED',
    final: true,
    stages: [stage('drafted', 0, null), stage('rejected', 1, 9)],
  })
  expect(dots.map((dot) => dot.kind)).toEqual(['done', 'bad'])
})

test('an unknown outcome is neither done nor refused, and promises nothing', () => {
  const dots = stageDots({
    state: 'UNKNOWN',
    final: false,
    stages: [stage('sent', 0, null), stage('unknown', 5, 5_000)],
  })
  expect(dots.map((dot) => dot.kind)).toEqual(['done', 'unknown'])
})
