/*
 * StageBar: the way of one command, dot by dot, each with its time and how long it took to get there.
 * In: a record. Out: an ordered list; the ring of a running countdown.
 * Invariant: shape tells done, now, next, refused and unknown apart, colour only adds to it.
 * Source: docs/ux.md "composer"; docs/commands.md "states".
 */
'use client'
import { useCallback } from 'react'
import type { CommandRecord } from '../../lib/contracts/httpCommands.ts'
import { formatAge } from '../../lib/live/formatValue.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { Ticking } from '../live/Ticking.tsx'
import { useOps } from './OpsProvider.tsx'
import { stageDots, stateWords } from './stageWords.ts'

const SHAPES = {
  done: <circle cx="7" cy="7" r="5" />,
  now: (
    <>
      <circle cx="7" cy="7" r="5.2" className="ring" />
      <circle cx="7" cy="7" r="2.4" />
    </>
  ),
  next: <circle cx="7" cy="7" r="4.4" className="ring" />,
  bad: <path d="M3 3l8 8M11 3l-8 8" className="ring" />,
  unknown: <path d="M7 1.5 12.5 7 7 12.5 1.5 7Z" className="ring" />,
} as const

export function StageBar({ record }: { readonly record: CommandRecord }) {
  const { offsetMs } = useOps()
  const dots = stageDots(record)
  const until = record.held_until_ms ?? record.deadline_ms
  const left = useCallback(() => {
    if (until === null) return ''
    const ms = until - (systemClock.wallMs() + offsetMs)
    if (ms <= 0) return ''
    if (record.held_until_ms !== null) return `sent in ${formatAge(ms)}; cancel with z`
    return record.state === 'UNKNOWN' ? `watched for ${formatAge(ms)} more` : `unknown in ${formatAge(ms)}`
  }, [until, offsetMs, record.held_until_ms, record.state])
  return (
    <div className="stage-bar">
      <ol aria-label={`Stages: ${stateWords(record.state)}`}>
        {dots.map((dot, index) => (
          <li key={`${dot.name} ${index}`} className={`stage is-${dot.kind}`} title={dot.text}>
            <svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true">
              {SHAPES[dot.kind]}
            </svg>
            <span className="stage-name">{dot.name}</span>
            <span className="t3 num">
              {dot.at === null ? '' : index === 0 ? dot.at.slice(11, 19) : `+${formatAge(dot.afterMs ?? 0)}`}
            </span>
          </li>
        ))}
      </ol>
      {!record.final && until !== null && (
        <p className="t2 num">
          <Ticking read={left} />
        </p>
      )}
    </div>
  )
}
