/*
 * Help dialog: the keys in force, how to change them, and the switch for single-letter keys.
 * In: the keymap, what this browser keeps. Out: a native dialog; changed bindings.
 * Invariant: lists what the keys really do, from the bindings the handler reads; a refused change says why and changes nothing.
 * Source: docs/ux.md "keyboard map"; features H1.
 */
'use client'
import { Fragment, useState, type KeyboardEvent } from 'react'
import { systemClock } from '../../lib/primitives/clock.ts'
import { Dialog } from './Dialog.tsx'
import { bindKeys, isHalfPress, readBindings, resetBindings } from './keyBindings.ts'
import { chordOf, FIXED_KEYS, KEY_ACTIONS, keyCaps, LETTERS_KEY, USUAL_KEYS, type PageAction } from './keymap.ts'
import { useShell } from './ShellContext.tsx'
import { lettersOn } from './useKeyboard.ts'

/** A second key of a pair comes within this time. */
const PAIR_MS = 900

export function HelpDialog({ onClose }: { readonly onClose: () => void }) {
  const { show } = useShell()
  const [bindings, setBindings] = useState(() => readBindings(localStorage))
  const [letters, setLetters] = useState(lettersOn)
  const [editing, setEditing] = useState<PageAction | null>(null)
  const [said, setSaid] = useState('')
  const changed = [...bindings].some(([action, keys]) => USUAL_KEYS.get(action) !== keys)

  const bind = (action: PageAction, keys: string): void => {
    const refusal = bindKeys(localStorage, action, keys)
    setEditing(null)
    setBindings(readBindings(localStorage))
    const does = KEY_ACTIONS.find((entry) => entry.action === action)?.does ?? action
    setSaid(refusal ?? (keys === '' ? `${does}: has no key now.` : `${does}: ${keys}`))
  }
  const reset = (): void => {
    setSaid(resetBindings(localStorage) ?? 'All keys are the usual ones again.')
    setBindings(readBindings(localStorage))
  }

  return (
    <Dialog title="Keyboard" closeLabel="Close help" className="help" onClose={onClose}>
      <p className="dialog-note t2">
        Choose a key to change it: press the new one, or two after each other. Del takes it away, Esc leaves it.{' '}
        <button type="button" className="link" onClick={() => show({ kind: 'glossary', term: null })}>
          What the words mean
        </button>
      </p>
      <dl className="keys">
        {KEY_ACTIONS.map(({ action, does }) => (
          <div key={action}>
            <dt>
              {editing === action ? (
                <KeyCatcher does={does} onKeys={(keys) => bind(action, keys)} onLeave={() => setEditing(null)} />
              ) : (
                <button
                  type="button"
                  className="key-button"
                  onClick={() => {
                    setSaid('')
                    setEditing(action)
                  }}
                >
                  <span className="visually-hidden">{does}: </span>
                  <KeyCaps keys={bindings.get(action) ?? ''} />
                  <span className="visually-hidden">. Change</span>
                </button>
              )}
            </dt>
            <dd>
              {does}
              {bindings.get(action) !== USUAL_KEYS.get(action) && <span className="t3"> (changed)</span>}
            </dd>
          </div>
        ))}
        {FIXED_KEYS.map((entry) => (
          <div key={entry.does}>
            <dt className="fixed-keys">
              {entry.keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{entry.does}</dd>
          </div>
        ))}
      </dl>
      <div className="dialog-foot">
        <output className="grow">{said}</output>
        <button type="button" disabled={!changed} onClick={reset}>
          Reset all keys
        </button>
      </div>
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
    </Dialog>
  )
}

function KeyCaps({ keys }: { readonly keys: string }) {
  if (keys === '') return <span className="t3">no key</span>
  return keyCaps(keys).map((cap, index) => (
    // A pair may be the same key twice.
    // oxlint-disable-next-line react/no-array-index-key
    <Fragment key={index}>
      {index > 0 && ' '}
      <kbd>{cap}</kbd>
    </Fragment>
  ))
}

/** Takes the next key, or the next two, instead of letting them act. */
function KeyCatcher({
  does,
  onKeys,
  onLeave,
}: {
  readonly does: string
  readonly onKeys: (keys: string) => void
  readonly onLeave: () => void
}) {
  const [first, setFirst] = useState<{ readonly chord: string; readonly cancel: () => void } | null>(null)
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Tab' || isHalfPress(event.key)) return
    // Nothing behind this button may hear the key, Escape included: it would close the dialog.
    event.preventDefault()
    event.stopPropagation()
    first?.cancel()
    if (event.key === 'Escape') return onLeave()
    if (event.key === 'Delete' || event.key === 'Backspace') return onKeys('')
    const chord = chordOf({
      key: event.key,
      ctrl: event.ctrlKey,
      alt: event.altKey,
      meta: event.metaKey,
      shift: event.shiftKey,
    })
    if (first !== null) return onKeys(`${first.chord} ${chord}`)
    if (chord.includes('+') && chord.length > 1) return onKeys(chord)
    setFirst({ chord, cancel: systemClock.after(PAIR_MS, () => onKeys(chord)) })
  }
  return (
    <button
      // The operator asked for it with this very button's twin.
      // oxlint-disable-next-line jsx-a11y/no-autofocus
      autoFocus
      type="button"
      className="key-button is-catching"
      aria-label={`Press the new key for: ${does}`}
      onKeyDown={onKeyDown}
      onBlur={() => {
        first?.cancel()
        onLeave()
      }}
    >
      {first === null ? 'press keys' : `${first.chord} …`}
    </button>
  )
}
