/*
 * RuleTransfer: rules as a file: out of this installation, and into it after it was said what would change.
 * In: a file or pasted text. Out: a download; a trial of the import, then the import.
 * Invariant: nothing is taken over that was not shown before; all of it or nothing.
 * Source: docs/alerts.md "import and export"; features D1.
 */
'use client'
import { useState } from 'react'
import type { RuleImported } from '../../lib/contracts/httpRules.ts'
import { formatCount } from '../../lib/live/formatValue.ts'
import { problemOf } from '../records/useApi.ts'
import { Panel } from '../ui/Panel.tsx'
import { importRules } from './ruleDoor.ts'
import { readRules } from './readRules.ts'

interface Props {
  readonly mayEdit: boolean
  readonly onDone: () => void
  readonly onClose: () => void
}

export function RuleTransfer({ mayEdit, onDone, onClose }: Props) {
  const [text, setText] = useState('')
  const [mode, setMode] = useState<'merge' | 'replace'>('merge')
  const [shown, setShown] = useState<{ readonly of: string; readonly answer: RuleImported } | null>(null)
  const [said, setSaid] = useState<{ readonly text: string; readonly isProblem: boolean } | null>(null)
  const [busy, setBusy] = useState(false)
  const key = `${mode} ${text}`
  const run = (dryRun: boolean): void => {
    const read = readRules(text)
    setSaid(read.ok ? null : { text: read.problem, isProblem: true })
    if (!read.ok) return
    setBusy(true)
    importRules(read.rules, mode, dryRun)
      .then((answer) => {
        setShown({ of: key, answer })
        if (dryRun) return
        setSaid({ text: 'Taken over.', isProblem: false })
        setShown(null)
        onDone()
      })
      .catch((error: unknown) => {
        const problem = problemOf(error)
        setSaid({ text: problem === null ? 'It failed.' : `${problem.text} (${problem.code})`, isProblem: true })
      })
      .finally(() => setBusy(false))
  }
  return (
    <Panel
      title="Import, export"
      actions={
        <button type="button" className="quiet" onClick={onClose}>
          Close
        </button>
      }
    >
      <div className="rule-body">
        <p>
          <a href="/api/rules/export" download="morphoscope-alert-rules.json">
            Download all rules
          </a>{' '}
          <span className="t2">as JSON, for another installation or for keeping.</span>
        </p>
        {mayEdit ? (
          <>
            <label>
              A file:{' '}
              <input
                type="file"
                accept=".json,application/json"
                onChange={(event) => {
                  const [file] = event.target.files ?? []
                  void file?.text().then(setText)
                }}
              />
            </label>
            <label className="rule-json">
              <span className="visually-hidden">Rules as JSON</span>
              <textarea
                value={text}
                spellCheck={false}
                placeholder="or paste: what was exported, or a list of rules"
                onChange={(event) => setText(event.target.value)}
              />
            </label>
            <div className="card-actions">
              <label>
                Rules that are not in it{' '}
                <select value={mode} onChange={(event) => setMode(event.target.value as typeof mode)}>
                  <option value="merge">stay</option>
                  <option value="replace">are deleted, shipped ones go back</option>
                </select>
              </label>
              <button type="button" disabled={busy || text.trim() === ''} onClick={() => run(true)}>
                What would change?
              </button>
              <button
                type="button"
                className={mode === 'replace' ? 'level-4' : 'level-2'}
                disabled={busy || shown?.of !== key}
                onClick={() => run(false)}
              >
                Take them over
              </button>
            </div>
            {shown !== null && shown.of === key && <Changes answer={shown.answer} />}
          </>
        ) : (
          <p className="t2">Rules are taken over by administrators.</p>
        )}
        <output className={said?.isProblem === true ? 'tone-warn' : 't2'}>{said?.text}</output>
      </div>
    </Panel>
  )
}

function Changes({ answer }: { readonly answer: RuleImported }) {
  const { added, changed, removed, unchanged } = answer
  return (
    <section className="rule-test" aria-label="What would change">
      <p>
        {formatCount(added.length)} added, {formatCount(changed.length)} changed, {formatCount(removed.length)} removed,{' '}
        {formatCount(unchanged)} as they are.
      </p>
      <ul>
        {added.map((id) => (
          <li key={`+${id}`}>
            added: <b>{id}</b>
          </li>
        ))}
        {changed.map((one) => (
          <li key={`~${one.id}`}>
            changed: <b>{one.id}</b> <span className="t2">{one.change}</span>
          </li>
        ))}
        {removed.map((id) => (
          <li key={`-${id}`} className="tone-warn">
            removed: <b>{id}</b>
          </li>
        ))}
      </ul>
    </section>
  )
}
