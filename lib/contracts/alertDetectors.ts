/*
 * Detectors: what a rule can look for, each with its parameters, their units, bounds and defaults: what a rule editor is drawn from.
 * In: nothing. Out: DETECTORS by name.
 * Invariant: no schema library here; a rule names one of these and gives a number for each of its parameters; a detector that
 * the engine does not have does not stand here.
 * Source: docs/alerts.md "rules".
 */
export interface DetectorParameter {
  readonly name: string
  readonly label: string
  readonly unit: string
  readonly default: number
  readonly min: number
  readonly max: number
}

export interface DetectorEntry {
  readonly title: string
  /** What one alert of it is about. */
  readonly scope: 'seed' | 'layer' | 'run' | 'blueprint' | 'installation'
  readonly looksAt: string
  readonly parameters: readonly DetectorParameter[]
  /** The rule names a metric, and whether above or below is bad. */
  readonly takesMetric: boolean
  /** Cleared by an acknowledgement: it tells of an event, not of a condition. */
  readonly event: boolean
  /** Whether a back-test on kept columns can judge it. */
  readonly backtest: boolean
}

const number = (
  name: string,
  label: string,
  unit: string,
  value: number,
  min: number,
  max: number,
): DetectorParameter => Object.freeze({ name, label, unit, default: value, min, max })
const ticks = (name: string, label: string, value: number) => number(name, label, 'ticks', value, 1, 100_000)

const entry = (
  scope: DetectorEntry['scope'],
  title: string,
  looksAt: string,
  parameters: readonly DetectorParameter[],
  more: Partial<Pick<DetectorEntry, 'takesMetric' | 'event' | 'backtest'>> = {},
): DetectorEntry =>
  Object.freeze({ scope, title, looksAt, parameters, takesMetric: false, event: false, backtest: false, ...more })

/** Judged on the columns or events that are kept. */
const COLUMNS = { backtest: true } as const
const EVENT = { event: true } as const

