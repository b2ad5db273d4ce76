/*
 * SwipeRow: a row that is acknowledged by swiping it to the right, on a touch screen.
 * In: whether there is something to do, what. Out: one call when the swipe went far enough.
 * Invariant: a scroll is no swipe: the way must be sideways from the start; letting go early puts the row back and does nothing.
 * Source: docs/ux.md "pages: alerts".
 */
'use client'
import { useRef, useState, type PointerEvent, type ReactNode } from 'react'
import { swipeState, type Swipe } from './swipe.ts'

const REST: Swipe = Object.freeze({ px: 0, kind: 'none' })

export function SwipeRow({
  enabled,
  label,
  onSwiped,
  children,
}: {
  readonly enabled: boolean
  readonly label: string
  readonly onSwiped: () => void
  readonly children: ReactNode
}) {
  const start = useRef<{ readonly x: number; readonly y: number; readonly id: number } | null>(null)
  const [swipe, setSwipe] = useState<Swipe>(REST)
  // A finger lifts before the page has drawn its last way: what it did is decided by this, not by what was drawn.
  const way = useRef<Swipe>(REST)
  const go = (next: Swipe): void => {
    way.current = next
    setSwipe(next)
  }
  const onDown = (event: PointerEvent<HTMLDivElement>): void => {
    if (!enabled || event.pointerType !== 'touch' || !event.isPrimary) return
    start.current = { x: event.clientX, y: event.clientY, id: event.pointerId }
  }
  const onMove = (event: PointerEvent<HTMLDivElement>): void => {
    const from = start.current
    if (from === null || event.pointerId !== from.id) return
    const next = swipeState(way.current, event.clientX - from.x, event.clientY - from.y)
    if (next.kind === 'scroll') start.current = null
    else if (next.kind !== 'none') event.currentTarget.setPointerCapture(event.pointerId)
    go(next)
  }
  const onEnd = (done: boolean): void => {
    const { kind } = way.current
    if (start.current === null && kind === 'none') return
    start.current = null
    go(REST)
    if (done && kind === 'far') onSwiped()
  }
  return (
    <div
      className={`swipe${swipe.kind === 'far' ? ' is-far' : ''}`}
      onPointerDown={onDown}
      onPointerMove={onMove}
      onPointerUp={() => onEnd(true)}
      onPointerCancel={() => onEnd(false)}
    >
      {swipe.px > 0 && (
        <span className="swipe-under" aria-hidden="true">
          {swipe.kind === 'far' ? label : 'further to acknowledge'}
        </span>
      )}
      <div className="swipe-front" style={swipe.px > 0 ? { transform: `translateX(${swipe.px}px)` } : undefined}>
        {children}
      </div>
    </div>
  )
}
