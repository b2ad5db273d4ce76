/*
 * hostileFrames: packed telemetry entries that lie, are cut, or are honest and ugly.
 * In: nothing. Out: labelled entries for the hostile corpus.
 * Invariant: every entry differs from a valid one in exactly the thing its name says.
 * Source: docs/protocol.md "frames".
 */
import { zstdCompressSync } from 'node:zlib'
import { encodeWireFrame, FRAME_KIND, wireFrameBytes } from '../../lib/frames/wireFrame.ts'
import type { HostileEntry } from './hostileEntry.ts'

const ROWS = 4
const COLUMNS = 26

/** Encodes one valid seed frame; `fill` is every value of every column. */
export function validFrame(fill = 0.5, rows = ROWS, columns = COLUMNS): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(wireFrameBytes(rows, columns))
  const header = { kind: FRAME_KIND.seeds, flags: 0, schemaId: 77, layer: 0, publishedAtS: 1_769_500_800, seq: 1 }
  encodeWireFrame(
    bytes,
    0,
    { ...header, step: 20, tick: 1, rows, columns, windowMs: 133 },
    new Float32Array(rows * columns).fill(fill),
  )
  return bytes
}

/** Makes the checksum right again after a lie, so that the lie itself has to be caught. */
function reseal(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const view = new DataView(bytes.buffer)
  let h = 0x811c_9dc5
  for (let at = 0; at < 64; at += 4) if (at !== 56) h = Math.imul(h ^ view.getUint32(at, true), 0x0100_0193)
  view.setUint32(56, h >>> 0, true)
  return bytes
}

function changed(change: (view: DataView) => void, sealed = true): Uint8Array<ArrayBuffer> {
  const bytes = validFrame()
  change(new DataView(bytes.buffer))
  return sealed ? reseal(bytes) : bytes
}

const joined = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts))

const LIES: readonly (readonly [string, Uint8Array])[] = [
  ['wrong magic', changed((v) => v.setUint32(0, 0x3243_534d, true))],
  ['version 1', changed((v) => v.setUint8(4, 1))],
  ['version 255', changed((v) => v.setUint8(4, 255))],
  ['kind 0', changed((v) => v.setUint8(5, 0))],
  ['kind 9', changed((v) => v.setUint8(5, 9))],
  ['layer summary with four rows', changed((v) => v.setUint8(5, 2))],
  ['encoding 1', changed((v) => v.setUint8(6, 1))],
  ['layer index 4 billion', changed((v) => v.setUint32(12, 0xffff_ffff, true))],
  ['layer index 4096', changed((v) => v.setUint32(12, 4_096, true))],
  ['time NaN', changed((v) => v.setFloat64(16, Number.NaN, true))],
  ['time infinite', changed((v) => v.setFloat64(16, Number.POSITIVE_INFINITY, true))],
  ['time negative', changed((v) => v.setFloat64(16, -1, true))],
  ['time in ms', changed((v) => v.setFloat64(16, 1.7695e12, true))],
  ['seq above 2^53', changed((v) => v.setBigUint64(24, 2n ** 53n, true))],
  ['seq 2^64-1', changed((v) => v.setBigUint64(24, 2n ** 64n - 1n, true))],
  ['step above 2^53', changed((v) => v.setBigUint64(32, 2n ** 60n, true))],
  ['rows 0', changed((v) => v.setUint32(44, 0, true))],
  ['rows 5 of 4', changed((v) => v.setUint32(44, 5, true))],
  ['rows 3 of 4', changed((v) => v.setUint32(44, 3, true))],
  ['rows 4 billion', changed((v) => v.setUint32(44, 0xffff_ffff, true))],
  ['rows 65537', changed((v) => v.setUint32(44, 65_537, true))],
  ['columns 0', changed((v) => v.setUint16(48, 0, true))],
  ['columns 129', changed((v) => v.setUint16(48, 129, true))],
  ['columns 65535', changed((v) => v.setUint16(48, 65_535, true))],
  ['columns one more', changed((v) => v.setUint16(48, COLUMNS + 1, true))],
  [
    'rows times columns wraps to the payload',
    changed((v) => {
      v.setUint32(44, 0x4000_0004, true)
      v.setUint16(48, 4, true)
    }),
  ],
  ['reserved not zero', changed((v) => v.setUint16(50, 1, true))],
  ['payload 0', changed((v) => v.setUint32(52, 0, true))],
  ['payload 4 GB', changed((v) => v.setUint32(52, 0xffff_ffff, true))],
  ['payload one short', changed((v) => v.setUint32(52, ROWS * COLUMNS * 4 - 1, true))],
  [
    'rows and payload agree, bytes missing',
    changed((v) => {
      v.setUint32(44, 8, true)
      v.setUint32(52, 8 * COLUMNS * 4, true)
    }),
  ],
  ['checksum zero', changed((v) => v.setUint32(56, 0, true), false)],
  ['one bit of the tick flipped', changed((v) => v.setUint8(40, v.getUint8(40) ^ 1), false)],
  ['one bit of the schema flipped', changed((v) => v.setUint8(8, v.getUint8(8) ^ 0x80), false)],
  ['empty', new Uint8Array(0)],
  ['one byte', Uint8Array.of(0x4d)],
  ['half a header', validFrame().slice(0, 32)],
  ['header without payload', validFrame().slice(0, 64)],
  ['last byte missing', validFrame().slice(0, -1)],
  ['one byte too many', joined(validFrame(), Uint8Array.of(0))],
  ['second frame cut', joined(validFrame(), validFrame().slice(0, 100))],
  ['second frame with a wrong magic', joined(validFrame(), new Uint8Array(validFrame().length))],
  ['zeros', new Uint8Array(4_096)],
  ['all ones', new Uint8Array(4_096).fill(255)],
  ['JSON instead of frames', new Uint8Array(Buffer.from('{"message_type":"LayerHealthReport"}'))],
]

