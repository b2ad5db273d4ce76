/*
 * Help dialog: the keymap in words, and the switch for single-letter keys.
 * In: open or not. Out: a native dialog.
 * Invariant: lists what the keymap does, from the same module.
 * Source: features H1.
 */
'use client'
import { useEffect, useRef, useState } from 'react'
import { Icon } from '../ui/Icon.tsx'
import { KEY_HELP } from './keymap.ts'
import { LETTERS_KEY, lettersOn } from './useKeyboard.ts'

/** Lists the keys, and lets single-letter keys be switched off. A native dialog: focus is kept in and given back. */
export function HelpDialog({ open, onClose }: { readonly open: boolean; readonly onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null)
  const [letters, setLetters] = useState(true)
  useEffect(() => {
    if (open && !dialog.current?.open) {
      setLetters(lettersOn())
      dialog.current?.showModal()
    }
    if (!open && dialog.current?.open) dialog.current.close()
  }, [open])
  return (
    <dialog ref={dialog} className="help" aria-labelledby="help-title" onClose={onClose}>
      <div className="panel-head">
        <h2 id="help-title">Keyboard</h2>
        <span className="grow" />
        <button type="button" className="icon-button" aria-label="Close help" onClick={onClose}>
          <Icon name="close" />
        </button>
      </div>
      <dl className="keys">
        {KEY_HELP.map((entry) => (
          <div key={entry.does}>
            <dt>
              {entry.keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{entry.does}</dd>
          </div>
        ))}
      </dl>
      <label className="check">
        <input
          type="checkbox"
          checked={letters}
          onChange={(event) => {
            setLetters(event.target.checked)
            localStorage.setItem(LETTERS_KEY, event.target.checked ? 'on' : 'off')
          }}
        />{' '}
        Single-letter keys and Space are on
      </label>
    </dialog>
  )
}
