/*
 * BulkView: a run over many seeds: its waves with their gates, what came of each seed, and what can be done now.
 * In: the parent's record. Out: waves as a table, counts, actions.
 * Invariant: a wave never starts before the gate of the one before it; why it halted stands here in words.
 * Source: docs/commands.md "many seeds"; docs/ux.md "bulk".
 */
'use client'
import { useState } from 'react'
import type { BulkRun, CommandRecord } from '../../lib/contracts/httpCommands.ts'
import { formatCount } from '../../lib/live/formatValue.ts'
import { problemOf } from '../records/useApi.ts'
import { actOnBulk } from './opsActions.ts'

interface Props {
  readonly record: CommandRecord
  readonly onDone: (record: CommandRecord) => void
}

type Action = BulkRun['actions'][number]
const LABELS: Readonly<Record<Action, string>> = {
  pause: 'Pause',
  resume: 'Go on',
  stop: 'Stop the run',
  'retry-failed': 'Send the failed again',
  reconfirm: 'Confirm the new set',
}

export function BulkView({ record, onDone }: Props) {
  const [typed, setTyped] = useState('')
  const [said, setSaid] = useState('')
  const { bulk } = record
  if (bulk === null) return null
  const act = (action: Action): void => {
    setSaid('')
    const count = action === 'reconfirm' ? { typed_count: Number(typed) } : {}
    actOnBulk(record.id, { action, ...count }).then(onDone, (error: unknown) =>
      setSaid(problemOf(error)?.text ?? 'It did not work.'),
    )
  }
  const { counts } = bulk
  const done = counts.applied + counts.failed + counts.unknown + counts.cancelled + counts.skipped
  return (
    <div className="bulk">
      <p>
        <b>{bulk.state}</b>: {bulk.text}
      </p>
      <p className="num">
        <progress max={Math.max(1, bulk.total)} value={done} aria-label="Seeds that are done" />{' '}
        {formatCount(counts.applied)} applied, {formatCount(counts.failed)} failed, {formatCount(counts.unknown)}{' '}
        unknown, {formatCount(counts.running)} running, {formatCount(counts.waiting)} waiting,{' '}
        {formatCount(counts.skipped)} left out, {formatCount(counts.cancelled)} cancelled, of {formatCount(bulk.total)}
      </p>
      {bulk.drift !== null && bulk.drift.left > 0 && (
        <p className={bulk.drift.ratio > bulk.drift.max_ratio ? 'tone-warn' : 't2'}>
          {formatCount(bulk.drift.left)} of {formatCount(bulk.drift.of)} left the set since it was confirmed.
        </p>
      )}
      <table className="page-table">
        <thead>
          <tr>
            <th scope="col">Wave</th>
            <th scope="col" className="num">
              Seeds
            </th>
            <th scope="col">State</th>
            <th scope="col" className="num">
              Applied
            </th>
            <th scope="col" className="num">
              Failed
            </th>
            <th scope="col">Gate</th>
          </tr>
        </thead>
        <tbody>
          {bulk.waves.map((wave) => (
            <tr key={wave.index}>
              <th scope="row">{wave.index + 1}</th>
              <td className="num">{formatCount(wave.size)}</td>
              <td>{wave.state}</td>
              <td className="num">{formatCount(wave.applied)}</td>
              <td className="num">{formatCount(wave.failed + wave.unknown)}</td>
              <td>{wave.gate === null ? '' : `${wave.gate.passed ? '✓' : '✕'} ${wave.gate.text}`}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <div className="card-actions">
        {bulk.actions.includes('reconfirm') && (
          <label>
            Type how many are left{' '}
            <input inputMode="numeric" value={typed} onChange={(event) => setTyped(event.target.value)} />
          </label>
        )}
        {bulk.actions.map((action) => (
          <button
            key={action}
            type="button"
            disabled={action === 'reconfirm' && !/^\d+$/.test(typed)}
            onClick={() => act(action)}
          >
            {LABELS[action]}
          </button>
        ))}
      </div>
      {said !== '' && (
        <p className="tone-warn" role="alert">
          {said}
        </p>
      )}
    </div>
  )
}
