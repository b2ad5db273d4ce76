import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  atText,
  conduct,
  LIVE,
  momentOf,
  nextSpeed,
  parseAt,
  parseSpeed,
  settle,
  SPEEDS,
  type ConductorAct,
  type ConductorState,
} from '../../../../lib/live/conductor.ts'

const bounds = { fromMs: 1_000_000, toMs: 4_600_000 }
const at = (monoMs: number) => ({ monoMs, bounds })
const fixed = (atMs: number): ConductorState => ({ kind: 'fixed', atMs, end: false, speed: 1, reverse: false })

describe('from live to the past and back', () => {
  test('a pause stands at its moment, and a step from it is a moment of the past', () => {
    const paused = conduct(LIVE, { kind: 'pause', atMs: 2_000_000 }, at(0))
    expect(momentOf(paused, 9_999, bounds)).toBe(2_000_000)
    expect(conduct(paused, { kind: 'shift', byMs: -1_000 }, at(5))).toEqual(fixed(1_999_000))
  })

  test('going live leaves every state', () => {
    const states = [fixed(2_000_000), conduct(fixed(2_000_000), { kind: 'play' }, at(0))]
    for (const state of states) expect(conduct(state, { kind: 'go-live' }, at(1))).toBe(LIVE)
  })

  test('acts of the past mean nothing in the present', () => {
    const acts: ConductorAct[] = [
      { kind: 'play' },
      { kind: 'stand' },
      { kind: 'reverse' },
      { kind: 'speed', speed: 4 },
      { kind: 'shift', byMs: 5 },
      { kind: 'hold', atMs: 5 },
    ]
    for (const act of acts) expect(conduct(LIVE, act, at(0))).toBe(LIVE)
  })
})

describe('a moving moment', () => {
  test.each(SPEEDS)('at %s times it moves that much of the past in a second, either way', (speed) => {
    const play = (reverse: boolean) => conduct(LIVE, { kind: 'jump', atMs: 2_000_000, play: speed, reverse }, at(500))
    expect(momentOf(play(false), 1_500, bounds)).toBe(2_000_000 + speed * 1_000)
    expect(momentOf(play(true), 1_500, bounds)).toBe(2_000_000 - speed * 1_000)
  })

  test('turning and another speed go on from where it is', () => {
    const playing = conduct(fixed(2_000_000), { kind: 'play' }, at(0))
    const faster = conduct(playing, { kind: 'speed', speed: 16 }, at(2_000))
    expect(momentOf(faster, 2_000, bounds)).toBe(2_002_000)
    const back = conduct(faster, { kind: 'reverse' }, at(3_000))
    expect(momentOf(back, 3_000, bounds)).toBe(2_018_000)
    expect(momentOf(back, 4_000, bounds)).toBe(2_002_000)
  })

  test('at the end of what is kept it stands, and says that it is the end', () => {
    const playing = conduct(LIVE, { kind: 'jump', atMs: 4_599_000, play: 64 }, at(0))
    expect(settle(playing, 10, bounds)).toBe(playing)
    expect(settle(playing, 1_000, bounds)).toMatchObject({ kind: 'fixed', atMs: bounds.toMs, end: true, speed: 64 })
    const back = conduct(LIVE, { kind: 'jump', atMs: 1_001_000, play: 2, reverse: true }, at(0))
    expect(settle(back, 5_000, bounds)).toMatchObject({ kind: 'fixed', atMs: bounds.fromMs, end: true })
  })

  test('play at the end begins again at the other one', () => {
    const ended: ConductorState = { kind: 'fixed', atMs: bounds.toMs, end: true, speed: 4, reverse: false }
    expect(momentOf(conduct(ended, { kind: 'play' }, at(0)), 0, bounds)).toBe(bounds.fromMs)
  })

  test('a hold goes on from where it waited, without catching up', () => {
    const playing = conduct(LIVE, { kind: 'jump', atMs: 2_000_000, play: 64 }, at(0))
    const held = conduct(playing, { kind: 'hold', atMs: 2_000_500 }, at(10_000))
    expect(momentOf(held, 10_000, bounds)).toBe(2_000_500)
    expect(momentOf(held, 11_000, bounds)).toBe(2_064_500)
  })
})

test('whatever is done, a moment of the past lies in what is kept, and no act but a jump or a shift moves it', () => {
  const act = fc.oneof(
    fc.record({ kind: fc.constant('jump' as const), atMs: fc.integer({ min: -5, max: 9_000_000 }) }),
    fc.record({ kind: fc.constant('shift' as const), byMs: fc.integer({ min: -9_000_000, max: 9_000_000 }) }),
    fc.constantFrom<ConductorAct>({ kind: 'play' }, { kind: 'stand' }, { kind: 'reverse' }),
    fc.constantFrom(...SPEEDS).map((speed): ConductorAct => ({ kind: 'speed', speed })),
  )
  fc.assert(
    fc.property(fc.array(fc.tuple(act, fc.integer({ min: 0, max: 60_000 })), { maxLength: 30 }), (acts) => {
      let state: ConductorState = fixed(2_000_000)
      let monoMs = 0
      for (const [next, passMs] of acts) {
        monoMs += passMs
        const before = momentOf(state, monoMs, bounds)
        const atEnd = before === bounds.toMs || before === bounds.fromMs
        state = conduct(state, next, at(monoMs))
        const after = momentOf(state, monoMs, bounds)
        expect(after).toBeGreaterThanOrEqual(bounds.fromMs)
        expect(after).toBeLessThanOrEqual(bounds.toMs)
        const mayMove = next.kind === 'jump' || next.kind === 'shift' || (next.kind === 'play' && atEnd)
        // A moment that stands is a whole millisecond.
        if (!mayMove) expect(Math.abs((after ?? 0) - (before ?? 0))).toBeLessThan(1)
      }
    }),
  )
})

test('the fastest and the slowest speed are their own neighbours', () => {
  expect(nextSpeed(64, 1)).toBe(64)
  expect(nextSpeed(0.25, -1)).toBe(0.25)
  expect(nextSpeed(1, 1)).toBe(2)
})

test('an address names a moment by entry, by ms or in UTC, and nothing else', () => {
  expect(parseAt('1700000000123-4')).toBe(1_700_000_000_123)
  expect(parseAt('1700000000123')).toBe(1_700_000_000_123)
  expect(parseAt('2026-11-26T14:02:11.204Z')).toBe(Date.UTC(2026, 10, 26, 14, 2, 11, 204))
  for (const text of ['', 'now', '12', '2026-11-26', '2026-11-26T14:02:11+02:00', '2026-13-45T99:02:11Z'])
    expect(parseAt(text)).toBe(null)
  expect(parseAt(atText(1_700_000_000_123.4))).toBe(1_700_000_000_123)
  expect(parseSpeed('0.25')).toBe(0.25)
  expect(parseSpeed('3')).toBe(null)
})
