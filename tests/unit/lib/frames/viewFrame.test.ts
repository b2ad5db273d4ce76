import { zstdCompressSync, zstdDecompressSync, constants } from 'node:zlib'
import fc from 'fast-check'
import { decompress } from 'fzstd'
import { expect, test } from 'vitest'
import { isAppError } from '../../../../lib/contracts/appError.ts'
import { SOCKET_LIMITS } from '../../../../lib/contracts/socketNames.ts'
import {
  applyViewFrame,
  createLayerMirror,
  NEVER_STATE_ID,
  stateByte,
  type LayerMirror,
} from '../../../../lib/frames/layerMirror.ts'
import {
  decodeViewFrame,
  encodeViewFrame,
  MAX_BIN_SIZE,
  pictureBytes,
  VIEW_HEADER_BYTES,
  type Precision,
} from '../../../../lib/frames/viewFrame.ts'

const compress = (bytes: Uint8Array) => zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 1 } })
const inflate = (bytes: Uint8Array, rawBytes: number) =>
  new Uint8Array(zstdDecompressSync(bytes, { maxOutputLength: rawBytes }))
const browserInflate = (bytes: Uint8Array, rawBytes: number) => decompress(bytes, new Uint8Array(rawBytes))

const BIN = 7
const header = (rows: number, columnCount: number, precision: Precision, frame: number) => ({
  classId: 9,
  runIndex: 1,
  layer: 2,
  frame,
  step: 9_007_199_254_740_991,
  tick: frame,
  ingestMs: 1_700_000_000_123.25,
  serverMs: 1_700_000_000_124.5,
  rows,
  columnCount,
  binSize: precision === 'binned' ? BIN : 1,
  precision,
  sourceFlags: 3,
})

const shownBytes = (mirror: LayerMirror): Uint8Array =>
  mirror.precision === 'exact'
    ? new Uint8Array(mirror.values.buffer)
    : Uint8Array.from([...mirror.state, ...mirror.cells, ...mirror.stateSeed, ...mirror.worstSeed])

test('keyframe and deltas give the newest picture, bit by bit, in every precision, compressed or not', () => {
  fc.assert(
    fc.property(
      fc.constantFrom<Precision>('exact', 'cells', 'binned'),
      fc.integer({ min: 1, max: 700 }),
      fc.integer({ min: 1, max: 6 }),
      fc.boolean(),
      fc.array(fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 60 }), { minLength: 1, maxLength: 6 }),
      (precision, rows, columns, packed, changes) => {
        const columnCount = precision === 'exact' ? columns : 0
        const binSize = precision === 'binned' ? BIN : 1
        const picture = new Uint8Array(pictureBytes({ rows, columnCount, binSize, precision }))
        const mirror = createLayerMirror(2, rows, columnCount, precision, binSize)
        let previous: { frame: number; picture: Uint8Array } | null = null
        changes.forEach((edits, index) => {
          for (const [at, byte] of edits) picture[at % picture.length] = byte
          const bytes = encodeViewFrame(
            header(rows, columnCount, precision, index + 1),
            picture,
            previous,
            packed ? compress : undefined,
          )
          previous = { frame: index + 1, picture: picture.slice() }
          expect(applyViewFrame(mirror, bytes, index % 2 === 0 ? inflate : browserInflate)).toBe('applied')
          expect(Buffer.compare(shownBytes(mirror), picture)).toBe(0)
        })
        expect(mirror).toMatchObject({ frame: changes.length, step: 9_007_199_254_740_991, sourceFlags: 3 })
        expect(mirror.version).toBe(changes.length)
      },
    ),
    { numRuns: 150 },
  )
})

test('a page may ask for every bin size that a frame can carry, and for no other', () => {
  expect(SOCKET_LIMITS.binSize).toBe(MAX_BIN_SIZE)
})

test('a delta on a frame the mirror does not hold leaves the old picture and says gap until a keyframe', () => {
  const pictures = [1, 2, 3, 4].map((value) => new Uint8Array(20).fill(value, 3, 4 + value))
  const send = (frame: number, previous: number | null) =>
    encodeViewFrame(
      header(10, 0, 'cells', frame),
      pictures[frame - 1]!,
      previous === null ? null : { frame: previous, picture: pictures[previous - 1]! },
    )
  const mirror = createLayerMirror(2, 10, 0, 'cells')
  expect(applyViewFrame(mirror, send(2, 1))).toBe('gap')
  expect(mirror.state[0]).toBe(NEVER_STATE_ID)
  expect(applyViewFrame(mirror, send(1, null))).toBe('applied')
  expect(applyViewFrame(mirror, send(3, 2))).toBe('gap')
  expect(Buffer.compare(shownBytes(mirror), pictures[0]!)).toBe(0)
  expect(mirror.gaps).toBe(1)
  expect(applyViewFrame(mirror, send(4, null))).toBe('applied')
  expect(mirror.gaps).toBe(0)
  expect(Buffer.compare(shownBytes(mirror), pictures[3]!)).toBe(0)
})

