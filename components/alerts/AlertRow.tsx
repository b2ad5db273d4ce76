/*
 * AlertRow: one alert of the list: severity, what is still to be done, what it is, how long; acknowledge in one press.
 * In: the alert as it is shown, what is on its way, what failed. Out: a button that chooses it, one that acknowledges, a note in place.
 * Invariant: acknowledging never opens a dialog; a failure is said in the row it belongs to; each state has a shape and a word.
 * Source: docs/ux.md "pages: alerts".
 */
'use client'
import { memo, useState } from 'react'
import type { AlertItem } from '../../lib/contracts/alerts.ts'
import { formatCount } from '../../lib/live/formatValue.ts'
import { Icon } from '../ui/Icon.tsx'
import { alertMoment } from './alertMoment.ts'
import { AlertBell } from './AlertBell.tsx'
import type { ActBody, ActName } from './alertDoor.ts'
import type { Failure } from './actStore.ts'
import { NOTE_TEMPLATES, SHELVE_CHOICES } from './alertKeys.ts'
import { bellShape, canAck, forHowLong, placeText, SEVERITY_ICONS, SEVERITY_TONES, stateWords } from './alertWords.ts'
import { momentOf } from './momentOf.ts'
import { SwipeRow } from './SwipeRow.tsx'

export type RowForm = 'note' | 'shelve' | 'escalate' | null

interface Props {
  readonly alert: AlertItem
  readonly me: string
  readonly nowMs: number
  readonly isCurrent: boolean
  readonly isChosen: boolean
  readonly isSelected: boolean
  readonly mayAct: boolean
  readonly sending: ActName | undefined
  readonly failure: Failure | undefined
  readonly form: RowForm
  readonly onChoose: (id: string) => void
  readonly onAct: (act: ActName, alert: AlertItem, body?: ActBody) => void
  readonly onForm: (id: string, form: RowForm) => void
  readonly onDismiss: (id: string) => void
}

export const AlertRow = memo(function AlertRow(props: Props) {
  const { alert, sending, failure, form, mayAct } = props
  const isAcking = sending === 'ack'
  const ackable = canAck(alert) && mayAct
  const classes = [
    'alert-row',
    `is-${alert.severity}`,
    ...(canAck(alert) ? ['is-unacked'] : []),
    ...(alert.cleared_at !== null ? ['is-cleared'] : []),
    ...(alert.silent ? ['is-silent'] : []),
    ...(props.isChosen ? ['is-chosen'] : []),
    ...(props.isSelected ? ['is-selected'] : []),
  ]
  const words = isAcking ? `${props.me}, acknowledging` : stateWords(alert, props.nowMs)
  return (
    <SwipeRow enabled={ackable && sending === undefined} label="Acknowledge" onSwiped={() => props.onAct('ack', alert)}>
      <div className={classes.join(' ')}>
        <button
          type="button"
          data-alert={alert.id}
          {...alertMoment(alert)}
          className="alert-main"
          tabIndex={props.isCurrent ? 0 : -1}
          aria-current={props.isChosen ? 'true' : undefined}
          {...momentOf(alert)}
          onClick={() => props.onChoose(alert.id)}
        >
          <span className={SEVERITY_TONES[alert.severity]} title={alert.severity}>
            <Icon name={SEVERITY_ICONS[alert.severity]} />
            <span className="visually-hidden">{alert.severity}, </span>
          </span>
          <AlertBell shape={bellShape(alert, isAcking)} />
          <span className="alert-what">
            <span className="alert-line">
              <b>{alert.text}</b> <span className="t2">{placeText(alert)}</span>
            </span>
            <small className="t2">
              {props.isSelected && 'selected, '}
              {words}
              {alert.silent && ', silent: it does not report, so it can not clear'}
              {alert.count > 1 && `, ${formatCount(alert.count)} times`}
              {alert.flaps > 0 && `, ${formatCount(alert.flaps)} flaps`}
              {alert.assigned_to !== null && `, for ${alert.assigned_to}`}
              {alert.note !== null && alert.note !== '' && `: ${alert.note}`}
            </small>
          </span>
          <span className="t3 num">{alert.cleared_at === null ? forHowLong(alert, props.nowMs) : 'cleared'}</span>
        </button>
        {ackable ? (
          <button
            type="button"
            className="alert-ack"
            tabIndex={props.isCurrent ? 0 : -1}
            disabled={sending !== undefined}
            aria-label={`${alert.state === 'unacked_cleared' ? 'Seen' : 'Ack'}: ${alert.text}, ${placeText(alert)}`}
            onClick={() => props.onAct('ack', alert)}
          >
            {alert.state === 'unacked_cleared' ? 'Seen' : 'Ack'}
          </button>
        ) : (
          alert.state === 'shelved' &&
          mayAct && (
            <button
              type="button"
              className="alert-ack"
              tabIndex={props.isCurrent ? 0 : -1}
              disabled={sending !== undefined}
              aria-label={`Unshelve: ${alert.text}, ${placeText(alert)}`}
              onClick={() => props.onAct('unshelve', alert)}
            >
              Unshelve
            </button>
          )
        )}
      </div>
      {failure !== undefined && (
        <p className={`alert-said ${failure.kind === 'lost' ? 'tone-info' : 'tone-warn'}`}>
          <Icon name={failure.kind === 'lost' ? 'info' : 'warning'} size={14} />
          <span className="grow">
            {failure.text} {failure.kind === 'failed' && <span className="t3">{failure.code}</span>}
          </span>
          {failure.kind === 'failed' ? (
            <button type="button" onClick={() => props.onAct(failure.act, alert, failure.body)}>
              Try again
            </button>
          ) : (
            <button type="button" onClick={() => props.onForm(alert.id, 'note')}>
              Add a note
            </button>
          )}
          <button type="button" className="icon-button" aria-label="Dismiss" onClick={() => props.onDismiss(alert.id)}>
            <Icon name="close" size={12} />
          </button>
        </p>
      )}
      {form === 'note' && <NoteForm {...props} />}
      {form === 'shelve' && <ShelveForm {...props} />}
      {form === 'escalate' && <EscalateForm {...props} />}
    </SwipeRow>
  )
})

