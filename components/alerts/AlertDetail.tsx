/*
 * AlertDetail: one alert whole: what is so and since when, its evidence, what to do first, who did what, its rule.
 * In: its id, the newest that is known of it. Out: the acts that make sense now; links to seed, layer, rule and the moment.
 * Invariant: what is shown is the newest version known; what can not be done now is not offered; the past of an alert is never shortened silently.
 * Source: docs/ux.md "pages: alerts"; docs/alerts.md.
 */
'use client'
import Link from 'next/link'
import { useCallback, useState, type ReactNode } from 'react'
import type { AlertDetail as Detail, AlertItem } from '../../lib/contracts/alerts.ts'
import { THREAD_LINKS, withThread } from '../../lib/contracts/threadLinks.ts'
import { formatAge, formatCount } from '../../lib/live/formatValue.ts'
import { hrefOf, PAGE_PATHS } from '../live/pageLinks.ts'
import { Ticking } from '../live/Ticking.tsx'
import { usePageState } from '../live/useLiveTopic.ts'
import { useApi } from '../records/useApi.ts'
import { useShell } from '../shell/ShellContext.tsx'
import { CopyValue } from '../ui/CopyValue.tsx'
import { Icon } from '../ui/Icon.tsx'
import { Panel } from '../ui/Panel.tsx'
import { alertMoment, placeOfAlert } from './alertMoment.ts'
import { AlertBell } from './AlertBell.tsx'
import type { ActBody, ActName } from './alertDoor.ts'
import {
  ageOf,
  bellShape,
  canAck,
  placeText,
  SEVERITY_ICONS,
  SEVERITY_TONES,
  stateWords,
  timeText,
  URGENCY_WORDS,
} from './alertWords.ts'
import { EvidenceView } from './EvidenceView.tsx'
import { ReasonAct } from './ReasonAct.tsx'

interface Props {
  readonly id: string
  /** From the list, or from the answer to an act; null when neither has it. */
  readonly known: AlertItem | null
  readonly nowMs: () => number
  readonly mayAct: boolean
  readonly people: readonly string[]
  readonly sending: ActName | undefined
  readonly onAct: (act: ActName, alert: AlertItem, body?: ActBody) => void
  readonly onForm: (form: 'note' | 'shelve' | 'escalate') => void
  readonly onBack: () => void
}

const EVERY_MS = 2_000

export function AlertDetail(props: Props) {
  const answer = useApi<Detail>(`/api/alerts/${encodeURIComponent(props.id)}`, { everyMs: EVERY_MS })
  const { data, problem } = answer
  const alert = props.known !== null && (data === null || props.known.version >= data.version) ? props.known : data
  if (alert === null)
    return (
      <Panel
        title="Alert"
        className="alert-detail"
        state={problem === null ? 'loading' : problem.status === 404 ? 'empty' : 'error'}
        message={
          problem === null
            ? ''
            : problem.status === 404
              ? 'This alert is not known: it may be older than what is kept, or its link may be cut short.'
              : `${problem.text} (${problem.code})`
        }
        actions={<BackButton onBack={props.onBack} />}
      />
    )
  return (
    <Panel
      title={alert.text}
      className="alert-detail"
      hint={placeText(alert)}
      actions={<BackButton onBack={props.onBack} />}
      state={problem === null ? 'ready' : 'error'}
      message={problem === null ? '' : `${problem.text} (${problem.code}) What was known stays below.`}
    >
      <DetailHead {...props} alert={alert} />
      <Causes alert={alert} mayAct={props.mayAct} />
      <EvidenceView alert={alert} />
      {alert.runbook !== '' && (
        <section className="alert-part">
          <h3>First actions</h3>
          <p>{alert.runbook}</p>
        </section>
      )}
      <section className="alert-part">
        <h3>Who did what</h3>
        {data === null ? <p className="t2">Asking for its past.</p> : <Past detail={data} />}
      </section>
      <Facts alert={alert} />
    </Panel>
  )
}

