import { expect, test } from 'vitest'
import { coverageSegments, gapCause } from '../../../../components/shell/coverage.ts'

const base = { nowMs: 1_000_000, windowMs: 900_000, openCause: 'producer_silent' as const, gaps: [] }

test('before anything was seen nothing is covered', () => {
  expect(coverageSegments({ ...base, firstSeenMs: null, lastSeenMs: null })).toEqual([])
})

test('a gap lies inside the window with its cause and what was lost', () => {
  const gaps = [{ from_ms: 550_000, to_ms: 640_000, cause: 'bus_down' as const, lost: 3 }]
  const segments = coverageSegments({ ...base, firstSeenMs: 100_000, lastSeenMs: 999_900, gaps })
  expect(segments).toEqual([
    { from: 0, to: 1, cause: null, lost: null },
    { from: 0.5, to: 0.6, cause: 'bus_down', lost: 3 },
  ])
  expect(gapCause(segments[1] ?? { cause: null, lost: null })).toBe('bus was down, 3 lost')
})

test('silence at the end is a gap and never drawn as covered', () => {
  const segments = coverageSegments({ ...base, firstSeenMs: 100_000, lastSeenMs: 910_000 })
  expect(segments[0]).toMatchObject({ to: 0.9, cause: null })
  expect(segments[1]).toMatchObject({ from: 0.9, to: 1, cause: 'producer_silent' })
})
