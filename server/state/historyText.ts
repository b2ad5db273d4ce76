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
  const series = await inTurns(seriesSteps(request), clock)
  const { seed } = request
  const ids = series.values.map((_, row) => seed ?? row)
  const rest = { ...head, at_ms: series.at_ms, seed_id: ids, of: series.of }
  yield `${JSON.stringify(rest).slice(0, -1)},"values":[`
  const rows = Math.max(1, Math.floor(PIECE / Math.max(1, series.at_ms.length)))
  for (let from = 0; from < series.values.length; from += rows) {
    yield (from === 0 ? '' : ',') + JSON.stringify(series.values.slice(from, from + rows)).slice(1, -1)
    await new Promise<void>((resolve) => void clock.after(0, resolve))
  }
  yield ']}'
}
