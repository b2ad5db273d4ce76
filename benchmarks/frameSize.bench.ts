/*
 * frameSize.bench: bytes of one layer's frame on the way to a page, against the design document's JSON dictionary.
 * In: --json FILE. Out: medians over seeded sequences of frames, every one applied to a mirror and compared.
 * Invariant: the product's own quantising, delta and compression; sizes are exact and the same on every machine.
 * Source: seed-design.md 5.1; docs/performance.md "frame size".
 */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { SEED_COLUMNS } from '../lib/contracts/metrics.ts'
import { quantizeColumn } from '../lib/frames/quantize.ts'
import { applyViewFrame, createLayerMirror } from '../lib/frames/layerMirror.ts'
import { encodeViewFrame, pictureBytes } from '../lib/frames/viewFrame.ts'
import { RandomWords } from '../lib/loadgen/randomWords.ts'
import { type BenchResult, finish, judge } from './support/benchReport.ts'

const SEEDS = 1_000
const FRAMES = 60
const SEQUENCES = 7
const LEVEL_1 = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }
const compress = (bytes: Uint8Array): Uint8Array => zstdCompressSync(bytes, LEVEL_1)
const inflate = (bytes: Uint8Array): Uint8Array => zstdDecompressSync(bytes)
const column = SEED_COLUMNS.find((each) => each.name === 'health_score')!

/** Bytes of the dictionary of dictionaries with four readings per seed. */
function jsonBytes(random: RandomWords): number {
  const metrics = Object.fromEntries(
    Array.from({ length: SEEDS }, (_, seed) => [
      seed,
      {
        health_score: random.uniform(),
        demand_grad_norm: random.uniform(),
        flow_grad_norm: random.uniform(),
        alpha: random.uniform(),
      },
    ]),
  )
  return JSON.stringify({ layer_id: 'layer_0', health_metrics: metrics }).length
}

type Move = (value: number, random: RandomWords) => number

/** Median bytes of a delta over one seeded sequence; with `keyframes` every frame stands alone. */
function sequence(seed: number, move: Move, keyframes: boolean): number {
  const random = new RandomWords(seed, 1)
  const values = Float32Array.from({ length: SEEDS }, () => 0.2 + 0.6 * random.uniform())
  const mirror = createLayerMirror(0, SEEDS, 0, 'cells')
  let picture = new Uint8Array(pictureBytes({ rows: SEEDS, columnCount: 0, binSize: 1, precision: 'cells' }))
  let previous = new Uint8Array(picture.length)
  const sizes: number[] = []
  for (let frame = 1; frame <= FRAMES; frame++) {
    for (let row = 0; row < SEEDS; row++) values[row] = move(values[row]!, random)
    quantizeColumn(values, column, picture.subarray(SEEDS))
    const header = {
      classId: 1,
      runIndex: 0,
      layer: 0,
      frame,
      step: frame * 20,
      tick: frame,
      ingestMs: 0,
      serverMs: 0,
      rows: SEEDS,
      columnCount: 0,
      binSize: 1,
      precision: 'cells',
      sourceFlags: 0,
    } as const
    const base = frame === 1 || keyframes ? null : { frame: frame - 1, picture: previous }
    const bytes = encodeViewFrame(header, picture, base, compress)
    applyViewFrame(mirror, bytes, inflate)
    if (!mirror.cells.every((cell, row) => cell === picture[SEEDS + row])) throw new Error('the mirror differs')
    if (frame > 1) sizes.push(bytes.byteLength)
    ;[picture, previous] = [previous, picture]
  }
  return sizes.toSorted((a, b) => a - b)[Math.floor(sizes.length / 2)]!
}

function frames(name: string, bytes: number | null, move: Move, keyframes = false): BenchResult {
  const rounds = Array.from({ length: SEQUENCES }, (_, seed) => ({
    value: sequence(seed + 1, move, keyframes),
    ceiling: jsonBytes(new RandomWords(seed + 1, 2)),
  }))
  return judge(name, 'B', rounds, {
    text: bytes === null ? 'informative' : `<= ${bytes} B for 1,000 seeds (ceiling: the JSON dictionary)`,
    holds: bytes === null ? null : (value) => value <= bytes,
  })
}

const clamp = (value: number): number => Math.min(0.99, Math.max(0.01, value))
finish([
  frames('frame-size-keyframe', null, (value, random) => clamp(value * (1 + 0.02 * (random.uniform() - 0.5))), true),
  frames('frame-size-hundredth-of-cells', null, (value, random) =>
    random.uniform() < 0.01 ? clamp(value + 0.01) : value,
  ),
  frames('frame-size-every-cell-1-percent', 1_024, (value, random) =>
    clamp(value * (1 + 0.02 * (random.uniform() - 0.5))),
  ),
  frames('frame-size-tenth-of-cells', 256, (value, random) => (random.uniform() < 0.1 ? clamp(value + 0.01) : value)),
])