export const DETECTORS = Object.freeze({
  metric: entry(
    'seed',
    'A metric beyond a threshold',
    'one column of every seed',
    [
      number('raise', 'raise at', 'of the metric', 0, -1e12, 1e12),
      number('clear', 'clear at', 'of the metric', 0, -1e12, 1e12),
      number('above', 'bad is above (1) or below (0)', '0 or 1', 1, 0, 1),
      ticks('raise_ticks', 'for', 1),
      ticks('clear_ticks', 'clear after', 1),
    ],
    { takesMetric: true, backtest: true },
  ),
  non_finite: entry(
    'seed',
    'Not a number',
    'transitions of the non-finite guard, governor, values that are no numbers',
    [ticks('clear_ticks', 'clear after clean', 20)],
  ),
  gradient_explosion: entry('run', 'Gradients explode', 'host_grad_norm and clip_fraction', [
    number('factor', 'times the rolling median', 'x', 10, 1, 1e6),
    ticks('window', 'rolling median over', 100),
    ticks('raise_ticks', 'for', 1),
    number('clip_fraction', 'or clipped steps of a tick', 'share', 0.5, 0, 1),
    number('clear_factor', 'clear below', 'x', 3, 1, 1e6),
    ticks('clear_ticks', 'for', 10),
  ]),
  governor_rollback: entry('run', 'The governor restored', 'PerformanceAlert governor_rollback', [], EVENT),
  loss_degradation: entry(
    'run',
    'Validation loss rises',
    'evaluations',
    [
      number('raise', 'above the best', 'x', 1.15, 1, 1e6),
      number('critical', 'critical above', 'x', 1.5, 1, 1e6),
      number('clear', 'clear below', 'x', 1.05, 1, 1e6),
      number('evaluations', 'for', 'evaluations', 3, 1, 1_000),
    ],
    COLUMNS,
  ),
  dead_chunk: entry(
    'seed',
    'Dead chunk',
    'dead_node_ratio',
    [
      number('raise', 'dead units at least', 'share', 1, 0, 1),
      ticks('raise_ticks', 'for', 3),
      number('clear', 'clear below', 'share', 0.5, 0, 1),
      ticks('clear_ticks', 'for', 10),
    ],
    COLUMNS,
  ),
  vanishing_flow: entry(
    'seed',
    'Gradient flow vanishes',
    'flow_grad_norm against the median of the layer',
    [
      number('raise', 'below the layer median', 'x', 0.01, 0, 1),
      ticks('raise_ticks', 'for', 10),
      number('clear', 'clear above', 'x', 0.05, 0, 1),
      ticks('clear_ticks', 'for', 1),
    ],
    COLUMNS,
  ),
  stuck_in_state: entry(
    'seed',
    'Stuck in a state',
    'state and ticks_in_state',
    [
      number('factor', 'times nominal', 'x', 2, 1, 1_000),
      number('critical_factor', 'critical at', 'x', 4, 1, 1_000),
      ticks('germinated', 'nominal GERMINATED', 50),
      ticks('training', 'nominal TRAINING', 60),
      ticks('grafting', 'nominal GRAFTING', 20),
      ticks('evaluating', 'nominal EVALUATING', 12),
    ],
    COLUMNS,
  ),
  alpha_jump: entry(
    'seed',
    'Alpha jumps',
    'alpha from tick to tick, outside a ramp and outside the ends of a life',
    [number('raise', 'change in one tick above', 'alpha', 0.2, 0, 1), ticks('clear_ticks', 'clear after', 20)],
    COLUMNS,
  ),
  cull_storm: entry(
    'run',
    'Many lives end culled',
    'transitions',
    [
      number('culls', 'culls above', 'lives', 5, 1, 100_000),
      number('share', 'and of ended lives at least', 'share', 0.8, 0, 1),
      ticks('window', 'within', 100),
      number('clear', 'clear below', 'culls', 3, 1, 100_000),
    ],
    COLUMNS,
  ),
  blueprint_failing: entry(
    'blueprint',
    'A blueprint never succeeds',
    'ended lives by blueprint',
    [number('tries', 'tries at least', 'lives', 3, 1, 100_000)],
    COLUMNS,
  ),
  dormant_drift: entry(
    'seed',
    'A dormant chunk drifts',
    'chunk_variance and avg_inter_node_correlation against its first ticks',
    [
      number('raise', 'robust z above', 'z', 4, 0.1, 1_000),
      number('clear', 'clear below', 'z', 2, 0.1, 1_000),
      ticks('raise_ticks', 'for', 20),
      ticks('baseline_ticks', 'baseline over', 200),
    ],
    COLUMNS,
  ),
  saturation: entry('run', 'Saturated', 'states, and ended lives without a gain', [
    number('share', 'fossilised or at least', 'share', 0.9, 0, 1),
    number('lives', 'or lives without a gain', 'lives', 10, 1, 100_000),
  ]),
  ransomware: entry(
    'seed',
    'Depended on, and not helpful',
    'performance_delta and total_improvement',
    [
      // One of 2,000 samples is 0.0005: less than ten of them lie within the noise of the reading.
      number('contribution', 'contribution above', 'fraction', 0.005, 0, 1),
      number('improvement', 'and total improvement below', 'ratio', 0, -10, 10),
      number('reads', 'for', 'reads', 2, 1, 1_000),
    ],
    COLUMNS,
  ),
  no_checkpoint: entry('run', 'No fresh snapshot', 'checkpoint events, refused restores', [
    ticks('age', 'newest snapshot older than', 100),
  ]),
  telemetry_gap: entry('layer', 'Telemetry is missing', 'arrival of reports', [
    number('intervals', 'expected intervals without a report', 'intervals', 5, 1, 10_000),
    number('critical', 'critical at', 'intervals', 20, 1, 10_000),
    number('floor_ms', 'an interval is at least', 'ms', 500, 10, 600_000),
    number('clear_reports', 'clear after', 'reports', 3, 1, 1_000),
  ]),
  illegal_transition: entry(
    'seed',
    'An edge that does not exist',
    'transitions; generations and numbers that go back',
    [],
    EVENT,
  ),
  command_unacked: entry('seed', 'A command without an outcome', 'commands in state UNKNOWN', []),
  overfit_gap: entry(
    'run',
    'Overfitting',
    'evaluations',
    [
      number('gap', 'train minus validation accuracy above', 'fraction', 0.05, 0, 1),
      number('evaluations', 'rising over', 'evaluations', 10, 2, 1_000),
      number('clear', 'clear below', 'fraction', 0.04, 0, 1),
    ],
    COLUMNS,
  ),
  inbound: entry('layer', 'A producer raised an alert', 'PerformanceAlert messages of producers', [], EVENT),
  layer_silent: entry('layer', 'A layer fell silent', 'age of the newest report, goodbyes of producers', [
    number('silent_s', 'no report for', 's', 60, 5, 86_400),
  ]),
  bus_down: entry('installation', 'The bus does not answer', 'state of the bus', [
    number('seconds', 'for', 's', 3, 0, 3_600),
  ]),
  bus_lag: entry('installation', 'A reader falls behind', 'entries of a topic not read yet', [
    number('entries', 'entries behind above', 'entries', 1_000, 1, 1e9),
    number('clear', 'clear below', 'entries', 100, 0, 1e9),
    number('seconds', 'for', 's', 5, 0, 3_600),
  ]),
  dead_letters: entry('installation', 'Entries were given up', 'kasmina.dead', [
    number('quiet_s', 'clear after no new one for', 's', 300, 5, 86_400),
  ]),
  refusals: entry('installation', 'Entries are refused', 'refusals of the reader by reason', [
    number('per_min', 'refusals in a minute above', 'entries', 60, 1, 1e9),
    number('clear', 'clear below', 'entries', 1, 0, 1e9),
  ]),
  breaker_open: entry('installation', 'A way out is broken', 'notification channels and the records database', []),
  stop_unready: entry('installation', 'A stop would not reach everybody', 'probes of the gateway', [
    number('seconds', 'for', 's', 30, 0, 3_600),
  ]),
  engine_dead: entry('installation', 'The alert engine stands still', 'heartbeat of the engine', [
    number('seconds', 'no beat for', 's', 10, 2, 600),
  ]),
} as const satisfies Record<string, DetectorEntry>)

export type DetectorName = keyof typeof DETECTORS
export const DETECTOR_NAMES = Object.freeze(Object.keys(DETECTORS) as DetectorName[])

/** Gives each parameter of the detector its default. */
export function defaultParams(detector: DetectorName): Record<string, number> {
  return Object.fromEntries(DETECTORS[detector].parameters.map(({ name, default: value }) => [name, value]))
}