test('derives the state bytes of an exact picture from column 0: never, unknown and ours stay apart', () => {
  const values = Float32Array.of(0, 7, Number.NaN, 2.5, 11, -1)
  const mirror = createLayerMirror(2, 6, 1, 'exact')
  applyViewFrame(mirror, encodeViewFrame(header(6, 1, 'exact', 1), new Uint8Array(values.buffer), null))
  expect([...mirror.state]).toEqual([0, 7, 254, 255, 255, 255])
  expect(stateByte(10)).toBe(10)
  expect(mirror.columns[0]![2]).toBeNaN()
})

test('refuses hostile bytes by code and leaves the mirror as it was', () => {
  const picture = new Uint8Array(2_000).map((_, index) => index % 7)
  const next = picture.slice()
  next[50] = 99
  const good = [
    encodeViewFrame(header(1_000, 0, 'cells', 1), picture, null),
    encodeViewFrame(header(1_000, 0, 'cells', 2), next, { frame: 1, picture }),
    encodeViewFrame(header(1_000, 0, 'cells', 2), next, { frame: 1, picture }, compress),
  ]
  let refused = 0
  fc.assert(
    fc.property(
      fc.constantFrom(...good),
      fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { minLength: 1, maxLength: 8 }),
      fc.nat(2_100),
      (source, edits, cut) => {
        const bytes = source.slice(0, cut < 1_000 ? cut : source.length)
        for (const [at, byte] of edits) if (at < bytes.length) bytes[at] = byte
        const mirror = createLayerMirror(2, 1_000, 0, 'cells')
        applyViewFrame(mirror, good[0]!)
        const before = shownBytes(mirror)
        try {
          applyViewFrame(mirror, bytes, inflate)
        } catch (error) {
          refused++
          expect(isAppError(error, 'CONTRACT_FRAME')).toBe(true)
          expect(Buffer.compare(shownBytes(mirror), before)).toBe(0)
        }
      },
    ),
    { numRuns: 500 },
  )
  expect(refused).toBeGreaterThan(100)
})

test('refuses a frame of another shape', () => {
  const bytes = encodeViewFrame(header(10, 0, 'cells', 1), new Uint8Array(20), null)
  expect(() => applyViewFrame(createLayerMirror(2, 11, 0, 'cells'), bytes)).toThrow(/another layer/)
  expect(() => applyViewFrame(createLayerMirror(3, 10, 0, 'cells'), bytes)).toThrow(/another layer/)
  expect(decodeViewFrame(bytes)).toMatchObject({ classId: 9, runIndex: 1, layer: 2, base: 0, rows: 10 })
})

test('keeps a frame of 1,000 seeds small: 1 KB when every cell moves, 256 bytes when a tenth does', () => {
  let seed = 1
  const random = () => (seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32
  const before = new Uint8Array(2_000).map((_, index) => (index < 1_000 ? index % 8 : 40 + random() * 170))
  const moved = (share: number) =>
    before.map((value, index) => (index >= 1_000 && random() < share ? value + Math.round(random() * 5 - 2.5) : value))
  const bytes = (share: number) =>
    encodeViewFrame(header(1_000, 0, 'cells', 2), moved(share), { frame: 1, picture: before }, compress).byteLength
  const full = encodeViewFrame(header(1_000, 0, 'cells', 1), before, null, compress).byteLength
  const sizes = { full, all: bytes(1), tenth: bytes(0.1), hundredth: bytes(0.01) }
  process.stdout.write(`frame bytes, 1,000 seeds: ${JSON.stringify(sizes)}\n`)
  expect(sizes.all).toBeLessThanOrEqual(1_024)
  expect(sizes.tenth).toBeLessThanOrEqual(256)
  expect(sizes.hundredth).toBeLessThan(sizes.tenth)
  expect(sizes.full).toBeLessThanOrEqual(VIEW_HEADER_BYTES + 2_000)
})
