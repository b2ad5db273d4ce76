/*
 * mirrorPack: the pictures of some layers as one buffer, handed from one thread to another without a clone.
 * In: mirrors. Out: one buffer to transfer; the same pictures written over mirrors of the same shape.
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

/** Where each layer of the pack begins. */
function places(buffer: ArrayBuffer, mirrors: readonly LayerMirror[]): { mirror: LayerMirror; at: number }[] {
  const found: { mirror: LayerMirror; at: number }[] = []
  for (let at = 0; at < buffer.byteLength;) {
    if (at + HEAD_NUMBERS * 8 > buffer.byteLength) return refuse('shorter than its head')
    const [layer = -1, planes = -1, values = -1] = new Float64Array(buffer, at, 3)
    const mirror = mirrors[layer]
    if (mirror === undefined) return refuse('names a layer that is not shown')
    if (planes !== mirror.state.buffer.byteLength || values !== mirror.values.byteLength) return refuse('another shape')
    found.push({ mirror, at })
    at += sizeOf(mirror)
    if (at > buffer.byteLength) return refuse('shorter than its pictures')
  }
  return found
}

/** Writes packed pictures over the mirrors of their layers; answers those. @throws CONTRACT_FRAME; then nothing was changed. */
export function unpackMirrors(buffer: ArrayBuffer, mirrors: readonly LayerMirror[]): readonly LayerMirror[] {
  const found = places(buffer, mirrors)
  for (const { mirror, at: start } of found) {
    const head = new Float64Array(buffer, start, HEAD_NUMBERS)
    let at = start + HEAD_NUMBERS * 8
    mirror.stateCounts.set(new Uint32Array(buffer, at, 256))
    at += COUNT_BYTES
    const planes = planesOf(mirror)
    planes.set(new Uint8Array(buffer, at, planes.byteLength))
    at += round8(planes.byteLength)
    valuesOf(mirror).set(new Uint8Array(buffer, at, mirror.values.byteLength))
    const [, , , frame = 0, step = 0, tick = 0, ingestMs = 0, serverMs = 0, sourceFlags = 0, version = 0, gaps = 0] =
      head
    Object.assign(mirror, { frame, step, tick, ingestMs, serverMs, sourceFlags, version, gaps })
  }
  return found.map(({ mirror }) => mirror)
}
