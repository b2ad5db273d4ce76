/*
 * Hold still: a list stands while somebody points at it or has the focus in it, and goes on when neither is left.
 * In: what holds and what releases. Out: handlers for the element.
 * Invariant: the pointer that leaves releases nothing while the keyboard is inside, and the other way round.
 * Source: docs/ux.md "principles" 5.
 */
import { useState, type FocusEvent } from 'react'

type Way = 'pointer' | 'focus'

export interface Inside {
  enter(way: Way): void
  /** True when nobody is inside any more. */
  leave(way: Way): boolean
}

/** Knows who is inside; nobody at first. */
export function createInside(): Inside {
  const ways = new Set<Way>()
  return {
    enter: (way) => void ways.add(way),
    leave(way) {
      ways.delete(way)
      return ways.size === 0
    },
  }
}

export interface HoldHandlers {
  readonly onPointerEnter: () => void
  readonly onPointerLeave: () => void
  readonly onFocus: () => void
  readonly onBlur: (event: FocusEvent<HTMLElement>) => void
}

/** Handlers that call `hold` with each coming and `release` when the last one has gone. */
export function useHoldStill(hold: () => void, release: () => void): HoldHandlers {
  const [inside] = useState(createInside)
  const enter = (way: Way): void => {
    inside.enter(way)
    hold()
  }
  const leave = (way: Way): void => {
    if (inside.leave(way)) release()
  }
  return {
    onPointerEnter: () => enter('pointer'),
    onPointerLeave: () => leave('pointer'),
    onFocus: () => enter('focus'),
    onBlur(event) {
      // From one entry to the next: it is still inside.
      if (!event.currentTarget.contains(event.relatedTarget)) leave('focus')
    },
  }
}
