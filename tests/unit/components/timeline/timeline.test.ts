import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bandAt, binAt, riverOf } from '../../../../components/timeline/drawRiver.ts'
import { binWords } from '../../../../components/timeline/LanesPanel.tsx'
import { riverWords } from '../../../../components/timeline/RiverPanel.tsx'
import { lossWords } from '../../../../components/timeline/RecordFacts.tsx'
import { layoutSankey, ribbonPath, sumTransitions } from '../../../../components/timeline/sankey.ts'
import { axisTicks, msAt, timeAxis, xOf } from '../../../../components/timeline/timeAxis.ts'
import {
  DEFAULT_WINDOW,
  dragged,
  parseWindow,
  stretchOf,
  windowHash,
  zoom,
} from '../../../../components/timeline/timelineWindow.ts'
import type { ReplayLanes } from '../../../../lib/contracts/httpLanes.ts'
import type { ReplayFlow } from '../../../../lib/contracts/httpReplay.ts'

const NOW = 1_700_000_000_000
const kept = { fromMs: NOW - 3_600_000, toMs: NOW }

describe('the stretch', () => {
  test('a hash is read back as it was written, and a malformed one is the default', () => {
    for (const window of [
      { kind: 'all' as const },
      { kind: 'newest' as const, seconds: 3_600 },
      { kind: 'fixed' as const, fromMs: NOW - 60_000, toMs: NOW },
    ])
      expect(parseWindow(windowHash(window))).toEqual(window)
    for (const hash of ['', '#window=7', '#window=a-b', `#window=${NOW}-${NOW}`, '#x'])
      expect(parseWindow(hash)).toEqual(DEFAULT_WINDOW)
  })

  test('the newest minutes end where the record ends, and never begin before it', () => {
    expect(stretchOf(DEFAULT_WINDOW, kept, null)).toEqual({ fromMs: NOW - 900_000, toMs: NOW })
    const short = { fromMs: NOW - 60_000, toMs: NOW }
    expect(stretchOf(DEFAULT_WINDOW, short, null)).toEqual(short)
  })

  test('a moment of the past lies in the stretch that is shown with it, wherever it is', () => {
    fc.assert(
      fc.property(fc.integer({ min: kept.fromMs, max: kept.toMs }), (momentMs) => {
        const { fromMs, toMs } = stretchOf({ kind: 'newest', seconds: 300 }, kept, momentMs)
        expect(fromMs).toBeLessThanOrEqual(momentMs)
        expect(toMs).toBeGreaterThanOrEqual(momentMs)
        expect(fromMs).toBeGreaterThanOrEqual(kept.fromMs)
        expect(toMs).toBeLessThanOrEqual(kept.toMs)
      }),
    )
  })

  test('closer keeps the moment where it is on the picture; farther ends at everything', () => {
    const stretch = { fromMs: NOW - 1_000_000, toMs: NOW - 600_000 }
    const near = zoom(stretch, kept, NOW - 700_000, 0.5)
    expect(near).toEqual({ kind: 'fixed', fromMs: NOW - 850_000, toMs: NOW - 650_000 })
    expect(zoom(stretch, kept, NOW - 700_000, 100)).toEqual({ kind: 'all' })
    expect(dragged(NOW, NOW - 5_000)).toBe(null)
    expect(dragged(NOW, NOW - 50_000)).toEqual({ kind: 'fixed', fromMs: NOW - 50_000, toMs: NOW })
  })
})

test('a place on the axis is the moment that is drawn there, and ticks have room', () => {
  const axis = timeAxis(kept, 1_000)
  for (const ms of [kept.fromMs, kept.fromMs + 1_234_567, kept.toMs])
    expect(msAt(axis, xOf(axis, ms))).toBeCloseTo(ms, 0)
  expect(msAt(axis, -50)).toBe(kept.fromMs)
  const ticks = axisTicks(axis)
  expect(ticks.length).toBeGreaterThan(3)
  for (const [at, tick] of ticks.entries())
    if (at > 0) expect(xOf(axis, tick.ms) - xOf(axis, ticks[at - 1]!.ms)).toBeGreaterThan(90)
})

