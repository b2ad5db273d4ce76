import { expect, test } from 'vitest'
import { z } from 'zod'
import { randomKey } from '../../../../lib/primitives/randomKey.ts'

test('where there is no randomUUID a key is a version 4 UUID all the same, and no two are alike', () => {
  const plain = { getRandomValues: globalThis.crypto.getRandomValues.bind(globalThis.crypto) }
  const keys = Array.from({ length: 1_000 }, () => randomKey(plain))
  for (const key of keys) expect(z.uuidv4().safeParse(key).success).toBe(true)
  expect(new Set(keys).size).toBe(1_000)
  expect(randomKey({ getRandomValues: <T>(bytes: T) => bytes })).toBe('00000000-0000-4000-8000-000000000000')
})

test('where there is one it is used', () => {
  expect(z.uuidv4().safeParse(randomKey()).success).toBe(true)
})
