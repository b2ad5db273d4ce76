import { expect, test } from 'vitest'
import { ACTION_PROVIDERS } from '../../../../components/palette/actionProviders.ts'
import { ENTITY_PROVIDERS } from '../../../../components/palette/entityProviders.ts'
import { findEntries } from '../../../../components/palette/findEntries.ts'
import {
  addedProviders,
  addPaletteProvider,
  type PaletteContext,
  type PaletteHands,
} from '../../../../components/palette/paletteEntry.ts'
import { noteChoice, readRecent } from '../../../../components/palette/recentChoices.ts'
import { bestOf, scoreOf } from '../../../../components/palette/scoreOf.ts'
import { findSeeds } from '../../../../components/palette/seedQuery.ts'
import { USUAL_KEYS } from '../../../../components/shell/keymap.ts'
import { SEED_COLUMNS } from '../../../../lib/contracts/metrics.ts'
import type { AlertItem } from '../../../../lib/contracts/alerts.ts'
import type { RunView } from '../../../../lib/live/recordLog.ts'
import { DEFAULT_PAGE_STATE } from '../../../../lib/live/urlState.ts'

const layers = (count: number, seeds: number) =>
  Array.from({ length: count }, (_, at) => ({ layer_id: `layer_${at}`, seeds }))

function createContext(change: Partial<PaletteContext> = {}, count = 3, seeds = 40): PaletteContext {
  const shown = {
    descriptor: {
      run_id: 'run-a',
      title: 'Digits',
      origin: 'trainer',
      layers: layers(count, seeds),
      seed_columns: SEED_COLUMNS,
      blueprints: [{ blueprint_id: 'affine', index: 1, parameters: 196, note: '' }],
    },
    firstSeenMs: 1,
    events: [],
  } as unknown as RunView
  return {
    runs: [shown],
    shown,
    state: DEFAULT_PAGE_STATE,
    paused: false,
    events: [],
    recorded: null,
    topics: null,
    alerts: null,
    views: [],
    bindings: USUAL_KEYS,
    ...change,
  }
}
const PROVIDERS = [...ACTION_PROVIDERS, ...ENTITY_PROVIDERS]
const ids = (query: string, context = createContext(), recent: readonly string[] = []): readonly string[] =>
  findEntries(PROVIDERS, query, context, recent).flatMap((group) => group.entries.map((entry) => entry.id))

function createHands() {
  const calls: unknown[] = []
  const note =
    (name: string) =>
    (...args: unknown[]) =>
      void calls.push([name, ...args])
  const hands: PaletteHands = {
    act: note('act'),
    show: note('show'),
    go: note('go'),
    open: note('open'),
    set: note('set'),
    setTheme: note('setTheme'),
  }
  return { hands, calls }
}

test('a text fits better the nearer the query is to its beginning; letters in order come last', () => {
  const order = ['alpha', 'alpha velocity', 'mean alpha', 'xalphax', 'a-l-p-h-a'].map((text) => scoreOf(text, 'Alpha'))
  expect(order).toEqual(order.toSorted((a, b) => b - a))
  expect(new Set(order).size).toBe(order.length)
  expect(scoreOf('velocity of alpha', 'alpha velocity')).toBeGreaterThan(0)
  expect(scoreOf('beta', 'alpha')).toBe(0)
  expect(scoreOf('anything', '')).toBe(1)
  expect(scoreOf('a+b', '+')).toBeGreaterThan(0)
})

test('the best are kept in a stable order and all that fit are counted', () => {
  const all = [3, 0, 1, 3, 2].map((score, at) => ({ score, at }))
  expect(bestOf(all, 2)).toEqual({ entries: [all[0], all[3]], of: 4 })
})

test('a seed is found by its place; a row alone is found in every layer and the rest is counted', () => {
  const million = layers(100, 10_000)
  expect(findSeeds('layer_7/9999', million, 6).entries[0]).toMatchObject({ layerId: 'layer_7', seedId: 9_999 })
  expect(findSeeds('layer_7 12', million, 6).entries[0]).toMatchObject({ layerId: 'layer_7', seedId: 12 })
  expect(findSeeds('12', million, 6)).toMatchObject({ of: 100 })
  expect(findSeeds('12', million, 6).entries).toHaveLength(6)
  expect(findSeeds('layer_7/10000', million, 6).of).toBe(0)
  expect(findSeeds('alpha', million, 6).of).toBe(0)
})

test('a million seeds are never listed: what is looked at grows with the layers alone', () => {
  let asked = 0
  const counted = layers(100, 10_000).map((layer) =>
    Object.defineProperty({ ...layer }, 'seeds', { get: () => (asked++, 10_000) }),
  )
  findSeeds('5', counted, 6)
  expect(asked).toBe(100)
})