const TOPIC = 'kasmina.telemetry.shard.0'
const FRAMES = { type: 'TelemetryFrames', enc: 'columns', src: 'hostile', epoch: '1' }

/** Lists the frame entries of the corpus. */
export function hostileFrames(): readonly HostileEntry[] {
  const entry = (name: string, fields: HostileEntry['fields'], rest: Partial<HostileEntry>): HostileEntry => ({
    name: `frame: ${name}`,
    topic: TOPIC,
    fields: { ...FRAMES, seq: '1', ...fields },
    expectReason: 'CONTRACT_FRAME',
    ...rest,
  })
  const unknownRun = { expectReason: 'accepted', serverReason: 'CONTRACT_SCHEMA_UNKNOWN' } as const
  const counters = ['-1', '1.5', '1e3', '9007199254740993', '99999999999999999999', 'NaN', 'Infinity', '', '0x10', 'x']
  return [
    ...LIES.map(([name, data]) => entry(name, { data }, {})),
    entry('schema nobody described', { data: validFrame() }, unknownRun),
    entry('flood of NaN', { data: validFrame(Number.NaN, 256) }, unknownRun),
    entry('flood of infinities', { data: validFrame(Number.NEGATIVE_INFINITY, 256) }, unknownRun),
    entry('state ids out of the scheme', { data: validFrame(250) }, unknownRun),
    entry('unknown flag bits', { data: changed((v) => v.setUint8(7, 0xf0)) }, unknownRun),
    entry('two frames of one layer', { data: joined(validFrame(), validFrame(1)) }, unknownRun),
    entry('honest zstd', { enc: 'columns+zstd', data: zstdCompressSync(validFrame()) }, unknownRun),
    entry('more frames than layers', { data: joined(...Array<Uint8Array>(8_193).fill(validFrame(0, 1, 1))) }, {}),
    entry(
      'enc says zstd, bytes are plain',
      { enc: 'columns+zstd', data: validFrame() },
      { expectReason: 'CONTRACT_ENCODING' },
    ),
    entry('enc says json', { enc: 'json', data: validFrame() }, { expectReason: 'CONTRACT_ENCODING' }),
    entry(
      'on the topic of a layer',
      { data: validFrame() },
      { topic: 'kasmina.event.layer.layer_0', expectReason: 'CONTRACT_TOPIC' },
    ),
    entry(
      'zstd bomb of frames',
      { enc: 'columns+zstd', data: zstdCompressSync(Buffer.alloc(9_000_000)) },
      { expectReason: 'CONTRACT_INFLATE' },
    ),
    ...(['epoch', 'seq'] as const).flatMap((field) =>
      counters.map((text) =>
        entry(
          `${field} ${text === '' ? 'empty' : text}`,
          { [field]: text, data: validFrame() },
          { expectReason: 'CONTRACT_INVALID' },
        ),
      ),
    ),
    entry(
      'a source of 10,000 characters',
      { src: 'x'.repeat(10_000), data: validFrame() },
      { expectReason: 'CONTRACT_INVALID' },
    ),
  ]
}
