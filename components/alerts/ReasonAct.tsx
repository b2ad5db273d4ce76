/*
 * ReasonAct: an act that somebody else may have relied on: it asks for a reason first, in place.
 * In: its name. Out: one call with the reason.
 * Invariant: nothing is done without a reason; leaving it changes nothing.
 * Source: docs/ux.md "pages: alerts".
 */
'use client'
import { useState } from 'react'

export function ReasonAct({
  label,
  isActing,
  onAct,
}: {
  readonly label: string
  readonly isActing: boolean
  readonly onAct: (reason: string) => void
}) {
  const [isOpen, setOpen] = useState(false)
  const [reason, setReason] = useState('')
  if (!isOpen)
    return (
      <button type="button" disabled={isActing} onClick={() => setOpen(true)}>
        {label}…
      </button>
    )
  return (
    <form
      className="alert-inline"
      aria-label={label}
      onSubmit={(event) => {
        event.preventDefault()
        setOpen(false)
        setReason('')
        onAct(reason.trim())
      }}
    >
      <label>
        Reason{' '}
        <input
          // The operator asked for this field with the button before it.
          // oxlint-disable-next-line jsx-a11y/no-autofocus
          autoFocus
          required
          value={reason}
          maxLength={500}
          onChange={(event) => setReason(event.target.value)}
        />
      </label>
      <button type="submit" disabled={reason.trim() === '' || isActing}>
        {label}
      </button>
      <button type="button" className="quiet" onClick={() => setOpen(false)}>
        Leave it
      </button>
    </form>
  )
}
