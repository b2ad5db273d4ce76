/*
 * ApprovalForm: the second person agrees or refuses, seeing exactly what would be sent.
 * In: a command that waits. Out: one decision that quotes the hash of what was shown.
 * Invariant: who proposed it can not decide; the words of the refusal come from the server.
 * Source: docs/commands.md "approval".
 */
'use client'
import { useCallback, useState } from 'react'
import type { CommandRecord } from '../../lib/contracts/httpCommands.ts'
import { formatAge } from '../../lib/live/formatValue.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { Ticking } from '../live/Ticking.tsx'
import { problemOf } from '../records/useApi.ts'
import { approveCommand } from './opsActions.ts'
import { useOps } from './OpsProvider.tsx'

interface Props {
  readonly record: CommandRecord
  readonly onDone: (record: CommandRecord) => void
  /** Why a decision did not count. Said by whoever stays: the form goes when another decision was first. */
  readonly onRefused: (text: string) => void
}

export function ApprovalForm({ record, onDone, onRefused }: Props) {
  const { status, offsetMs } = useOps()
  const [note, setNote] = useState('')
  const approval = record.approval
  const expires = approval?.expires_ms ?? 0
  const left = useCallback(
    () => `expires in ${formatAge(Math.max(0, expires - systemClock.wallMs() - offsetMs))}`,
    [expires, offsetMs],
  )
  if (approval === null) return null
  const mine = status?.me.actor === record.actor
  const decide = (decision: 'approve' | 'refuse'): void => {
    onRefused('')
    approveCommand(record.id, { hash: record.hash, decision, note }).then(onDone, (error: unknown) =>
      onRefused(`Your decision did not count: ${problemOf(error)?.text ?? 'it could not be told'}`),
    )
  }
  return (
    <div className="approval">
      <p>
        {approval.text} {approval.given} of {approval.needed} given, <Ticking read={left} />.
      </p>
      {record.approvals.map((one) => (
        <p key={`${one.by} ${one.at}`} className="t2">
          {one.by} {one.decision === 'approve' ? 'agreed' : 'refused'} at {one.at.slice(11, 19)} UTC
          {one.note === '' ? '' : `: ${one.note}`}
        </p>
      ))}
      {mine ? (
        <p className="t2">You proposed it: somebody else decides.</p>
      ) : (
        <div className="card-actions">
          <label>
            Note <input value={note} maxLength={500} onChange={(event) => setNote(event.target.value)} />
          </label>
          <button type="button" className={`level-${record.level}`} onClick={() => decide('approve')}>
            Approve exactly this
          </button>
          <button type="button" onClick={() => decide('refuse')}>
            Refuse
          </button>
        </div>
      )}
    </div>
  )
}
