/*
 * Event ticker: what happened, newest first, never sampled; it holds still under the pointer.
 * In: records of the run and incidents of the bus. Out: a list with filter; a pill for what waits.
 * Invariant: nothing moves under the cursor or the focus; new lines wait behind "n new"; a burst of lines comes in over several frames.
 *   One change is one line: the command that asked for a transition is part of the transition's detail, and has a line of its own
 *   only when it did not do its work.
 * Source: docs/ux.md "principles" 5.
 */
'use client'
import { memo, useEffect, useMemo, useRef, useState, type HTMLAttributes } from 'react'
import { causeOf } from '../../lib/contracts/causes.ts'
import type { LiveRecord } from '../../lib/contracts/liveRecords.ts'
import { formatUtc } from '../../lib/live/formatValue.ts'
import { StateGlyph } from '../heatmap/StateGlyph.tsx'
import { useLive } from '../live/LiveProvider.tsx'
import { pageTurns } from '../live/pageTurns.ts'
import { useLiveTopic } from '../live/useLiveTopic.ts'
import { Icon } from '../ui/Icon.tsx'
import { useHoldStill } from '../ui/useHoldStill.ts'
import { useRovingList } from '../ui/useRovingList.ts'
import { eventText, mergedCommands, type CommandRecord, type EventFilter } from './eventText.ts'
import { newestEvents, trickle } from './newestEvents.ts'

/** Rows that are in the page from the start; more come as the end of the list comes into sight. */
const FIRST_ROWS = 8
const MORE_ROWS = 4
const MOST_ROWS = 480
/** Added before the reader reaches the end, px: rows out of sight are laid out and painted with every new one. */
const AHEAD_PX = 60
/** New rows that one frame of the screen takes in. */
const ROWS_PER_FRAME = 2
/** More at once than this are no trickle: they replace the list. */
const BURST_ROWS = 12
const FILTERS: readonly { readonly id: EventFilter; readonly label: string }[] = [
  { id: 'main', label: 'Growth and trouble' },
  { id: 'all', label: 'Everything' },
  { id: 'transitions', label: 'Transitions' },
  { id: 'commands', label: 'Commands' },
  { id: 'trouble', label: 'Trouble' },
]

export function EventTicker() {
  const { session } = useLive()
  useLiveTopic(['records', 'view', 'pause'], 500)
  const [filter, setFilter] = useState<EventFilter>('main')
  const [heldAt, setHeldAt] = useState<number | null>(null)
  const list = useRef<HTMLElement>(null)
  const [most, setMost] = useState({ filter, rows: FIRST_ROWS })
  if (most.filter !== filter) setMost({ filter, rows: FIRST_ROWS })
  const { store } = session
  const limit = store.pause?.offset ?? Number.POSITIVE_INFINITY
  const events = store.events()
  const merged = useMemo(() => mergedCommands(events), [events])
  const incidents = store.log.incidents.filter(
    (incident) => incident.offset <= limit && (incident.run_id === null || incident.run_id !== store.view?.runId),
  )
  const newest = newestEvents(events, incidents, { filter, merged, heldAt, most: most.rows })
  const { waiting } = newest
  const rows = useTrickle(newest.rows, filter)
  const roving = useRovingList(rows.length)
  const release = (): void => setHeldAt(null)
  const still = useHoldStill(
    () => setHeldAt((old) => old ?? rows[0]?.offset ?? 0),
    () => {
      release()
      // Back at the top what was added for the reader is let go.
      if ((list.current?.scrollTop ?? 0) === 0) setMost({ filter, rows: FIRST_ROWS })
    },
  )

  const handlers: HTMLAttributes<HTMLOListElement> = {
    onKeyDown: (event) => roving.list.onKeyDown(event),
    onFocus: (event) => {
      still.onFocus()
      roving.list.onFocus(event)
    },
    onBlur: (event) => {
      still.onBlur(event)
      if (!event.currentTarget.contains(event.relatedTarget)) roving.reset()
    },
  }
  return (
    <section className="panel panel-events" aria-labelledby="events">
      <div className="panel-head">
        <h2 id="events" tabIndex={-1}>
          Events
        </h2>
        {waiting === 0 && <span className="sub wide">newest first</span>}
        <span className="grow" />
        {waiting > 0 && (
          <button
            type="button"
            className="pill"
            onClick={() => {
              release()
              list.current?.scrollTo({ top: 0 })
            }}
          >
            {waiting} new
          </button>
        )}
        <select
          aria-label="Filter events"
          value={filter}
          onChange={(event) => setFilter(event.target.value as EventFilter)}
        >
          {FILTERS.map(({ id, label }) => (
            <option key={id} value={id}>
              {label}
            </option>
          ))}
        </select>
      </div>
      {rows.length === 0 ? (
        <p className="nothing">
          {filter === 'main' || filter === 'all'
            ? 'Nothing has happened yet. Transitions, commands and trouble appear here.'
            : 'No event of this kind so far.'}
        </p>
      ) : (
        <section
          ref={list}
          className="events"
          aria-label="Events, newest first"
          onPointerEnter={still.onPointerEnter}
          onPointerLeave={still.onPointerLeave}
        >
          <ol {...handlers}>
            {rows.map((record, index) => (
              <EventRow
                key={record.offset}
                record={record}
                command={record.kind === 'transition' ? (merged.get(causeOf(record) ?? '') ?? null) : null}
                tabIndex={roving.tabIndex(index)}
              />
            ))}
          </ol>
          {newest.rows.length === most.rows && most.rows < MOST_ROWS && (
            <EndOfList
              key={most.rows}
              onSight={() => setMost((old) => ({ ...old, rows: Math.min(MOST_ROWS, old.rows + MORE_ROWS) }))}
            />
          )}
        </section>
      )}
    </section>
  )
}

