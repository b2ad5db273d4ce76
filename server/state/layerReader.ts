/*
 * layerReader: one layer as plain data: its summary, its seeds, one seed, its history.
 * In: shared tables and history rings. Out: objects in the shapes of the contracts.
 * Invariant: unmeasured is null and never is "never"; ages are counted on the server's clock; a torn read is retried, never shown.
 * Source: docs/protocol.md "HTTP"; seed-design.md 2.2.
 */
import { evaluateFreshness, FRESHNESS_LIMITS } from '../../lib/contracts/freshnessRule.ts'
import type { SeedState } from '../../lib/contracts/lifecycle.ts'
import { SEED_STATES } from '../../lib/contracts/lifecycleTable.ts'
import { OLD_SEEDS, type LayerSummary } from '../../lib/contracts/liveRecords.ts'
import { columnIndex } from '../../lib/contracts/columnIndex.ts'
import { TABLE_META } from '../../lib/frames/seedTable.ts'
import { NEVER_STATE_ID, stateByte } from '../../lib/frames/layerMirror.ts'
import type { KnownRun } from './runBook.ts'

const finite = (value: number | undefined): number | null =>
  value !== undefined && Number.isFinite(value) ? value : null
const whole = (value: number | undefined): number | null => {
  const known = finite(value)
  return known === null || known < 0 ? null : Math.trunc(known)
}
const ageOf = (atMs: number | undefined, nowMs: number): number | null => {
  const known = finite(atMs)
  return known === null ? null : Math.max(0, nowMs - known)
}

/** One consistent copy of a layer. */
export interface LayerCopy {
  readonly rows: number
  readonly seeds: Float32Array
  readonly layer: Float32Array
  readonly meta: Float64Array
  readonly rowTimes: Float64Array
}

/** Copies a layer whole; the last attempt's copy is returned even when the writer never rests (its values are then of two ticks at most). */
export function copyLayer(run: KnownRun, layer: number): LayerCopy {
  const table = run.tables[layer]!
  const copy = {
    rows: table.shape.rows,
    seeds: new Float32Array(table.seeds.length),
    layer: new Float32Array(table.layer.length),
    meta: new Float64Array(table.meta.length).fill(Number.NaN),
    rowTimes: new Float64Array(table.rowTimes.length),
  }
  table.read((source) => {
    copy.seeds.set(source.seeds)
    copy.layer.set(source.layer)
    copy.meta.set(source.meta)
    copy.rowTimes.set(source.rowTimes)
  })
  return copy
}

/** Reads state bytes of all rows into `target`. */
function readStates(copy: LayerCopy, stateColumn: number, target: Uint8Array): void {
  for (let row = 0; row < copy.rows; row++)
    target[row] = stateColumn < 0 ? NEVER_STATE_ID : stateByte(copy.seeds[stateColumn * copy.rows + row]!)
}

export interface SummaryContext {
  readonly nowMs: number
  readonly lost: number
}

/** Seeds of a table that is reported row by row, and that were not heard of lately; undefined where reports are of whole layers. */
export function oldSeedsOf(rowTimes: Float64Array, nowMs: number): LayerSummary['old_seeds'] {
  if (rowTimes.length === 0) return undefined
  const old: number[] = []
  for (let row = 0; row < rowTimes.length; row++) if (nowMs - rowTimes[row]! > FRESHNESS_LIMITS.lateMs) old.push(row)
  const told = old.toSorted((a, b) => rowTimes[a]! - rowTimes[b]!).slice(0, OLD_SEEDS)
  return { seed_id: told, age_ms: told.map((row) => nowMs - rowTimes[row]!), of: old.length }
}

interface CachedCounts {
  readonly version: number
  readonly shapeVersion: number
  readonly states: Readonly<Record<SeedState, number>>
  readonly active: number
  readonly unknown: number
  readonly copy: Pick<LayerCopy, 'layer' | 'meta'>
}

export interface LayerReader {
  summary(run: KnownRun, layer: number, context: SummaryContext): LayerSummary
}

