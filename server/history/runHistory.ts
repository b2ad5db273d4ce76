/*
 * runHistory: the history of one run as it lies on the disk, to be read while it is written.
 * In: a folder. Out: ticks of a layer by time or entry, their columns, blocks of events, gaps; caches of what was unpacked last.
 * Invariant: only files are read, so that a restarted server, another process and a bundle give the same answer; a tick is told once,
 * from its chunk or from the tail; what can not be read any more is a gap, never a value.
 * Source: docs/history.md "reading".
 */
import { closeSync, openSync, statSync } from 'node:fs'
import path from 'node:path'
import { columnIndex } from '../../lib/contracts/columnIndex.ts'
import type { ReplayGap } from '../../lib/contracts/httpReplay.ts'
import type { LiveRecord } from '../../lib/contracts/liveRecords.ts'
import type { MetricColumn } from '../../lib/contracts/metrics.ts'
import { BLOCK_KIND, peekBlock, readBlock, readRawBlock, walkBlocks, type BlockRef } from './blockFile.ts'
import type { BytesCache } from './bytesCache.ts'
import { decodeEvents } from './eventLog.ts'
import { decodeHealth, HEALTH, summarizeHealth, type HealthSummary } from './healthSummary.ts'
import { columnBytes, type HistoryTick, type TickMoment } from './historyTick.ts'
import { openChunk, type LayerChunk } from './layerChunk.ts'
import { joinColumns } from './joinColumns.ts'
import { decodeColumns, toColumns, type RecordColumns } from './recordIndex.ts'
import { readIndex, type IndexEntry } from './segmentIndex.ts'
import { indexFile, readRunFile, segmentFile, segmentsIn, tailFile, tailsIn, type RunFile } from './runFolder.ts'
import { createTailReader, type TailReader } from './tailFile.ts'

export interface FileBlock extends BlockRef {
  readonly file: string
}
/** A stretch of a layer's ticks without a hole: a chunk, or what is open. */
export interface Stretch {
  readonly key: string
  readonly fromMs: number
  readonly toMs: number
  readonly count: number
  moments(): readonly TickMoment[]
  /** Values of a column, all ticks [tick][row]; null where the run had no such column then. */
  values(column: MetricColumn): Float32Array | null
  bytes(column: MetricColumn): Uint8Array | null
  /** How many rows had each value of health at each tick; null where the run had no such column then. */
  health(): HealthSummary | null
  /** One layer column at one tick; NaN where it is not there. */
  layerValue(tick: number, place: number): number
  readonly rows: number
}

export interface RunHistory {
  readonly folder: string
  readonly run: RunFile
  /** Looks at the folder again: segments and tails may have grown. */
  refresh(): void
  /** Oldest first; of all layers by name. */
  stretches(layerId: string): readonly Stretch[]
  events(): readonly FileBlock[]
  readEvents(block: FileBlock): readonly LiveRecord[]
  /** Columns of the records of every segment that reaches into a window, in the order they were kept. */
  recordColumns(fromMs: number, toMs: number): readonly RecordColumns[]
  gaps(): readonly ReplayGap[]
  /** A chunk as it stands in its file; null for what is not in a chunk yet. */
  rawChunk(stretch: Stretch): Buffer | null
  readonly bytes: number
  close(): void
}

interface Segment {
  readonly file: string
  fd: number
  valid: number
  size: number
  blocks: FileBlock[]
}

/** Opens a folder; null when it holds no run. Never throws for what is damaged in it. */
export function openRunHistory(folder: string, cache: BytesCache): RunHistory | null {
  const about = readRunFile(folder)
  return about === null ? null : createRunHistory(folder, about, cache)
}

