import { expect, test } from 'vitest'
import { effectProblems, NO_COMMON, toCommon } from '../../../../components/ops/commonValues.ts'

const effect = (delta: string, withinS: string) => ({ metric: 'health_score', delta, withinS })

test('an effect that can be read becomes part of the draft, in its units', () => {
  expect(toCommon(NO_COMMON)).toEqual({ reason: '', timeout_ms: 5_000, ttl_ms: 5_000, priority: 'normal' })
  expect(toCommon({ ...NO_COMMON, effect: effect(' +0,05', '60 ') })).toMatchObject({
    expected_effect: { metric: 'health_score', delta: 0.05, within_s: 60 },
  })
})

test.each([
  ['', '60', true, false],
  ['a little', '60', true, false],
  ['1e999', '60', true, false],
  ['0.1', '', false, true],
  ['0.1', '4', false, true],
  ['0.1', '3601', false, true],
  ['0.1', '1.5', false, true],
  ['x', 'y', true, true],
])('a change of %j within %j is said and makes no draft', (delta, within, isDelta, isWithin) => {
  const problems = effectProblems(effect(delta, within))
  expect([problems.delta !== '', problems.within !== '']).toEqual([isDelta, isWithin])
  expect(toCommon({ ...NO_COMMON, effect: effect(delta, within) })).toBeNull()
})