/** What led to it, what changed before it, and a command that goes on in its thread. */
function Causes({ alert, mayAct }: { readonly alert: AlertItem; readonly mayAct: boolean }) {
  const page = usePageState()
  const { show } = useShell()
  const { correlation_id: thread, layer_id: layerId, seed_id: seedId } = alert
  const selection = layerId === null || seedId === null ? null : { layerId, seedId }
  return (
    <p className="card-actions" {...alertMoment(alert)}>
      <button type="button" onClick={() => show({ kind: 'changes', place: placeOfAlert(alert) })}>
        What changed? <kbd>w</kbd>
      </button>
      {thread !== null && (
        <Link href={THREAD_LINKS.thread(thread)} prefetch={false}>
          Causal thread
        </Link>
      )}
      {thread !== null && selection !== null && mayAct && (
        <Link
          href={withThread(
            hrefOf(PAGE_PATHS.seed(selection), { ...page, runId: alert.run_id, selection, inspector: true }),
            thread,
          )}
          prefetch={false}
        >
          Compose a command
        </Link>
      )}
    </p>
  )
}

function BackButton({ onBack }: { readonly onBack: () => void }) {
  return (
    <button type="button" className="narrow-back" onClick={onBack}>
      Back to the list
    </button>
  )
}

function DetailHead({
  alert,
  nowMs,
  mayAct,
  people,
  sending,
  onAct,
  onForm,
}: Omit<Props, 'id' | 'known' | 'onBack'> & { readonly alert: AlertItem }) {
  const page = usePageState()
  const raised = timeText(alert.raised_at)
  const since = useCallback(() => {
    const age = ageOf(alert.cleared_at ?? alert.raised_at, nowMs())
    return age === null ? '?' : formatAge(age)
  }, [alert.cleared_at, alert.raised_at, nowMs])
  const isShelved = alert.state === 'shelved'
  const isActing = sending !== undefined
  return (
    <div className="alert-head">
      <p className={SEVERITY_TONES[alert.severity]}>
        <Icon name={SEVERITY_ICONS[alert.severity]} /> {alert.severity}
        <span className="t2">, {URGENCY_WORDS[alert.urgency]}</span>{' '}
        <span className="t1">
          <AlertBell shape={bellShape(alert, sending === 'ack')} /> {stateWords(alert, nowMs())}
        </span>
      </p>
      <p className="t2">
        Raised at <span title={raised.local}>{raised.utc} UTC</span>;{' '}
        {alert.cleared_at === null ? 'goes on for ' : 'cleared '}
        <Ticking read={since} />
        {alert.cleared_at === null ? '' : ' ago'}
        {alert.count > 1 && `; the ${formatCount(alert.count)}th time since ${timeText(alert.first_at).utc} UTC`}.
        {alert.latched && ' It stays until a person lets go of it, also after it is over.'}
        {alert.flapping && ' It flaps: it clears once it was quiet; shelving it may help.'}
        {alert.inhibited_by !== null && (
          <>
            {' '}
            Another alert explains it: <a href={`#${alert.inhibited_by}`}>that one</a>.
          </>
        )}
      </p>
      {mayAct ? (
        <div className="card-actions">
          {canAck(alert) && (
            <button type="button" className="prime" disabled={isActing} onClick={() => onAct('ack', alert)}>
              {alert.state === 'unacked_cleared' ? 'Seen' : 'Acknowledge'} <kbd>a</kbd>
            </button>
          )}
          <button type="button" onClick={() => onForm('note')}>
            Note <kbd>A</kbd>
          </button>
          {isShelved ? (
            <button type="button" disabled={isActing} onClick={() => onAct('unshelve', alert)}>
              Unshelve
            </button>
          ) : (
            <button type="button" disabled={isActing} onClick={() => onForm('shelve')}>
              Shelve <kbd>s</kbd>
            </button>
          )}
          <button type="button" disabled={isActing} onClick={() => onForm('escalate')}>
            Escalate <kbd>e</kbd>
          </button>
          {alert.layer_id !== null && (
            <Link
              href={hrefOf(
                alert.seed_id === null
                  ? PAGE_PATHS.layer(alert.layer_id)
                  : PAGE_PATHS.seed({ layerId: alert.layer_id, seedId: alert.seed_id }),
                page,
              )}
              prefetch={false}
            >
              Open {alert.seed_id === null ? 'layer' : 'seed'} <kbd>o</kbd>
            </Link>
          )}
          {alert.acked_by !== null && (
            <ReasonAct
              label="Unacknowledge"
              isActing={isActing}
              onAct={(reason) => onAct('unack', alert, { reason })}
            />
          )}
          {(alert.state === 'latched' || alert.silent) && (
            <ReasonAct
              label={alert.silent ? 'Let go of the silent alert' : 'Let go of it'}
              isActing={isActing}
              onAct={(reason) => onAct('reset', alert, { reason })}
            />
          )}
          {alert.state === 'out_of_service' ? (
            <button type="button" disabled={isActing} onClick={() => onAct('in-service', alert)}>
              Put into service
            </button>
          ) : (
            <ReasonAct
              label="Take out of service"
              isActing={isActing}
              onAct={(reason) => onAct('out-of-service', alert, { reason })}
            />
          )}
          <Assign key={alert.id} alert={alert} people={people} isActing={isActing} onAct={onAct} />
        </div>
      ) : (
        <p className="t2">You may look but not act: acknowledging needs the role operator.</p>
      )}
    </div>
  )
}

