/*
 * The rules that ship, as data: what each looks for, how bad it is, how it is grouped, and what to do first.
 * In: nothing. Out: SHIPPED_RULES, SHIPPED_BY_ID, and how any rule draft is completed.
 * Invariant: every rule gives a number for each parameter of its detector; the rule that watches the engine is protected.
 * Source: docs/alerts.md "rules that ship".
 */
import { defaultParams, type DetectorName } from '../contracts/alertDetectors.ts'
import type { AlertRule, RuleDraft } from '../contracts/alerts.ts'

const DAY_QUARTER_S = 14_400

interface Shipped {
  readonly id?: string
  readonly severity: AlertRule['severity']
  readonly title: string
  readonly runbook: string
  readonly group_by?: AlertRule['group_by']
  readonly latched?: boolean
}

const ship = (
  detector: DetectorName,
  { id = detector, group_by = 'layer', latched = false, ...rest }: Shipped,
): AlertRule =>
  Object.freeze({
    id,
    detector,
    metric: null,
    params: Object.freeze(defaultParams(detector)),
    enabled: true,
    latched,
    group_by,
    reraise_s: DAY_QUARTER_S,
    flap: Object.freeze({ count: 3, window_s: 600, quiet_s: 60 }),
    notify: rest.severity !== 'info',
    escalation: [],
    note: '',
    version: 0,
    shipped: true,
    protected: detector === 'engine_dead',
    saved_at: null,
    saved_by: null,
    change: 'as shipped',
    ...rest,
  })

/** Lists the shipped rules: the training first, then the bus and the installation. */
export const SHIPPED_RULES: readonly AlertRule[] = Object.freeze([
  ship('non_finite', {
    severity: 'critical',
    title: 'Not a number',
    runbook: 'The seed is quarantined. Open its life, compare blueprint and learning rate, then resume.',
  }),
  ship('gradient_explosion', {
    severity: 'critical',
    title: 'Gradients explode',
    group_by: 'run',
    runbook: 'Emergency-stop the layer, look at the steps before, roll back.',
  }),
  ship('governor_rollback', {
    severity: 'critical',
    title: 'The governor restored a snapshot',
    group_by: 'run',
    runbook: 'Read the cause, and check how old the snapshot was.',
  }),
  ship('loss_degradation', {
    severity: 'warning',
    title: 'Validation loss rises',
    group_by: 'run',
    runbook: 'Which life changed its state in the window? Open "what changed" from here.',
  }),
  ship('dead_chunk', {
    severity: 'warning',
    title: 'Dead chunk',
    runbook: 'Germinate there. Do not expect accuracy to fall: the network routes round a chunk that dies slowly.',
  }),
  ship('vanishing_flow', {
    severity: 'warning',
    title: 'Gradient flow vanishes',
    runbook: 'Look upstream: what feeds this chunk?',
  }),
  ship('stuck_in_state', {
    severity: 'warning',
    title: 'Stuck in a state',
    runbook: 'Is the drift pause on? Raise the ramp, or cancel or roll back.',
  }),
  ship('alpha_jump', {
    severity: 'warning',
    title: 'Alpha jumps',
    runbook: 'Compare the grafting strategy with the command log: was an edge forced?',
  }),
  ship('cull_storm', {
    severity: 'warning',
    title: 'Many lives end culled',
    group_by: 'run',
    runbook: 'Is the network saturated? Pause germination and review the blueprint table.',
  }),
  ship('blueprint_failing', {
    severity: 'info',
    title: 'A blueprint never succeeds',
    group_by: 'run',
    runbook: 'Remove it from the rotation.',
  }),
  ship('dormant_drift', {
    severity: 'info',
    title: 'A dormant chunk drifts',
    runbook: 'A candidate for germination.',
  }),
  ship('saturation', {
    severity: 'info',
    title: 'Saturated',
    group_by: 'run',
    runbook: 'Stop growing and note what it costs.',
  }),
  ship('ransomware', {
    severity: 'warning',
    title: 'Depended on, and not helpful',
    runbook: 'Cull it unless it is needed: the host merely grew dependent on it.',
  }),
  ship('no_checkpoint', {
    severity: 'warning',
    title: 'No fresh snapshot',
    group_by: 'run',
    runbook: 'Save a checkpoint now.',
  }),
  ship('telemetry_gap', {
    severity: 'warning',
    title: 'Telemetry is missing',
    group_by: 'run',
    runbook: 'Is the producer alive? Is the bus behind?',
  }),
  ship('illegal_transition', {
    severity: 'warning',
    title: 'An edge that does not exist',
    runbook: 'Replay the moment. Are there two producers of one name?',
  }),
  ship('command_unacked', {
    severity: 'warning',
    title: 'A command without an outcome',
    runbook: 'Is the worker stopped or dead? Telemetry settles what became of the command.',
  }),
  ship('overfit_gap', {
    severity: 'info',
    title: 'Overfitting',
    group_by: 'run',
    runbook: 'Stop growing.',
  }),
  ship('inbound', {
    severity: 'warning',
    title: 'A producer raised an alert',
    runbook: 'Its own words are in the text; ask whoever runs the producer.',
  }),
  ship('layer_silent', {
    severity: 'warning',
    title: 'A layer fell silent',
    group_by: 'run',
    runbook: 'Nothing of this layer is known now. Is its producer meant to run?',
  }),
  ship('bus_down', {
    severity: 'critical',
    title: 'The bus does not answer',
    group_by: 'rule',
    runbook: 'Check that Redis runs. An emergency stop still reaches layers on their direct lines.',
  }),
  ship('bus_lag', {
    severity: 'warning',
    title: 'A reader falls behind',
    group_by: 'rule',
    runbook: 'Open Bus: which topic, and is it falling further behind?',
  }),
  ship('dead_letters', {
    severity: 'warning',
    title: 'Entries were given up',
    group_by: 'rule',
    runbook: 'Read their reasons on kasmina.dead; send them again once the cause is gone.',
  }),
  ship('refusals', {
    severity: 'warning',
    title: 'Entries are refused',
    group_by: 'rule',
    runbook: 'Open Bus: the newest refusals name code, path and topic.',
  }),
  ship('breaker_open', {
    severity: 'warning',
    title: 'A way out is broken',
    group_by: 'rule',
    runbook: 'What is named does not answer; what was to be sent waits or was given up, and is counted.',
  }),
  ship('stop_unready', {
    severity: 'critical',
    title: 'A stop would not reach everybody',
    group_by: 'rule',
    runbook: 'Check that the gateway runs, then the agents of the layers that are missing.',
  }),
  ship('engine_dead', {
    severity: 'critical',
    title: 'The alert engine stands still',
    group_by: 'rule',
    runbook: 'Nothing is watched now. Do not trust a quiet page; restart the server, and look at its log.',
  }),
])

