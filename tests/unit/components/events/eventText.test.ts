import { expect, test } from 'vitest'
import { eventText, isAnsweredProbe, isUnder, mergedCommands } from '../../../../components/events/eventText.ts'
import { tallyLives } from '../../../../components/lifecycle/tallyLives.ts'
import { countStates } from '../../../../components/lifecycle/countStates.ts'
import { givenTransition } from '../../lib/live/liveFixture.ts'

const applied = {
  kind: 'command',
  offset: 2,
  at_ms: 1,
  run_id: 'r',
  layer_id: 'layer_0',
  seed_id: 0,
  command_id: 'c-1',
  command_type: 'LifecycleTransitionCommand',
  outcome: 'applied',
  code: null,
  text: 'DORMANT -> GERMINATED',
} as const

test('a transition says where to and why in short; its detail says all, with the check and the command', () => {
  const record = givenTransition(1, {
    to_state: 'CULLED',
    triggered_by: 'operator',
    guard: { name: 'stability', value: 0.71, threshold: 0.8, passed: false },
  })
  const line = eventText(record, applied)
  expect(line.subject).toBe('layer_0/0')
  expect(line.text).toBe('to culled by operator: plateau')
  expect(line.detail).toContain('check: stability 0.71, needs 0.8, not passed')
  expect(line.detail).toContain('command c-1 applied')
  expect(line.filter).toBe('transitions')
})

test('what a record does not carry is not invented', () => {
  const line = eventText(givenTransition(1, { triggered_by: 'unknown', reason: '', blueprint_id: null, guard: null }))
  expect(line.text).toBe('to germinated')
  expect(line.detail).not.toContain('by ')
})

test('an applied command is merged into the transition it asked for; others keep their own line', () => {
  const transition = givenTransition(3, { correlation_id: 'c-1' })
  const refused = {
    ...applied,
    offset: 4,
    command_id: 'c-2',
    outcome: 'rejected',
    text: 'TRAINING -> GRAFTING refused: shadow_gain',
  }
  expect([...mergedCommands([applied, transition, refused]).keys()]).toEqual(['c-1'])
  expect([...mergedCommands([applied, refused]).keys()]).toEqual([])
  expect(eventText(refused)).toMatchObject({
    text: 'transition rejected: training to grafting refused: shadow gain',
    tone: 'warn',
  })
})

test('the main filter leaves out only what worked as it should', () => {
  expect(isUnder('main', { filter: 'commands', tone: 'plain' })).toBe(false)
  expect(isUnder('main', { filter: 'commands', tone: 'warn' })).toBe(true)
  expect(isUnder('main', { filter: 'transitions', tone: 'plain' })).toBe(true)
  expect(isUnder('all', { filter: 'commands', tone: 'plain' })).toBe(true)
})

test('an illegal edge is said in words', () => {
  expect(eventText(givenTransition(1, { legal: false }))).toMatchObject({
    tone: 'crit',
    text: expect.stringMatching(/^ILLEGAL EDGE/),
  })
})

test('lives are tallied by their endings; recycling a slot is none', () => {
  const endings = (['FOSSILIZED', 'CULLED', 'CULLED', 'ROLLED_BACK', 'DORMANT'] as const).map((to_state, index) =>
    givenTransition(index, { to_state }),
  )
  expect(tallyLives(endings)).toEqual({ ended: 4, kept: 1, culled: 2, cancelled: 0, rolledBack: 1 })
})

test('counts come from the pictures, each with its own; never and unknown are apart', () => {
  const layer = (...states: readonly number[]) => {
    const stateCounts = new Uint32Array(256)
    for (const state of states) stateCounts[state]! += 1
    return { rows: states.length, stateCounts }
  }
  const counts = countStates([layer(0, 2, 7), layer(254, 255)])
  expect(counts).toMatchObject({ total: 5, reported: 4, never: 1, unknown: 1, live: 1 })
  expect(counts.byState[7]).toBe(1)
})

test('a probe that was answered is told from everything that happened, a refused one is not', () => {
  const probe = {
    kind: 'command',
    offset: 1,
    at_ms: 0,
    run_id: 'run',
    command_id: 'c',
    command_type: 'NoOp',
    layer_id: 'layer_0',
    seed_id: null,
    outcome: 'applied',
    code: null,
    text: 'alive',
  } as const
  expect(isAnsweredProbe(probe)).toBe(true)
  expect(isAnsweredProbe({ ...probe, outcome: 'rejected' })).toBe(false)
  expect(isAnsweredProbe({ ...probe, command_type: 'LifecycleTransitionCommand' })).toBe(false)
})
