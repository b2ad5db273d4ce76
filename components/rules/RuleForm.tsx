/*
 * RuleForm: the fields of a rule; those of its detector are drawn from the detector's own table.
 * In: a draft. Out: the next draft at every change.
 * Invariant: every number has its unit and what is accepted beside it; a number that is none stays as it was typed and is named.
 * Source: docs/alerts.md "rules"; features D1.
 */
'use client'
import type { RuleDraft } from '../../lib/contracts/alerts.ts'
import { DETECTOR_NAMES, type DetectorName } from '../../lib/contracts/alertDetectors.ts'
import { NumberField } from './NumberField.tsx'
import { detectorOf, parameterLabel, withDetector } from './ruleDraft.ts'

interface Props {
  readonly draft: RuleDraft
  readonly isNew: boolean
  readonly metrics: readonly string[]
  readonly onChange: (draft: RuleDraft) => void
}

export function RuleForm({ draft, isNew, metrics, onChange }: Props) {
  const set = (change: Partial<RuleDraft>): void => onChange({ ...draft, ...change })
  const detector = detectorOf(draft.detector)
  return (
    <div className="rule-fields">
      {isNew && (
        <label>
          Id
          <input
            value={draft.id}
            maxLength={64}
            spellCheck={false}
            placeholder="low_health"
            onChange={(event) => set({ id: event.target.value })}
          />
        </label>
      )}
      <label>
        Title
        <input value={draft.title} maxLength={120} onChange={(event) => set({ title: event.target.value })} />
      </label>
      <label>
        Detector
        <select
          value={draft.detector}
          onChange={(event) => onChange(withDetector(draft, event.target.value as DetectorName))}
        >
          {DETECTOR_NAMES.map((name) => (
            <option key={name} value={name}>
              {detectorOf(name).title}
            </option>
          ))}
        </select>
      </label>
      {detector.takesMetric && (
        <label>
          Metric
          <input
            value={draft.metric ?? ''}
            list="rule-metrics"
            maxLength={64}
            spellCheck={false}
            onChange={(event) => set({ metric: event.target.value })}
          />
          <datalist id="rule-metrics">
            {metrics.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </datalist>
        </label>
      )}
      <label>
        Severity
        <select
          value={draft.severity}
          onChange={(event) => set({ severity: event.target.value as RuleDraft['severity'] })}
        >
          <option value="info">info</option>
          <option value="warning">warning</option>
          <option value="critical">critical</option>
        </select>
      </label>
      {detector.parameters.map((one) => (
        <NumberField
          key={one.name}
          label={parameterLabel(one)}
          hint={`${one.min} to ${one.max}; shipped ${one.default}`}
          value={draft.params[one.name] ?? one.default}
          onChange={(value) => set({ params: { ...draft.params, [one.name]: value } })}
        />
      ))}
      <label>
        One group per
        <select
          value={draft.group_by}
          onChange={(event) => set({ group_by: event.target.value as RuleDraft['group_by'] })}
        >
          <option value="layer">layer</option>
          <option value="run">run</option>
          <option value="rule">rule</option>
        </select>
      </label>
      <NumberField
        label="asks again after, s"
        hint="acknowledged and still so; 0: never"
        value={draft.reraise_s}
        onChange={(value) => set({ reraise_s: value })}
      />
      <NumberField
        label="flapping from, times"
        hint="2 to 100"
        value={draft.flap.count}
        onChange={(value) => set({ flap: { ...draft.flap, count: value } })}
      />
      <NumberField
        label="within, s"
        hint="10 to 86400"
        value={draft.flap.window_s}
        onChange={(value) => set({ flap: { ...draft.flap, window_s: value } })}
      />
      <NumberField
        label="then clears after quiet for, s"
        hint="1 to 86400"
        value={draft.flap.quiet_s}
        onChange={(value) => set({ flap: { ...draft.flap, quiet_s: value } })}
      />
      <label className="check">
        <input type="checkbox" checked={draft.latched} onChange={(event) => set({ latched: event.target.checked })} />{' '}
        Latched: cleared by a person only
      </label>
      <label className="check">
        <input type="checkbox" checked={draft.notify} onChange={(event) => set({ notify: event.target.checked })} />{' '}
        Channels are told when it is raised
      </label>
      <label className="wide-field">
        First actions (runbook)
        <textarea
          rows={3}
          value={draft.runbook}
          maxLength={1_000}
          onChange={(event) => set({ runbook: event.target.value })}
        />
      </label>
      <label className="wide-field">
        Note: why it is as it is
        <input value={draft.note} maxLength={500} onChange={(event) => set({ note: event.target.value })} />
      </label>
      <Escalation draft={draft} onChange={(escalation) => set({ escalation })} />
    </div>
  )
}

const MOST_STEPS = 8

function Escalation({
  draft,
  onChange,
}: {
  readonly draft: RuleDraft
  readonly onChange: (steps: RuleDraft['escalation']) => void
}) {
  const { escalation } = draft
  const replace = (at: number, change: Partial<RuleDraft['escalation'][number]>): void =>
    onChange(escalation.map((step, index) => (index === at ? { ...step, ...change } : step)))
  return (
    <fieldset className="wide-field">
      <legend className="t2">Escalation: who is told while nobody acknowledges</legend>
      <ol className="rule-steps">
        {escalation.map((step, index) => (
          // Steps are told apart by their place.
          // oxlint-disable-next-line react/no-array-index-key
          <li key={index}>
            <NumberField
              label={`step ${index + 1}: after, s`}
              value={step.after_s}
              onChange={(value) => replace(index, { after_s: value })}
            />
            <select
              aria-label={`Channel of step ${index + 1}`}
              value={step.channel}
              onChange={(event) => replace(index, { channel: event.target.value as typeof step.channel })}
            >
              <option value="webhook">webhook</option>
              <option value="email">email</option>
            </select>
            <input
              aria-label={`Address of step ${index + 1}`}
              placeholder="the configured one"
              value={step.to}
              maxLength={256}
              onChange={(event) => replace(index, { to: event.target.value })}
            />
            <button
              type="button"
              className="link"
              onClick={() => onChange(escalation.filter((_, place) => place !== index))}
            >
              remove<span className="visually-hidden"> step {index + 1}</span>
            </button>
          </li>
        ))}
      </ol>
      {escalation.length < MOST_STEPS && (
        <button
          type="button"
          onClick={() =>
            onChange([...escalation, { after_s: (escalation.at(-1)?.after_s ?? 0) + 300, channel: 'webhook', to: '' }])
          }
        >
          Add a step
        </button>
      )}
    </fieldset>
  )
}