/** Lets new rows in a few per frame: to mount, lay out and paint all of them in one would be felt. */
function useTrickle(rows: readonly LiveRecord[], filter: EventFilter): readonly LiveRecord[] {
  const [shown, setShown] = useState<Trickled>({ filter, offset: null })
  const step = trickle(rows, shown.filter === filter ? shown.offset : null, ROWS_PER_FRAME, BURST_ROWS)
  const { offset } = step
  const isSettled = shown.filter === filter && shown.offset === offset
  useEffect(
    () => (isSettled ? undefined : pageTurns.take(() => setShown({ filter, offset }))),
    [filter, offset, isSettled],
  )
  return step.rows
}

interface Trickled {
  readonly filter: EventFilter
  /** The newest row that was let in; null shows everything. */
  readonly offset: number | null
}

/** Says when the end of the list comes near the part that is in sight. */
function EndOfList({ onSight }: { readonly onSight: () => void }) {
  const end = useRef<HTMLDivElement>(null)
  const tell = useRef(onSight)
  useEffect(() => {
    tell.current = onSight
  })
  useEffect(() => {
    const element = end.current
    if (!element) return undefined
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && tell.current(), {
      root: element.parentElement,
      rootMargin: `${AHEAD_PX}px`,
    })
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  return <div ref={end} aria-hidden="true" className="list-end" />
}

/** Rows are many and change never: a new line renders itself only. */
const EventRow = memo(function EventRow({
  record,
  command,
  tabIndex,
}: {
  readonly record: LiveRecord
  readonly command: CommandRecord | null
  readonly tabIndex: 0 | -1
}) {
  const { page } = useLive()
  const [open, setOpen] = useState(false)
  const line = eventText(record, command)
  return (
    <li className={`tone-${line.tone}`}>
      <button
        type="button"
        data-roving
        tabIndex={tabIndex}
        title={line.detail}
        aria-expanded={line.seed ? undefined : open}
        onClick={() => (line.seed ? page.set({ selection: line.seed, inspector: true }) : setOpen(!open))}
      >
        <time dateTime={new Date(record.at_ms).toISOString()}>{formatUtc(record.at_ms)}</time>
        {line.glyph === null ? <Icon name={line.icon} size={14} /> : <StateGlyph state={line.glyph} size={14} />}
        <b>{line.subject}</b>
        <span className="words">{line.text}</span>
        <span className={open ? 'detail is-open' : 'detail'}>{line.detail}</span>
      </button>
    </li>
  )
})
