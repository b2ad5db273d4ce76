/*
 * historyWriter: writes the history of one run: ticks into a tail at once and into chunks each minute, records and gaps as they come.
 * In: ticks, records, gaps. Out: segments that only grow; what a killed writer left behind, made whole when it is opened again.
 * Invariant: what was handed over is on the disk before the call returns, or the call throws and says why; a chunk is complete before
 * its tail is removed; a torn end is cut off and counted.
 * Source: docs/history.md "files".
 */
import { closeSync, fdatasync, ftruncateSync, fstatSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import type { CoverageGap, LiveRecord } from '../../lib/contracts/liveRecords.ts'
import type { RunDescriptor } from '../../lib/contracts/runDescriptor.ts'
import {
  BLOCK_HEAD_BYTES,
  BLOCK_KIND,
  encodeBlock,
  peekBlock,
  readBlock,
  walkBlocks,
  type BlockHead,
  type BlockRef,
  BLOCK_FOOT_BYTES,
} from './blockFile.ts'
import type { ColumnForm } from './columnCodec.ts'
import { compareEntries, createEntrySieve, decodeEvents, encodeEvents, type EntryMarks } from './eventLog.ts'
import { encodeHealth, HEALTH, summarizeHealth } from './healthSummary.ts'
import { columnBytes, type HistoryTick } from './historyTick.ts'
import { CHUNK_HEAD_BYTES, encodeChunk, layerOfChunk } from './layerChunk.ts'
import { segmentFile, segmentsIn, tailFile, tailsIn, indexFile } from './runFolder.ts'
import { encodeColumns, toColumns } from './recordIndex.ts'
import { openIndexWriter, type IndexWriter } from './segmentIndex.ts'
import { createTailReader, encodeTick, tailHead } from './tailFile.ts'

export const WRITER_BOUNDS = Object.freeze({
  chunkMs: 60_000,
  /** Of float32 in memory; a run of 10,000 seeds and 26 columns fills it in 23 s. */
  chunkBytes: 24 * 1_048_576,
  segmentBytes: 32 * 1_048_576,
})

export interface HistoryWriter {
  /** Of a run; the server's own folder has none. */
  describe(descriptor: RunDescriptor, form: ColumnForm): void
  /** @throws what the disk says */
  tick(tick: HistoryTick): void
  /** Gives how many of them were new. @throws what the disk says */
  records(records: readonly LiveRecord[]): number
  gap(gap: CoverageGap): void
  /** The bus is told from its beginning again. */
  restart(): void
  /** Whether the open ticks should become chunks now. */
  isDue(nowMs: number): boolean
  /** Makes chunks of the open ticks; yields often. New ticks go into a new tail meanwhile. */
  close(): Generator<void, void, void>
  /** Lets what was written reach the disk itself; nobody waits for it. */
  sync(): void
  /** When the newest tick arrived; null before the first, also over a restart. */
  newestMs(): number | null
  readonly torn: number
  /** Whether a file is one that is written to. */
  isOpen(file: string): boolean
  end(): void
}

interface Open {
  readonly number: number
  readonly fd: number
  readonly ticks: HistoryTick[][]
  bytes: number
  readonly sinceMs: number
}

/** Opens a folder to go on writing in it. @throws what the disk says */
export function openHistoryWriter(
  folder: string,
  bounds: Readonly<Record<keyof typeof WRITER_BOUNDS, number>> = WRITER_BOUNDS,
): HistoryWriter {
  mkdirSync(folder, { recursive: true })
  const marks: EntryMarks = new Map()
  const newestOf = new Map<string, number>()
  let marksAreWhole = false
  let torn = 0
  let newestMs: number | null = null
  let shape: { readonly descriptor: RunDescriptor; readonly form: ColumnForm } | null = null
  let open: Open | null = null
  let segment = { number: 0, fd: -1, bytes: 0 }
  let isDirty = false
  let index: IndexWriter

  /** Where topics and layers stood when writing ended; the newest segments know. */
  const readBack = (
    fd: number,
    blocks: readonly BlockRef[],
  ): { readonly events: boolean; readonly chunks: boolean } => {
    let [events, chunks] = [false, false]
    for (const block of blocks) {
      if (block.kind === BLOCK_KIND.events) {
        const payload = readBlock(fd, block)
        if (payload === null) continue
        events = true
        for (const [topic, mark] of decodeEvents(payload, block.packed).marks)
          if (compareEntries(mark.id, marks.get(topic)?.id ?? '0-0') >= 0) marks.set(topic, mark)
      } else if (block.kind === BLOCK_KIND.chunk) {
        chunks = true
        const layerId = layerOfChunk(peekBlock(fd, block, CHUNK_HEAD_BYTES))
        if (layerId !== null) newestOf.set(layerId, Math.max(newestOf.get(layerId) ?? 0, block.toMs))
      }
    }
    return { events, chunks }
  }

  /** The last segment, without what is torn. */
  const resume = (): void => {
    const numbers = segmentsIn(folder)
    const number = numbers.at(-1) ?? 1
    const fd = openSync(segmentFile(folder, number), 'a+')
    const { blocks, validBytes } = walkBlocks(fd, 0)
    let end = validBytes
    // Head and foot of the last block may be whole and its middle not: a power cut writes pages in any order.
    const last = blocks.at(-1)
    if (last !== undefined && readBlock(fd, last) === null) {
      blocks.pop()
      end = last.at - BLOCK_HEAD_BYTES
    }
    if (end < fstatSync(fd).size) {
      torn++
      ftruncateSync(fd, end)
    }
    segment = { number, fd, bytes: end }
    index = openIndexWriter(indexFile(segmentFile(folder, number)), end)
    let seen = readBack(fd, blocks)
    // A segment that begins with nothing must say it all.
    marksAreWhole = seen.events
    for (const older of numbers.slice(0, -1).toReversed()) {
      if (seen.events && seen.chunks) break
      const olderFd = openSync(segmentFile(folder, older), 'r')
      const found = readBack(olderFd, walkBlocks(olderFd, 0).blocks)
      closeSync(olderFd)
      seen = { events: seen.events || found.events, chunks: seen.chunks || found.chunks }
    }
    newestMs = newestOf.size === 0 ? null : Math.max(...newestOf.values())
  }

  const writeWhole = (fd: number, bytes: Buffer, from: number): void => {
    try {
      for (let at = 0; at < bytes.byteLength;) at += writeSync(fd, bytes, at, bytes.byteLength - at)
    } catch (error) {
      // Half a block would hide all that comes behind it.
      ftruncateSync(fd, from)
      throw error
    }
  }

  const append = (head: BlockHead, payload: Uint8Array): void => {
    if (segment.bytes > bounds.segmentBytes) {
      const number = segment.number + 1
      const fd = openSync(segmentFile(folder, number), 'a+')
      closeSync(segment.fd)
      index.end()
      segment = { number, fd, bytes: 0 }
      index = openIndexWriter(indexFile(segmentFile(folder, number)), 0)
      marksAreWhole = false
    }
    const bytes = encodeBlock(head, payload)
    writeWhole(segment.fd, bytes, segment.bytes)
    segment.bytes += bytes.byteLength
    isDirty = true
  }

  const lastPayloadAt = (payload: Uint8Array): number => segment.bytes - BLOCK_FOOT_BYTES - payload.byteLength
  /** What a timeline asks of a chunk, so that it need not read all of its columns. */
  const addHealth = (
    payload: Uint8Array,
    ticks: readonly HistoryTick[],
    columns: RunDescriptor['seed_columns'],
    rows: number,
  ): void => {
    const place = columns.findIndex(({ name }) => name === HEALTH)
    if (place < 0) return
    index.add(lastPayloadAt(payload), () => {
      const bytes = new Uint8Array(ticks.length * rows)
      ticks.forEach((tick, at) =>
        columnBytes(
          tick.seeds.subarray(place * rows, (place + 1) * rows),
          columns[place]!,
          bytes.subarray(at * rows, (at + 1) * rows),
        ),
      )
      return encodeHealth(
        summarizeHealth(
          ticks.map(({ atMs }) => atMs),
          bytes,
          rows,
        ),
      )
    })
  }

  function* writeChunks(
    ticks: readonly (readonly HistoryTick[])[],
    layers: readonly { readonly layer_id: string; readonly rows: number }[],
    form: ColumnForm,
    columns: RunDescriptor['seed_columns'],
  ): Generator<void, void, void> {
    for (let layer = 0; layer < ticks.length; layer++) {
      const own = ticks[layer]!
      const about = layers[layer]
      if (own.length === 0 || about === undefined) continue
      const layerColumns = own[0]!.layerValues.length
      const chunk = { layerId: about.layer_id, rows: about.rows, columns, layerColumns, form }
      const payload = yield* encodeChunk(own, chunk)
      const [first, last] = [own[0]!, own.at(-1)!]
      const counts = [about.rows, own.length * own[0]!.seeds.byteLength]
      append(
        {
          kind: BLOCK_KIND.chunk,
          packed: false,
          layer,
          count: own.length,
          fromMs: first.atMs,
          toMs: last.atMs,
          counts,
        },
        payload,
      )
      addHealth(payload, own, columns, about.rows)
      yield
    }
  }

  /** Ticks a killed writer left in a tail, without those that are in a chunk already. */
  const settleTails = (descriptor: RunDescriptor, form: ColumnForm): void => {
    for (const number of tailsIn(folder)) {
      if (number === open?.number) continue
      const file = tailFile(folder, number)
      const tail = createTailReader(file)
      tail.refresh()
      const told = tail.shape()
      if (tail.tornBytes() > 0) torn++
      if (told !== null) {
        const columns = told.columns.map(
          (name) =>
            descriptor.seed_columns.find((column) => column.name === name) ?? { ...descriptor.seed_columns[0]!, name },
        )
        const ticks: HistoryTick[][] = told.layers.map(() => [])
        for (const tick of tail.ticks) {
          const written = newestOf.get(told.layers[tick.layer]?.layer_id ?? '') ?? 0
          if (tick.atMs > written) ticks[tick.layer]?.push(tick)
          newestMs = Math.max(newestMs ?? 0, tick.atMs)
        }
        const work = writeChunks(ticks, told.layers, form, columns)
        while (work.next().done !== true);
      }
      rmSync(file, { force: true })
    }
  }

  /** A number is not used twice: who reads a tail knows it by its number, and goes on behind what it has read. */
  let lastTail = 0
  const openTail = (nowMs: number): Open => {
    const { descriptor } = shape!
    const number = Math.max(lastTail, ...tailsIn(folder)) + 1
    lastTail = number
    const fd = openSync(tailFile(folder, number), 'w')
    const head = tailHead({
      layers: descriptor.layers.map((layer) => ({ layer_id: layer.layer_id, rows: layer.seeds })),
      columns: descriptor.seed_columns.map((column) => column.name),
      layer_columns: descriptor.layer_columns.length,
    })
    writeWhole(fd, head, 0)
    return { number, fd, ticks: descriptor.layers.map(() => []), bytes: head.byteLength, sinceMs: nowMs }
  }

  resume()
  const sieve = createEntrySieve(marks)

  return {
    get torn() {
      return torn
    },
    newestMs: () => newestMs,
    restart: () => sieve.restart(),
    describe(descriptor, form) {
      const first = shape === null
      shape = { descriptor, form }
      if (first) settleTails(descriptor, form)
    },
    tick(tick) {
      open ??= openTail(tick.atMs)
      const bytes = encodeTick(tick)
      writeWhole(open.fd, bytes, open.bytes)
      open.bytes += bytes.byteLength
      open.ticks[tick.layer]!.push(tick)
      newestMs = Math.max(newestMs ?? 0, tick.atMs)
    },
    isDue: (nowMs) => open !== null && (open.bytes >= bounds.chunkBytes || nowMs - open.sinceMs >= bounds.chunkMs),
    *close() {
      if (open === null || shape === null) return
      const done = open
      const { descriptor, form } = shape
      open = null
      const layers = descriptor.layers.map((layer) => ({ layer_id: layer.layer_id, rows: layer.seeds }))
      closeSync(done.fd)
      yield* writeChunks(done.ticks, layers, form, descriptor.seed_columns)
      rmSync(tailFile(folder, done.number), { force: true })
    },
    records(records) {
      const fresh = records.filter((record) => sieve.isNew(record))
      if (fresh.length === 0) return 0
      try {
        // A segment that is full gives way first: the new one must begin with all marks.
        const topics = new Set(fresh.flatMap((record) => record.entry?.topic ?? []))
        const whole = !marksAreWhole || segment.bytes > bounds.segmentBytes
        const told = whole ? marks : new Map([...marks].filter(([topic]) => topics.has(topic)))
        const { head, payload } = encodeEvents(fresh, told)
        append(head, payload)
        index.add(lastPayloadAt(payload), () => encodeColumns(toColumns(fresh)))
        sieve.commit()
        marksAreWhole = true
        return fresh.length
      } catch (error) {
        sieve.rollback()
        throw error
      }
    },
    gap(gap) {
      const payload = Buffer.from(JSON.stringify(gap))
      append(
        { kind: BLOCK_KIND.gap, packed: false, layer: 0, count: 1, fromMs: gap.from_ms, toMs: gap.to_ms, counts: [] },
        payload,
      )
    },
    sync() {
      if (!isDirty) return
      isDirty = false
      // Closed meanwhile: then the operating system has it all the same.
      fdatasync(segment.fd, () => undefined)
    },
    isOpen: (file) => file === segmentFile(folder, segment.number) || file.endsWith('.mht'),
    end() {
      if (open !== null) closeSync(open.fd)
      open = null
      index.end()
      closeSync(segment.fd)
    },
  }
}
