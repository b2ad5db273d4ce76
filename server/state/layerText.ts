/*
 * layerText: one layer of the API as JSON text, made in pieces with the event loop free between them.
 * In: a layer's shared table, the head of the answer. Out: pieces that together are the JSON of LayerDetail.
 * Invariant: every number is of one copy, taken at once; a piece never has more than a few thousand values, whatever the layer has.
 * Source: docs/protocol.md "HTTP".
 */
import type { Clock } from '../../lib/primitives/clock.ts'
import { readSeedColumns } from './layerReader.ts'
import type { KnownRun } from './runBook.ts'

/** Values turned into text in one turn: about a millisecond. */
const PIECE = 4_096

/** Ends with the last piece; nothing is copied before the first one is asked for. */
export async function* layerText(
  head: Readonly<Record<string, unknown>>,
  { run, layer, clock }: { readonly run: KnownRun; readonly layer: number; readonly clock: Clock },
): AsyncGenerator<string, void, undefined> {
  const columns = readSeedColumns(run, layer, clock.wallMs())
  const breathe = () => new Promise<void>((resolve) => void clock.after(0, resolve))
  const { rows } = columns

  async function* list(valueOf: (row: number) => unknown): AsyncGenerator<string, void, undefined> {
    yield '['
    for (let from = 0; from < rows; from += PIECE) {
      const values = Array.from({ length: Math.min(PIECE, rows - from) }, (_, at) => valueOf(from + at))
      yield (from === 0 ? '' : ',') + JSON.stringify(values).slice(1, -1)
      await breathe()
    }
    yield ']'
  }

  yield `${JSON.stringify(head).slice(0, -1)},"seeds":{"seed_id":`
  yield* list((row) => row)
  yield ',"state":'
  yield* list(columns.state)
  yield ',"metrics":{'
  let first = true
  for (const [name, valueOf] of columns.metrics) {
    yield `${first ? '' : ','}${JSON.stringify(name)}:`
    first = false
    yield* list(valueOf)
  }
  yield '},"age_ms":'
  yield* list(columns.ageMs)
  yield '}}'
}
