/*
 * AlertStatus: the line under the list: what was just done, the ten seconds in which it can be taken back, what is selected.
 * In: the acts, counts. Out: a line of fixed height; words for screen readers.
 * Invariant: its place does not change with what it says; announcements are of this operator's own acts only.
 * Source: docs/ux.md "pages: alerts", "accessibility".
 */
'use client'
import { useCallback } from 'react'
import type { AlertCounts } from '../../lib/contracts/httpAlerts.ts'
import { formatCount } from '../../lib/live/formatValue.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { Ticking } from '../live/Ticking.tsx'
import type { ActPicture } from './actStore.ts'

interface Props {
  readonly doing: ActPicture
  readonly counts: AlertCounts | null
  readonly selected: number
  readonly onUndo: () => void
  readonly onAckSelected: () => void
  readonly onDropSelection: () => void
}

/** What a screen reader hears after an act. */
export function announcement(said: string, counts: AlertCounts | null): string {
  if (said === '') return ''
  return counts === null ? said : `${said}. ${counts.unacked} of ${counts.open} open not acknowledged.`
}

export function AlertStatus({ doing, counts, selected, onUndo, onAckSelected, onDropSelection }: Props) {
  const { undo, said, sending, groups } = doing
  const untilMs = undo?.untilMs ?? 0
  const left = useCallback(
    () => `${Math.max(0, Math.ceil((untilMs - systemClock.monotonicMs()) / 1_000))} s`,
    [untilMs],
  )
  const onWay = sending.size + groups.size
  return (
    <div className="alert-status">
      <span className={said.isProblem ? 'grow tone-warn' : 'grow t2'}>
        {onWay > 0 ? `${formatCount(onWay)} on the way` : said.text}
      </span>
      {selected > 0 && (
        <>
          <button type="button" onClick={onAckSelected}>
            Ack {formatCount(selected)} selected <kbd>a</kbd>
          </button>
          <button type="button" className="quiet" onClick={onDropSelection}>
            Select none
          </button>
        </>
      )}
      {undo !== null && (
        <button type="button" className="alert-undo" onClick={onUndo}>
          Undo <kbd>z</kbd> <Ticking read={left} className="num" />
        </button>
      )}
      <output className="visually-hidden" aria-live="polite">
        {announcement(said.text, counts)}
      </output>
    </div>
  )
}
