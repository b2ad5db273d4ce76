/*
 * Data sets: the derived digits from bytes, and generated spirals for tests that need no file.
 * In: bytes of digits-14x14.bin(.br), or a seed. Out: Dataset with a fixed 60/20/20 split.
 * Invariant: bytes are checked before they are believed (magic, version, counts, labels); inflation is bounded.
 * Source: docs/training.md "data"; assets/digits/NOTICE.md.
 */
import { createHash } from 'node:crypto'
import { brotliDecompressSync } from 'node:zlib'
import { AppError } from '../contracts/appError.ts'
import { createRng, type Rng } from './rng.ts'
import type { DataSplit, Dataset } from './trainerOptions.ts'

const HEADER_BYTES = 16
/** Raw digits are 1,970,016 bytes; anything ten times that is not ours. */
const MAX_RAW_BYTES = 20_000_000
/** The split is part of the data, not of the run: run seeds share it, so their test numbers are comparable. */
const SPLIT_SEED = 7

const refuse = (message: string, cause?: unknown): AppError => new AppError('CONTRACT_INVALID', message, {}, cause)

function inflate(bytes: Uint8Array): Buffer {
  const given = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (given.subarray(0, 4).toString('latin1') === 'MSDG') return given
  try {
    return brotliDecompressSync(given, { maxOutputLength: MAX_RAW_BYTES })
  } catch (cause) {
    throw refuse('digits file is neither plain nor Brotli', cause)
  }
}

function cut(x: Float32Array, y: Uint8Array, dims: number, from: number, to: number): DataSplit {
  return { x: x.slice(from * dims, to * dims), y: y.slice(from, to), n: to - from }
}

/** Parses the derived digits file, packed or plain. @throws CONTRACT_INVALID when the bytes are not that file */
export function parseDigits(bytes: Uint8Array): Dataset {
  const raw = inflate(bytes)
  if (raw.length < HEADER_BYTES || raw.subarray(0, 4).toString('latin1') !== 'MSDG') throw refuse('not a digits file')
  const [version, n, side] = [raw.readUInt32LE(4), raw.readUInt32LE(8), raw.readUInt32LE(12)]
  if (version !== 1) throw refuse(`digits file version ${version} is not 1`)
  if (n < 10 || n > 100_000 || side < 2 || side > 64) throw refuse(`digits file claims ${n} pictures of ${side} pixels`)
  const dims = side * side
  if (raw.length !== HEADER_BYTES + n * (dims + 1))
    throw refuse(`digits file has ${raw.length} bytes, not as it claims`)
  const order = Array.from({ length: n }, (_, i) => i)
  const rng = createRng(SPLIT_SEED)
  for (let i = n - 1; i > 0; i--) {
    const j = rng.int(i + 1)
    ;[order[i], order[j]] = [order[j]!, order[i]!]
  }
  const x = new Float32Array(n * dims)
  const y = new Uint8Array(n)
  order.forEach((from, to) => {
    const label = raw[HEADER_BYTES + from]!
    if (label > 9) throw refuse(`digits file has label ${label} at ${from}`)
    y[to] = label
    const at = HEADER_BYTES + n + from * dims
    for (let k = 0; k < dims; k++) x[to * dims + k] = raw[at + k]! / 255
  })
  const trainEnd = Math.floor(n * 0.6)
  const valEnd = trainEnd + Math.floor(n * 0.2)
  return {
    name: 'MNIST digits, 14x14',
    dims,
    classes: 10,
    side,
    samples: n,
    sha256: createHash('sha256').update(raw).digest('hex'),
    splitNote: `${trainEnd} train, ${valEnd - trainEnd} validation, ${n - valEnd} test; shuffled once with seed ${SPLIT_SEED}`,
    train: cut(x, y, dims, 0, trainEnd),
    val: cut(x, y, dims, trainEnd, valEnd),
    test: cut(x, y, dims, valEnd, n),
  }
}

export interface SpiralOptions {
  readonly arms?: number
  readonly samples?: number
  readonly turns?: number
  readonly noise?: number
}

/** Generates interleaved spirals: no file, no pictures, fast. Fine for tests, poor as a story. */
export function createSpirals(seed: number, options: SpiralOptions = {}): Dataset {
  const { arms = 3, samples = 6_000, turns = 1.5, noise = 0.06 } = options
  const rng = createRng(seed)
  const x = new Float32Array(samples * 2)
  const y = new Uint8Array(samples)
  for (let i = 0; i < samples; i++) {
    const arm = rng.int(arms)
    const t = Math.sqrt(rng.next())
    const angle = 2 * Math.PI * (turns * t + arm / arms)
    x[2 * i] = 2 * t * Math.cos(angle) + rng.normal() * noise
    x[2 * i + 1] = 2 * t * Math.sin(angle) + rng.normal() * noise
    y[i] = arm
  }
  const trainEnd = Math.floor(samples * 0.6)
  const valEnd = trainEnd + Math.floor(samples * 0.2)
  return {
    name: `spirals, ${arms} arms`,
    dims: 2,
    classes: arms,
    side: 0,
    samples,
    sha256: null,
    splitNote: `${trainEnd} train, ${valEnd - trainEnd} validation, ${samples - valEnd} test; generated from seed ${seed}`,
    train: cut(x, y, 2, 0, trainEnd),
    val: cut(x, y, 2, trainEnd, valEnd),
    test: cut(x, y, 2, valEnd, samples),
  }
}

/** Draws a batch with replacement; pictures are shifted by up to `shift` pixels each way (without it the host memorises). */
export function fillBatch(
  dataset: Dataset,
  rng: Rng,
  x: Float32Array,
  y: Uint8Array,
  rows: number,
  shift: number,
): void {
  const { dims, side, train } = dataset
  const reach = side === 0 ? 0 : shift
  for (let n = 0; n < rows; n++) {
    const pick = rng.int(train.n)
    const from = pick * dims
    const to = n * dims
    y[n] = train.y[pick]!
    if (reach === 0) {
      for (let k = 0; k < dims; k++) x[to + k] = train.x[from + k]!
      continue
    }
    const dx = rng.int(2 * reach + 1) - reach
    const dy = rng.int(2 * reach + 1) - reach
    for (let row = 0; row < side; row++) {
      const sourceRow = row + dy
      for (let column = 0; column < side; column++) {
        const sourceColumn = column + dx
        const inside = sourceRow >= 0 && sourceRow < side && sourceColumn >= 0 && sourceColumn < side
        x[to + row * side + column] = inside ? train.x[from + sourceRow * side + sourceColumn]! : 0
      }
    }
  }
}