/** Opens a folder of events that belong to no run, or one whose run is known. */
export function createRunHistory(folder: string, first: RunFile, cache: BytesCache): RunHistory {
  let run = first
  const segments = new Map<number, Segment>()
  const tails = new Map<number, TailReader>()
  let bytes = 0
  let damaged: ReplayGap[] = []
  const checked = new Set<string>()
  let runFileMs = 0

  const openSegment = (number: number): Segment | null => {
    const file = segmentFile(folder, number)
    try {
      return { file, fd: openSync(file, 'r'), valid: 0, size: 0, blocks: [] }
    } catch {
      return null
    }
  }

  const refresh = (): void => {
    // Tails first: a tick that moves into its chunk meanwhile is then seen twice, never not at all.
    const tailNumbers = tailsIn(folder)
    for (const number of tailNumbers) {
      const tail = tails.get(number) ?? createTailReader(tailFile(folder, number))
      if (tail.refresh()) tails.set(number, tail)
    }
    const numbers = segmentsIn(folder)
    for (const [number, segment] of segments)
      if (!numbers.includes(number)) {
        closeSync(segment.fd)
        segments.delete(number)
      }
    bytes = 0
    for (const number of numbers) {
      const segment = segments.get(number) ?? openSegment(number)
      if (segment === null) continue
      segments.set(number, segment)
      const { size } = statSync(segment.file, { throwIfNoEntry: false }) ?? { size: 0 }
      bytes += size
      if (size === segment.size) continue
      const { blocks, validBytes } = walkBlocks(segment.fd, segment.valid)
      segment.blocks.push(...blocks.map((block) => ({ ...block, file: segment.file })))
      segment.valid = validBytes
      segment.size = size
    }
    const left = tailsIn(folder)
    for (const number of tails.keys()) if (!left.includes(number) && !tailNumbers.includes(number)) tails.delete(number)
    const changed = statSync(path.join(folder, 'run.json'), { throwIfNoEntry: false })?.mtimeMs ?? 0
    if (changed !== runFileMs) {
      runFileMs = changed
      run = readRunFile(folder) ?? run
    }
  }

  const fdOf = (file: string): number => {
    for (const segment of segments.values()) if (segment.file === file) return segment.fd
    throw new RangeError('the segment was let go')
  }

  const noteDamage = (block: FileBlock): void => {
    if (damaged.some((gap) => gap.from_ms === block.fromMs && gap.to_ms === block.toMs)) return
    damaged = [...damaged, { from_ms: block.fromMs, to_ms: block.toMs, cause: 'damaged', lost: block.count }]
  }

  /** Held against its hash when it is read for the first time; blocks are never written again. */
  const readChecked = (block: FileBlock): Buffer | null => {
    const key = `${block.file}:${block.at}`
    const fd = fdOf(block.file)
    if (checked.has(key)) return peekBlock(fd, block, block.bytes)
    const payload = readBlock(fd, block)
    if (payload !== null) checked.add(key)
    return payload
  }

  const chunkOf = (block: FileBlock): LayerChunk | null =>
    cache.get(`${block.file}:${block.at}`, () => {
      try {
        const payload = readChecked(block)
        if (payload === null) throw new RangeError('its hash does not match')
        return { value: openChunk(payload), bytes: payload.byteLength }
      } catch {
        noteDamage(block)
        return { value: null, bytes: 0 }
      }
    })

  const indexOf = ({ file, blocks }: Segment): ReadonlyMap<number, IndexEntry> =>
    cache.get(`${file}:index:${blocks.length}`, () => {
      const value = readIndex(indexFile(file))
      return { value, bytes: [...value.values()].reduce((sum, { payload }) => sum + payload.byteLength + 200, 0) }
    })

  /** Recorded before there was an index, or without it: read from the block itself. */
  const columnsOf = (block: FileBlock, known: Buffer | undefined): RecordColumns => {
    try {
      const columns = known === undefined ? null : decodeColumns(known)
      if (columns?.count === block.count) return columns
    } catch {
      // Not what it says it is.
    }
    return toColumns(readEvents(block))
  }

  const healthOf = (key: string, block: FileBlock | null, make: () => HealthSummary | null): HealthSummary | null =>
    cache.get(`${key}:health`, () => {
      const segment = [...segments.values()].find(({ file }) => file === block?.file)
      const known = segment === undefined || block === null ? undefined : indexOf(segment).get(block.at)
      let value: HealthSummary | null = null
      try {
        if (known !== undefined) value = decodeHealth(known.payload, block!.count)
      } catch {
        value = null
      }
      value ??= make()
      return { value, bytes: value === null ? 0 : value.counts.byteLength + value.atMs.byteLength }
    })
  const healthColumn = (): MetricColumn | undefined =>
    run.descriptor.seed_columns[columnIndex(run.descriptor.seed_columns, HEALTH)]
  const summaryOf = (stretch: Pick<Stretch, 'moments' | 'bytes' | 'rows'>): HealthSummary | null => {
    const column = healthColumn()
    const bytes = column === undefined ? null : stretch.bytes(column)
    return bytes === null
      ? null
      : summarizeHealth(
          stretch.moments().map(({ atMs }) => atMs),
          bytes,
          stretch.rows,
        )
  }

  const stretchOfChunk = (block: FileBlock): Stretch => {
    const key = `${block.file}:${block.at}`
    const rows = block.counts[0] ?? 0
    const of = <T extends Float32Array | Uint8Array>(
      what: string,
      column: MetricColumn,
      take: (chunk: LayerChunk, place: number) => T,
    ): T | null =>
      cache.get(`${key}:${what}:${column.name}`, () => {
        const chunk = chunkOf(block)
        const place = chunk === null ? -1 : chunk.names.indexOf(column.name)
        if (chunk === null || place < 0) return { value: null, bytes: 0 }
        try {
          const value = take(chunk, place)
          return { value, bytes: value.byteLength }
        } catch {
          noteDamage(block)
          return { value: null, bytes: 0 }
        }
      })
    const stretch: Stretch = {
      key,
      fromMs: block.fromMs,
      toMs: block.toMs,
      count: block.count,
      rows,
      moments: () => chunkOf(block)?.moments ?? [],
      values: (column) => of('values', column, (chunk, place) => chunk.values(place, column)),
      bytes: (column) => of('bytes', column, (chunk, place) => chunk.bytes(place, column)),
      layerValue(tick, place) {
        const chunk = chunkOf(block)
        return chunk === null || place >= chunk.layerColumns
          ? Number.NaN
          : (chunk.layerValues[tick * chunk.layerColumns + place] ?? Number.NaN)
      },
      health: () => healthOf(key, block, () => summaryOf(stretch)),
    }
    return stretch
  }

  const stretchOfTail = (number: number, ticks: readonly HistoryTick[], names: readonly string[]): Stretch => {
    const rows = ticks[0]!.seeds.length / Math.max(1, names.length)
    // A tail grows: what was made of fewer ticks is another thing.
    const key = `tail ${folder} ${number} ${ticks[0]!.layer} ${ticks.length}`
    const values = (column: MetricColumn): Float32Array | null =>
      cache.get(`${key}:values:${column.name}`, () => {
        const place = names.indexOf(column.name)
        if (place < 0) return { value: null, bytes: 0 }
        const all = new Float32Array(ticks.length * rows)
        ticks.forEach((tick, at) => all.set(tick.seeds.subarray(place * rows, (place + 1) * rows), at * rows))
        return { value: all, bytes: all.byteLength }
      })
    const stretch: Stretch = {
      key,
      fromMs: ticks[0]!.atMs,
      toMs: ticks.at(-1)!.atMs,
      count: ticks.length,
      rows,
      moments: () => ticks,
      values,
      bytes: (column) =>
        cache.get(`${key}:bytes:${column.name}`, () => {
          const all = values(column)
          if (all === null) return { value: null, bytes: 0 }
          const target = new Uint8Array(all.length)
          columnBytes(all, column, target)
          return { value: target, bytes: target.byteLength }
        }),
      layerValue: (tick, place) => ticks[tick]?.layerValues[place] ?? Number.NaN,
      health: () => healthOf(key, null, () => summaryOf(stretch)),
    }
    return stretch
  }

  /** Chunk heads name a layer by its place; the chunk itself by its name. Places only ever change with the shape of a run. */
  const layerIdOf = (block: FileBlock): string =>
    run.descriptor.layers[block.layer]?.layer_id ?? chunkOf(block)?.layerId ?? ''

  const readEvents = (block: FileBlock): readonly LiveRecord[] =>
    cache.get(`${block.file}:${block.at}`, () => {
      const payload = readBlock(fdOf(block.file), block)
      if (payload === null) {
        noteDamage(block)
        return { value: [], bytes: 0 }
      }
      const { records } = decodeEvents(payload, block.packed)
      return { value: records, bytes: payload.byteLength * (block.packed ? 8 : 2) }
    })

  refresh()
  return {
    folder,
    get run() {
      return run
    },
    get bytes() {
      return bytes
    },
    refresh,
    stretches(layerId) {
      const list: Stretch[] = []
      let newest = Number.NEGATIVE_INFINITY
      for (const number of [...segments.keys()].toSorted((a, b) => a - b))
        for (const block of segments.get(number)!.blocks) {
          if (block.kind !== BLOCK_KIND.chunk || layerIdOf(block) !== layerId) continue
          list.push(stretchOfChunk(block))
          newest = Math.max(newest, block.toMs)
        }
      for (const number of [...tails.keys()].toSorted((a, b) => a - b)) {
        const tail = tails.get(number)!
        const shape = tail.shape()
        const place = shape?.layers.findIndex((layer) => layer.layer_id === layerId) ?? -1
        if (shape === null || place < 0) continue
        const ticks = tail.ticks.filter((tick) => tick.layer === place && tick.atMs > newest)
        if (ticks.length > 0) list.push(stretchOfTail(number, ticks, shape.columns))
      }
      return list.toSorted((a, b) => a.fromMs - b.fromMs)
    },
    events: () =>
      [...segments.values()].flatMap((segment) => segment.blocks.filter((block) => block.kind === BLOCK_KIND.events)),
    readEvents,
    recordColumns(fromMs, toMs) {
      return [...segments.keys()]
        .toSorted((a, b) => a - b)
        .flatMap((number) => {
          const { file, blocks } = segments.get(number)!
          const events = blocks.filter((block) => block.kind === BLOCK_KIND.events)
          if (!events.some((block) => block.toMs >= fromMs && block.fromMs <= toMs)) return []
          return cache.get(`${file}:records:${events.length}`, () => {
            const index = indexOf(segments.get(number)!)
            const value = joinColumns(events.map((block) => columnsOf(block, index.get(block.at)?.payload)))
            return { value, bytes: value.count * 20 }
          })
        })
    },
    gaps() {
      const told = [...segments.values()].flatMap((segment) =>
        segment.blocks
          .filter((block) => block.kind === BLOCK_KIND.gap)
          .flatMap((block) => {
            const payload = readBlock(segment.fd, block)
            return payload === null ? [] : [JSON.parse(payload.toString('utf8')) as ReplayGap]
          }),
      )
      return [...told, ...damaged].toSorted((a, b) => a.from_ms - b.from_ms)
    },
    rawChunk(stretch) {
      for (const segment of segments.values())
        for (const block of segment.blocks)
          if (`${block.file}:${block.at}` === stretch.key) return readRawBlock(segment.fd, block)
      return null
    },
    close() {
      for (const segment of segments.values()) closeSync(segment.fd)
      segments.clear()
    },
  }
}
