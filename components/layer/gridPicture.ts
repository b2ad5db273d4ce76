/*
 * Grid picture: an answer of the grid route, opened for drawing: rows of seeds by columns of time.
 * In: head and planes. Out: bytes of a cell, the seed it shows, the stretches in which nothing arrived, with their cause.
 * Invariant: what is drawn, said and hit is read here; a column without a picture is a gap unless the one before still held.
 * Source: docs/protocol.md "layers: rows, grid, baseline"; features A3, A13.
 */
import type { LayerGridHead } from '../../lib/contracts/httpLayer.ts'
import type { CoverageGap } from '../../lib/contracts/liveRecords.ts'
import type { MetricColumn } from '../../lib/contracts/metrics.ts'
import { NO_DIFFERENCE } from '../../lib/frames/deltaCells.ts'
import { NEVER_STATE_ID } from '../../lib/frames/layerMirror.ts'
import { UNMEASURED_CELL } from '../../lib/frames/quantize.ts'
import type { Headed } from '../records/useBytes.ts'

export interface GridGap {
  /** Columns from, and the one after the last. */
  readonly from: number
  readonly to: number
  readonly cause: CoverageGap['cause'] | 'not_kept' | 'nothing'
  readonly lost: number | null
}

export interface GridPicture {
  readonly head: LayerGridHead
  readonly state: Uint8Array
  readonly low: Uint8Array
  readonly high: Uint8Array
  readonly last: Uint8Array
  readonly gaps: readonly GridGap[]
  /** The byte that is drawn: the alarming end, or the difference that is farthest from none. */
  shown(row: number, column: number): number
  /** Place of a row's first seed among those of the order, and how many seeds it has. */
  seedsOf(row: number): { readonly first: number; readonly count: number }
  /** Place, inside its row, of the seed that is drawn. */
  placeOf(row: number, column: number): number
}

const opened = new WeakMap<Headed<LayerGridHead>, GridPicture>()

/** Opens an answer; the same one gives the same picture, so that it is drawn into an image once. */
export function openGrid(answer: Headed<LayerGridHead>, metric: Pick<MetricColumn, 'worst'>): GridPicture {
  const known = opened.get(answer) ?? makePicture(answer, metric)
  opened.set(answer, known)
  return known
}

function makePicture({ head, body }: Headed<LayerGridHead>, metric: Pick<MetricColumn, 'worst'>): GridPicture {
  const { rows, columns } = head
  const cells = rows * columns
  const plane = (at: number): Uint8Array => new Uint8Array(body, cells * (2 + at), cells)
  const place = new Uint16Array(body, 0, cells)
  const [state, low, high, last] = [plane(0), plane(1), plane(2), plane(3)]
  const isDelta = head.base !== null
  return {
    head,
    state,
    low,
    high,
    last,
    gaps: findGaps(head, state, low),
    shown(row, column) {
      const at = row * columns + column
      const [a = UNMEASURED_CELL, b = UNMEASURED_CELL] = [low[at], high[at]]
      if (a === UNMEASURED_CELL) return b
      if (isDelta) return NO_DIFFERENCE - a >= b - NO_DIFFERENCE ? a : b
      return metric.worst === 'low' ? a : b
    },
    seedsOf(row) {
      if (row < head.pinned) return { first: row, count: 1 }
      const from = (row - head.pinned) * head.bin_size
      return { first: head.first + from, count: Math.min(head.bin_size, head.count - from) }
    },
    placeOf: (row, column) => place[row * columns + column] ?? 0,
  }
}

/** Finds the stretches that no picture covers, and gives each the cause that overlaps it most. */
export function findGaps(head: LayerGridHead, state: Uint8Array, low: Uint8Array): readonly GridGap[] {
  const { columns, rows, ticks, from_ms: fromMs, bucket_ms: bucketMs } = head
  // A picture that is carried on has no tick of its own and still has values.
  const isEmpty = (column: number): boolean => {
    if ((ticks[column] ?? 0) > 0) return false
    for (let row = 0; row < rows; row++) {
      const at = row * columns + column
      if (low[at] !== UNMEASURED_CELL || state[at] !== NEVER_STATE_ID) return false
    }
    return true
  }
  const gaps: GridGap[] = []
  for (let column = 0; column < columns; column++) {
    if (!isEmpty(column)) continue
    const from = column
    while (column + 1 < columns && isEmpty(column + 1)) column++
    const to = column + 1
    const [beginMs, endMs] = [fromMs + from * bucketMs, fromMs + to * bucketMs]
    const cause = head.gaps
      .map((gap) => ({ gap, overlap: Math.min(gap.to_ms, endMs) - Math.max(gap.from_ms, beginMs) }))
      .filter(({ overlap }) => overlap > 0)
      .toSorted((a, b) => b.overlap - a.overlap)[0]?.gap
    const before = head.past.from_ms === null || endMs <= head.past.from_ms + bucketMs
    gaps.push({
      from,
      to,
      cause: cause?.cause ?? (before ? 'not_kept' : 'nothing'),
      lost: cause?.lost ?? null,
    })
  }
  return gaps
}

const CAUSES: Readonly<Record<GridGap['cause'], string>> = {
  bus_down: 'the bus was down',
  producer_silent: 'the producer was silent',
  lost: 'reports were lost',
  server_restart: 'the server restarted',
  not_recorded: 'nothing was recorded',
  damaged: 'the record is damaged',
  not_kept: 'before the history that is kept',
  nothing: 'nothing arrived',
}

/** Says why nothing is drawn. */
export function gapWords({ cause, lost }: Pick<GridGap, 'cause' | 'lost'>): string {
  return `${CAUSES[cause]}${lost === null || lost === 0 ? '' : `, ${lost} lost`}`
}
