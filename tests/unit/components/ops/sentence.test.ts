import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readSentence, writeSentence } from '../../../../components/ops/sentence.ts'
import { SeedQuery } from '../../../../lib/contracts/commandDraft.ts'
import { SEED_STATES } from '../../../../lib/contracts/lifecycleTable.ts'

const words = {
  layers: ['layer_0', 'layer_1', 'layer_2', 'layer_3', 'env0:r1'],
  metrics: [
    { name: 'health_score', label: 'Health' },
    { name: 'alpha', label: 'Blend' },
  ],
}
const read = (text: string) => readSentence(text, words)

test('a sentence names places, states and conditions', () => {
  expect(read('layer_1..layer_3, TRAINING or grafting, health < 0.3')).toEqual({
    kind: 'query',
    query: {
      layers: ['layer_1', 'layer_2', 'layer_3'],
      states: ['TRAINING', 'GRAFTING'],
      where: [{ metric: 'health_score', op: '<', value: 0.3 }],
    },
  })
  expect(read('layer_0/0-2+7 env0:r1/4, alpha >= -1e-3')).toEqual({
    kind: 'query',
    query: {
      seeds: [
        { layer_id: 'layer_0', seed_ids: [0, 1, 2, 7] },
        { layer_id: 'env0:r1', seed_ids: [4] },
      ],
      where: [{ metric: 'alpha', op: '>=', value: -0.001 }],
    },
  })
  expect(read('all layers, DORMANT')).toMatchObject({ query: { layers: words.layers, states: ['DORMANT'] } })
  expect(read('  ')).toEqual({ kind: 'empty' })
})

test.each([
  ['layer_9', 'layer_9', 'no layer of this run'],
  ['layer_0, TRAINNG', 'TRAINNG', 'no layer of this run'],
  ['layer_0, helth < 0.3', 'helth < 0.3', 'no metric of this run'],
  ['layer_0, health < ', 'health <', 'health_score < 0.3'],
  ['layer_0, health = 1', 'health = 1', 'health_score < 0.3'],
  ['layer_0/5-2', 'layer_0/5-2', '0-3+7'],
  ['layer_0/1-999999', 'layer_0/1-999999', 'at most 65536'],
  ['layer_3..layer_0', 'layer_3..layer_0', 'comes before'],
  ['TRAINING', 'TRAINING', 'names no layer'],
  ['layer_0,, TRAINING', 'layer_0,, TRAINING', 'between two commas'],
])('%j can not be read, and says why', (text, part, why) => {
  const said = read(text)
  expect(said).toMatchObject({ kind: 'unread', part })
  expect(said.kind === 'unread' && said.text).toContain(why)
})

test('what was written is read as the same query, and every query of it is one of the contract', () => {
  const ids = fc.uniqueArray(fc.nat(40), { minLength: 1, maxLength: 20 })
  const picked = fc.dictionary(fc.constantFrom(...words.layers), ids, { maxKeys: 3 })
  const query = fc.record({
    layers: fc.subarray(words.layers),
    picked,
    states: fc.subarray([...SEED_STATES]),
    where: fc.array(
      fc.record({
        metric: fc.constantFrom('health_score', 'alpha'),
        op: fc.constantFrom('<' as const, '<=' as const, '>' as const, '>=' as const),
        value: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value)),
      }),
      { maxLength: 3 },
    ),
  })
  fc.assert(
    fc.property(query, ({ layers, picked: lists, states, where }) => {
      const seeds = Object.entries(lists).map(([layer_id, seed_ids]) => ({
        layer_id,
        seed_ids: seed_ids.toSorted((a, b) => a - b),
      }))
      const whole = layers.filter((layer) => !(layer in lists))
      fc.pre(whole.length + seeds.length > 0)
      const wanted: SeedQuery = {
        ...(whole.length === 0 ? {} : { layers: whole }),
        ...(seeds.length === 0 ? {} : { seeds }),
        ...(states.length === 0 ? {} : { states }),
        ...(where.length === 0 ? {} : { where }),
      }
      expect(read(writeSentence(wanted))).toEqual({ kind: 'query', query: wanted })
      expect(SeedQuery.parse(wanted)).toEqual(wanted)
    }),
  )
})
