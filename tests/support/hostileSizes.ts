/*
 * hostileSizes: entries that are too large, inflate too far, claim false sizes or hold too many things.
 * In: nothing. Out: labelled entries for the hostile corpus.
 * Invariant: each breaks one bound; the honest twins beside them are accepted.
 * Source: docs/protocol.md "bounds".
 */
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { bytesOf, entryOf, type HostileEntry, honest, spoilt } from './hostileEntry.ts'

const report = (): string => JSON.stringify(honest('LayerHealthReport'))

/** Lists the entries over size, ratio and count bounds. */
export function hostileSizes(): HostileEntry[] {
  const zeros = Buffer.alloc(20_000_000, 0x20)
  const inflate = { expectReason: 'CONTRACT_INFLATE' } as const
  const encoding = { expectReason: 'CONTRACT_ENCODING' } as const
  const plain = Buffer.from(report())
  const falseSize = Buffer.from(zstdCompressSync(plain))
  // Single segment, eight-byte content size of 2^62: a decoder that believes it allocates it.
  const claims = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 0, 0, 0x40, 1, 0, 0)
  falseSize[5] = (falseSize[5] ?? 0) ^ 0x7f
  const health = (name: string, data: Uint8Array, rest: Partial<HostileEntry>, enc?: string): HostileEntry =>
    entryOf(`size: ${name}`, 'LayerHealthReport', new Uint8Array(data), rest, enc)
  const seeds = JSON.stringify(Object.fromEntries(Array.from({ length: 65_537 }, (_, i) => [i, {}])))
  return [
    health('entry over 1 MB', Buffer.alloc(1_048_577, 0x20), { expectReason: 'CONTRACT_TOO_LARGE' }),
    health('zlib bomb', deflateSync(zeros), inflate, 'json+zlib'),
    health('zlib bomb, foreign', deflateSync(zeros), { ...inflate, fields: { enc: '' } }),
    health('zstd bomb', zstdCompressSync(zeros), inflate, 'json+zstd'),
    health('zlib ratio over 100', deflateSync(Buffer.alloc(200_000, 0x20)), inflate, 'json+zlib'),
    health('bomb in a bomb', deflateSync(deflateSync(zeros)), { expectReason: 'CONTRACT_JSON' }, 'json+zlib'),
    health('zstd claims 2^62 bytes', claims, inflate, 'json+zstd'),
    health('zstd content size is false', falseSize, encoding, 'json+zstd'),
    health('zlib cut', deflateSync(plain).subarray(0, -8), encoding, 'json+zlib'),
    health(
      'zlib checksum wrong',
      Buffer.concat([deflateSync(plain).subarray(0, -1), Buffer.of(0x55)]),
      encoding,
      'json+zlib',
    ),
    health('enc zlib, plain bytes', plain, encoding, 'json+zlib'),
    health('enc zstd, plain bytes', plain, encoding, 'json+zstd'),
    health('enc zstd, zlib bytes', deflateSync(plain), encoding, 'json+zstd'),
    health('enc zlib, gzip bytes', gzipSync(plain), encoding, 'json+zlib'),
    health('enc json, zlib bytes', deflateSync(plain), encoding),
    health('enc json, zstd bytes', zstdCompressSync(plain), encoding),
    health('enc columns on a message', plain, encoding, 'columns'),
    health('honest zlib', deflateSync(plain), { expectReason: 'accepted' }, 'json+zlib'),
    health('honest zstd', zstdCompressSync(plain), { expectReason: 'accepted' }, 'json+zstd'),
    health('honest zlib, foreign', deflateSync(plain), { expectReason: 'accepted', fields: { enc: '' } }),
    health('65,537 seeds', bytesOf(report().replace(/"health_metrics":\{.*?\}\}/, `"health_metrics":${seeds}`)), {}),
    health(
      '129 metrics',
      bytesOf(
        report().replace(
          '"health_score"',
          `${Array.from({ length: 129 }, (_, i) => `"m${i}":0`).join(',')},"health_score"`,
        ),
      ),
      {},
    ),
    entryOf('size: reason of 100 KB', 'NoOp', spoilt('NoOp', { reason: 'x'.repeat(100_000) })),
    entryOf('size: 17 approvers', 'NoOp', spoilt('NoOp', { approved_by: Array<string>(17).fill('a') })),
    entryOf('size: 257 commands', 'BatchCommand', spoilt('BatchCommand', { commands: Array<unknown>(257).fill({}) })),
    entryOf(
      'size: 4,097 layers',
      'RunDescriptor',
      spoilt('RunDescriptor', { layers: Array<unknown>(4_097).fill({ layer_id: 'a', seeds: 1 }) }),
    ),
  ]
}
