import { beforeEach, expect, test } from 'vitest'
import { clearPicked, pickSeeds, readPicked, toPicked } from '../../../../components/ops/selectionStore.ts'
import { COMMAND_LIMITS } from '../../../../lib/contracts/commandLimits.ts'

beforeEach(clearPicked)

test('adds, takes away and toggles seeds, layers in the order of their numbers', () => {
  pickSeeds('layer_10', [3, 1], 'add')
  pickSeeds('layer_2', [5], 'add')
  pickSeeds('layer_10', [1, 7], 'toggle')
  pickSeeds('layer_2', [9], 'remove')
  expect(readPicked()).toEqual({
    count: 3,
    layers: [
      { layerId: 'layer_2', seedIds: [5] },
      { layerId: 'layer_10', seedIds: [3, 7] },
    ],
  })
})

test('a layer without a picked seed is not in the choice', () => {
  pickSeeds('layer_0', [1], 'add')
  pickSeeds('layer_0', [1], 'toggle')
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
