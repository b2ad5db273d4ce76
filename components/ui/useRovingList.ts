/*
 * Roving list: one Tab stop for a whole list; arrows, j and k, Home and End move inside it.
 * In: how many entries there are. Out: which entry takes the focus, and the handlers that move it.
 * Invariant: exactly one entry is in the Tab order, also when entries come and go.
 * Source: docs/ux.md "accessibility"; features H1.
 */
import { useState, type FocusEvent, type KeyboardEvent } from 'react'

const STEPS: Readonly<Record<string, number>> = {
  ArrowDown: 1,
  j: 1,
  ArrowUp: -1,
  k: -1,
  PageDown: 10,
  PageUp: -10,
  Home: Number.NEGATIVE_INFINITY,
  End: Number.POSITIVE_INFINITY,
}

/** Computes where a key leads; null when the key does not move. */
export function rovingTarget(key: string, from: number, count: number): number | null {
  const step = STEPS[key]
  return step === undefined || count === 0 ? null : Math.min(count - 1, Math.max(0, from + step))
}

export interface RovingList {
  readonly active: number
  tabIndex(index: number): 0 | -1
  /** Handlers of the list's container; its entries carry data-roving. */
  readonly list: {
    onKeyDown(event: KeyboardEvent<HTMLElement>): void
    onFocus(event: FocusEvent<HTMLElement>): void
  }
  /** Back to the first entry: the next Tab enters at the top. */
  reset(): void
}

/** Keeps the place of the focus in a list of `count` entries. */
export function useRovingList(count: number): RovingList {
  const [place, setPlace] = useState(0)
  const active = Math.min(place, Math.max(0, count - 1))
  const entries = (list: HTMLElement): HTMLElement[] => [...list.querySelectorAll<HTMLElement>('[data-roving]')]
  return {
    active,
    tabIndex: (index) => (index === active ? 0 : -1),
    list: {
      onKeyDown(event) {
        if (event.ctrlKey || event.altKey || event.metaKey) return
        const next = rovingTarget(event.key, active, count)
        if (next === null) return
        event.preventDefault()
        setPlace(next)
        entries(event.currentTarget)[next]?.focus()
      },
      onFocus(event) {
        const index = entries(event.currentTarget).findIndex((entry) => entry === event.target)
        if (index >= 0) setPlace(index)
      },
    },
    reset: () => setPlace(0),
  }
}