test('entities and actions are found by name, the best fitting group first', () => {
  expect(ids('layer_1')).toEqual(['layer:layer_1'])
  expect(ids('1')).toEqual(expect.arrayContaining(['seed:layer_0/1', 'seed:layer_2/1', 'layer:layer_1']))
  expect(ids('alpha')[0]).toBe('metric:alpha')
  expect(ids('affine')).toContain('blueprint:affine')
  expect(ids('run-a')).toContain('run:run-a')
  expect(ids('bus')).toContain('action:go:/bus')
  expect(ids('start load')[0]).toBe('action:load')
  expect(ids('dark')[0]).toBe('theme:dark')
  expect(ids('fossilized')).toContain('term:state:FOSSILIZED')
  expect(ids('qqqqqq')).toEqual([])
})

test('streams, recorded runs and saved views are found once they are known', () => {
  const context = createContext({
    topics: ['kasmina.telemetry.shard.0'],
    recorded: [{ run_id: 'old-run', title: 'Older' } as never, { run_id: 'run-a', title: 'Digits' } as never],
    views: [{ name: 'Morning look', href: '/?metric=alpha' }],
  })
  expect(ids('shard', context)).toContain('stream:kasmina.telemetry.shard.0')
  expect(ids('old-run', context)).toContain('run:old-run')
  expect(ids('run-a', context).filter((id) => id === 'run:run-a')).toHaveLength(1)
  const { hands, calls } = createHands()
  findEntries(PROVIDERS, 'morning', context, [])[0]!.entries[0]!.choose(hands)
  expect(calls).toEqual([['open', '/?metric=alpha']])
})

test('every action of the keymap is offered unasked with its key, but not the palette itself', () => {
  const offered = ids('')
  for (const action of ['pause', 'theme', 'copy-link', 'load', 'glossary', 'go:/'])
    expect(offered).toContain(`action:${action}`)
  expect(offered).not.toContain('action:palette')
})

test('recent choices come first and are not listed twice; those that are gone are left out', () => {
  const offered = ids('', createContext(), ['seed:layer_1/7', 'seed:layer_9/7', 'action:theme', 'nobody:x'])
  expect(offered.slice(0, 2)).toEqual(['seed:layer_1/7', 'action:theme'])
  expect(offered.filter((id) => id === 'action:theme')).toHaveLength(1)
})

test('choosing a seed goes to its page with it selected', () => {
  const { hands, calls } = createHands()
  findEntries(PROVIDERS, 'layer_2/5', createContext(), [])[0]!.entries[0]!.choose(hands)
  expect(calls).toEqual([['go', '/layers/layer_2/seeds/5', { selection: { layerId: 'layer_2', seedId: 5 } }]])
})

test('what does not fit into a group is counted', () => {
  const group = findEntries(PROVIDERS, '3', createContext({}, 100, 10), []).find(({ id }) => id === 'seed')
  expect(group).toMatchObject({ more: 94 })
})

test('another part adds its entries and takes them away; a broken one does not take the palette away', () => {
  const broken = () => {
    throw new Error('broken')
  }
  const undo = [
    addPaletteProvider({
      id: 'alert',
      title: 'Alerts',
      kind: 'entity',
      search: () => ({ entries: [{ id: 'alert:1', label: 'A', icon: 'warning', score: 90, choose: broken }], of: 1 }),
      find: () => null,
    }),
    addPaletteProvider({ id: 'bad', title: 'Bad', kind: 'entity', search: broken, find: broken }),
  ]
  const found = findEntries(addedProviders(), 'a', createContext(), ['bad:1'])
  expect(found.map(({ id }) => id)).toEqual(['alert'])
  for (const remove of undo) remove()
  expect(addedProviders()).toEqual([])
})

test('recent choices: newest first, once each, at most eight, whatever the store holds', () => {
  let kept: string | null = '{'
  const store = { getItem: () => kept, setItem: (_key: string, value: string) => void (kept = value) }
  expect(readRecent(store)).toEqual([])
  for (let at = 0; at < 10; at++) noteChoice(store, `a:${at}`)
  noteChoice(store, 'a:5')
  expect(readRecent(store)).toHaveLength(8)
  expect(readRecent(store).slice(0, 2)).toEqual(['a:5', 'a:9'])
  const full = {
    getItem: () => null,
    setItem: () => {
      throw new Error('full')
    },
  }
  expect(() => noteChoice(full, 'a:1')).not.toThrow()
})

test('an open alert is found by its words, its severity and its place, and leads to itself', () => {
  const alert = {
    id: 'a-1',
    text: 'Dead chunk',
    severity: 'critical',
    rule: 'dead_chunk',
    layer_id: 'layer_1',
    seed_id: 3,
  }
  const context = createContext({ alerts: [alert as unknown as AlertItem] })
  for (const query of ['dead chunk', 'critical', 'layer_1/3']) expect(ids(query, context)).toContain('alert:a-1')
  expect(ids('dead chunk')).not.toContain('alert:a-1')
  const { calls, hands } = createHands()
  const [entry] = findEntries(ENTITY_PROVIDERS, 'dead chunk', context, []).flatMap((group) => group.entries)
  entry!.choose(hands)
  expect(calls).toEqual([['open', '/alerts#a-1']])
})
