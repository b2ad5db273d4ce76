/*
 * frameSize.bench: how many bytes one layer of 1,000 seeds costs a viewer, per frame.
 * In: nothing (--json FILE writes the results). Out: bytes of a keyframe and of differences; exact, no spread.
 * Invariant: the picture is drawn from a fixed stream, so the figures are the same on every machine; each frame is decoded again.
 * Source: docs/performance.md "frame sizes"; docs/adr/0004-columns-on-the-hot-path.md.
 */
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { applyViewFrame, createLayerMirror, encodeViewFrame, pictureBytes } from '../lib/frames/viewFrame.ts'
import { createRng } from '../lib/training/rng.ts'

const SEEDS = 1_000
const rng = createRng(1)
const compress = (bytes: Uint8Array) => zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 1 } })
const inflate = (bytes: Uint8Array, rawBytes: number) =>
  new Uint8Array(zstdDecompressSync(bytes, { maxOutputLength: rawBytes }))

/** `cells`: state ids, then one quantised metric. Nine of ten seeds dormant; the metric normal around the middle. */
function firstPicture(): Uint8Array {
  const picture = new Uint8Array(pictureBytes(SEEDS, 0, 'cells'))
  for (let row = 0; row < SEEDS; row++) {
    picture[row] = rng.next() < 0.9 ? 0 : rng.int(8)
    picture[SEEDS + row] = Math.min(254, Math.max(0, Math.round(127 + 20 * rng.normal())))
  }
  return picture
}

/** The metric of a share of the seeds moves by up to three of 254 steps, as from one tick to the next. */
function moved(picture: Uint8Array, share: number): Uint8Array {
  const next = picture.slice()
  for (let row = 0; row < SEEDS; row++) {
    if (rng.next() >= share) continue
    const step = (1 + rng.int(3)) * (rng.next() < 0.5 ? -1 : 1)
    next[SEEDS + row] = Math.min(254, Math.max(0, next[SEEDS + row]! + step))
  }
  return next
}

const mirror = createLayerMirror(0, SEEDS, 0, 'cells')
let frame = 0
let shown: { frame: number; picture: Uint8Array } | null = null

function bytesOf(picture: Uint8Array): number {
  frame++
  const head = { classId: 1, runIndex: 0, layer: 0, frame, step: 20 * frame, tick: frame, ingestMs: 1, serverMs: 2 }
  const bytes = encodeViewFrame(
    { ...head, rows: SEEDS, columnCount: 0, precision: 'cells', sourceFlags: 0 },
    picture,
    shown,
    compress,
  )
  shown = { frame, picture }
  if (applyViewFrame(mirror, bytes, inflate) !== 'applied') throw new Error('the frame was not applied')
  if (mirror.cells.some((value, row) => value !== picture[SEEDS + row]))
    throw new Error('the frame changed the picture')
  return bytes.byteLength
}

const first = firstPicture()
const few = moved(first, 0.01)
const all = moved(few, 1)
const results = [
  { name: 'keyframe of 1,000 seeds', value: bytesOf(first) },
  { name: '1 % of the seeds moved', value: bytesOf(few) },
  { name: 'all seeds moved', value: bytesOf(all) },
].map(({ name, value }) => {
  const ceiling = pictureBytes(SEEDS, 0, 'cells')
  process.stdout.write(`${name}: ${value} B, picture ${ceiling} B\n`)
  return { name, value, unit: 'B', ceiling, ratio: value / ceiling, spread: 0, n: 1, holds: true, bar: 'informative' }
})
const jsonAt = process.argv.indexOf('--json')
if (jsonAt > 0) {
  const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version }
  writeFileSync(String(process.argv[jsonAt + 1]), `${JSON.stringify({ machine, results }, null, 2)}\n`)
}
