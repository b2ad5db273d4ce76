/*
 * ControlPanel: who has control, how much of the network was commanded lately, whether a stop would be obeyed, what blocks commands.
 * In: the status of `/ops`. Out: facts with ages; take, ask for, hand over, release.
 * Invariant: without a status everything reads unknown; taking over from somebody needs a reason.
 * Source: docs/ux.md "global frame"; docs/commands.md "control".
 */
'use client'
import { useState } from 'react'
import type { ControlToken, OpsStatus } from '../../lib/contracts/httpCommands.ts'
import { formatAge, formatCount } from '../../lib/live/formatValue.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { useTickKey } from '../live/useLiveTopic.ts'
import { changeControl } from '../ops/opsActions.ts'
import { useOps } from '../ops/OpsProvider.tsx'
import { problemOf } from '../records/useApi.ts'
import { Panel } from '../ui/Panel.tsx'

type Action = Parameters<typeof changeControl>[0]['action']
const LABELS: Readonly<Record<Action, string>> = {
  take: 'Take control',
  'take-over': 'Take it over',
  request: 'Ask for it',
  'hand-over': 'Hand it over',
  refuse: 'Refuse',
  release: 'Release it',
  withdraw: 'Withdraw the request',
}

/** What this operator can do about the token now. */
function actionsOf(control: ControlToken, me: string): readonly Action[] {
  if (control.holder === null) return ['take']
  if (control.yours) return control.request === null ? ['release'] : ['hand-over', 'refuse', 'release']
  return control.request?.by === me ? ['withdraw', 'take-over'] : ['request', 'take-over']
}

export function ControlPanel() {
  const { status, statusAtMs } = useOps()
  const age = (): number | null => (statusAtMs === null ? null : systemClock.wallMs() - statusAtMs)
  useTickKey(() => String(Math.floor((age() ?? -1) / 1_000)))
  const old = age()
  return (
    <Panel
      title="Control"
      className="control-panel"
      hint={old === null ? '' : old > 3_000 ? `as of ${formatAge(old)} ago` : ''}
      state={status === null ? 'loading' : 'ready'}
    >
      {status !== null && <Facts status={status} />}
    </Panel>
  )
}

function Facts({ status }: { readonly status: OpsStatus }) {
  const [reason, setReason] = useState('')
  const [said, setSaid] = useState('')
  const { control, budget, gateway, records, stop_ready: ready, me } = status
  const may = me.may.includes('operator')
  const actions = may ? actionsOf(control, me.actor) : []
  const act = (action: Action): void => {
    setSaid('')
    const to = action === 'hand-over' && control.request !== null ? { to: control.request.by } : {}
    changeControl({ action, reason, ...to }).then(
      () => setReason(''),
      (error: unknown) => setSaid(problemOf(error)?.text ?? 'It did not work.'),
    )
  }
  return (
    <>
      <dl className="facts control-facts">
        <div>
          <dt>In control</dt>
          <dd>{control.holder === null ? 'nobody' : control.yours ? `you (${control.holder})` : control.holder}</dd>
        </div>
        <div>
          <dt>Commanded lately</dt>
          <dd className={budget.overall.over ? 'tone-warn num' : 'num'}>
            {formatCount(budget.overall.used)} of {formatCount(budget.overall.seeds)} seeds in{' '}
            {formatAge(budget.window_s * 1_000)}, limit {Math.round(budget.limit_ratio * 100)} %
          </dd>
        </div>
        <div>
          <dt>Gateway</dt>
          <dd className={gateway.state === 'up' ? '' : 'tone-warn'}>{gateway.text}</dd>
        </div>
        <div>
          <dt>Stop ready</dt>
          <dd className={ready.ready < ready.of ? 'tone-warn num' : 'num'}>
            {formatCount(ready.ready)} of {formatCount(ready.of)} layers
            {ready.worst_ms === null ? '' : `, slowest ${Math.round(ready.worst_ms)} ms`}
            {ready.age_ms === null ? ', not probed yet' : `, ${formatAge(ready.age_ms)} ago`}
          </dd>
        </div>
        <div>
          <dt>Records</dt>
          <dd className={records.state === 'up' ? '' : 'tone-warn'}>{records.text}</dd>
        </div>
        <div>
          <dt>You</dt>
          <dd>
            {me.actor}, {may ? 'may act' : 'may look'}
          </dd>
        </div>
      </dl>
      {ready.elsewhere !== null && <p className="panel-note tone-warn">{ready.elsewhere.text}</p>}
      {status.blocked.map((reasonOf) => (
        <p key={`${reasonOf.code} ${reasonOf.text}`} className="panel-note tone-warn">
          {reasonOf.text}
          {reasonOf.hint === null ? '' : `: ${reasonOf.hint}`}
        </p>
      ))}
      {control.request !== null && (
        <p className="panel-note">
          {control.request.by} asks for control{control.request.reason === '' ? '.' : `: ${control.request.reason}`}
        </p>
      )}
      {actions.length > 0 && (
        <div className="card-actions control-actions">
          {actions.map((action) => (
            <button
              key={action}
              type="button"
              disabled={action === 'take-over' && reason.trim() === ''}
              title={action === 'take-over' && reason.trim() === '' ? 'Taking over needs a reason' : undefined}
              onClick={() => act(action)}
            >
              {LABELS[action]}
            </button>
          ))}
          <label>
            Reason <input value={reason} maxLength={500} onChange={(event) => setReason(event.target.value)} />
          </label>
        </div>
      )}
      {said !== '' && (
        <p className="panel-note tone-warn" role="alert">
          {said}
        </p>
      )}
    </>
  )
}
