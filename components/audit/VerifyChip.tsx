/*
 * VerifyChip: whether the log is what was written, as far as it was looked at, with the age of that look; a banner when it is not.
 * In: /api/audit/verify. Out: a chip that opens what it means; a red banner with the first wrong entry.
 * Invariant: never green without an age; what such a look can not show is said beside it.
 * Source: docs/ux.md "pages: audit"; docs/audit.md "verification"; features F6.
 */
'use client'
import { useState } from 'react'
import type { AuditVerdict } from '../../lib/contracts/httpAudit.ts'
import { formatAge, formatCount } from '../../lib/live/formatValue.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { useTickKey } from '../live/useLiveTopic.ts'
import { askApi, problemOf, useApi, type ApiAnswer } from '../records/useApi.ts'
import { Icon } from '../ui/Icon.tsx'

const EVERY_MS = 2_000

export type VerdictAnswer = ApiAnswer<AuditVerdict>

/** The verdict, asked for while somebody looks. */
export function useVerdict(enabled: boolean): VerdictAnswer {
  return useApi<AuditVerdict>(enabled ? '/api/audit/verify' : null, { everyMs: EVERY_MS })
}

const MARKS: Readonly<Record<AuditVerdict['state'], { readonly mark: string; readonly tone: string }>> = {
  verified: { mark: '✓', tone: 'tone-ok' },
  incomplete: { mark: '◇', tone: 'tone-warn' },
  broken: { mark: '✕', tone: 'tone-crit' },
  never: { mark: '○', tone: 't2' },
}

function words(verdict: AuditVerdict, ageMs: number | null): string {
  const age = ageMs === null ? '' : `, ${formatAge(ageMs)} ago`
  const anchored = verdict.anchored === null ? '' : `, anchored to ${formatCount(verdict.anchored.size)}`
  switch (verdict.state) {
    case 'verified':
      return `verified to ${formatCount(verdict.running ? (verdict.whole_pass?.entries ?? verdict.verified) : verdict.verified)}${age}${anchored}`
    case 'incomplete':
      return `${formatCount(verdict.verified)} entries follow each other${age}, the evidence is not whole`
    case 'broken':
      return `does not hold${age}`
    case 'never':
      return verdict.running
        ? `being verified: ${formatCount(verdict.verified)} of ${formatCount(verdict.size)}`
        : 'not verified yet'
  }
}

export function VerifyChip({ answer }: { readonly answer: VerdictAnswer }) {
  const { data, problem, atMs } = answer
  const [said, setSaid] = useState('')
  const age = (): number | null =>
    data?.age_ms == null || atMs === null ? null : data.age_ms + Math.max(0, systemClock.wallMs() - atMs)
  useTickKey(() => String(Math.floor((age() ?? -1) / 1_000)))
  const again = (): void => {
    setSaid('Looking again, from the first entry on.')
    askApi('/api/audit/verify', { method: 'POST' }).then(
      () => answer.refetch(),
      (error: unknown) => setSaid(problemOf(error)?.text ?? 'It did not work.'),
    )
  }
  if (data === null)
    return (
      <span className="audit-chip t2">
        {problem === null ? 'Integrity: asking' : `Integrity: unknown (${problem.code})`}
      </span>
    )
  const { mark, tone } = MARKS[data.state]
  return (
    <details className="audit-chip">
      <summary>
        <span className={tone} aria-hidden="true">
          {mark}
        </span>{' '}
        <span className="num">{words(data, age())}</span>
      </summary>
      <div className="audit-chip-body">
        {data.running && (
          <p>
            <label>
              Looking now <progress max={Math.max(1, data.size)} value={data.verified} />
            </label>{' '}
            <span className="num">
              {formatCount(data.verified)} of {formatCount(data.size)}
            </span>
          </p>
        )}
        <p>
          {data.exposed === 0
            ? 'A signed checkpoint covers every entry that was looked at.'
            : `The last ${formatCount(data.exposed)} entries are signed, and no checkpoint covers them yet.`}
        </p>
        {data.anchored !== null && (
          <p>
            A second file, apart from the database, holds a checkpoint of {formatCount(data.anchored.size)} entries
            {data.anchored.at === null ? '' : `, written ${data.anchored.at}`}.
          </p>
        )}
        {data.whole_pass !== null && (
          <p>
            Last looked at from the first entry on: {data.whole_pass.at}, {formatCount(data.whole_pass.entries)} entries
            in {formatAge(data.whole_pass.took_ms)}.
          </p>
        )}
        {data.problems.map((text) => (
          <p key={text} className="tone-warn">
            {text}
          </p>
        ))}
        <p className="t2">{data.limits}</p>
        <button type="button" disabled={data.running} onClick={again}>
          Verify again
        </button>{' '}
        <output>{said}</output>
      </div>
    </details>
  )
}

/** Red, with the first wrong entry, while the log does not hold. */
export function BreakBanner({
  verdict,
  onOpen,
}: {
  readonly verdict: AuditVerdict | null
  readonly onOpen: (seq: number) => void
}) {
  const bad = verdict?.first_bad ?? null
  if (verdict?.state !== 'broken' || bad === null) return null
  return (
    <div className="banner tone-crit audit-break" role="alert">
      <Icon name="critical" />
      <span>
        The audit trail is not what was written. The first wrong entry is <b className="num">{bad.seq}</b>: {bad.kind};
        expected <span className="mono">{bad.expected.slice(0, 80)}</span>, found{' '}
        <span className="mono">{bad.found.slice(0, 80)}</span>. Entries before it hold. Keep the database, the
        checkpoints and the public key as they are.
      </span>
      <button type="button" onClick={() => onOpen(bad.seq)}>
        Open it
      </button>
      <a href="/api/audit/export?format=log" download>
        Export for evidence
      </a>
    </div>
  )
}
