/*
 * limitsDefaults: the limits that ship, for metrics whose threshold is a plain value.
 * In: nothing. Out: one entry per metric.
 * Invariant: a rule that compares with a median, a state or the past is no limit and is not in here.
 * Source: docs/training.md "health"; docs/protocol.md "limits".
 */
import type { MetricLimit } from '../../lib/contracts/httpLimits.ts'

const none = { alarm_low: null, warn_low: null, warn_high: null, alarm_high: null, hysteresis: 0 }

/** Lists the shipped limits. */
export const DEFAULT_LIMITS: readonly MetricLimit[] = Object.freeze([
  {
    ...none,
    metric: 'health_score',
    alarm_low: 0.5,
    warn_low: 0.8,
    hysteresis: 0.02,
    note: '0.8 and above is good, below 0.5 is bad',
  },
  {
    ...none,
    metric: 'dead_node_ratio',
    warn_high: 0.99,
    hysteresis: 0.49,
    note: 'every unit is dead; clear again below one half',
  },
  {
    ...none,
    metric: 'alpha_velocity',
    warn_low: -0.2,
    warn_high: 0.2,
    hysteresis: 0.01,
    note: 'more than 0.2 of alpha in one tick is a jump',
  },
  {
    ...none,
    metric: 'avg_inter_node_correlation',
    warn_high: 0.8,
    hysteresis: 0.05,
    note: 'units that say the same are wasted',
  },
  {
    ...none,
    metric: 'stability_score',
    warn_low: 0.8,
    hysteresis: 0.02,
    note: 'validation loss wanders over the reads',
  },
  { ...none, metric: 'weight_drift', warn_high: 0.05, hysteresis: 0.01, note: 'the weight norm leaves its average' },
])
