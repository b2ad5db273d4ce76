/*
 * CommonFields: what every command carries: reason, timeout, priority, the effect that is expected, and force.
 * In: values. Out: changed values; the part of a draft they make.
 * Invariant: units stand beside the fields; a value outside its limits never becomes part of a draft.
 * Source: docs/commands.md "what can be asked".
 */
import { useId } from 'react'

export interface CommonValues {
  readonly reason: string
  readonly timeoutS: number
  readonly priority: 'low' | 'normal' | 'high'
  readonly effect: { readonly metric: string; readonly delta: string; readonly withinS: string } | null
  readonly force: boolean
}

export const NO_COMMON: CommonValues = Object.freeze({
  reason: '',
  timeoutS: 5,
  priority: 'normal',
  effect: null,
  force: false,
})

/** Makes the part of a draft; an effect that is not a number yet is left out. */
export function toCommon(values: CommonValues) {
  const { effect } = values
  const delta = effect === null || effect.delta.trim() === '' ? Number.NaN : Number(effect.delta)
  const within = effect === null ? Number.NaN : Number(effect.withinS)
  const told = effect !== null && Number.isFinite(delta) && Number.isInteger(within) && within >= 5 && within <= 3_600
  return {
    reason: values.reason.trim(),
    timeout_ms: values.timeoutS * 1_000,
    ttl_ms: values.timeoutS * 1_000,
    priority: values.priority,
    ...(values.force ? { force: true } : {}),
    ...(told ? { expected_effect: { metric: effect.metric, delta, within_s: within } } : {}),
  }
}

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
              value={effect?.delta ?? ''}
              onChange={(event) => effect && set({ effect: { ...effect, delta: event.target.value } })}
            />
          </label>
          <label>
            Within, s
            <input
              inputMode="numeric"
              disabled={effect === null}
              value={effect?.withinS ?? ''}
              onChange={(event) => effect && set({ effect: { ...effect, withinS: event.target.value } })}
            />
          </label>
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
