/*
 * Binds the keys in force to the page.
 * In: key events of the window. Out: page actions.
 * Invariant: a key that a focused widget already used does nothing else; a modal dialog keeps plain keys to itself.
 * Source: features H1.
 */
'use client'
import { useEffect } from 'react'
import { systemClock } from '../../lib/primitives/clock.ts'
import { readBindings } from './keyBindings.ts'
import { actionOf, chordOf, LETTERS_KEY, type PageAction } from './keymap.ts'

const PREFIX_MS = 1_200

/** Tells whether single-letter keys are on; they are until switched off in the help overlay. */
export function lettersOn(): boolean {
  return localStorage.getItem(LETTERS_KEY) !== 'off'
}

/** Binds the keymap to the page while mounted. */
export function useKeyboard(act: (action: PageAction) => void): void {
  useEffect(() => {
    let prefix: string | null = null
    let forget: (() => void) | null = null
    const onKeyDown = (event: KeyboardEvent): void => {
      const target = event.target instanceof Element ? event.target : document.body
      const press = {
        key: event.key,
        ctrl: event.ctrlKey,
        alt: event.altKey,
        meta: event.metaKey,
        shift: event.shiftKey,
        inField: target.closest('input:not([type=checkbox]), textarea, select, [contenteditable=true]') !== null,
        onControl: target.closest('button, a, summary, [role=button], input') !== null,
      }
      const isHeld = press.ctrl || press.alt || press.meta
      // A dialog in front is what the operator talks to: letters are not for the page behind it.
      const letters = lettersOn() && (isHeld || document.querySelector('dialog:modal') === null)
      const action = actionOf(press, prefix, letters, readBindings(localStorage))
      prefix = null
      forget?.()
      if (action === null || event.defaultPrevented) return
      if (action === 'prefix') {
        prefix = chordOf(press)
        forget = systemClock.after(PREFIX_MS, () => {
          prefix = null
        })
        return
      }
      if (action !== 'close') event.preventDefault()
      act(action)
    }
    addEventListener('keydown', onKeyDown)
    return () => {
      removeEventListener('keydown', onKeyDown)
      forget?.()
    }
  }, [act])
}
