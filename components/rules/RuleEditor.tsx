/*
 * RuleEditor: one rule as a form or as JSON, tried on the kept past before it is saved as its next version.
 * In: the rule with its version, or a blank one. Out: an edit, its trial, its save; who was faster when somebody was.
 * Invariant: a change of what decides is tried before it is saved, where it can be; nothing is saved without the version it was made from.
 * Source: docs/ux.md "pages: rules"; docs/alerts.md "rules"; features D1, D2.
 */
'use client'
import Link from 'next/link'
import { useState } from 'react'
import type { AlertRule, RuleDraft } from '../../lib/contracts/alerts.ts'
import type { RuleDeletion } from '../../lib/contracts/httpRules.ts'
import { problemOf } from '../records/useApi.ts'
import { Icon } from '../ui/Icon.tsx'
import { Panel } from '../ui/Panel.tsx'
import { RuleDelete } from './RuleDelete.tsx'
import {
  conditionsOf,
  detectorOf,
  draftOf,
  draftProblems,
  draftText,
  handlingWords,
  judgedText,
  parseDraft,
} from './ruleDraft.ts'
import { saveRule } from './ruleDoor.ts'
import { RuleForm } from './RuleForm.tsx'
import { RuleTrial, useTrial } from './RuleTrial.tsx'
import { RuleVersions } from './RuleVersions.tsx'

interface Props {
  /** Null: it is new. */
  readonly rule: AlertRule | null
  readonly start: RuleDraft
  readonly metrics: readonly string[]
  readonly runId: string | null
  readonly mayEdit: boolean
  /** Somebody asked to delete it. */
  readonly deletion: RuleDeletion | null
  readonly onSaved: (id: string) => void
  readonly onClose: () => void
}

const versionWords = ({ version, shipped, saved_at: savedAt }: AlertRule): string =>
  savedAt === null ? 'as shipped' : `version ${version}${shipped ? ', comes with the product' : ''}`

interface Edit {
  readonly version: number | null
  readonly draft: RuleDraft
}

