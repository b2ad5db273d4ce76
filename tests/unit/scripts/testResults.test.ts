import { expect, test } from 'vitest'
import {
  countStates,
  failureLines,
  lawsByDriver,
  missingLaws,
  overlaySecondLook,
  readPlaywright,
  skipLines,
  unsteadyLines,
} from '../../../scripts/testResults.mjs'

const law = (driver: string, name: string, state: string, reason: string | null = null) => ({
  project: 'conformance',
  file: 'x.test.ts',
  suites: [driver, 'delivery'],
  name: `law: ${name}`,
  state,
  reason,
})

test('counts laws by driver and names those that a driver did not run', () => {
  const cases = [
    law('memory', 'order', 'passed'),
    law('memory', 'gap', 'passed'),
    law('redis', 'order', 'failed'),
    { ...law('redis', 'order', 'passed'), name: 'not one of them' },
  ]
  const drivers = lawsByDriver(cases)
  expect(drivers.get('memory')!.passed).toEqual(['order', 'gap'])
  expect(drivers.get('redis')!.failed).toEqual(['order'])
  expect(missingLaws(drivers, ['order', 'gap'])).toEqual(['law not executed on redis: gap'])
})

test('shows each skip with its reason, and its absence', () => {
  const cases = [law('redis', 'order', 'skipped', 'no redis-server'), law('redis', 'gap', 'skipped')]
  expect(skipLines(cases)).toEqual([
    'conformance: redis > delivery > law: order: no redis-server',
    'conformance: redis > delivery > law: gap: NO REASON GIVEN',
  ])
  expect(countStates(cases)).toEqual({ passed: 0, failed: 0, skipped: 2 })
})

test('reads what Playwright wrote: failed, skipped and interrupted tests, with what they said', () => {
  const results = [{ error: { message: '\u001B[31mexpected 3\u001B[39m\ngot 2' } }]
  const spec = (title: string, status: string, annotations: { type: string; description?: string }[] = []) => ({
    title,
    file: 'live.spec.ts',
    tests: [{ status, annotations, results: status === 'unexpected' ? results : [] }],
  })
  const report = {
    errors: [],
    suites: [
      {
        title: 'live.spec.ts',
        file: 'live.spec.ts',
        specs: [spec('shows seeds', 'expected')],
        suites: [
          {
            title: 'phone',
            file: 'live.spec.ts',
            specs: [
              spec('narrow', 'unexpected'),
              spec('cut off', 'interrupted'),
              spec('later', 'skipped', [{ type: 'skip', description: 'needs a GPU' }]),
            ],
          },
        ],
      },
    ],
  }
  const { cases, errors } = readPlaywright(report)
  expect(errors).toBe(0)
  expect(countStates(cases)).toEqual({ passed: 1, failed: 2, skipped: 1 })
  expect(failureLines(cases)).toEqual([
    'e2e: live.spec.ts > phone > narrow\n    expected 3\n    got 2',
    'e2e: live.spec.ts > phone > cut off\n    no words',
  ])
  expect(skipLines(cases)).toEqual(['e2e: phone > later: needs a GPU'])
})

test('a second look heals only what passes in it, and names it', () => {
  const one = (name: string, state: string, said: string | null = null) => ({ ...law('redis', name, state), said })
  const first = [one('steady', 'passed'), one('shaky', 'failed', 'got 2'), one('broken', 'failed', 'got 1')]
  const second = [one('steady', 'passed'), one('shaky', 'passed'), one('broken', 'failed', 'got 0')]
  const settled = overlaySecondLook(first, second)
  expect(countStates(settled)).toEqual({ passed: 2, failed: 1, skipped: 0 })
  expect(unsteadyLines(settled)).toEqual(['conformance: x.test.ts > redis > delivery > law: shaky\n    got 2'])
  expect(failureLines(settled)).toEqual(['conformance: x.test.ts > redis > delivery > law: broken\n    got 0'])
})

test('a second look can not hide a failure: what was not run again, or fails only then, is failed', () => {
  const first = [law('redis', 'order', 'failed'), law('redis', 'gap', 'passed')]
  expect(overlaySecondLook(first, []).map((one: { state: string }) => one.state)).toEqual(['failed', 'passed'])
  const worse = overlaySecondLook(first, [law('redis', 'order', 'skipped', 'x'), law('redis', 'gap', 'failed')])
  expect(worse.map((one: { state: string }) => one.state)).toEqual(['failed', 'failed'])
})
