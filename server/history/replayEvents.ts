/*
 * replayEvents: the records of a window, in the order of time, page by page, none left out.
 * In: the history of a run, and behind it that of the server, a window, a filter, a cursor. Out: the answer of GET /api/replay/events.
 * Invariant: pages joined are every record of the window once; of one layer the order is that of its stream; counts are of the whole
 * window, so that a reader can hold what it got against what was recorded.
 * Source: docs/history.md "events".
 */
import { AppError } from '../../lib/contracts/appError.ts'
import { RECORD_KINDS, type ReplayEvents, type ReplayEventsQuery } from '../../lib/contracts/httpReplay.ts'
import type { LiveRecord } from '../../lib/contracts/liveRecords.ts'
import { spanOf } from './historyLibrary.ts'
import type { FileBlock, RunHistory } from './runHistory.ts'

interface Ordered {
  readonly record: LiveRecord
  /** Its place among all: time, then file, block and place in it. */
  readonly order: string
}

const fileNumber = (file: string): string => /(\d{6})\.mhs$/.exec(file)?.[1] ?? '000000'
const orderOf = (own: '0' | '1', block: FileBlock, index: number): string =>
  `${own}${fileNumber(block.file)}${String(block.at).padStart(11, '0')}${String(index).padStart(7, '0')}`
const before = (a: Ordered, b: Ordered): number =>
  a.record.at_ms - b.record.at_ms || (a.order < b.order ? -1 : a.order > b.order ? 1 : 0)

interface Source {
  readonly history: RunHistory
  readonly own: '0' | '1'
  readonly block: FileBlock
}

/** Blocks that reach into the window, those that begin first first. */
function sourcesOf(histories: readonly RunHistory[], fromMs: number, toMs: number): Source[] {
  return histories
    .flatMap((history, at) => history.events().map((block): Source => ({ history, own: at === 0 ? '0' : '1', block })))
    .filter(({ block }) => block.toMs >= fromMs && block.fromMs <= toMs)
    .toSorted((a, b) => a.block.fromMs - b.block.fromMs)
}

/** Every record of a window in order, a block unpacked when its time has come. */
export function* recordsIn(
  histories: readonly RunHistory[],
  fromMs: number,
  toMs: number,
  after: { readonly ms: number; readonly order: string } | null = null,
): Generator<Ordered, void, void> {
  const startMs = Math.max(fromMs, after?.ms ?? fromMs)
  const sources = sourcesOf(histories, startMs, toMs)
  let open: Ordered[] = []
  for (let next = 0; next <= sources.length; next++) {
    // What lies before the next block's first record can not be overtaken any more.
    const untilMs = sources[next]?.block.fromMs ?? Number.POSITIVE_INFINITY
    const ready = open.filter(({ record }) => record.at_ms < untilMs).toSorted(before)
    if (ready.length > 0) open = open.filter(({ record }) => record.at_ms >= untilMs)
    yield* ready
    const source = sources[next]
    if (source === undefined) break
    const { history, own, block } = source
    history.readEvents(block).forEach((record, index) => {
      if (record.at_ms < startMs || record.at_ms > toMs) return
      const order = orderOf(own, block, index)
      if (after !== null && record.at_ms === after.ms && order <= after.order) return
      // A run that was opened from a bundle goes by another name here.
      const named = record.run_id === null ? record : { ...record, run_id: history.run.run_id }
      open.push({ record: named, order })
    })
  }
}

/** How many records of each kind lie in a window; only blocks at its ends are unpacked. */
export function countRecords(histories: readonly RunHistory[], fromMs: number, toMs: number): Record<string, number> {
  const counts: Record<string, number> = {}
  const add = (kind: string, count: number): void => {
    if (count > 0) counts[kind] = (counts[kind] ?? 0) + count
  }
  for (const { history, block } of sourcesOf(histories, fromMs, toMs)) {
    if (block.fromMs >= fromMs && block.toMs <= toMs)
      RECORD_KINDS.forEach((kind, at) => add(kind, block.counts[at] ?? 0))
    else
      for (const record of history.readEvents(block))
        if (record.at_ms >= fromMs && record.at_ms <= toMs) add(record.kind, 1)
  }
  return counts
}

function readCursor(text: string | undefined): { readonly ms: number; readonly order: string } | null {
  if (text === undefined) return null
  const match = /^(\d{1,15}(?:\.\d{1,12})?)_([01]\d{24})$/.exec(text)
  if (match === null)
    throw new AppError('CONTRACT_INVALID', 'a cursor is what `next` of an answer said', { path: 'cursor' })
  return { ms: Number(match[1]), order: match[2]! }
}

/** Makes the answer of GET /api/replay/events. @throws CONTRACT_INVALID */
export function eventsOf(histories: readonly RunHistory[], query: ReplayEventsQuery): ReplayEvents {
  const history = histories[0]!
  const span = spanOf(history)
  const fromMs = query.from?.ms ?? span?.fromMs ?? 0
  const toMs = query.to?.ms ?? span?.toMs ?? fromMs
  if (toMs < fromMs) throw new AppError('CONTRACT_INVALID', 'to lies before from', { path: 'to' })
  const kinds = query.kinds === undefined ? null : new Set<string>(query.kinds)
  const isWanted = (record: LiveRecord): boolean => {
    if (kinds !== null && !kinds.has(record.kind)) return false
    const named = record as { readonly layer_id?: string | null; readonly seed_id?: number | null }
    if (query.layer !== undefined && named.layer_id !== query.layer) return false
    return query.seed === undefined || named.seed_id === query.seed
  }
  const records: LiveRecord[] = []
  let next: string | null = null
  let last: Ordered | null = null
  for (const one of recordsIn(histories, fromMs, toMs, readCursor(query.cursor))) {
    if (!isWanted(one.record)) continue
    if (records.length === query.limit) {
      next = `${last!.record.at_ms}_${last!.order}`
      break
    }
    records.push(one.record)
    last = one
  }
  const counts = countRecords(histories, fromMs, toMs)
  return {
    run_id: history.run.run_id,
    from_ms: fromMs,
    to_ms: toMs,
    records,
    counts,
    total: Object.values(counts).reduce((sum, count) => sum + count, 0),
    next,
  }
}
