import { beforeEach, expect, test } from 'vitest'
import { clearPicked, pickSeeds, readPicked, toPicked, toSeedQuery } from '../../../../components/ops/selectionStore.ts'
import { COMMAND_LIMITS } from '../../../../lib/contracts/commandLimits.ts'

beforeEach(clearPicked)

test('adds, takes away and toggles seeds, layers in the order of their numbers', () => {
  pickSeeds([{ layerId: 'layer_10', seedIds: [3, 1] }], 'add')
  pickSeeds([{ layerId: 'layer_2', seedIds: [5] }], 'add')
  pickSeeds(
    [
      { layerId: 'layer_10', seedIds: [1, 7] },
      { layerId: 'layer_2', seedIds: [] },
    ],
    'toggle',
  )
  pickSeeds([{ layerId: 'layer_2', seedIds: [9] }], 'remove')
  expect(readPicked()).toEqual({
    count: 3,
    layers: [
      { layerId: 'layer_2', seedIds: [5] },
      { layerId: 'layer_10', seedIds: [3, 7] },
    ],
  })
  expect(toSeedQuery(readPicked())).toEqual({
    seeds: [
      { layer_id: 'layer_2', seed_ids: [5] },
      { layer_id: 'layer_10', seed_ids: [3, 7] },
    ],
  })
})

test('a layer without a picked seed is not in the choice', () => {
  pickSeeds([{ layerId: 'layer_0', seedIds: [1] }], 'add')
  pickSeeds([{ layerId: 'layer_0', seedIds: [1] }], 'toggle')
  expect(readPicked()).toEqual({ count: 0, layers: [] })
})

test('never holds more than a command may name', () => {
  const many = new Set(Array.from({ length: COMMAND_LIMITS.maxTargets + 10 }, (_, n) => n))
  const picked = toPicked(
    new Map([
      ['layer_0', many],
      ['layer_1', new Set([1])],
    ]),
  )
  expect(picked.count).toBe(COMMAND_LIMITS.maxTargets)
  expect(picked.layers.map((layer) => layer.layerId)).toEqual(['layer_0'])
})
