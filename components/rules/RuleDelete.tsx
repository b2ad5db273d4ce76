/*
 * RuleDelete: deleting an own rule, or taking a shipped one back to how it was shipped: guard level 4.
 * In: the rule with its version. Out: one call, after a checklist, a reason to think and the rule's id typed.
 * Invariant: what follows is said before; the version that was looked at is what is deleted, nothing newer.
 * Source: docs/ux.md "guard levels", "pages: rules"; docs/alerts.md "rules".
 */
'use client'
import { useState } from 'react'
import type { AlertRule } from '../../lib/contracts/alerts.ts'
import { problemOf } from '../records/useApi.ts'
import { deleteRule } from './ruleDoor.ts'

export function RuleDelete({ rule, onDone }: { readonly rule: AlertRule; readonly onDone: () => void }) {
  const [isOpen, setOpen] = useState(false)
  const [checked, setChecked] = useState<readonly string[]>([])
  const [typed, setTyped] = useState('')
  const [said, setSaid] = useState('')
  if (rule.shipped && rule.saved_at === null) return null
  const label = rule.shipped ? 'Back to how it was shipped' : 'Delete the rule'
  if (!isOpen)
    return (
      <p>
        <button type="button" className="level-4" onClick={() => setOpen(true)}>
          {label}…
        </button>
      </p>
    )
  const list = rule.shipped
    ? ['What was changed by hand is lost.', 'Export the rules first, if it may be wanted again.']
    : [
        'Nothing watches for this any more.',
        'Its open alerts are closed; their history stays.',
        'Export the rules first, if it may be wanted again.',
      ]
  const isReady = checked.length === list.length && typed === rule.id
  const act = (): void => {
    setSaid('')
    deleteRule(rule.id, rule.version).then(onDone, (error: unknown) => {
      const problem = problemOf(error)
      setSaid(problem === null ? 'Not done.' : `Not done: ${problem.text} (${problem.code})`)
    })
  }
  return (
    <section className="rule-delete" aria-label={label}>
      <h3>{label}</h3>
      {list.map((line) => (
        <label key={line} className="check">
          <input
            type="checkbox"
            checked={checked.includes(line)}
            onChange={(event) =>
              setChecked(event.target.checked ? [...checked, line] : checked.filter((one) => one !== line))
            }
          />{' '}
          {line}
        </label>
      ))}
      <div className="card-actions">
        <label>
          Type {rule.id}{' '}
          <input value={typed} spellCheck={false} maxLength={64} onChange={(event) => setTyped(event.target.value)} />
        </label>
        <button type="button" className="level-4" disabled={!isReady} onClick={act}>
          {label}
        </button>
        <button type="button" className="quiet" onClick={() => setOpen(false)}>
          Leave it
        </button>
      </div>
      {said !== '' && (
        <p className="tone-warn" role="alert">
          {said}
        </p>
      )}
    </section>
  )
}