function Assign({
  alert,
  people,
  isActing,
  onAct,
}: { readonly alert: AlertItem; readonly people: readonly string[]; readonly isActing: boolean } & Pick<
  Props,
  'onAct'
>) {
  const [to, setTo] = useState('')
  return (
    <form
      className="alert-inline"
      aria-label="Assign"
      onSubmit={(event) => {
        event.preventDefault()
        if (to.trim() !== '') onAct('assign', alert, { to: to.trim() })
        setTo('')
      }}
    >
      <label>
        {alert.assigned_to === null ? 'For' : `For ${alert.assigned_to}; now for`}{' '}
        <input value={to} maxLength={120} list="alert-people" onChange={(event) => setTo(event.target.value)} />
      </label>
      <datalist id="alert-people">
        {people.map((person) => (
          <option key={person}>{person}</option>
        ))}
      </datalist>
      <button type="submit" disabled={to.trim() === '' || isActing}>
        Assign
      </button>
    </form>
  )
}

function Past({ detail }: { readonly detail: Detail }) {
  if (detail.history.length === 0) return <p className="t2">Nobody has done anything yet.</p>
  return (
    <ol className="alert-past">
      {detail.history.map((line, index) => {
        const time = timeText(line.at)
        return (
          // Two lines can say the same at the same moment.
          // oxlint-disable-next-line react/no-array-index-key
          <li key={`${line.at} ${index}`}>
            <time dateTime={line.at} title={time.local} className="t3">
              {time.utc}
            </time>
            <span>
              <b>{line.actor}</b> {line.act.replaceAll('_', ' ')}
              {line.from !== line.to && (
                <span className="t2">
                  {' '}
                  {line.from.replaceAll('_', ' ')} to {line.to.replaceAll('_', ' ')}
                </span>
              )}
              {line.note !== null && line.note !== '' && <span className="t2">: {line.note}</span>}
            </span>
          </li>
        )
      })}
    </ol>
  )
}

function Facts({ alert }: { readonly alert: AlertItem }): ReactNode {
  return (
    <dl className="facts alert-facts">
      <div>
        <dt>Rule</dt>
        <dd>
          <Link href={`/rules#${encodeURIComponent(alert.rule)}`} prefetch={false}>
            {alert.rule}
          </Link>
          , version {alert.rule_version}
        </dd>
      </div>
      <div>
        <dt>Run</dt>
        <dd className="mono">{alert.run_id ?? 'none'}</dd>
      </div>
      <div>
        <dt>Occurrence</dt>
        <dd>
          {formatCount(alert.seq)}, {formatCount(alert.count)} raised, {formatCount(alert.flaps)} flaps
        </dd>
      </div>
      <div>
        <dt>Group</dt>
        <dd>{alert.group}</dd>
      </div>
      <div>
        <dt>Correlation</dt>
        <dd className="mono">
          {alert.correlation_id === null ? 'none' : <CopyValue value={alert.correlation_id} provenance={{}} />}
        </dd>
      </div>
      <div>
        <dt>Id</dt>
        <dd className="mono">
          <CopyValue value={alert.id} provenance={{ link: `/alerts#${alert.id}` }} />
        </dd>
      </div>
    </dl>
  )
}
