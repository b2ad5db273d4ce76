/*
 * useRowPick: picking rows of a layer's grid: a stretch dragged with Shift held, or drawn by key from where the cursor stands.
 * In: presses, moves and keys that the grid passes on. Out: the stretch being drawn; rows to pick; what to say.
 * Invariant: as on the map: a stretch adds, with Alt it takes away; nothing is picked before it ends; one Escape undoes one thing.
 * Source: docs/ux.md "bulk", "keyboard map".
 */
'use client'
import { useEffect, useRef, useState, type PointerEvent } from 'react'
import { PICK_EVENT } from '../heatmap/useMapPick.ts'
import { clearPicked, readPicked, type PickHow } from '../ops/selectionStore.ts'

export interface RowSpan {
  readonly from: number
  readonly to: number
}

export interface RowPick {
  readonly span: RowSpan | null
  readonly isByKey: boolean
  readonly said: string
  onPointerDown(event: PointerEvent, row: number | null): void
  onPointerMove(event: PointerEvent, row: number): void
  onPointerUp(event: PointerEvent): void
  onPointerCancel(): void
  /** Answers whether the key was used. */
  onKey(key: string, row: number): boolean
  onCursor(row: number): void
}

/** First and last of a stretch, in order. */
export const orderedSpan = ({ from, to }: RowSpan): RowSpan => ({ from: Math.min(from, to), to: Math.max(from, to) })

export function useRowPick(sources: {
  readonly onPick: (span: RowSpan, how: PickHow) => void
  /** Puts the focus on the grid; answers the row to begin at. */
  readonly focus: () => number
}): RowPick {
  const [span, setSpan] = useState<RowSpan | null>(null)
  const [isByKey, setByKey] = useState(false)
  const [said, say] = useState('')
  const dragged = useRef<{ readonly id: number; readonly how: PickHow } | null>(null)
  const leave = (): void => {
    dragged.current = null
    setSpan(null)
    setByKey(false)
  }
  const take = (one: RowSpan, how: PickHow): void => {
    sources.onPick(orderedSpan(one), how)
    leave()
    say('')
  }
  const toggleMode = (): void => {
    if (isByKey && span !== null) return take(span, 'add')
    const row = sources.focus()
    setByKey(true)
    setSpan({ from: row, to: row })
    say('Picking: up and down extend, Space toggles one row, Enter takes the rows, Escape leaves')
  }
  const latest = useRef(toggleMode)
  useEffect(() => {
    latest.current = toggleMode
  })
  useEffect(() => {
    const onPick = (): void => latest.current()
    addEventListener(PICK_EVENT, onPick)
    return () => removeEventListener(PICK_EVENT, onPick)
  }, [])
  return {
    span,
    isByKey,
    said,
    onPointerDown(event, row) {
      if (!event.shiftKey || event.button !== 0 || row === null) return
      // A text selection must not grow under the stretch.
      event.preventDefault()
      event.currentTarget.setPointerCapture(event.pointerId)
      dragged.current = { id: event.pointerId, how: event.altKey ? 'remove' : 'add' }
      setByKey(false)
      setSpan({ from: row, to: row })
    },
    onPointerMove(event, row) {
      if (dragged.current?.id === event.pointerId && span !== null && span.to !== row)
        setSpan({ from: span.from, to: row })
    },
    onPointerUp(event) {
      const drag = dragged.current
      if (drag?.id !== event.pointerId || span === null) return
      take(span, span.from === span.to && drag.how === 'add' ? 'toggle' : drag.how)
    },
    onPointerCancel: leave,
    onKey(key, row) {
      if (key === 'Escape' && span !== null) {
        leave()
        say('Nothing was added')
        return true
      }
      if (key === 'Escape' && readPicked().count > 0) {
        clearPicked()
        say('Nothing is picked any more')
        return true
      }
      if (!isByKey || span === null) return false
      if (key === ' ') {
        sources.onPick({ from: row, to: row }, 'toggle')
        return true
      }
      if (key !== 'Enter') return false
      take(span, 'add')
      return true
    },
    onCursor(row) {
      if (!isByKey || span === null) return
      setSpan({ from: span.from, to: row })
      say(`${Math.abs(row - span.from) + 1} rows`)
    },
  }
}