function NoteForm({ alert, onAct, onForm }: Pick<Props, 'alert' | 'onAct' | 'onForm'>) {
  const [note, setNote] = useState('')
  const keep = (text: string): void => {
    onForm(alert.id, null)
    if (text.trim() !== '') onAct('note', alert, { note: text.trim() })
  }
  return (
    <form
      className="alert-form"
      aria-label="Note"
      onSubmit={(event) => {
        event.preventDefault()
        keep(note)
      }}
    >
      <label className="grow">
        <span className="visually-hidden">Note on {alert.text}. Enter keeps it, Escape leaves it out.</span>
        <input
          // The operator asked for it with Shift+A or a press.
          // oxlint-disable-next-line jsx-a11y/no-autofocus
          autoFocus
          value={note}
          maxLength={500}
          placeholder="Note: Enter keeps it, Esc leaves it out"
          onChange={(event) => setNote(event.target.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Escape') return
            // One Escape closes one thing.
            event.preventDefault()
            event.stopPropagation()
            onForm(alert.id, null)
          }}
        />
      </label>
      {NOTE_TEMPLATES.map((template) => (
        <button key={template} type="button" onClick={() => keep(template)}>
          {template}
        </button>
      ))}
    </form>
  )
}

function ShelveForm({ alert, onAct, onForm }: Pick<Props, 'alert' | 'onAct' | 'onForm'>) {
  const [reason, setReason] = useState('')
  const shelve = (minutes: number | null): void => {
    onForm(alert.id, null)
    onAct('shelve', alert, {
      ...(minutes === null ? {} : { minutes }),
      ...(reason.trim() === '' ? {} : { reason: reason.trim() }),
    })
  }
  return (
    <fieldset className="alert-form" aria-label={`Shelve ${alert.text} for how long`}>
      <label className="grow">
        <span className="visually-hidden">Reason; needed for more than 4 h</span>
        <input
          value={reason}
          maxLength={500}
          placeholder="Reason (needed for more than 4 h)"
          onChange={(event) => setReason(event.target.value)}
        />
      </label>
      {SHELVE_CHOICES.map(({ key, label, minutes }) => (
        <button
          key={key}
          type="button"
          className={minutes === null ? 'level-2' : ''}
          disabled={minutes === null && reason.trim() === ''}
          title={minutes === null && reason.trim() === '' ? 'A reason is needed for more than 4 h' : undefined}
          onClick={() => shelve(minutes)}
        >
          <kbd>{key}</kbd> {label}
        </button>
      ))}
    </fieldset>
  )
}

function EscalateForm({ alert, onAct, onForm }: Pick<Props, 'alert' | 'onAct' | 'onForm'>) {
  const [note, setNote] = useState('')
  return (
    <form
      className="alert-form"
      aria-label={`Escalate ${alert.text}`}
      onSubmit={(event) => {
        event.preventDefault()
        onForm(alert.id, null)
        onAct('escalate', alert, note.trim() === '' ? {} : { note: note.trim() })
      }}
    >
      <label className="grow">
        <span className="visually-hidden">What the next person should know</span>
        <input
          // The operator asked for it with `e` or a press.
          // oxlint-disable-next-line jsx-a11y/no-autofocus
          autoFocus
          value={note}
          maxLength={500}
          placeholder="What the next person should know (Enter escalates, Esc leaves)"
          onChange={(event) => setNote(event.target.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Escape') return
            // One Escape closes one thing.
            event.preventDefault()
            event.stopPropagation()
            onForm(alert.id, null)
          }}
        />
      </label>
      <button type="submit">Escalate</button>
    </form>
  )
}
