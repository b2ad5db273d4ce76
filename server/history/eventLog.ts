/*
 * eventLog: what happened, as blocks of records: every record of the live stream with the entry that said so, once.
 * In: records as the live stream numbers them. Out: payloads, and records again; which of those told again are new.
 * Invariant: a record that names its bus entry is kept once, however often the bus is read from its beginning; of one topic records
 * keep the order of their entries; nothing is dropped here.
 * Source: docs/history.md "events".
 */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { RECORD_KINDS } from '../../lib/contracts/httpReplay.ts'
import type { LiveRecord } from '../../lib/contracts/liveRecords.ts'
import { BLOCK_COUNTS, BLOCK_KIND, type BlockHead } from './blockFile.ts'

/** Per topic the newest entry that was kept, and how many of its records. */
export type EntryMarks = Map<string, { id: string; count: number }>

const LEVEL = { params: { [constants.ZSTD_c_compressionLevel]: 3 } }
const PACK_FROM = 512
const MAX_TEXT = 256 * 1_048_576

const parts = (id: string): readonly [number, number] => {
  const dash = id.indexOf('-')
  return [Number(id.slice(0, dash)), Number(id.slice(dash + 1))]
}
/** Below 0: a lies before b. */
export function compareEntries(a: string, b: string): number {
  const [aMs, aSeq] = parts(a)
  const [bMs, bSeq] = parts(b)
  return aMs - bMs || aSeq - bSeq
}

/** Tells which records were not kept yet. */
export function createEntrySieve(kept: EntryMarks) {
  /** Where each topic stands in what is being told now. */
  let told: EntryMarks = new Map()
  let undo: (() => void)[] = []
  const put = (map: EntryMarks, topic: string, mark: { id: string; count: number }): void => {
    const before = map.get(topic)
    undo.push(() => void (before === undefined ? map.delete(topic) : map.set(topic, before)))
    map.set(topic, mark)
  }
  return {
    /** The bus is read from its beginning again. */
    restart(): void {
      told = new Map()
    },
    isNew(record: LiveRecord): boolean {
      const { entry } = record
      // What the server itself says is said once.
      if (entry === undefined) return true
      const now = told.get(entry.topic)
      const place = now?.id === entry.entry_id ? now.count + 1 : 1
      put(told, entry.topic, { id: entry.entry_id, count: place })
      const last = kept.get(entry.topic)
      if (last !== undefined) {
        const order = compareEntries(entry.entry_id, last.id)
        if (order < 0 || (order === 0 && place <= last.count)) return false
      }
      put(kept, entry.topic, { id: entry.entry_id, count: place })
      return true
    },
    /** What was let through is on the disk. */
    commit(): void {
      undo = []
    },
    /** It is not: the same records may come again. */
    rollback(): void {
      for (const step of undo.toReversed()) step()
      undo = []
    },
  }
}

export interface EventBlock {
  readonly head: BlockHead
  readonly payload: Uint8Array
}

/** Makes a block of records; `marks` are those that a reader of this block alone must know. */
export function encodeEvents(records: readonly LiveRecord[], marks: EntryMarks): EventBlock {
  const lines = [
    JSON.stringify({ marks: Object.fromEntries(marks) }),
    ...records.map((record) => JSON.stringify(record)),
  ]
  const text = Buffer.from(lines.join('\n'))
  const packed = text.byteLength >= PACK_FROM
  const counts = Array.from({ length: BLOCK_COUNTS }, () => 0)
  let [fromMs, toMs] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const { kind, at_ms: atMs } of records) {
    counts[RECORD_KINDS.indexOf(kind)]!++
    fromMs = Math.min(fromMs, atMs)
    toMs = Math.max(toMs, atMs)
  }
  return {
    head: { kind: BLOCK_KIND.events, packed, layer: 0, count: records.length, fromMs, toMs, counts },
    payload: packed ? zstdCompressSync(text, LEVEL) : text,
  }
}

/** Records of a block, in the order they were kept. @throws when the payload is none */
export function decodeEvents(
  payload: Buffer,
  packed: boolean,
): { readonly records: LiveRecord[]; readonly marks: EntryMarks } {
  const text = (packed ? zstdDecompressSync(payload, { maxOutputLength: MAX_TEXT }) : payload).toString('utf8')
  const [first = '{}', ...lines] = text.split('\n')
  const { marks } = JSON.parse(first) as { readonly marks: Readonly<Record<string, { id: string; count: number }>> }
  return {
    records: lines.map((line) => JSON.parse(line) as LiveRecord),
    marks: new Map(Object.entries(marks)),
  }
}