/** Creates a reader that counts the states of a layer again only when the layer changed. */
export function createLayerReader(): LayerReader {
  const cache = new WeakMap<KnownRun, (CachedCounts | undefined)[]>()

  // Used again for every layer: a million fresh numbers twice a second would be felt.
  const tally = new Uint32Array(256)
  let column = new Float32Array(0)

  const count = (run: KnownRun, layer: number, version: number): CachedCounts => {
    const table = run.tables[layer]!
    const { rows } = table.shape
    const stateColumn = columnIndex(run.descriptor.seed_columns, 'state')
    // Only the state column: twice a second all columns of every layer would be megabytes of copying on the main thread.
    if (column.length < rows) column = new Float32Array(rows)
    const values = column.subarray(0, rows)
    if (stateColumn < 0) values.fill(Number.NaN)
    const copy = {
      layer: new Float32Array(table.layer.length),
      meta: new Float64Array(table.meta.length).fill(Number.NaN),
    }
    table.read((source) => {
      if (stateColumn >= 0) values.set(source.seeds.subarray(stateColumn * rows, (stateColumn + 1) * rows))
      copy.layer.set(source.layer)
      copy.meta.set(source.meta)
    })
    tally.fill(0)
    for (let row = 0; row < rows; row++) {
      const value = values[row]!
      const id = value | 0
      // Nearly every value is a small whole number; the rest is named by the one rule there is.
      tally[id === value && id >= 0 && id < SEED_STATES.length ? id : stateByte(value)]!++
    }
    const states = Object.fromEntries(SEED_STATES.map((name, id) => [name, tally[id]!])) as Record<SeedState, number>
    const active = tally.subarray(1, 7).reduce((sum, seeds) => sum + seeds, 0)
    const named = SEED_STATES.reduce((sum, _, id) => sum + tally[id]!, 0)
    const unknown = rows - named - tally[NEVER_STATE_ID]!
    return { version, shapeVersion: run.shapeVersion, states, active, unknown, copy }
  }

  return {
    summary(run, layer, { nowMs, lost }) {
      const version = run.tables[layer]!.version()
      const counts = cache.get(run) ?? []
      cache.set(run, counts)
      let known = counts[layer]
      if (known === undefined || known.version !== version || known.shapeVersion !== run.shapeVersion) {
        known = count(run, layer, version)
        counts[layer] = known
      }
      const { meta } = known.copy
      const ageMs = ageOf(meta[TABLE_META.ingestMs], nowMs)
      const intervalMs = finite(meta[TABLE_META.intervalMs])
      const old = oldSeedsOf(run.tables[layer]!.rowTimes, nowMs)
      return {
        layer_id: run.descriptor.layers[layer]!.layer_id,
        run_id: run.descriptor.run_id,
        origin: run.descriptor.origin,
        total_seeds: run.descriptor.layers[layer]!.seeds,
        active_seeds: known.active,
        states: known.states,
        unknown_states: known.unknown,
        age_ms: ageMs,
        interval_ms: intervalMs,
        freshness: evaluateFreshness({ ageMs, intervalMs, declaredGone: run.gone }),
        step: whole(meta[TABLE_META.step]),
        tick: whole(meta[TABLE_META.tick]),
        summary: Object.fromEntries(
          run.descriptor.layer_columns.map((column, at) => [column.name, finite(known.copy.layer[at])]),
        ),
        producer_skew_ms: finite(meta[TABLE_META.skewMs]),
        lost,
        ...(old === undefined ? {} : { old_seeds: old }),
      }
    },
  }
}

const nameOf = (byte: number): string => SEED_STATES[byte] ?? 'UNKNOWN'

/** Every seed of a layer, of one copy: a reader per column. */
export interface SeedColumnReaders {
  readonly rows: number
  readonly state: (row: number) => string
  readonly metrics: readonly (readonly [name: string, valueOf: (row: number) => number | null])[]
  readonly ageMs: (row: number) => number | null
}

/** Copies a layer once. A seed that was never observed is UNKNOWN with age null. */
export function readSeedColumns(run: KnownRun, layer: number, nowMs: number): SeedColumnReaders {
  const copy = copyLayer(run, layer)
  const bytes = new Uint8Array(copy.rows)
  readStates(copy, columnIndex(run.descriptor.seed_columns, 'state'), bytes)
  const layerAge = ageOf(copy.meta[TABLE_META.ingestMs], nowMs)
  return {
    rows: copy.rows,
    state: (row) => nameOf(bytes[row]!),
    metrics: run.descriptor.seed_columns
      .map(({ name }, at) => [name, (row: number) => finite(copy.seeds[at * copy.rows + row])] as const)
      .filter(([name]) => name !== 'state'),
    ageMs(row) {
      if (copy.rowTimes.length > 0) return ageOf(copy.rowTimes[row], nowMs)
      return bytes[row] === NEVER_STATE_ID ? null : layerAge
    },
  }
}

/** One seed: its values, state and age. */
export function seedOf(run: KnownRun, layer: number, seed: number, nowMs: number) {
  const copy = copyLayer(run, layer)
  const at = (column: number) => finite(copy.seeds[column * copy.rows + seed])
  const stateColumn = columnIndex(run.descriptor.seed_columns, 'state')
  const byte = stateColumn < 0 ? NEVER_STATE_ID : stateByte(copy.seeds[stateColumn * copy.rows + seed]!)
  const ingestMs = copy.rowTimes.length > 0 ? finite(copy.rowTimes[seed]) : finite(copy.meta[TABLE_META.ingestMs])
  const values = Object.fromEntries(run.descriptor.seed_columns.map((column, index) => [column.name, at(index)]))
  const observed = Object.values(values).some((value) => value !== null)
  const ageMs = observed ? ageOf(ingestMs ?? undefined, nowMs) : null
  return {
    state: nameOf(byte),
    values,
    ageMs,
    ingestMs: observed ? ingestMs : null,
    freshness: evaluateFreshness({
      ageMs,
      intervalMs: finite(copy.meta[TABLE_META.intervalMs]),
      declaredGone: run.gone,
    }),
    step: whole(copy.meta[TABLE_META.step]),
    tick: whole(copy.meta[TABLE_META.tick]),
    intervalMs: finite(copy.meta[TABLE_META.intervalMs]),
    /** The newest entry of the layer; of a seed that was reported earlier, alone, it is not known. */
    entry: observed && ingestMs === finite(copy.meta[TABLE_META.ingestMs]) ? entryOf(copy.meta) : null,
    copy,
  }
}

/** The entry that the values of a table came from. */
function entryOf(meta: Float64Array): { readonly topic: number; readonly id: string } | null {
  const [ms, seq, topic] = [meta[TABLE_META.entryMs], meta[TABLE_META.entrySeq], meta[TABLE_META.entryTopic]]
  const known = Number.isFinite(ms) && Number.isFinite(seq) && Number.isFinite(topic)
  return known ? { topic: topic!, id: `${ms}-${seq}` } : null
}
