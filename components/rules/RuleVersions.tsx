/*
 * RuleVersions: every version of a rule: when, by whom, what changed; any of them can be taken up again as the next version.
 * In: the rule as it is. Out: a list that is asked for when it is opened; an old version as a draft.
 * Invariant: nothing is saved here: an old version is tried and saved like any other edit, from the version that holds now.
 * Source: docs/ux.md "pages: rules"; docs/alerts.md "rules"; features D1.
 */
'use client'
import { useState } from 'react'
import type { AlertRule, RuleDraft } from '../../lib/contracts/alerts.ts'
import type { RuleVersions as Versions } from '../../lib/contracts/httpRules.ts'
import { formatCount } from '../../lib/live/formatValue.ts'
import { useApi } from '../records/useApi.ts'
import { draftOf } from './ruleDraft.ts'
import { versionsUrl } from './ruleDoor.ts'

export function RuleVersions({
  rule,
  onTake,
}: {
  readonly rule: AlertRule
  /** Null: this person may not edit. */
  readonly onTake: ((draft: RuleDraft) => void) | null
}) {
  const [isOpen, setOpen] = useState(false)
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Versions</summary>
      {isOpen && <VersionList key={rule.version} rule={rule} onTake={onTake} />}
    </details>
  )
}

function VersionList({ rule, onTake }: Parameters<typeof RuleVersions>[0]) {
  const { data, problem } = useApi<Versions>(versionsUrl(rule.id))
  if (problem !== null)
    return (
      <p className="tone-warn" role="alert">
        {problem.text} ({problem.code})
      </p>
    )
  if (data === null) return <p className="t2">Asking for its versions…</p>
  return (
    <>
      <ol className="rule-versions" reversed>
        {data.versions.map((one) => (
          <li key={one.version} value={one.version}>
            {one.saved_at === null ? (
              'as shipped'
            ) : (
              <>
                <span className="t3">{one.saved_at.slice(0, 19).replace('T', ' ')} UTC</span> by {one.saved_by ?? '?'}:{' '}
                {one.change}
              </>
            )}{' '}
            {one.version === rule.version ? (
              <b>holds now</b>
            ) : (
              onTake !== null && (
                <button type="button" className="link" onClick={() => onTake(draftOf(one))}>
                  Take version {one.version} up again
                </button>
              )
            )}
          </li>
        ))}
      </ol>
      {data.more > 0 && <p className="t2">{formatCount(data.more)} older ones are kept and not listed.</p>}
    </>
  )
}
