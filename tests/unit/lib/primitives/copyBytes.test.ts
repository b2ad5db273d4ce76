import fc from 'fast-check'
import { expect, test } from 'vitest'
import { copyBytes } from '../../../../lib/primitives/copyBytes.ts'

test('every byte arrives where it belongs and nowhere else, in plain and in shared memory, at any alignment', () => {
  const placed = fc.record({ from: fc.nat(20), to: fc.nat(20), room: fc.nat(20), isShared: fc.boolean() })
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), placed, (bytes, { from, to, room, isShared }) => {
      const [source, target] = [from, to].map((offset) => {
        const size = offset + bytes.length + room
        return new Uint8Array(isShared ? new SharedArrayBuffer(size) : new ArrayBuffer(size))
      }) as [Uint8Array, Uint8Array]
      source.set(bytes, from)
      target.fill(7)
      copyBytes(target.subarray(to), source.subarray(from, from + bytes.length))
      const expected = new Uint8Array(target.length).fill(7)
      expected.set(bytes, to)
      expect(Buffer.compare(Buffer.from(target), Buffer.from(expected))).toBe(0)
    }),
  )
})

test('what does not fit is refused and changes nothing', () => {
  const target = new Uint8Array(4)
  expect(() => copyBytes(target, new Uint8Array(5).fill(1))).toThrow(RangeError)
  expect([...target]).toEqual([0, 0, 0, 0])
})
