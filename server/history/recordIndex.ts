/*
 * recordIndex: records in columns: what counting a million of them needs, without their text.
 * In: records as they go into a block. Out: columns, as bytes and back.
 * Invariant: they say nothing that the records do not say; names are numbered in the order they come.
 * Source: docs/history.md "files".
 */
import { RECORD_KINDS } from '../../lib/contracts/httpReplay.ts'
import { SEED_STATE_ID, SEED_STATES } from '../../lib/contracts/lifecycleTable.ts'
import type { LiveRecord } from '../../lib/contracts/liveRecords.ts'

const HEAD_BYTES = 8
const ROW_BYTES = 18
/** In `layer`: the record has no layer at all, or one that is not said. */
export const NO_LAYER = 0xffff
export const NULL_LAYER = 0xfffe
/** In `kind`, beside the number of the kind: it was critical. */
export const CRITICAL_BIT = 0x80
const MOST_NAMES = 0xff00

/** Records in columns, in the order they were kept. */
export interface RecordColumns {
  readonly count: number
  readonly atMs: Float64Array
  readonly seed: Uint32Array
  /** Place in `layers`, NO_LAYER or NULL_LAYER. */
  readonly layer: Uint16Array
  /** Place in `blueprints`. */
  readonly blueprint: Uint16Array
  /** Place in RECORD_KINDS, and CRITICAL_BIT. */
  readonly kind: Uint8Array
  /** States of a transition, four bits each: from, then to. */
  readonly states: Uint8Array
  readonly layers: readonly string[]
  readonly blueprints: readonly (string | null)[]
}

export const isCritical = (record: LiveRecord): boolean =>
  (record.kind === 'alert' || record.kind === 'incident') && record.severity === 'critical'

/** Gives each name a number, in the order they come. */
export function createNames<T extends string | null>(): { readonly list: T[]; placeOf(name: T): number } {
  const list: T[] = []
  const places = new Map<T, number>()
  return {
    list,
    placeOf(name) {
      const known = places.get(name)
      if (known !== undefined) return known
      if (list.length >= MOST_NAMES) throw new RangeError('more names than an index can hold')
      places.set(name, list.length)
      return list.push(name) - 1
    },
  }
}

/** Empty columns of a length. */
export function makeColumns(count: number): Omit<RecordColumns, 'layers' | 'blueprints'> {
  return {
    count,
    atMs: new Float64Array(count),
    seed: new Uint32Array(count),
    layer: new Uint16Array(count),
    blueprint: new Uint16Array(count),
    kind: new Uint8Array(count),
    states: new Uint8Array(count),
  }
}

/** Puts records into columns. @throws RangeError when they name more layers or blueprints than a number of 16 bits counts */
export function toColumns(records: readonly LiveRecord[]): RecordColumns {
  const columns = makeColumns(records.length)
  const layers = createNames<string>()
  const blueprints = createNames<string | null>()
  blueprints.placeOf(null)
  records.forEach((record, at) => {
    columns.atMs[at] = record.at_ms
    columns.kind[at] = RECORD_KINDS.indexOf(record.kind) | (isCritical(record) ? CRITICAL_BIT : 0)
    columns.layer[at] =
      'layer_id' in record ? (record.layer_id === null ? NULL_LAYER : layers.placeOf(record.layer_id)) : NO_LAYER
    if (record.kind !== 'transition') return
    columns.seed[at] = record.seed_id
    columns.states[at] = (SEED_STATE_ID[record.from_state] << 4) | SEED_STATE_ID[record.to_state]
    columns.blueprint[at] = blueprints.placeOf(record.blueprint_id)
  })
  return { ...columns, layers: layers.list, blueprints: blueprints.list }
}

/** Columns as the bytes of an index. */
export function encodeColumns(columns: RecordColumns): Buffer {
  const { count, layers, blueprints } = columns
  const names = Buffer.from(JSON.stringify([layers, blueprints]))
  const bytes = Buffer.alloc(HEAD_BYTES + names.byteLength + count * ROW_BYTES)
  bytes.writeUInt32LE(count, 0)
  bytes.writeUInt32LE(names.byteLength, 4)
  bytes.set(names, HEAD_BYTES)
  let at = HEAD_BYTES + names.byteLength
  for (const plane of planesOf(columns)) {
    bytes.set(new Uint8Array(plane.buffer, plane.byteOffset, plane.byteLength), at)
    at += plane.byteLength
  }
  return bytes
}

/** Columns again. @throws RangeError when the bytes are not as long as they say */
export function decodeColumns(bytes: Buffer): RecordColumns {
  const count = bytes.readUInt32LE(0)
  const namesEnd = HEAD_BYTES + bytes.readUInt32LE(4)
  if (namesEnd + count * ROW_BYTES !== bytes.byteLength) throw new RangeError('columns of another length')
  const [layers, blueprints] = JSON.parse(bytes.toString('utf8', HEAD_BYTES, namesEnd)) as [string[], (string | null)[]]
  const columns = makeColumns(count)
  let from = namesEnd
  for (const plane of planesOf(columns)) {
    new Uint8Array(plane.buffer).set(bytes.subarray(from, from + plane.byteLength))
    from += plane.byteLength
  }
  return { ...columns, layers, blueprints }
}

const planesOf = ({ atMs, seed, layer, blueprint, kind, states }: Omit<RecordColumns, 'layers' | 'blueprints'>) =>
  [atMs, seed, layer, blueprint, kind, states] as const

export const fromState = (states: number): (typeof SEED_STATES)[number] => SEED_STATES[states >> 4]!
export const toState = (states: number): (typeof SEED_STATES)[number] => SEED_STATES[states & 0x0f]!
