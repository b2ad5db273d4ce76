/*
 * ConfirmArea: the gesture that sends: a press, a hold, or the number typed; each looks different and sits in another place.
 * In: the preview's demand. Out: one call with the arm token.
 * Invariant: nothing is sent on an old or foreign preview; a press on one gesture can not fire another.
 * Source: docs/ux.md "guard levels"; docs/commands.md "guard levels".
 */
'use client'
import { useId, useState } from 'react'
import type { ConfirmAnswer } from '../../lib/contracts/commandDraft.ts'
import type { CommandPreview } from '../../lib/contracts/commandPreview.ts'
import { HoldButton } from './HoldButton.tsx'
import type { PreviewState } from './usePreview.ts'

interface Props {
  readonly state: PreviewState
  readonly sending: boolean
  readonly reasonMissing: boolean
  readonly onSend: (confirm: ConfirmAnswer) => void
}

export function ConfirmArea({ state, sending, reasonMissing, onSend }: Props) {
  const { preview, problem, good, refresh } = state
  if (problem !== null)
    return (
      <div className="confirm">
        <p className="tone-warn">
          {problem.text} <span className="t3">{problem.code}</span>
        </p>
        <button type="button" onClick={refresh}>
          Ask again
        </button>
      </div>
    )
  if (preview === null) return <div className="confirm confirm-skeleton" aria-busy="true" />
  if (preview.confirm.kind === 'blocked')
    return (
      <div className="confirm">
        <button type="button" disabled>
          {preview.confirm.label}
        </button>
      </div>
    )
  if (!good)
    return (
      <div className="confirm">
        <button type="button" onClick={refresh}>
          Refresh preview
        </button>
        <span className="t2">
          It is older than {Math.round(preview.stale_after_ms / 1_000)} s: look again, then send.
        </span>
      </div>
    )
  if (reasonMissing)
    return (
      <div className="confirm">
        <button type="button" disabled>
          {preview.confirm.label}
        </button>
        <span className="t2">A reason is needed at this level.</span>
      </div>
    )
  return <Gesture key={preview.hash} preview={preview} sending={sending} onSend={onSend} />
}

function Gesture({
  preview,
  sending,
  onSend,
}: {
  readonly preview: CommandPreview
  readonly sending: boolean
  readonly onSend: (confirm: ConfirmAnswer) => void
}) {
  const { confirm, level } = preview
  const [typed, setTyped] = useState('')
  const field = useId()
  const token = confirm.arm_token ?? ''
  const className = `level-${level}`
  if (confirm.gesture === 'hold')
    return (
      <div className="confirm confirm-hold">
        <HoldButton
          ms={confirm.hold_ms ?? 1_200}
          label={confirm.label}
          className={className}
          disabled={sending}
          onHeld={() => onSend({ arm_token: token })}
        />
      </div>
    )
  if (confirm.gesture === 'type-count') {
    const right = confirm.count !== null && typed.trim() === String(confirm.count)
    return (
      <form
        className="confirm confirm-type"
        onSubmit={(event) => {
          event.preventDefault()
          if (right && !sending) onSend({ arm_token: token, typed_count: Number(typed) })
        }}
      >
        <label htmlFor={field}>
          Type how many seeds will change: <b>{confirm.count}</b>
        </label>
        <input
          id={field}
          inputMode="numeric"
          autoComplete="off"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
        <button type="submit" className={className} disabled={!right || sending}>
          {confirm.label}
        </button>
      </form>
    )
  }
  return (
    <div className="confirm">
      <button type="button" className={className} disabled={sending} onClick={() => onSend({ arm_token: token })}>
        {sending ? 'Sending' : confirm.label}
      </button>
      {preview.grace_ms > 0 && (
        <span className="t2">
          Held {Math.round(preview.grace_ms / 1_000)} s on the server: z takes it back for certain.
        </span>
      )}
    </div>
  )
}
