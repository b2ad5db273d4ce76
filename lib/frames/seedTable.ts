/*
 * SeedTable: all columns of one layer in shared memory, written by one thread and read by others without locks.
 * In: columns of a tick (or single cells of it). Out: a consistent copy and the version it belongs to.
 * Invariant: a reader never sees half a tick: it gets one version whole, or is told to come back; what was never written is NaN.
 * Source: seed-design.md 4.2; docs/architecture.md "hot path".
 */
export interface SeedTableShape {
  readonly rows: number
  readonly seedColumns: number
  readonly layerColumns: number
  /** Whether rows are reported one by one (dictionary form): each row then carries its own time. */
  readonly rowTimes: boolean
}

/** Numbers that belong to the whole layer, in one float64 each. */
export const TABLE_META = Object.freeze({
  ingestMs: 0,
  publishedMs: 1,
  step: 2,
  tick: 3,
  flags: 4,
  reports: 5,
  intervalMs: 6,
  skewMs: 7,
  /** The newest bus entry: both parts of its id, and the number its topic was announced under. */
  entryMs: 8,
  entrySeq: 9,
  entryTopic: 10,
  /** Server wall ms at which the newest report was merged; NaN when it was replayed. */
  mergedMs: 11,
})
const META_SLOTS = 12
const CONTROL_BYTES = 16
const READ_ATTEMPTS = 64

/** Bytes one table takes; a multiple of 16, so that tables can stand side by side in one buffer. */
export function seedTableBytes(shape: SeedTableShape): number {
  const floats = shape.rows * shape.seedColumns + shape.layerColumns
  const bytes = CONTROL_BYTES + META_SLOTS * 8 + (shape.rowTimes ? shape.rows * 8 : 0) + floats * 4
  return (bytes + 15) & ~15
}

export class SeedTable {
  readonly shape: SeedTableShape
  /** [column][row]. Only the writer touches it directly. */
  readonly seeds: Float32Array
  readonly layer: Float32Array
  readonly meta: Float64Array
  /** Bus time of each row's newest report, Unix ms; NaN = never. Empty unless shape.rowTimes. */
  readonly rowTimes: Float64Array
  readonly #control: Int32Array

  constructor(buffer: SharedArrayBuffer, byteOffset: number, shape: SeedTableShape) {
    this.shape = shape
    this.#control = new Int32Array(buffer, byteOffset, CONTROL_BYTES / 4)
    let at = byteOffset + CONTROL_BYTES
    this.meta = new Float64Array(buffer, at, META_SLOTS)
    at += META_SLOTS * 8
    this.rowTimes = new Float64Array(buffer, at, shape.rowTimes ? shape.rows : 0)
    at += this.rowTimes.byteLength
    this.seeds = new Float32Array(buffer, at, shape.rows * shape.seedColumns)
    at += this.seeds.byteLength
    this.layer = new Float32Array(buffer, at, shape.layerColumns)
  }

  /** Writer, once, before anyone reads: everything is unknown. */
  clear(): void {
    this.begin()
    this.seeds.fill(Number.NaN)
    this.layer.fill(Number.NaN)
    this.meta.fill(Number.NaN)
    this.rowTimes.fill(Number.NaN)
    this.meta[TABLE_META.reports] = 0
    this.end()
  }

  /** Even = whole; grows by two per write. */
  version(): number {
    return Atomics.load(this.#control, 0)
  }

  /** Writer: opens a write. Readers wait until `end`. */
  begin(): void {
    Atomics.add(this.#control, 0, 1)
  }

  /** Writer: closes the write opened by `begin`. */
  end(): void {
    Atomics.add(this.#control, 0, 1)
  }

  /**
   * Runs `copy` until it saw one version from its start to its end; returns that version, or -1 when the writer was never
   * out of the way (try again later). `copy` must only copy: it may run several times, on torn data.
   */
  read(copy: (table: SeedTable) => void): number {
    for (let attempt = 0; attempt < READ_ATTEMPTS; attempt++) {
      const before = Atomics.load(this.#control, 0)
      if ((before & 1) !== 0) continue
      copy(this)
      // A read-modify-write keeps the copies above from sinking below the second look.
      if (Atomics.or(this.#control, 0, 0) === before) return before
    }
    return -1
  }
}

/** Where each layer of a run lies in its one shared buffer. Pure: both threads compute the same. */
export function layoutTables(shapes: readonly SeedTableShape[]): {
  readonly bytes: number
  readonly offsets: readonly number[]
} {
  let bytes = 0
  const offsets = shapes.map((shape) => {
    const at = bytes
    bytes += seedTableBytes(shape)
    return at
  })
  return { bytes, offsets }
}

/** Views all tables of a run in its shared buffer. */
export function openTables(buffer: SharedArrayBuffer, shapes: readonly SeedTableShape[]): SeedTable[] {
  const { offsets } = layoutTables(shapes)
  return shapes.map((shape, index) => new SeedTable(buffer, offsets[index]!, shape))
}