export function RuleEditor({ rule, start, metrics, runId, mayEdit, deletion, onSaved, onClose }: Props) {
  const [edit, setEdit] = useState<Edit | null>(null)
  const [json, setJson] = useState<string | null>(null)
  const [said, setSaid] = useState<{ readonly text: string; readonly isProblem: boolean } | null>(null)
  const [busy, setBusy] = useState(false)
  const trial = useTrial()
  const shown = edit?.draft ?? draftOf(rule ?? start)
  const version = edit === null ? (rule?.version ?? null) : edit.version
  const isChanged = edit !== null && draftText(edit.draft) !== draftText(rule ?? start)
  const isOld = edit !== null && rule !== null && edit.version !== rule.version
  const parsed = json === null ? null : parseDraft(json, shown)
  const problems = parsed?.ok === false ? [parsed.problem] : draftProblems(shown)
  const detector = detectorOf(shown.detector)
  const decides = rule === null || judgedText(shown) !== judgedText(rule)
  const isTried = trial.result !== null && trial.result.judged === judgedText(shown)
  // Where the past can not be asked, the rule is not held back for that.
  const needsTrial = decides && detector.backtest && !isTried && trial.problem === null
  const change = (draft: RuleDraft): void => {
    setEdit({ version, draft })
    setSaid(null)
  }
  const takeUp = (draft: RuleDraft): void => {
    setJson(null)
    change(draft)
  }
  const onJson = (text: string): void => {
    setJson(text)
    setSaid(null)
    const read = parseDraft(text, shown)
    if (read.ok) setEdit({ version, draft: read.draft })
  }
  const save = async (draft: RuleDraft): Promise<void> => {
    setBusy(true)
    setSaid(null)
    try {
      const saved = await saveRule(draft, version)
      setEdit(null)
      setJson(null)
      setSaid({
        text: `Saved as version ${saved.version}${saved.change === '' ? '' : `: ${saved.change}`}.`,
        isProblem: false,
      })
      onSaved(saved.id)
    } catch (error) {
      const problem = problemOf(error)
      setSaid({
        text: problem === null ? 'Not saved.' : `Not saved: ${problem.text} (${problem.code})`,
        isProblem: true,
      })
    } finally {
      setBusy(false)
    }
  }
  const { raise, clear } = conditionsOf(shown)
  return (
    <Panel
      title={rule === null ? 'New rule' : rule.title}
      className="rule-editor"
      hint={rule === null ? '' : versionWords(rule)}
      actions={
        <>
          {mayEdit && rule !== null && !rule.protected && (
            <button type="button" disabled={busy} onClick={() => void save({ ...shown, enabled: !shown.enabled })}>
              {shown.enabled ? 'Take out of service' : 'Put into service'}
            </button>
          )}
          <button type="button" className="quiet" onClick={onClose}>
            Close
          </button>
        </>
      }
    >
      <div className="rule-body">
        <dl className="facts">
          <div>
            <dt>Raises when</dt>
            <dd>{raise}</dd>
          </div>
          <div>
            <dt>Clears</dt>
            <dd>{clear}</dd>
          </div>
          <div>
            <dt>Looks at</dt>
            <dd>
              {detector.looksAt}, one alert per {detector.scope}
            </dd>
          </div>
          <div>
            <dt>Handling</dt>
            <dd>{handlingWords(shown)}</dd>
          </div>
          {rule !== null && (
            <div>
              <dt>This version</dt>
              <dd>
                {rule.saved_at === null
                  ? 'as shipped'
                  : `by ${rule.saved_by ?? '?'} at ${rule.saved_at.slice(0, 19).replace('T', ' ')} UTC${rule.change === '' ? '' : `: ${rule.change}`}`}
              </dd>
            </div>
          )}
          {rule !== null && (
            <div>
              <dt>Its alerts</dt>
              <dd>
                <Link href={`/alerts?rule=${encodeURIComponent(rule.id)}`} prefetch={false}>
                  open ones
                </Link>
                ,{' '}
                <Link href={`/alerts?tab=history&rule=${encodeURIComponent(rule.id)}`} prefetch={false}>
                  past ones
                </Link>
              </dd>
            </div>
          )}
        </dl>
        {shown.runbook !== '' && (
          <p>
            <b>First actions.</b> {shown.runbook}
          </p>
        )}
        {rule?.protected === true && (
          <p className="t2">It watches the engine itself: it is never switched off, shelved or taken out of service.</p>
        )}
        {isOld && (
          <p className="tone-warn">
            <Icon name="warning" size={14} /> {rule?.saved_by ?? 'Somebody'} saved version {rule?.version} while you
            edited version {edit?.version}.{' '}
            <button type="button" className="link" onClick={() => setEdit(null)}>
              Take theirs
            </button>
          </p>
        )}
        {mayEdit ? (
          <>
            <div className="tabs" role="tablist" aria-label="Ways to edit">
              <button type="button" role="tab" aria-selected={json === null} onClick={() => setJson(null)}>
                Form
              </button>
              <button
                type="button"
                role="tab"
                aria-selected={json !== null}
                onClick={() => setJson(json ?? draftText(shown))}
              >
                JSON
              </button>
            </div>
            {json === null ? (
              <RuleForm draft={shown} isNew={rule === null} metrics={metrics} onChange={change} />
            ) : (
              <label className="rule-json">
                <span className="visually-hidden">The rule as JSON</span>
                <textarea value={json} spellCheck={false} onChange={(event) => onJson(event.target.value)} />
              </label>
            )}
            {problems.length > 0 && (edit !== null || json !== null) && (
              <ul className="rule-problems tone-warn">
                {problems.map((problem) => (
                  <li key={problem}>
                    <Icon name="warning" size={13} /> {problem}
                  </li>
                ))}
              </ul>
            )}
            <RuleTrial trial={trial} draft={shown} runId={runId} canTry={problems.length === 0} />
            <div className="card-actions">
              <button
                type="button"
                className="level-2"
                disabled={busy || !isChanged || problems.length > 0 || needsTrial || isOld}
                onClick={() => void save(shown)}
              >
                {busy ? 'Saving…' : rule === null ? 'Save the rule' : `Save as version ${rule.version + 1}`}
              </button>
              {isChanged && (
                <button
                  type="button"
                  className="quiet"
                  onClick={() => {
                    setEdit(null)
                    setJson(null)
                  }}
                >
                  Drop the changes
                </button>
              )}
              <span className="t2">
                {isChanged && needsTrial && problems.length === 0
                  ? 'Try it on the kept past first: it decides when it fires.'
                  : ''}
              </span>
            </div>
          </>
        ) : (
          <p className="t2">Rules are changed by administrators.</p>
        )}
        <output className={said?.isProblem === true ? 'tone-warn' : 't2'}>{said?.text}</output>
        {rule !== null && <RuleVersions rule={rule} onTake={mayEdit ? takeUp : null} />}
        {mayEdit && rule !== null && (
          <RuleDelete key={rule.version} rule={rule} waiting={deletion} onDone={() => onSaved(rule.id)} />
        )}
      </div>
    </Panel>
  )
}
