/*
 * mirrorPack: the pictures of some layers as one buffer, handed from one thread to another without a clone.
 * In: mirrors. Out: one buffer to transfer; its parts, to be written over mirrors of the same shape (lazyMirrors.ts).
 * Invariant: unpacking makes each named mirror equal to the one that was packed, byte by byte; all of a pack is checked before the
 * first byte changes.
 * Source: docs/architecture.md "the browser"; docs/performance.md "traps".
 */
import { AppError } from '../contracts/appError.ts'
import type { LayerMirror } from './layerMirror.ts'

/** Numbers of one mirror's head: layer, bytes of its planes, bytes of its values, then what names the picture. */
const HEAD_NUMBERS = 11
const COUNT_BYTES = 256 * 4
const round8 = (bytes: number): number => (bytes + 7) & ~7

const planesOf = (mirror: LayerMirror): Uint8Array => new Uint8Array(mirror.state.buffer)
const valuesOf = (mirror: LayerMirror): Uint8Array => new Uint8Array(mirror.values.buffer)
const sizeOf = (mirror: LayerMirror): number =>
  HEAD_NUMBERS * 8 + COUNT_BYTES + round8(mirror.state.buffer.byteLength) + round8(mirror.values.byteLength)

/** Packs mirrors into one new buffer. */
export function packMirrors(mirrors: readonly LayerMirror[]): ArrayBuffer {
  const buffer = new ArrayBuffer(mirrors.reduce((sum, mirror) => sum + sizeOf(mirror), 0))
  const bytes = new Uint8Array(buffer)
  let at = 0
  for (const mirror of mirrors) {
    const planes = planesOf(mirror)
    const values = valuesOf(mirror)
    const { layer, frame, step, tick, ingestMs, serverMs, sourceFlags, version, gaps } = mirror
    const head = [layer, planes.byteLength, values.byteLength, frame, step, tick, ingestMs, serverMs]
    new Float64Array(buffer, at, HEAD_NUMBERS).set([...head, sourceFlags, version, gaps])
    at += HEAD_NUMBERS * 8
    new Uint32Array(buffer, at, 256).set(mirror.stateCounts)
    at += COUNT_BYTES
    bytes.set(planes, at)
    at += round8(planes.byteLength)
    bytes.set(values, at)
    at += round8(values.byteLength)
  }
  return buffer
}

const refuse = (why: string): never => {
  throw new AppError('CONTRACT_FRAME', `pack of pictures: ${why}`, { path: 'pictures' })
}

/** Where one layer's part of a pack lies. */
export interface PackEntry {
  readonly layer: number
  readonly headAt: number
  readonly planesAt: number
  readonly valuesAt: number
}
export interface PlaneSizes {
  readonly planes: number
  readonly values: number
}

/** Finds the parts of a pack; each must have the sizes of its layer. @throws CONTRACT_FRAME */
export function packEntries(
  buffer: ArrayBuffer,
  sizesOf: (layer: number) => PlaneSizes | undefined,
): readonly PackEntry[] {
  const found: PackEntry[] = []
  for (let at = 0; at < buffer.byteLength;) {
    if (at + HEAD_NUMBERS * 8 > buffer.byteLength) return refuse('shorter than its head')
    const [layer = -1, planes = -1, values = -1] = new Float64Array(buffer, at, 3)
    const sizes = sizesOf(layer)
    if (sizes === undefined) return refuse('names a layer that is not shown')
    if (planes !== sizes.planes || values !== sizes.values) return refuse('another shape')
    const planesAt = at + HEAD_NUMBERS * 8 + COUNT_BYTES
    const valuesAt = planesAt + round8(planes)
    found.push({ layer, headAt: at, planesAt, valuesAt })
    at = valuesAt + round8(values)
    if (at > buffer.byteLength) return refuse('shorter than its pictures')
  }
  return found
}

/** Writes what names the picture, and its counts. */
export function unpackHead(buffer: ArrayBuffer, { headAt }: PackEntry, mirror: LayerMirror): void {
  const head = new Float64Array(buffer, headAt, HEAD_NUMBERS)
  mirror.stateCounts.set(new Uint32Array(buffer, headAt + HEAD_NUMBERS * 8, 256))
  const [, , , frame = 0, step = 0, tick = 0, ingestMs = 0, serverMs = 0, sourceFlags = 0, version = 0, gaps = 0] = head
  Object.assign(mirror, { frame, step, tick, ingestMs, serverMs, sourceFlags, version, gaps })
}

/** Writes the picture itself. */
export function unpackPlanes(
  buffer: ArrayBuffer,
  { planesAt, valuesAt }: PackEntry,
  planes: Uint8Array,
  values: Uint8Array,
): void {
  planes.set(new Uint8Array(buffer, planesAt, planes.byteLength))
  values.set(new Uint8Array(buffer, valuesAt, values.byteLength))
}
