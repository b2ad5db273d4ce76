/*
 * useAlertBoard: the rows of the list as they stand: held still while somebody points at them or stands in them.
 * In: what the server answered, what acts told, which groups are unfolded. Out: rows, how many wait, hold and release.
 * Invariant: while held no row changes its place; a tab or filter changed by the operator begins anew.
 * Source: docs/ux.md "principles" 5.
 */
'use client'
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import type { AlertItem } from '../../lib/contracts/alerts.ts'
import type { ActPicture } from './actStore.ts'
import { holdRows, rowsOf, type AlertTab, type ListRow } from './alertOrder.ts'
import type { AlertAnswer } from './useAlertList.ts'

export interface AlertBoard {
  /** Null before the first answer. */
  readonly rows: readonly ListRow[] | null
  readonly waiting: number
  readonly hold: () => void
  readonly release: () => void
  /** Lets go in a moment: a finger that was lifted has left before its tap is dispatched, and the tap must meet the same row. */
  readonly releaseSoon: () => void
  readonly unfold: (group: string) => void
}

/** A tap follows its finger within this; a second one on the next row does too. */
const TAP_MS = 1_500

const NO_KEYS: ReadonlySet<string> = new Set()

export function useAlertBoard(
  what: string,
  tab: AlertTab,
  answer: Pick<AlertAnswer, 'alerts' | 'groups'>,
  acts: ActPicture,
): AlertBoard {
  const { alerts, groups } = answer
  const [unfolded, setUnfolded] = useState(NO_KEYS)
  const [held, setHeld] = useState<{ readonly what: string; readonly rows: readonly ListRow[] } | null>(null)
  const { newest } = acts
  const fresh = useMemo(() => {
    if (alerts === null) return null
    const shown = alerts.map((alert): AlertItem => {
      const known = newest.get(alert.id)
      return known !== undefined && known.version >= alert.version ? known : alert
    })
    return rowsOf(tab, shown, groups, unfolded)
  }, [alerts, groups, newest, tab, unfolded])
  const holding = `${what} ${[...unfolded].join(' ')}`
  // Another tab, another filter, a group unfolded: that was asked for, so the rows begin anew and stand still again.
  if (held !== null && held.what !== holding && fresh !== null) setHeld({ what: holding, rows: fresh })
  const { rows, waiting } = useMemo(
    () =>
      fresh === null
        ? { rows: null, waiting: 0 }
        : holdRows(held?.what === holding ? held.rows : null, fresh, (id) => newest.get(id)),
    [fresh, held, holding, newest],
  )
  const latest = useRef({ rows, holding })
  useEffect(() => {
    latest.current = { rows, holding }
  })
  const soon = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  const hold = useCallback((): void => {
    clearTimeout(soon.current)
    const { rows: now, holding: key } = latest.current
    if (now !== null) setHeld((before) => before ?? { what: key, rows: now })
  }, [])
  const release = useCallback((): void => {
    clearTimeout(soon.current)
    setHeld(null)
  }, [])
  const releaseSoon = useCallback((): void => {
    clearTimeout(soon.current)
    soon.current = setTimeout(() => setHeld(null), TAP_MS)
  }, [])
  useEffect(() => () => clearTimeout(soon.current), [])
  const unfold = useCallback((group: string): void => setUnfolded((before) => new Set([...before, group])), [])
  return { rows, waiting, hold, release, releaseSoon, unfold }
}