describe('the river', () => {
  const river = riverOf({
    from_ms: 0,
    to_ms: 40,
    river: {
      t_ms: [10, 20, 30, 40],
      counts: { TRAINING: [0, 3, 5, 2], DORMANT: [12, 9, 5, 6], FOSSILIZED: [0, 0, 2, 4], CULLED: [0, 0, 0, 0] },
    },
  })

  test('its bands add up to every seed in every bin, in the order of the lifecycle, without empty ones', () => {
    expect(river.bands.map((band) => band.state)).toEqual(['DORMANT', 'TRAINING', 'FOSSILIZED'])
    expect(river.most).toBe(12)
    for (const at of [0, 1, 2, 3]) expect(river.bands.reduce((sum, band) => sum + band.counts[at]!, 0)).toBe(12)
    expect(river.bands[2]!.below).toEqual([12, 12, 10, 8])
  })

  test('a place in it is the band that is drawn there', () => {
    expect(binAt(river, 25)).toBe(2)
    expect(binAt(river, 999)).toBe(3)
    expect(bandAt(river, 2, 0.1)?.state).toBe('DORMANT')
    expect(bandAt(river, 2, 0.5)?.state).toBe('TRAINING')
    expect(bandAt(river, 2, 0.95)?.state).toBe('FOSSILIZED')
    expect(bandAt(river, 2, 1.5)).toBe(null)
    expect(riverWords(river, 3)).toBe('6 dormant, 4 fossilised, 2 training')
  })
})

describe('the sankey', () => {
  const seed = (id: number) => ({ layer_id: 'layer_0', seed_id: id })
  const transitions: ReplayFlow['transitions'] = [
    { from: 'DORMANT', to: 'GERMINATED', n: 7, blueprint: 'gated', seeds: [seed(1), seed(2)] },
    { from: 'DORMANT', to: 'GERMINATED', n: 3, blueprint: 'mlp', seeds: [seed(2), seed(3)] },
    { from: 'GERMINATED', to: 'TRAINING', n: 9, blueprint: 'gated', seeds: [] },
    { from: 'GERMINATED', to: 'CULLED', n: 1, blueprint: null, seeds: [seed(9)] },
  ]

  test('transitions between the same states are one ribbon that keeps its blueprints and names each seed once', () => {
    const [first] = sumTransitions(transitions)
    expect(first).toMatchObject({ from: 'DORMANT', to: 'GERMINATED', n: 10 })
    expect(first!.blueprints).toEqual([
      { blueprint: 'gated', n: 7 },
      { blueprint: 'mlp', n: 3 },
    ])
    expect(first!.seeds.map((one) => one.seedId)).toEqual([1, 2, 3])
  })

  test('ribbons of a node lie side by side and fill it, none is thinner than can be seen, all fit', () => {
    const { left, right, ribbons, total } = layoutSankey(transitions, 300)
    expect(total).toBe(20)
    for (const [nodes, side, at] of [
      [left, 'from', 'y0'],
      [right, 'to', 'y1'],
    ] as const)
      for (const node of nodes) {
        const mine = ribbons.filter((ribbon) => ribbon[side] === node.state).toSorted((a, b) => a[at] - b[at])
        expect(mine.reduce((sum, ribbon) => sum + ribbon.thick, 0)).toBeCloseTo(node.height, 6)
        let y = node.y
        for (const ribbon of mine) {
          expect(ribbon[at]).toBeCloseTo(y, 6)
          y += ribbon.thick
        }
        expect(node.y + node.height).toBeLessThanOrEqual(301)
      }
    expect(Math.min(...ribbons.map((ribbon) => ribbon.thick))).toBeGreaterThan(2)
    expect(ribbonPath({ y0: 1, y1: 2, thick: 3 }, 0, 10)).toBe('M0 1C5 1 5 2 10 2V5C5 5 5 4 0 4Z')
  })
})

test('a bin is read out with what happened in it, and without telemetry it has no health', () => {
  const lanes: ReplayLanes = {
    run_id: 'r',
    layer_id: null,
    from_ms: 0,
    to_ms: 20_000,
    bin_ms: 10_000,
    t_ms: [0, 10_000],
    counts: { alert: [0, 2], transition: [1_204, 0] },
    critical: [0, 1],
    total: 1_206,
    health: { column: 'health_score', low: [0.1, null], middle: [0.5, null], high: [0.9, null] },
  }
  expect(binWords(lanes, 5_000)).toBe('00:00:00 UTC, 10 s: transitions 1,204, health 0.50')
  expect(binWords(lanes, 15_000)).toBe('00:00:10 UTC, 10 s: alerts 2, no telemetry')
})

test('what the recorder could not keep is counted in words, and nothing is said as nothing', () => {
  const recorder = {
    state: 'recording' as const,
    problem: null,
    missed_ticks: 0,
    thinned_ticks: 0,
    dropped_events: 0,
    torn_blocks: 0,
  }
  expect(lossWords({ recorder })).toBe('nothing')
  expect(lossWords({ recorder: { ...recorder, missed_ticks: 1_200, torn_blocks: 1 } })).toBe(
    '1,200 reports came too fast, 1 damaged parts left out',
  )
})
