import { describe, expect, test } from 'vitest'
import { CommandDraft } from '../../../../lib/contracts/commandDraft.ts'
import {
  BASE_LEVELS,
  confirmLabel,
  demandsOf,
  EDGE_LEVELS,
  guardedKind,
  judgeLevel,
  type LevelContext,
} from '../../../../lib/contracts/guardLevels.ts'

const quiet: LevelContext = {
  environment: 'DEMO',
  targetStates: [],
  targets: 1,
  overBudget: false,
  stale: false,
  force: false,
}

describe('levels', () => {
  test.each<[string, Parameters<typeof judgeLevel>[0], Partial<LevelContext>, number, string[]]>([
    ['a germination is ordinary', 'LifecycleTransitionCommand', { targetStates: ['GERMINATED'] }, 1, []],
    ['a cancel ends a life', 'LifecycleTransitionCommand', { targetStates: ['CANCELLED'] }, 2, ['edge']],
    ['a fossil is for good', 'LifecycleTransitionCommand', { targetStates: ['FOSSILIZED'] }, 3, ['edge']],
    ['so is a cull', 'LifecycleTransitionCommand', { targetStates: ['CULLED'] }, 3, ['edge']],
    ['26 targets are many', 'LifecycleTransitionCommand', { targets: 26 }, 3, ['targets']],
    ['25 targets are not', 'LifecycleTransitionCommand', { targets: 25 }, 1, []],
    ['stale data', 'BlueprintUpdateCommand', { stale: true }, 3, ['stale']],
    ['over budget', 'LifecycleTransitionCommand', { overBudget: true }, 2, ['budget']],
    ['force', 'BlueprintUpdateCommand', { force: true }, 3, ['force']],
    ['production', 'LifecycleTransitionCommand', { environment: 'PROD' }, 2, ['production']],
    ['staging is not production', 'LifecycleTransitionCommand', { environment: 'STAGING' }, 1, []],
    ['a proof of life stays free in production', 'NoOp', { environment: 'PROD' }, 0, []],
    ['a batch counts its worst part', 'BatchCommand', { targetStates: ['GERMINATED', 'CULLED'] }, 3, ['edge']],
    [
      'several reasons add up to 3',
      'LifecycleTransitionCommand',
      { overBudget: true, force: true },
      3,
      ['force', 'budget'],
    ],
    [
      'context never reaches 4',
      'BatchCommand',
      { targets: 90, stale: true, force: true, environment: 'PROD' },
      3,
      ['targets'],
    ],
    ['a restore is heavy', 'CheckpointCommand restore', {}, 3, []],
    ['a resume is the heaviest', 'Resume', { environment: 'PROD' }, 4, []],
  ])('%s', (_title, kind, context, level, by) => {
    const verdict = judgeLevel(kind, { ...quiet, ...context })
    expect(verdict.level).toBe(level)
    expect(verdict.raised.map((raise) => raise.by)).toEqual(by)
    expect(verdict.base).toBe(BASE_LEVELS[kind])
  })
  test('no context lowers a level, and every raise is told with its step', () => {
    const flags = [false, true]
    for (const kind of Object.keys(BASE_LEVELS) as (keyof typeof BASE_LEVELS)[])
      for (const stale of flags)
        for (const overBudget of flags)
          for (const force of flags)
            for (const environment of ['DEMO', 'PROD'] as const)
              for (const targets of [1, 26])
                for (const state of [...Object.keys(EDGE_LEVELS), 'GERMINATED'] as ('CULLED' | 'GERMINATED')[]) {
                  const context = { environment, targetStates: [state], targets, overBudget, stale, force }
                  const { base, level, raised } = judgeLevel(kind, context)
                  expect(level).toBeGreaterThanOrEqual(base)
                  let at: number = base
                  for (const step of raised) {
                    expect(step.from).toBe(at)
                    expect(step.to).toBeGreaterThan(at)
                    at = step.to
                  }
                  expect(at).toBe(level)
                }
  })
})

describe('demands', () => {
  const demands = (level: 0 | 1 | 2 | 3 | 4, more: Partial<Parameters<typeof demandsOf>[1]> = {}) =>
    demandsOf(level, { environment: 'DEMO', overBudget: false, targets: 1, proposed: false, ...more })
  test('a level decides reason, grace, gesture and second person', () => {
    expect(demands(0)).toMatchObject({ reason: false, graceMs: 0, gesture: 'send', armed: false, approvals: 0 })
    expect(demands(1)).toMatchObject({ reason: false, graceMs: 5_000, gesture: 'send', armed: false, approvals: 0 })
    expect(demands(2)).toMatchObject({ reason: true, graceMs: 5_000, gesture: 'send', approvals: 0 })
    expect(demands(3)).toMatchObject({ reason: true, graceMs: 0, gesture: 'hold', armed: true, approvals: 0 })
    expect(demands(3, { targets: 40 }).gesture).toBe('type-count')
    expect(demands(3, { environment: 'PROD' }).approvals).toBe(1)
    expect(demands(4).approvals).toBe(1)
    expect(demands(1, { overBudget: true }).approvals).toBe(1)
    expect(demands(1, { proposed: true })).toMatchObject({
      approvals: 1,
      approvalText: expect.stringContaining('proposal'),
    })
  })
  test('the button says what happens', () => {
    expect(confirmLabel('type-count', 3, 118)).toBe('Type 118 to send')
    expect(confirmLabel('hold', 3, 1)).toBe('Hold to send')
    expect(confirmLabel('send', 1, 5)).toBe('Send to 5')
    expect(confirmLabel('approve', 4, 1)).toBe('Propose')
    expect(confirmLabel('blocked', 1, 0)).toBe('Not possible')
  })
})

test('every draft has a row of its own', () => {
  const of = (draft: object) => guardedKind(CommandDraft.parse(draft))
  expect(of({ type: 'NoOp', layer_id: 'a' })).toBe('NoOp')
  expect(of({ type: 'RunControl', layer_id: 'a', action: 'stop' })).toBe('RunControl stop')
  expect(of({ type: 'CheckpointCommand', layer_id: 'a', operation: 'save' })).toBe('CheckpointCommand save')
})
