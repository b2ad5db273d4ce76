/*
 * NotifyButton: sound and notifications of this browser: off until somebody asks, with quiet hours and a trial.
 * In: what this browser keeps. Out: a button that says how it is, and a dialog that changes it.
 * Invariant: what the browser forbids is said and never shown as on; nothing of it leaves this browser.
 * Source: docs/ux.md "pages: alerts"; features D19.
 */
'use client'
import { useState, useSyncExternalStore } from 'react'
import { Dialog } from '../shell/Dialog.tsx'
import { NOTIFY_EVENT, NOTIFY_KEY, parseNotify, type NotifySettings } from './notifyRules.ts'
import { playTone } from './playTone.ts'

const clock = (minutes: number): string =>
  `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`
const minutesOf = (text: string): number => {
  const [hours = 0, minutes = 0] = text.split(':').map(Number)
  return Number.isFinite(hours) && Number.isFinite(minutes) ? hours * 60 + minutes : 0
}

const readKept = (): string | null => localStorage.getItem(NOTIFY_KEY)
function subscribe(listener: () => void): () => void {
  addEventListener(NOTIFY_EVENT, listener)
  addEventListener('storage', listener)
  return () => {
    removeEventListener(NOTIFY_EVENT, listener)
    removeEventListener('storage', listener)
  }
}

export function NotifyButton() {
  const settings = parseNotify(useSyncExternalStore(subscribe, readKept, () => null))
  const [open, setOpen] = useState(false)
  const isOn = settings.sound || settings.desktop
  const set = (change: Partial<NotifySettings>): void => {
    localStorage.setItem(NOTIFY_KEY, JSON.stringify({ ...settings, ...change }))
    dispatchEvent(new Event(NOTIFY_EVENT))
  }
  return (
    <>
      <button type="button" onClick={() => setOpen(true)}>
        {isOn ? 'Sound and notices: on' : 'Sound and notices: off'}
      </button>
      {open && <NotifyDialog settings={settings} onSet={set} onClose={() => setOpen(false)} />}
    </>
  )
}

function NotifyDialog({
  settings,
  onSet,
  onClose,
}: {
  readonly settings: NotifySettings
  readonly onSet: (change: Partial<NotifySettings>) => void
  readonly onClose: () => void
}) {
  const [said, setSaid] = useState('')
  const askDesktop = async (wanted: boolean): Promise<void> => {
    setSaid('')
    if (!wanted) return onSet({ desktop: false })
    if (typeof Notification === 'undefined')
      return setSaid('This browser shows no notifications to this page: they need https, or this very machine.')
    const answer = await Notification.requestPermission()
    if (answer === 'granted') return onSet({ desktop: true })
    setSaid('The browser does not allow notifications of this page. Allow them in its settings for this address.')
  }
  return (
    <Dialog title="Sound and notices" closeLabel="Close" className="notify" onClose={onClose}>
      <p className="dialog-note t2">For this browser only. Alerts are told to others by the channels of the rules.</p>
      <label className="check">
        <input type="checkbox" checked={settings.sound} onChange={(event) => onSet({ sound: event.target.checked })} />{' '}
        A tone for a new alert
      </label>
      <div className="notify-tones">
        {(['critical', 'warning', 'info'] as const).map((severity) => (
          <button
            key={severity}
            type="button"
            onClick={() => setSaid(playTone(severity) ? `This is ${severity}.` : 'The browser lets nothing sound yet.')}
          >
            Hear {severity}
          </button>
        ))}
      </div>
      <label className="check">
        <input type="checkbox" checked={settings.desktop} onChange={(event) => void askDesktop(event.target.checked)} />{' '}
        A notification of the browser
      </label>
      <label>
        From{' '}
        <select
          value={settings.least}
          onChange={(event) => onSet({ least: event.target.value as NotifySettings['least'] })}
        >
          <option value="info">info up</option>
          <option value="warning">warning up</option>
          <option value="critical">critical only</option>
        </select>
      </label>
      <fieldset className="notify-quiet">
        <legend>Quiet hours, your time (equal: none)</legend>
        <label>
          from{' '}
          <input
            type="time"
            value={clock(settings.quietFrom)}
            onChange={(event) => onSet({ quietFrom: minutesOf(event.target.value) })}
          />
        </label>
        <label>
          to{' '}
          <input
            type="time"
            value={clock(settings.quietTo)}
            onChange={(event) => onSet({ quietTo: minutesOf(event.target.value) })}
          />
        </label>
        <label className="check">
          <input
            type="checkbox"
            checked={settings.criticalAlways}
            onChange={(event) => onSet({ criticalAlways: event.target.checked })}
          />{' '}
          critical ones also then
        </label>
      </fieldset>
      <output className="dialog-foot">{said}</output>
    </Dialog>
  )
}
