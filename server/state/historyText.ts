/*
 * historyText: the history of a layer's seeds as JSON text, read and written in pieces with the event loop free between them.
 * In: what is asked for, the head of the answer. Out: pieces that together are the JSON of LayerHistory.
 * Invariant: a piece never holds more than a few thousand values, however many seeds and points are asked for.
 * Source: docs/protocol.md "HTTP".
 */
import type { Clock } from '../../lib/primitives/clock.ts'
import { seriesSteps, type SeriesRequest } from './historyReader.ts'
import { inTurns } from './inTurns.ts'

/** Values turned into text in one turn: about a millisecond. */
const PIECE = 4_096

/** Ends with the last piece. */
export async function* historyText(
  head: Readonly<Record<string, unknown>>,
  request: SeriesRequest,
  clock: Clock,
): AsyncGenerator<string, void, undefined> {
  const { at_ms: atMs, of, values } = await inTurns(seriesSteps(request), clock)
  yield* seriesText(
    { ...head, at_ms: atMs, of },
    { seed: request.seed, rows: values.length, rowAt: (row) => values[row]! },
    clock,
  )
}

/** A series as it came from the record: [row][point], NaN where unmeasured. */
export interface FlatSeries {
  readonly atMs: readonly number[]
  readonly values: Float32Array
  readonly rows: number
  readonly of: number
}

/** The same text of a series from the record. */
export function recordedText(
  head: Readonly<Record<string, unknown>>,
  { atMs, values, rows, of }: FlatSeries,
  seed: number | undefined,
  clock: Clock,
): AsyncGenerator<string, void, undefined> {
  const points = atMs.length
  const rowAt = (row: number): (number | null)[] =>
    Array.from(values.subarray(row * points, (row + 1) * points), (value) => (Number.isFinite(value) ? value : null))
  return seriesText({ ...head, at_ms: atMs, of }, { seed, rows, rowAt }, clock)
}

interface SeriesRows {
  readonly seed: number | undefined
  readonly rows: number
  readonly rowAt: (row: number) => readonly (number | null)[]
}

async function* seriesText(
  head: Readonly<Record<string, unknown>> & { readonly at_ms: readonly number[] },
  { seed, rows, rowAt }: SeriesRows,
  clock: Clock,
): AsyncGenerator<string, void, undefined> {
  const ids = Array.from({ length: rows }, (_, row) => seed ?? row)
  yield `${JSON.stringify({ ...head, seed_id: ids }).slice(0, -1)},"values":[`
  const perPiece = Math.max(1, Math.floor(PIECE / Math.max(1, head.at_ms.length)))
  for (let from = 0; from < rows; from += perPiece) {
    const piece = Array.from({ length: Math.min(perPiece, rows - from) }, (_, at) => rowAt(from + at))
    yield (from === 0 ? '' : ',') + JSON.stringify(piece).slice(1, -1)
    await new Promise<void>((resolve) => void clock.after(0, resolve))
  }
  yield ']}'
}
