import { expect, test } from 'vitest'
import { countStates, lawsByDriver, missingLaws, readPlaywright, skipLines } from '../../../scripts/testResults.mjs'

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

test('reads what Playwright wrote: retried, skipped and interrupted tests', () => {
  const spec = (title: string, status: string, annotations: { type: string; description?: string }[] = []) => ({
    title,
    file: 'live.spec.ts',
    tests: [{ status, annotations }],
  })
  const report = {
    errors: [],
    suites: [
      {
        title: 'live.spec.ts',
        file: 'live.spec.ts',
        specs: [spec('shows seeds', 'expected'), spec('again', 'flaky')],
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
  expect(countStates(cases)).toEqual({ passed: 2, failed: 2, skipped: 1 })
  expect(skipLines(cases)).toEqual(['e2e: phone > later: needs a GPU'])
})
