import { expect, test } from 'vitest'
import { eventText, guardText, isUnder } from '../../../../components/events/eventText.ts'
import { tallyLives } from '../../../../components/lifecycle/tallyLives.ts'
import { countStates } from '../../../../components/lifecycle/countStates.ts'
import { givenTransition } from '../../lib/live/liveFixture.ts'

test('a transition says where to, which blueprint, who triggered it and what the guard read', () => {
  const line = eventText(
    givenTransition(1, {
      to_state: 'CULLED',
      triggered_by: 'operator',
      guard: { name: 'stability', value: 0.71, threshold: 0.8, passed: false },
    }),
  )
  expect(line.subject).toBe('layer_0/0')
  expect(line.text).toBe('to culled, gated, by operator: stability 0.710 against 0.800, not passed; plateau')
  expect(line.filter).toBe('transitions')
})

test('what a record does not carry is not invented', () => {
  expect(eventText(givenTransition(1, { triggered_by: 'unknown', reason: '', blueprint_id: null })).text).toBe(
    'to germinated',
  )
  expect(guardText({ name: 'gain', value: null, threshold: null, passed: true })).toBe('gain unmeasured')
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

test('counts come from the state bytes; never and unknown are apart', () => {
  const counts = countStates([{ rows: 5, state: Uint8Array.of(0, 2, 7, 254, 255) }])
  expect(counts).toMatchObject({ total: 5, reported: 4, never: 1, unknown: 1, live: 1 })
  expect(counts.byState[7]).toBe(1)
})
