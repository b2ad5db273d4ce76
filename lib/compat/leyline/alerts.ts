/*
 * alerts: warnings and remarks of the newer generation, in the words of a PerformanceAlert.
 * In: a checked record that is neither lifecycle nor measurement. Out: the alert's own fields.
 * Invariant: severity is the record's, never raised; percent becomes fraction; a remark about no environment says so.
 * Source: docs/protocol.md "leyline events".
 */
import { envName, placeOf } from './places.ts'
import type { DrawnRecord, LeylineEnvelope } from './records.ts'

export interface AlertFields {
  readonly layerId: string
  readonly seed_id: number | null
  readonly alert_type: string
  readonly severity: 'info' | 'warning' | 'critical'
  readonly metric_name: string
  readonly metric_value: number | null
  readonly threshold: number | null
  readonly text: string | null
}

const SEVERITIES = Object.freeze({
  debug: 'info',
  info: 'info',
  warning: 'warning',
  error: 'critical',
  critical: 'critical',
} as const)

const percent = (value: number | null | undefined): number | null => (value == null ? null : value / 100)

interface Reading {
  readonly metric: string
  readonly value: number | null
  readonly threshold: number | null
  readonly text: string | null
}

const NOTHING: Reading = Object.freeze({ metric: '', value: null, threshold: null, text: null })

/** Records that warn or remark; the others move seeds or measure. */
export type RemarkRecord = Extract<
  DrawnRecord,
  {
    type:
      | 'GOVERNOR_ROLLBACK'
      | 'PERFORMANCE_DEGRADATION'
      | 'REWARD_HACKING_SUSPECTED'
      | 'GRADIENT_ANOMALY'
      | 'GRADIENT_PATHOLOGY_DETECTED'
      | 'NUMERICAL_INSTABILITY_DETECTED'
      | 'PLATEAU_DETECTED'
      | 'DEGRADATION_DETECTED'
      | 'IMPROVEMENT_DETECTED'
      | 'TAMIYO_INITIATED'
  }
>

function readingOf(drawn: RemarkRecord): Reading {
  switch (drawn.type) {
    case 'GOVERNOR_ROLLBACK': {
      const { loss_at_panic, loss_threshold, reason } = drawn.data
      return { metric: 'loss', value: loss_at_panic ?? null, threshold: loss_threshold ?? null, text: reason }
    }
    case 'PERFORMANCE_DEGRADATION': {
      const { current_acc, rolling_avg_acc } = drawn.data
      return { metric: 'accuracy', value: percent(current_acc), threshold: percent(rolling_avg_acc), text: null }
    }
    case 'REWARD_HACKING_SUSPECTED': {
      const { pattern, ratio, threshold } = drawn.data
      return { metric: 'ratio', value: ratio ?? null, threshold: threshold ?? null, text: pattern }
    }
    case 'PLATEAU_DETECTED':
    case 'DEGRADATION_DETECTED':
    case 'IMPROVEMENT_DETECTED':
      return { ...NOTHING, metric: 'rolling_delta', value: percent(drawn.data.rolling_delta) }
    case 'TAMIYO_INITIATED':
      return { ...NOTHING, metric: 'val_loss', value: drawn.data.val_loss ?? null }
    case 'GRADIENT_ANOMALY':
    case 'GRADIENT_PATHOLOGY_DETECTED':
    case 'NUMERICAL_INSTABILITY_DETECTED':
      return { ...NOTHING, text: drawn.data.anomaly_type }
  }
}

const control = /[\u0000-\u001f\u007f-\u009f]/g

/** Makes the alert of a record. Never throws. */
export function toAlert(drawn: RemarkRecord, envelope: LeylineEnvelope): AlertFields {
  const { env_id, slot_id } = drawn.data as { readonly env_id?: unknown; readonly slot_id?: unknown }
  const env = typeof env_id === 'number' ? env_id : null
  const place = typeof slot_id === 'string' ? placeOf(env, slot_id) : null
  const { metric, value, threshold, text } = readingOf(drawn)
  const said = [text, envelope.message].filter((part) => typeof part === 'string' && part !== '').join('; ')
  return {
    layerId: place?.layerId ?? (env === null ? 'all' : envName(env)),
    seed_id: place?.seedId ?? null,
    alert_type: drawn.type.toLowerCase(),
    severity: SEVERITIES[envelope.severity],
    metric_name: value === null && threshold === null ? '' : metric,
    metric_value: value,
    threshold,
    text: said === '' ? null : said.replace(control, ' ').slice(0, 500),
  }
}
