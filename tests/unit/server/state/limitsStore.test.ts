import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { LimitSet, LimitWrite, MetricLimit } from '../../../../lib/contracts/httpLimits.ts'
import { isAppError } from '../../../../lib/contracts/appError.ts'
import { systemClock } from '../../../../lib/primitives/clock.ts'
import { describeChange, openLimitsStore } from '../../../../server/state/limitsStore.ts'

let folder = ''
let told: string[] = []
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'morphoscope-limits-'))
  told = []
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const file = () => path.join(folder, 'data', 'limits.json')
const open = () => openLimitsStore({ path: file(), clock: systemClock, onDamaged: (text) => void told.push(text) })
const limit = (rest: Partial<MetricLimit> = {}): MetricLimit => ({
  metric: 'health_score',
  alarm_low: null,
  warn_low: 0.8,
  warn_high: null,
  alarm_high: null,
  hysteresis: 0.02,
  note: '',
  ...rest,
})
const codeOf = (act: () => unknown): string | null => {
  try {
    act()
    return null
  } catch (error) {
    return isAppError(error) ? error.code : String(error)
  }
}

test('begins with the shipped limits, which are valid, and writes no file by itself', () => {
  const store = open()
  expect(store.get()).toMatchObject({ version: 0, saved_at: null })
  expect(LimitSet.parse(store.get())).toEqual(store.get())
  expect(codeOf(() => readFileSync(file()))).toContain('ENOENT')
})

test('a write is on disk, and another opening finds it', () => {
  const saved = open().set({ version: 0, by: 'ada', limits: [limit()] })
  expect(saved).toMatchObject({ version: 1, saved_by: 'ada' })
  expect(open().get()).toEqual(saved)
  expect(told).toEqual([])
})

test('the slower of two writers loses, is told who and what won, and changes nothing', () => {
  const store = open()
  store.set({ version: 0, by: 'ada', limits: [limit({ warn_low: 0.7 })] })
  const before = store.get()
  expect(() => store.set({ version: 0, by: 'grace', limits: [] })).toThrow(
    /version 1 was written by ada .*warn_low 0\.8 to 0\.7/,
  )
  expect(codeOf(() => store.set({ version: 9, by: 'grace', limits: [] }))).toBe('STATE_CONFLICT')
  expect(store.get()).toEqual(before)
})

test('what can not be kept changes nothing', () => {
  const store = open()
  // A folder in the place of the file: also root can not write over it.
  mkdirSync(`${file()}.new`, { recursive: true })
  expect(codeOf(() => store.set({ version: 0, by: 'ada', limits: [limit()] }))).toBe('STATE_STORAGE')
  expect(store.get().version).toBe(0)
})

test.each(['{', '{"version":"x"}', 'null'])('a damaged file (%j) is said, kept aside, and not written over', (text) => {
  mkdirSync(path.dirname(file()), { recursive: true })
  writeFileSync(file(), text)
  expect(open().get().version).toBe(0)
  expect(told).toHaveLength(1)
  expect(readFileSync(`${file()}.damaged`, 'utf8')).toBe(text)
})

test('a change is told in words: added, removed, moved', () => {
  const words = describeChange(
    [limit(), limit({ metric: 'sparsity' })],
    [limit({ warn_low: null, warn_high: 2 }), limit({ metric: 'alpha' })],
  )
  expect(words).toBe('health_score: warn_low 0.8 to none, warn_high none to 2; sparsity removed; alpha added')
  expect(describeChange([limit()], [limit()])).toBe('nothing')
})

describe('what may be written', () => {
  test.each([
    [{ alarm_low: 0.9 }, 'warn_low'],
    [{ warn_high: 0.5 }, 'warn_high'],
    [{ warn_low: null }, 'warn_low'],
    [{ hysteresis: -1 }, 'hysteresis'],
    [{ warn_high: 0.9, hysteresis: 0.06 }, 'hysteresis'],
    [{ metric: 'NOPE' }, 'metric'],
  ])('%j is refused by name', (rest, field) => {
    const parsed = MetricLimit.safeParse(limit(rest))
    expect(parsed.error?.issues.map((issue) => issue.path[0])).toContain(field)
  })
  test('one metric twice is refused', () => {
    expect(LimitWrite.safeParse({ version: 0, limits: [limit(), limit()] }).success).toBe(false)
  })
})
