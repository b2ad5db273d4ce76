import fc from 'fast-check'
import { expect, test } from 'vitest'
import { joinFrames, splitFrames } from '../../../../lib/frames/frameBatch.ts'

// View frames begin with their own magic, which is not the one of a batch.
const frames = fc.array(
  fc
    .uint8Array({ minLength: 0, maxLength: 80 })
    .map((body) => Uint8Array.from([0x4d, 0x53, 0x56, 0x31, 0, 0, 0, 0, ...body])),
  { minLength: 1, maxLength: 12 },
)

test('what was joined comes apart again, wherever it lies', () => {
  fc.assert(
    fc.property(frames, fc.nat(3), (given, shift) => {
      const joined = joinFrames(given)
      const elsewhere = new Uint8Array(joined.length + shift)
      elsewhere.set(joined, shift)
      expect(splitFrames(elsewhere.subarray(shift)).map((frame) => [...frame])).toEqual(
        given.map((frame) => [...frame]),
      )
    }),
  )
})

test('a message that lies about its lengths is refused, never read beyond', () => {
  fc.assert(
    fc.property(frames, fc.nat(), fc.nat(255), (given, at, byte) => {
      fc.pre(given.length > 1)
      const joined = joinFrames(given).slice()
      joined[at % Math.min(joined.length, 8 + given.length * 4)] = byte
      try {
        const parts = splitFrames(joined)
        expect(parts.reduce((sum, part) => sum + part.length, 0)).toBeLessThanOrEqual(joined.length)
      } catch (error) {
        expect((error as { code: string }).code).toBe('CONTRACT_FRAME')
      }
      expect(() => splitFrames(joinFrames(given).subarray(0, -1))).toThrow(/frame batch/)
    }),
  )
})
