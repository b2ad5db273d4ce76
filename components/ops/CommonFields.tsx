/*
 * CommonFields: what every command carries: reason, timeout, priority, the effect that is expected, and force.
 * In: values. Out: changed values; the part of a draft they make.
 * Invariant: units stand beside the fields; a value that can not be read is said beside its field.
 * Source: docs/commands.md "what can be asked".
 */
import { useId } from 'react'
import { effectProblems, type CommonValues } from './commonValues.ts'

interface Props {
  readonly values: CommonValues
  readonly metrics: readonly string[]
  readonly reasonRequired: boolean
  readonly onChange: (values: CommonValues) => void
}

export function CommonFields({ values, metrics, reasonRequired, onChange }: Props) {
  const timeout = useId()
  const set = (change: Partial<CommonValues>): void => onChange({ ...values, ...change })
  const { effect } = values
  const problems = effectProblems(effect)
  const wrong = useId()
  return (
    <div className="composer-fields">
      <label className="wide-field">
        Reason{reasonRequired ? ', needed' : ''}
        <input
          value={values.reason}
          maxLength={500}
          required={reasonRequired}
          onChange={(event) => set({ reason: event.target.value })}
        />
      </label>
      <label htmlFor={timeout} className="wide-field">
        Timeout <span className="num">{values.timeoutS} s</span>
        <input
          id={timeout}
          type="range"
          min={1}
          max={30}
          value={values.timeoutS}
          onChange={(event) => set({ timeoutS: Number(event.target.value) })}
        />
      </label>
      <details className="wide-field">
        <summary>Expected effect, priority, force</summary>
        <div className="composer-fields">
          <label>
            Metric
            <select
              value={effect?.metric ?? ''}
              onChange={(event) =>
                set({
                  effect:
                    event.target.value === ''
                      ? null
                      : { metric: event.target.value, delta: effect?.delta ?? '', withinS: effect?.withinS ?? '60' },
                })
              }
            >
              <option value="">none said</option>
              {metrics.map((metric) => (
                <option key={metric}>{metric}</option>
              ))}
            </select>
          </label>
          <label>
            Change by
            <input
              inputMode="decimal"
              placeholder="+0.05"
              disabled={effect === null}
              aria-invalid={problems.delta !== ''}
              aria-describedby={wrong}
              value={effect?.delta ?? ''}
              onChange={(event) => effect && set({ effect: { ...effect, delta: event.target.value } })}
            />
          </label>
          <label>
            Within, s
            <input
              inputMode="numeric"
              disabled={effect === null}
              aria-invalid={problems.within !== ''}
              aria-describedby={wrong}
              value={effect?.withinS ?? ''}
              onChange={(event) => effect && set({ effect: { ...effect, withinS: event.target.value } })}
            />
          </label>
          <p className="tone-warn wide-field field-problem" id={wrong}>
            {problems.delta} {problems.within}
          </p>
          <label>
            Priority
            <select
              value={values.priority}
              onChange={(event) => set({ priority: event.target.value as CommonValues['priority'] })}
            >
              <option>low</option>
              <option>normal</option>
              <option>high</option>
            </select>
          </label>
          <label className="check">
            <input type="checkbox" checked={values.force} onChange={(event) => set({ force: event.target.checked })} />{' '}
            Skip the layer’s time and quality guards (one level higher)
          </label>
        </div>
      </details>
    </div>
  )
}
