/*
 * ResumePanel: the way back after a stop: what must hold, why it may go on, a second person, a ramp that halts itself.
 * In: the checklist of the server. Out: one proposal to resume; its command then waits for another person.
 * Invariant: what the server can not tell does not pass; the proposer never decides alone; a proposal that ended is shown with its end and
 * takes no place of the next one.
 * Source: docs/commands.md "resume"; docs/ux.md "resume".
 */
'use client'
import { useRef, useState } from 'react'
import type { ChecklistItem, ResumeChecklist } from '../../lib/contracts/httpStops.ts'
import { randomKey } from '../../lib/primitives/randomKey.ts'
import { CommandCard } from '../ops/CommandCard.tsx'
import { proposeResume } from '../ops/opsActions.ts'
import { useCommand } from '../ops/useSend.ts'
import { problemOf, useApi } from '../records/useApi.ts'
import { Panel } from '../ui/Panel.tsx'

const ASK_EVERY_MS = 1_000

export function ResumePanel() {
  const answer = useApi<ResumeChecklist>('/api/resume', { everyMs: ASK_EVERY_MS })
  const { data, problem } = answer
  const [reason, setReason] = useState('')
  const [confirmed, setConfirmed] = useState<readonly ('alerts' | 'cause')[]>([])
  const [hold, setHold] = useState<number | null>(null)
  const [said, setSaid] = useState('')
  /** What was proposed here, and for which stop. */
  const [proposed, setProposed] = useState<{ readonly id: string; readonly stopId: string } | null>(null)
  const key = useRef<string | null>(null)
  const stop = data?.stop ?? null
  const own = proposed !== null && proposed.stopId === stop?.id ? proposed.id : null
  const record = useCommand(own)
  const isUnderWay = own !== null && record?.final !== true

  const passes = (item: ChecklistItem): boolean =>
    item.by === 'person' ? confirmed.includes(item.key as 'alerts' | 'cause') : item.passed === true
  const items = data?.items ?? []
  const open = items.filter((item) => !passes(item)).length
  const propose = (): void => {
    if (stop === null) return
    setSaid('')
    key.current ??= randomKey()
    const stopId = stop.id
    const ramp = hold === null ? {} : { ramp: { hold_s: hold } }
    proposeResume({ stop_id: stop.id, reason, confirmed: [...confirmed], ...ramp }, key.current).then(
      (taken) => {
        key.current = null
        setProposed({ id: taken.id, stopId })
      },
      (error: unknown) => setSaid(problemOf(error)?.text ?? 'It did not work.'),
    )
  }
  return (
    <Panel
      title="Resume"
      className="resume-panel"
      hint={
        stop === null
          ? ''
          : `stopped ${stop.scope === 'all' ? 'all layers' : stop.scope.join(', ')} at ${stop.at.slice(11, 19)} UTC by ${stop.by}${stop.reason === '' ? ', no reason given yet' : `: ${stop.reason}`}`
      }
      state={problem !== null ? 'error' : data === null ? 'loading' : stop === null ? 'empty' : 'ready'}
      message={problem === null ? 'Nothing is stopped.' : `${problem.text} (${problem.code})`}
    >
      {stop !== null && (
        <div className="resume-body" id="resume">
          <ul className="checklist">
            {items.map((item) => (
              <li key={item.key}>
                {item.by === 'person' ? (
                  <label className="check">
                    <input
                      type="checkbox"
                      checked={passes(item)}
                      onChange={(event) => {
                        const name = item.key as 'alerts' | 'cause'
                        setConfirmed((before) =>
                          event.target.checked ? [...before, name] : before.filter((one) => one !== name),
                        )
                      }}
                    />{' '}
                    {item.text} <span className="t2">{item.detail}</span>
                  </label>
                ) : (
                  <>
                    <span aria-hidden="true">{item.passed === null ? '?' : item.passed ? '✓' : '✕'}</span>{' '}
                    <span className={item.passed === true ? '' : 'tone-warn'}>
                      {item.text}
                      {item.passed === null ? ': can not be told' : item.passed ? '' : ': not yet'}
                    </span>{' '}
                    <span className="t2">{item.detail}</span>
                  </>
                )}
              </li>
            ))}
          </ul>
          {isUnderWay && record === null && <div className="confirm confirm-skeleton" aria-busy="true" />}
          {record !== null && <CommandCard record={record} showTitle />}
          {!isUnderWay && (
            <div className="card-actions">
              <label className="wide-field">
                Why it may go on{' '}
                <input value={reason} maxLength={500} onChange={(event) => setReason(event.target.value)} />
              </label>
              <label>
                Watch each wave, s{' '}
                <input
                  type="number"
                  min={2}
                  max={600}
                  value={hold ?? data?.ramp.hold_s ?? 10}
                  onChange={(event) => setHold(Number(event.target.value))}
                />
              </label>
              <button
                type="button"
                className="level-4"
                disabled={open > 0 || reason.trim().length < 3}
                onClick={propose}
              >
                Propose to resume
              </button>
              <span className="t2">
                {open > 0
                  ? `${open} of ${items.length} points are open.`
                  : 'Another person approves it; then one layer, a tenth, all. The ramp halts itself when health falls.'}
              </span>
            </div>
          )}
          {said !== '' && (
            <p className="tone-warn" role="alert">
              {said}
            </p>
          )}
        </div>
      )}
    </Panel>
  )
}
