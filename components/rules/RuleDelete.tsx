/*
 * RuleDelete: deleting an own rule by two persons, or taking a shipped one back to how it was shipped by one: guard level 4.
 * In: the rule with its version, who asked to delete it. Out: one call, after a checklist, a reason and the rule's id typed.
 * Invariant: what follows is said before; the version that was looked at is what is deleted, nothing newer; who asked does not do it.
 * Source: docs/ux.md "guard levels", "pages: rules"; docs/alerts.md "rules".
 */
'use client'
import { useState } from 'react'
import type { AlertRule } from '../../lib/contracts/alerts.ts'
import type { RuleDeletion, RuleList } from '../../lib/contracts/httpRules.ts'
import { useSession } from '../access/useSession.ts'
import { problemOf } from '../records/useApi.ts'
import { Icon } from '../ui/Icon.tsx'
import { askDeletion, deleteRule, withdrawDeletion } from './ruleDoor.ts'

interface Props {
  readonly rule: AlertRule
  readonly waiting: RuleDeletion | null
  readonly onDone: () => void
}

export function RuleDelete({ rule, waiting, onDone }: Props) {
  const [said, setSaid] = useState('')
  const act = (work: () => Promise<RuleList>): void => {
    setSaid('')
    work().then(onDone, (error: unknown) => {
      const problem = problemOf(error)
      setSaid(problem === null ? 'Not done.' : `Not done: ${problem.text} (${problem.code})`)
    })
  }
  if (rule.shipped && rule.saved_at === null) return null
  return (
    <>
      {waiting === null || waiting.version !== rule.version ? (
        <Ask rule={rule} onAct={act} />
      ) : (
        <Second rule={rule} waiting={waiting} onAct={act} />
      )}
      {said !== '' && (
        <p className="tone-warn" role="alert">
          {said}
        </p>
      )}
    </>
  )
}

type OnAct = (work: () => Promise<RuleList>) => void

function Ask({ rule, onAct }: { readonly rule: AlertRule; readonly onAct: OnAct }) {
  const [isOpen, setOpen] = useState(false)
  const [checked, setChecked] = useState<readonly string[]>([])
  const [typed, setTyped] = useState('')
  const [reason, setReason] = useState('')
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
    ? ['What was changed by hand is lost from use; its versions stay.']
    : [
        'Nothing watches for this any more.',
        'Its open alerts are closed; their history stays.',
        'Export the rules first, if it may be wanted again.',
      ]
  const isReady = checked.length === list.length && typed === rule.id && (rule.shipped || reason.trim() !== '')
  const act = (): void =>
    onAct(() => (rule.shipped ? deleteRule(rule.id, rule.version) : askDeletion(rule.id, rule.version, reason.trim())))
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
      {!rule.shipped && (
        <label>
          Why <input value={reason} maxLength={500} onChange={(event) => setReason(event.target.value)} />
        </label>
      )}
      <div className="card-actions">
        <label>
          Type {rule.id}{' '}
          <input value={typed} spellCheck={false} maxLength={64} onChange={(event) => setTyped(event.target.value)} />
        </label>
        <button type="button" className="level-4" disabled={!isReady} onClick={act}>
          {rule.shipped ? label : 'Ask a second person to delete it'}
        </button>
        <button type="button" className="quiet" onClick={() => setOpen(false)}>
          Leave it
        </button>
      </div>
      {!rule.shipped && <p className="t2">Another person deletes it, within ten minutes.</p>}
    </section>
  )
}

function Second({
  rule,
  waiting,
  onAct,
}: {
  readonly rule: AlertRule
  readonly waiting: RuleDeletion
  readonly onAct: OnAct
}) {
  const subject = useSession().data?.subject ?? null
  const isMine = subject?.name === waiting.by
  return (
    <section className="rule-delete" aria-label="Waits to be deleted">
      <h3>Waits to be deleted</h3>
      <p className="tone-warn">
        <Icon name="warning" size={14} /> {waiting.by} asked for it: {waiting.reason}. Until{' '}
        {waiting.expires_at.slice(11, 19)} UTC another person may do it; nothing watches for this then.
      </p>
      <div className="card-actions">
        {!isMine && (
          <button type="button" className="level-4" onClick={() => onAct(() => deleteRule(rule.id, rule.version))}>
            Delete it, as the second person
          </button>
        )}
        <button type="button" className="quiet" onClick={() => onAct(() => withdrawDeletion(rule.id))}>
          Keep it
        </button>
      </div>
    </section>
  )
}
