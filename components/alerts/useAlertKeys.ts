/*
 * useAlertKeys: binds the keys of the page of alerts while it is shown.
 * In: key events of the window, before the frame's own keys. Out: one call per key that is of this page.
 * Invariant: a key used here does nothing else; the second key of a pair, a field and a dialog keep theirs.
 * Source: docs/ux.md "keyboard map".
 */
'use client'
import { useEffect, useRef } from 'react'
import { systemClock } from '../../lib/primitives/clock.ts'
import { readBindings } from '../shell/keyBindings.ts'
import { actionOf } from '../shell/keymap.ts'
import { lettersOn } from '../shell/useKeyboard.ts'
import { alertKeyOf, type AlertKey } from './alertKeys.ts'

/** A pair's second key comes within this time. */
const PAIR_MS = 1_200

/** `act` answers whether it used the key. */
export function useAlertKeys(isShelving: boolean, act: (key: AlertKey) => boolean): void {
  const latest = useRef({ isShelving, act })
  useEffect(() => {
    latest.current = { isShelving, act }
  })
  useEffect(() => {
    let prefixUntilMs = Number.NEGATIVE_INFINITY
    const onKeyDown = (event: KeyboardEvent): void => {
      const target = event.target instanceof Element ? event.target : document.body
      const isHeld = event.ctrlKey || event.altKey || event.metaKey
      const inField = target.closest('input:not([type=checkbox]), textarea, select, [contenteditable=true]') !== null
      const afterPrefix = systemClock.monotonicMs() < prefixUntilMs
      prefixUntilMs = Number.NEGATIVE_INFINITY
      const letters = lettersOn()
      const press = { key: event.key, ctrl: event.ctrlKey, alt: event.altKey, meta: event.metaKey, inField }
      const begins = actionOf({ ...press, onControl: false }, null, letters, readBindings(localStorage)) === 'prefix'
      if (!afterPrefix && begins) prefixUntilMs = systemClock.monotonicMs() + PAIR_MS
      const key = alertKeyOf({
        key: event.key,
        isHeld,
        inField,
        behindDialog: document.querySelector('dialog:modal') !== null,
        afterPrefix,
        letters,
        isShelving: latest.current.isShelving,
      })
      if (key === null || event.defaultPrevented) return
      // Arrows and Home outside the list scroll what they are in.
      const moves = key === 'down' || key === 'up' || key === 'first' || key === 'last'
      if (moves && event.key.length > 1 && target.closest('.alert-list') === null) return
      if (!latest.current.act(key)) return
      event.preventDefault()
      event.stopPropagation()
    }
    addEventListener('keydown', onKeyDown, true)
    return () => removeEventListener('keydown', onKeyDown, true)
  }, [])
}
