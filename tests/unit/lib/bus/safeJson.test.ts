import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseSafeJson } from '../../../../lib/bus/safeJson.ts'
import { readTolerantJson } from '../../../../lib/bus/tolerantJson.ts'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const options = { maxDepth: 32, refuseDuplicates: false, maxFlags: 8 }
const codeOf = (act: () => unknown): unknown => {
  try {
    act()
    return 'accepted'
  } catch (error) {
    return (error as { code?: unknown }).code
  }
}

describe('safe JSON', () => {
  test('reads every honest document as the native parser does, on both paths', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), (text) => {
        const native: unknown = JSON.parse(text)
        const code = codeOf(() => parseSafeJson(bytesOf(text)))
        // fast-check likes reserved names; a document with one as a key is refused, and nothing else is.
        if (code === 'CONTRACT_HOSTILE_KEY') return
        expect(parseSafeJson(bytesOf(text)).value).toEqual(native)
        expect(readTolerantJson(text, options).value).toEqual(native)
      }),
      { numRuns: 400 },
    )
  })

  test('accepts exactly what the native parser accepts, for any text without bare tokens', () => {
    const soup = fc.string({ unit: fc.constantFrom(...Array.from('{}[]",:0123456789.eE+-tfn\\u \n')), maxLength: 12 })
    fc.assert(
      fc.property(soup, (text) => {
        const isNative = codeOf(() => JSON.parse(text) as unknown) === 'accepted'
        expect(codeOf(() => readTolerantJson(text, options)) === 'accepted').toBe(isNative)
        expect(codeOf(() => parseSafeJson(bytesOf(text))) === 'accepted').toBe(isNative)
      }),
      { numRuns: 2_000 },
    )
  })

  test('names where each value was that JSON can not say', () => {
    const { value, flags, flagCount } = parseSafeJson(
      bytesOf('{"a":[NaN,1,-Infinity],"b":{"c":Infinity,"d":1e400,"e":9007199254740993,"f":1}}'),
    )
    expect(value).toEqual({ a: [null, 1, null], b: { c: null, d: null, e: 9_007_199_254_740_992, f: 1 } })
    expect(flagCount).toBe(5)
    expect(flags).toEqual([
      { path: 'a.0', kind: 'nan' },
      { path: 'a.2', kind: '-inf' },
      { path: 'b.c', kind: 'inf' },
      { path: 'b.d', kind: 'overflow' },
      { path: 'b.e', kind: 'big-int' },
    ])
  })

  test('says the path of a reserved key and of a key that occurs twice', () => {
    expect(() => parseSafeJson(bytesOf('{"a":[{"__proto__":1}]}'))).toThrow(
      expect.objectContaining({ code: 'CONTRACT_HOSTILE_KEY', context: { path: 'a.0.__proto__' } }),
    )
    expect(() => parseSafeJson(bytesOf('{"a":{"b":1,"b":2}}'), { refuseDuplicates: true })).toThrow(
      expect.objectContaining({ code: 'CONTRACT_INVALID', context: { path: 'a.b' } }),
    )
  })

  test.each([
    ['bytes', '[1,2,3]', { maxBytes: 6 }, 'CONTRACT_TOO_LARGE'],
    ['values', '[1,2,3]', { maxValues: 2 }, 'CONTRACT_TOO_LARGE'],
    ['depth', '[[1]]', { maxDepth: 1 }, 'CONTRACT_DEPTH'],
  ] as const)('holds its bound on %s', (_name, text, bound, code) => {
    expect(codeOf(() => parseSafeJson(bytesOf(text), bound))).toBe(code)
    expect(codeOf(() => parseSafeJson(bytesOf(text)))).toBe('accepted')
  })
})
