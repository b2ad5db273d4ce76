import { deflateSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { deflateBytes, inflateBounded, looksLikeZlib } from '../../../../lib/bus/compression.ts'
import { isAppError } from '../../../../lib/contracts/appError.ts'

const codeOf = (act: () => unknown): string => {
  try {
    act()
    return 'accepted'
  } catch (error) {
    return isAppError(error) ? error.code : `threw ${String(error)}`
  }
}

describe.each(['zlib', 'zstd'] as const)('%s', (compression) => {
  test('gives back what was compressed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) => {
        const inflated = inflateBounded(deflateBytes(bytes, compression), compression)
        expect(Buffer.compare(inflated, bytes)).toBe(0)
      }),
    )
  })

  test('answers arbitrary bytes by code', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(['accepted', 'CONTRACT_ENCODING', 'CONTRACT_INFLATE']).toContain(
          codeOf(() => inflateBounded(bytes, compression)),
        )
      }),
    )
  })

  test('answers every single byte changed by code or by the same size at most', () => {
    const honest = deflateBytes(Buffer.from('seed '.repeat(400)), compression)
    for (let at = 0; at < honest.length; at++) {
      const spoilt = Uint8Array.from(honest)
      spoilt[at]! ^= 0xff
      expect(codeOf(() => inflateBounded(spoilt, compression))).not.toMatch(/^threw/)
    }
  })

  test('holds the size bound exactly', () => {
    const bytes = deflateBytes(new Uint8Array(1_000), compression)
    expect(inflateBounded(bytes, compression, { maxBytes: 1_000 })).toHaveLength(1_000)
    expect(codeOf(() => inflateBounded(bytes, compression, { maxBytes: 999 }))).toBe('CONTRACT_INFLATE')
  })

  test('holds the ratio bound above the free size', () => {
    const bomb = deflateBytes(new Uint8Array(1_000_000), compression)
    expect(codeOf(() => inflateBounded(bomb, compression))).toBe('CONTRACT_INFLATE')
    expect(codeOf(() => inflateBounded(bomb, compression, { maxRatio: 100_000 }))).toBe('accepted')
  })
})

test('recognises the zlib header of the default level only', () => {
  expect(looksLikeZlib(deflateSync('x'))).toBe(true)
  expect(looksLikeZlib(zstdCompressSync('x'))).toBe(false)
  expect(looksLikeZlib(new Uint8Array(0))).toBe(false)
})
