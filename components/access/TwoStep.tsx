/*
 * TwoStep: a button that asks once more, in place, before it does what can not be taken back.
 * In: its label, what will follow. Out: one call, after the second press.
 * Invariant: the focus goes to the safe answer; leaving it alone does nothing.
 * Source: docs/ux.md "admin".
 */
'use client'
import { useState } from 'react'

/** A button that asks once more, in place, and says what will follow; leaving it alone takes the question back. */
export function TwoStep({
  label,
  question,
  disabled,
  onSure,
}: {
  readonly label: string
  readonly question: string
  readonly disabled: boolean
  readonly onSure: () => void
}) {
  const [asked, setAsked] = useState(false)
  if (!asked)
    return (
      <button type="button" disabled={disabled} onClick={() => setAsked(true)}>
        {label}
      </button>
    )
  return (
    <fieldset className="two-step" aria-label={question}>
      <span className="t2">{question}</span>{' '}
      <button
        type="button"
        className="tone-crit"
        disabled={disabled}
        onClick={() => {
          setAsked(false)
          onSure()
        }}
      >
        Yes, {label.toLowerCase()}
      </button>{' '}
      {/* The question replaces the button that was pressed: the focus belongs to its safe answer. */}
      {/* oxlint-disable-next-line jsx-a11y/no-autofocus */}
      <button type="button" autoFocus onClick={() => setAsked(false)}>
        No
      </button>
    </fieldset>
  )
}
