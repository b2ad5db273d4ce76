/*
 * The wire frame: round trips at any alignment, refusal of every truncation and bit flip, and no read outside the bytes.
 * In: seeded random frames. Out: proof by property.
 * Invariant: a header is either decoded as it was encoded, or refused as CONTRACT_FRAME.
 * Source: docs/protocol.md "frames".
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isAppError } from '../../../../lib/contracts/appError.ts'
import * as wire from '../../../../lib/frames/wireFrame.ts'
import { schemaIdOf } from '../../../../lib/frames/schemaId.ts'

const header = fc.record({
  kind: fc.constant(wire.FRAME_KIND.seeds),
  flags: fc.integer({ min: 0, max: 255 }),
  schemaId: fc.integer({ min: 0, max: 0xffff_ffff }),
  layer: fc.integer({ min: 0, max: wire.WIRE_LIMITS.maxLayers - 1 }),
  publishedAtS: fc.double({ min: 0, max: 4_102_444_800, noNaN: true }).map((time) => time + 0),
  seq: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  step: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  tick: fc.integer({ min: 0, max: 0xffff_ffff }),
  rows: fc.integer({ min: 1, max: 40 }),
  columns: fc.integer({ min: 1, max: 12 }),
  windowMs: fc.integer({ min: 0, max: 0xffff_ffff }),
})
const frame = header.chain((fields) =>
  fc.record({
    fields: fc.constant(fields),
    values: fc.float32Array({ minLength: fields.rows * fields.columns, maxLength: fields.rows * fields.columns }),
    offset: fc.integer({ min: 0, max: 9 }),
    shift: fc.integer({ min: 0, max: 7 }),
  }),
)

const codeOf = (act: () => unknown): string => {
  try {
    act()
    return 'accepted'
  } catch (error) {
    return isAppError(error) ? error.code : `threw ${String(error)}`
  }
}

const sample = {
  kind: wire.FRAME_KIND.seeds,
  flags: wire.FRAME_FLAG.faultActive,
  schemaId: 0xdead_beef,
  layer: 2,
  publishedAtS: 1_769_500_800.125,
  seq: 2 ** 40 + 3,
  step: 2 ** 33 + 1,
  tick: 125,
  rows: 4,
  columns: 3,
  windowMs: 133,
}
const encoded = (): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(wire.wireFrameBytes(sample.rows, sample.columns))
  wire.encodeWireFrame(
    bytes,
    0,
    sample,
    Float32Array.from({ length: 12 }, (_, i) => i / 2),
  )
  return bytes
}

describe('wire frame', () => {
  test('decodes what was encoded, at any offset and alignment, NaN and infinities included', () => {
    fc.assert(
      fc.property(frame, ({ fields, values, offset, shift }) => {
        const size = wire.wireFrameBytes(fields.rows, fields.columns)
        const bytes = new Uint8Array(new ArrayBuffer(size + offset + shift + 5), shift, size + offset)
        expect(wire.encodeWireFrame(bytes, offset, fields, values)).toBe(size)
        const decoded = wire.decodeWireHeader(bytes, offset)
        expect(decoded).toEqual({ ...fields, encoding: 0, payloadBytes: values.byteLength })
        const target = new Float32Array(values.length)
        wire.copyWireColumns(bytes, offset, decoded, target)
        expect(new Uint8Array(target.buffer)).toEqual(
          new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
        )
      }),
      { numRuns: 300 },
    )
  })

  test('puts every field where the header table says, little-endian', () => {
    const view = new DataView(encoded().buffer)
    expect(String.fromCharCode(...new Uint8Array(view.buffer, 0, 4))).toBe('MSC1')
    expect([view.getUint8(4), view.getUint8(5), view.getUint8(6), view.getUint8(7)]).toEqual([2, 1, 0, 1])
    expect([view.getUint32(8, true), view.getUint32(12, true)]).toEqual([0xdead_beef, 2])
    expect(view.getFloat64(16, true)).toBe(1_769_500_800.125)
    expect([view.getBigUint64(24, true), view.getBigUint64(32, true)]).toEqual([2n ** 40n + 3n, 2n ** 33n + 1n])
    expect([view.getUint32(40, true), view.getUint32(44, true)]).toEqual([125, 4])
    expect([view.getUint16(48, true), view.getUint16(50, true), view.getUint32(52, true)]).toEqual([3, 0, 48])
    expect(view.getUint32(60, true)).toBe(133)
    expect(view.getFloat32(64 + 4 * 4, true)).toBe(2)
  })

  test('refuses every single bit flip of the header', () => {
    const bytes = encoded()
    for (let bit = 0; bit < wire.WIRE_HEADER_BYTES * 8; bit++) {
      bytes[bit >> 3]! ^= 1 << (bit & 7)
      expect(
        codeOf(() => wire.decodeWireHeader(bytes, 0)),
        `bit ${bit}`,
      ).toBe('CONTRACT_FRAME')
      bytes[bit >> 3]! ^= 1 << (bit & 7)
    }
    expect(codeOf(() => wire.decodeWireHeader(bytes, 0))).toBe('accepted')
  })

  test('refuses every truncation', () => {
    const bytes = encoded()
    for (let length = 0; length < bytes.length; length++)
      expect(
        codeOf(() => wire.decodeWireHeader(bytes.subarray(0, length), 0)),
        `length ${length}`,
      ).toBe('CONTRACT_FRAME')
  })

  test('answers arbitrary bytes and offsets with a header inside the bytes or CONTRACT_FRAME', () => {
    const offsets = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(-1, 2 ** 53, Number.NaN))
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), offsets, (bytes, offset) => {
        const code = codeOf(() => wire.decodeWireHeader(bytes, offset))
        expect(code).toBe('CONTRACT_FRAME')
      }),
      { numRuns: 500 },
    )
  })

  test('a resealed lie about rows never copies outside the bytes', () => {
    fc.assert(
      fc.property(fc.nat(70_000), fc.nat(140), (rows, columns) => {
        const lie = { ...wire.decodeWireHeader(encoded(), 0), rows, columns }
        const target = new Float32Array(64)
        const code = codeOf(() => wire.copyWireColumns(encoded(), 0, lie, target))
        expect(code).toBe(rows * columns <= 12 ? 'accepted' : 'CONTRACT_FRAME')
      }),
    )
  })

  test('stamping changes sequence, time and checksum, and nothing else', () => {
    const bytes = encoded()
    wire.stampWireFrame(bytes, 0, Number.MAX_SAFE_INTEGER, 1)
    expect(wire.decodeWireHeader(bytes, 0)).toEqual({
      ...sample,
      encoding: 0,
      payloadBytes: 48,
      seq: Number.MAX_SAFE_INTEGER,
      publishedAtS: 1,
    })
    const differing = [...encoded()].flatMap((byte, at) => (byte === bytes[at] ? [] : [at]))
    expect(differing.every((at) => (at >= 16 && at < 32) || (at >= 56 && at < 60))).toBe(true)
  })

  test.each([
    ['a target that is too small', { target: new Uint8Array(64) }],
    ['a shape that is not the data', { header: { rows: 5 } }],
    ['a layer summary of four rows', { header: { kind: wire.FRAME_KIND.layer } }],
    ['a time that is no number', { header: { publishedAtS: Number.NaN } }],
    ['a negative sequence', { header: { seq: -1 } }],
    ['a fractional step', { header: { step: 1.5 } }],
    ['a layer beyond the bound', { header: { layer: 4_096 } }],
    ['a negative offset', { offset: -4 }],
  ])('does not encode %s', (_name, change: { target?: Uint8Array; header?: object; offset?: number }) => {
    const target = change.target ?? new Uint8Array(400)
    const fields = { ...sample, ...change.header }
    expect(codeOf(() => wire.encodeWireFrame(target, change.offset ?? 0, fields, new Float32Array(12)))).toBe(
      'CONTRACT_FRAME',
    )
  })
})

describe('schema id', () => {
  const columns = [{ name: 'state' }, { name: 'alpha' }]
  const layers = [{ layer_id: 'layer_0', seeds: 4 }]
  test('is a golden number', () => {
    expect(schemaIdOf(layers, columns, [{ name: 'train_loss' }])).toBe(2650669176)
  })
  test('changes with order, size, and the table a column stands in', () => {
    const ids = [
      schemaIdOf(layers, columns, []),
      schemaIdOf(layers, columns.toReversed(), []),
      schemaIdOf(layers, [{ name: 'state' }], [{ name: 'alpha' }]),
      schemaIdOf([{ layer_id: 'layer_0', seeds: 5 }], columns, []),
    ]
    expect(new Set(ids).size).toBe(4)
  })
})

test('a header written before its columns makes the same frame as the one call', () => {
  const columns = Float32Array.from({ length: sample.rows * sample.columns }, (_, i) => i / 3)
  const whole = new Uint8Array(wire.wireFrameBytes(sample.rows, sample.columns))
  wire.encodeWireFrame(whole, 0, sample, columns)
  const inPlace = new Uint8Array(whole.length)
  new Float32Array(inPlace.buffer, wire.WIRE_HEADER_BYTES).set(columns)
  expect(wire.encodeWireHeader(inPlace, 0, sample)).toBe(whole.length)
  expect(inPlace).toEqual(whole)
  expect(codeOf(() => wire.encodeWireHeader(inPlace, 1, sample))).toBe('CONTRACT_FRAME')
  expect(codeOf(() => wire.encodeWireHeader(inPlace, 0, { ...sample, rows: 0 }))).toBe('CONTRACT_FRAME')
})
