import { expect, test } from 'vitest'
import { stableHash } from '../../../../lib/primitives/stableHash.ts'

test.each([
  ['', 0xab3e7c0b],
  ['a', 0x1a80b1b3],
  ['layer_0', 0x75a33ff3],
  ['kasmina.telemetry.shard.0', 0x4a5c3618],
  ['é🌱', 0x6951acd3],
])('golden value of %j never changes', (text, hash) => {
  expect(stableHash(text)).toBe(hash)
})

test('spreads neighbours evenly over 100 buckets', () => {
  const buckets = new Uint32Array(100)
  for (let i = 0; i < 20_000; i++) buckets[stableHash(`layer_${i}`) % 100]! += 1
  // 200 expected per bucket; six standard deviations are 85.
  expect(Math.min(...buckets)).toBeGreaterThan(115)
  expect(Math.max(...buckets)).toBeLessThan(285)
})
