/*
 * newestEvents: the newest lines of the ticker, read from the end: a run keeps thousands of events and a page shows some.
 * In: records oldest first, a filter, where the list is held. Out: the lines to show, newest first, and how many wait.
 * Invariant: the same lines as sorting and filtering everything would give; a record is put into words only when it may be shown.
 * Source: docs/ux.md "principles" 5; docs/performance.md "live page".
 */
import type { LiveRecord } from '../../lib/contracts/liveRecords.ts'
import { eventText, isUnder, type CommandRecord, type EventFilter } from './eventText.ts'

export interface EventChoice {
  readonly filter: EventFilter
  /** Commands that are part of a transition's line. */
  readonly merged: ReadonlyMap<string, CommandRecord>
  /** Offset of the newest line while the list holds still; null when it does not. */
  readonly heldAt: number | null
  readonly most: number
}

/** Reads both lists from their ends. Offsets grow in each of them and are of one sequence. */
export function newestEvents(
  events: readonly LiveRecord[],
  incidents: readonly LiveRecord[],
  { filter, merged, heldAt, most }: EventChoice,
): { readonly rows: readonly LiveRecord[]; readonly waiting: number } {
  const rows: LiveRecord[] = []
  let waiting = 0
  let [event, incident] = [events.length - 1, incidents.length - 1]
  while (rows.length < most && (event >= 0 || incident >= 0)) {
    const ofRun = events[event]
    const ofBus = incidents[incident]
    const record = !ofBus || (ofRun && ofRun.offset > ofBus.offset) ? ofRun! : ofBus
    if (record === ofRun) event--
    else incident--
    if (record.kind === 'command' && filter !== 'commands' && merged.has(record.command_id)) continue
    if (!isUnder(filter, eventText(record))) continue
    if (heldAt !== null && record.offset > heldAt) waiting++
    else rows.push(record)
  }
  return { rows, waiting }
}

export interface Trickle {
  readonly rows: readonly LiveRecord[]
  /** The newest row that is let in now: what the next step goes on from. */
  readonly offset: number | null
}

/**
 * Of rows, newest first, lets in those up to `shown` and at most `perStep` newer ones; a burst of more than `burst` comes in at once,
 * and so does everything when nothing was shown before.
 */
export function trickle(rows: readonly LiveRecord[], shown: number | null, perStep: number, burst: number): Trickle {
  const newest = rows[0]?.offset ?? null
  if (shown === null) return { rows, offset: newest }
  const known = rows.findIndex((row) => row.offset <= shown)
  const fresh = known < 0 ? rows.length : known
  if (fresh <= perStep || fresh > burst) return { rows, offset: newest }
  const from = fresh - perStep
  return { rows: rows.slice(from), offset: rows[from]!.offset }
}
