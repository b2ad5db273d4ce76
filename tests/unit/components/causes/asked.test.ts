import { expect, test } from 'vitest'
import { askedPlace, changesUrl, momentData, type Pointing } from '../../../../components/causes/askedPlace.ts'
import { edgeText, gapText, latencyText, momentText, readingText } from '../../../../components/causes/causeWords.ts'
import { threadOf, withThread } from '../../../../lib/contracts/threadLinks.ts'
import { originData, valueOfElement, type ValueRef } from '../../../../components/provenance/valueRef.ts'

const nothing: Pointing = { focused: null, moment: null, seed: null, selection: null, runId: 'run', pausedMs: null }
const dataset = (attributes: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [
      name.replace(/^data-/, '').replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase()),
      value,
    ]),
  )

test('what is nearest to the hand is asked about: focus, then pointer, then selection, then the run now', () => {
  const moment = { atMs: 5, layerId: 'a', seedId: 1 }
  const seed = { layerId: 'b', seedId: 2 }
  const selection = { layerId: 'c', seedId: 3 }
  const focused = dataset(momentData({ atMs: 9.4, layerId: 'f', seedId: 4, runId: 'other' }))
  expect(askedPlace({ ...nothing, focused, moment, seed, selection })).toEqual({
    atMs: 9,
    layerId: 'f',
    seedId: 4,
    runId: 'other',
  })
  expect(askedPlace({ ...nothing, moment, seed, selection })).toEqual({ ...moment, runId: 'run' })
  expect(askedPlace({ ...nothing, seed, selection, pausedMs: 7 })).toEqual({ ...seed, atMs: 7, runId: 'run' })
  expect(askedPlace({ ...nothing, selection })).toEqual({ ...selection, atMs: null, runId: 'run' })
  expect(askedPlace(nothing)).toEqual({ atMs: null, layerId: null, seedId: null, runId: 'run' })
})

test('a seed is never asked about without its layer, and damaged attributes are no place', () => {
  const focused = { moment: '', momentSeed: '4', momentAt: 'soon' }
  expect(askedPlace({ ...nothing, focused })).toEqual({ atMs: null, layerId: null, seedId: null, runId: 'run' })
  expect(momentData({ seedId: 4 })).toEqual({ 'data-moment': '' })
  expect(changesUrl({ atMs: 1.6, layerId: 'layer 0', seedId: 3, runId: null }, 60)).toBe(
    '/api/changes?at=2&layer=layer+0&seed=3&before_s=60',
  )
  expect(changesUrl({ atMs: null, layerId: null, seedId: 3, runId: 'r' }, 600)).toBe('/api/changes?run=r&before_s=600')
})

test('an edge says how long it took and whether it was a cause; one that skips its neighbour names where it begins', () => {
  const from = { kind: 'command', text: 'layer_0 seed 3 to CULLED because of a very long reason' } as const
  const edge = { from: 'a', to: 'b', latency_ms: 132, kind: 'cause' } as const
  expect(edgeText(edge, from, true)).toBe('caused, 132 ms later')
  expect(edgeText({ ...edge, kind: 'then', latency_ms: 65_000 }, from, true)).toBe('1 m 05 s later')
  expect(edgeText(edge, from, false)).toMatch(/^caused, 132 ms later than command “layer_0 seed 3 to CULLED.*…”$/)
  expect(edgeText({ ...edge, latency_ms: null }, from, true)).toBe('caused, two clocks contradict each other')
  expect(edgeText({ ...edge, kind: 'overlap' }, from, true)).toBe('at work beside, from 132 ms before')
  expect([latencyText(0), latencyText(4_200)]).toEqual(['0 ms', '4.2 s'])
})

test('readings tell before, after and the difference; unmeasured stays a word', () => {
  const reading = { metric: 'val_accuracy', unit: 'fraction', before: 0.861, before_ms: 1, after: 0.79, after_ms: 2 }
  expect(readingText(reading)).toBe('86.1 % to 79.0 % (−7.1 pp)')
  expect(readingText({ ...reading, unit: 'ratio', before: 0.5, after: 0.75 })).toBe('0.500 to 0.750 (+0.250)')
  expect(readingText({ ...reading, before: null })).toBe('unmeasured to 79.0 %')
})

test('a gap says its length, its cause and what it cost; moments have their milliseconds', () => {
  expect(gapText({ from_ms: 0, to_ms: 2_500, cause: 'bus_down', lost: 4 })).toBe(
    'No telemetry for 2.5 s: the bus was away, 4 lost',
  )
  expect(gapText({ from_ms: 0, to_ms: 1_000, cause: 'producer_silent', lost: null })).toBe(
    'No telemetry for 1.0 s: the producer was silent',
  )
  expect(momentText(1_700_000_000_123)).toBe('22:13:20.123')
})

test('a value is written into an attribute and read back; what is no value is none', () => {
  const value: ValueRef = { kind: 'seed', layerId: 'layer_0', seedId: 3, metric: 'health_score' }
  const element = (text: string | undefined) =>
    ({ closest: () => (text === undefined ? null : { dataset: { origin: text } }) }) as unknown as Element
  expect(valueOfElement(element(originData(value)['data-origin']))).toEqual(value)
  expect(valueOfElement(element('{"kind":"other"}'))).toBeNull()
  expect(valueOfElement(element('not json'))).toBeNull()
  expect(valueOfElement(element(undefined))).toBeNull()
  expect(valueOfElement(null)).toBeNull()
})

test('the address of a composer names the thread it goes on in, and nothing that can not stand in a message', () => {
  expect(withThread('/layers/a/seeds/1', 'alert:7 x')).toBe('/layers/a/seeds/1?thread=alert%3A7%20x')
  expect(withThread('/a?run=r', 'b')).toBe('/a?run=r&thread=b')
  expect(threadOf('?run=r&thread=alert%3A7%20x')).toBe('alert:7 x')
  for (const search of ['', '?thread=', `?thread=${'x'.repeat(129)}`, '?thread=a%0ab'])
    expect(threadOf(search)).toBeNull()
})