export const SHIPPED_BY_ID: ReadonlyMap<string, AlertRule> = new Map(SHIPPED_RULES.map((rule) => [rule.id, rule]))

/** A draft with every parameter of its detector. */
export function completeDraft(draft: RuleDraft): RuleDraft {
  return { ...draft, params: { ...defaultParams(draft.detector), ...draft.params } }
}

const FIELDS = [
  'title',
  'detector',
  'metric',
  'params',
  'severity',
  'enabled',
  'latched',
  'group_by',
  'reraise_s',
  'flap',
  'notify',
  'escalation',
  'runbook',
  'note',
] as const

/** Only what somebody writes, in a fixed order: equal rules give equal texts. */
export function draftOf(rule: RuleDraft): Omit<RuleDraft, 'id'> {
  return Object.fromEntries(FIELDS.map((name) => [name, rule[name]])) as Omit<RuleDraft, 'id'>
}

const text = (value: unknown): string => (typeof value === 'string' ? value || 'nothing' : JSON.stringify(value))

/** Says in words what became different; `nothing` when nothing did. */
export function describeRuleChange(before: RuleDraft, after: RuleDraft): string {
  const parts: string[] = []
  for (const name of FIELDS) {
    if (name === 'params') {
      for (const key of Object.keys(after.params))
        if (before.params[key] !== after.params[key])
          parts.push(`${key} ${before.params[key] ?? 'none'} to ${after.params[key]}`)
    } else if (JSON.stringify(before[name]) !== JSON.stringify(after[name]))
      parts.push(name === 'runbook' || name === 'note' ? name : `${name} ${text(before[name])} to ${text(after[name])}`)
  }
  const whole = parts.length === 0 ? 'nothing' : parts.join('; ')
  return whole.length > 500 ? `${whole.slice(0, 497)}...` : whole
}
