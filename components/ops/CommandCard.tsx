/*
 * CommandCard: one command: what it was to do, its way, what came of it, and what can be done with it now.
 * In: its record. Out: stage bar, outcome, verdict, approvals; cancel, approve, retry, run actions.
 * Invariant: only what is certain is offered: cancel before it was sent, retry when it can not act twice; each answer is said here.
 * Source: docs/commands.md; docs/ux.md "composer".
 */
'use client'
import Link from 'next/link'
import { useState } from 'react'
import { THREAD_LINKS } from '../../lib/contracts/threadLinks.ts'
import type { CommandRecord } from '../../lib/contracts/httpCommands.ts'
import { formatAge } from '../../lib/live/formatValue.ts'
import { hrefOf, PAGE_PATHS } from '../live/pageLinks.ts'
import { usePageState } from '../live/useLiveTopic.ts'
import { problemOf } from '../records/useApi.ts'
import { ApprovalForm } from './ApprovalForm.tsx'
import { BulkView } from './BulkView.tsx'
import { cancelCommand, retryCommand } from './opsActions.ts'
import { useOpsStore } from './OpsProvider.tsx'
import { StageBar } from './StageBar.tsx'
import { stateTone, stateWords } from './stageWords.ts'

interface Props {
  readonly record: CommandRecord
  readonly showTitle?: boolean
}

export function CommandCard({ record, showTitle = false }: Props) {
  const store = useOpsStore()
  const page = usePageState()
  const [said, setSaid] = useState('')
  const act = (doing: Promise<CommandRecord>): void => {
    setSaid('')
    doing.then(
      (answer) => store.take(answer),
      (error: unknown) => setSaid(problemOf(error)?.text ?? 'It did not work.'),
    )
  }
  const { outcome, verdict } = record
  const seed = record.layer_id !== null && record.seed_id !== null
  return (
    <section className="command-card" aria-label={`Command: ${record.text}`}>
      {showTitle && (
        <h3>
          {record.text} <span className={`chip tone-${stateTone(record.state)}`}>{stateWords(record.state)}</span>
        </h3>
      )}
      <StageBar record={record} />
      {outcome !== null && (
        <p className={stateTone(record.state) === 'crit' ? 'tone-crit' : ''}>
          {outcome.text ?? stateWords(record.state)}{' '}
          {outcome.code !== undefined && <span className="t3">{outcome.code}</span>}
        </p>
      )}
      {record.state === 'UNKNOWN' && (
        <p className="tone-warn">
          No answer came in time. It may have been applied: telemetry is watched until it shows one or the other. Do not
          send it anew before that.
        </p>
      )}
      {verdict !== null && (
        <p>
          <b>Did it help? {verdict.grade}.</b> <span className="t2">{verdict.text}</span>
        </p>
      )}
      {record.approval !== null && !record.final && (
        <ApprovalForm record={record} onDone={(answer) => store.take(answer)} onRefused={setSaid} />
      )}
      {record.bulk !== null && <BulkView record={record} onDone={(answer) => store.take(answer)} />}
      <div className="card-actions">
        {record.cancellable && (
          <button type="button" data-undo onClick={() => act(cancelCommand(record.id))}>
            Cancel it
          </button>
        )}
        {record.retryable && (
          <button type="button" onClick={() => act(retryCommand(record.id, { force: record.state === 'UNKNOWN' }))}>
            Send again, same id
          </button>
        )}
        {seed && (
          <Link
            href={hrefOf(PAGE_PATHS.seed({ layerId: record.layer_id ?? '', seedId: record.seed_id ?? 0 }), page)}
            prefetch={false}
          >
            {record.layer_id}/{record.seed_id}
          </Link>
        )}
        <Link href={THREAD_LINKS.thread(record.correlation_id)} prefetch={false}>
          Causal thread
        </Link>
        <Link href={`/commands#${record.id}`} prefetch={false}>
          Link to this command
        </Link>
      </div>
      {said !== '' && (
        <p className="tone-warn" role="alert">
          {said}
        </p>
      )}
      <dl className="facts">
        <div>
          <dt>By</dt>
          <dd>
            {record.actor}, {record.via}
          </dd>
        </div>
        <div>
          <dt>Level</dt>
          <dd>{record.level}</dd>
        </div>
        <div>
          <dt>At</dt>
          <dd>{record.created_at.slice(0, 19).replace('T', ' ')} UTC</dd>
        </div>
        <div>
          <dt>Took</dt>
          <dd>
            {record.final ? formatAge(Date.parse(record.updated_at) - Date.parse(record.created_at)) : 'not over'}
          </dd>
        </div>
        <div>
          <dt>Reason</dt>
          <dd>{record.reason === '' ? 'none given' : record.reason}</dd>
        </div>
        <div>
          <dt>Audit</dt>
          <dd>{record.audit_seq === null ? 'could not be written' : `entry ${record.audit_seq}`}</dd>
        </div>
        <div>
          <dt>Id</dt>
          <dd className="mono">{record.id}</dd>
        </div>
      </dl>
    </section>
  )
}
