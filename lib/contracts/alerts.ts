/*
 * Alerts and rules: their shapes, between engine, pages, command line and other installations.
 * In: zod. Out: AlertItem, AlertDetail, AlertRule, RuleDraft.
 * Invariant: an alert is one fingerprint (rule, run, layer, seed); `seq` numbers its occurrences and `version` its changes; a
 * shelved or silent alert keeps its state underneath; unmeasured is null.
 * Source: docs/alerts.md; ISA-18.2.
 */
import { z } from 'zod'
import { DETECTOR_NAMES, DETECTORS } from './alertDetectors.ts'
import { ALERT_ACTS, ALERT_LIMITS, ALERT_SEVERITIES, ALERT_STATES, ALERT_URGENCIES } from './alertTable.ts'
import { Count, MetricKey, Reading } from './httpShapes.ts'
import { Finite, LayerId, LogText, Prose, RunId, SeedId } from './ids.ts'

const MaybeAt = z.iso.datetime().nullable()
const Person = LogText.max(128)

export const AlertState = z.enum(ALERT_STATES)
export type AlertState = z.infer<typeof AlertState>
export const AlertSeverityName = z.enum(ALERT_SEVERITIES)
export type AlertSeverityName = z.infer<typeof AlertSeverityName>
export const AlertAct = z.enum(ALERT_ACTS)
export type AlertAct = z.infer<typeof AlertAct>

/** Words of the routes under /api/rules. */
const RESERVED: ReadonlySet<string> = new Set(['export', 'backtest', 'import'])
export const RuleId = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,63}$/, 'a rule id: a-z, 0-9, _, at most 64')
  .refine((id) => !RESERVED.has(id), 'this id is the name of a route')

/** What was measured when it was raised, the worst since, and what is measured now. */
export const AlertEvidence = z.object({
  metric: z.string().max(64).nullable(),
  unit: z.string().max(32).nullable(),
  trigger: Reading,
  worst: Reading,
  live: Reading,
  threshold: Reading,
  /** Up to the moment it was raised; empty when nothing was kept. */
  window: z.object({
    t_ms: z.array(Finite).max(ALERT_LIMITS.windowPoints),
    v: z.array(Reading).max(ALERT_LIMITS.windowPoints),
  }),
})
export type AlertEvidence = z.infer<typeof AlertEvidence>

export const AlertItem = z.object({
  id: z.uuid(),
  rule: RuleId,
  rule_version: Count,
  severity: AlertSeverityName,
  urgency: z.enum(ALERT_URGENCIES),
  state: AlertState,
  /** What the state would be if it were neither shelved nor out of service. */
  underlying: AlertState,
  /** Its source does not tell any more: what is shown is the last that was known, and nothing clears it by itself. */
  silent: z.boolean(),
  layer_id: LayerId.nullable(),
  seed_id: SeedId.nullable(),
  run_id: RunId.nullable(),
  /** Groups are acknowledged together; the key is opaque. */
  group: z.string().max(256),
  fingerprint: z.string().max(512),
  seq: Count,
  version: Count,
  raised_at: z.iso.datetime(),
  cleared_at: MaybeAt,
  acked_by: Person.nullable(),
  acked_at: MaybeAt,
  assigned_to: Person.nullable(),
  /** Null with shelved_by set: until it clears, at most a day. */
  shelved_until: MaybeAt,
  shelved_by: Person.nullable(),
  /** The newest note. */
  note: Prose.nullable(),
  /** How often the condition was reported true anew. */
  count: Count,
  first_at: z.iso.datetime(),
  last_at: z.iso.datetime(),
  /** Occurrences that followed the one before within the rule's flap window. */
  flaps: Count,
  /** Flaps too much: its clearing waits until it was quiet; shelving may help. */
  flapping: z.boolean(),
  /** Cleared by a person only. */
  latched: z.boolean(),
  /** Id of the alert that explains this one: a bus that is away explains layers without telemetry. */
  inhibited_by: z.uuid().nullable(),
  /** Escalation steps taken. */
  escalation: Count,
  text: Prose,
  runbook: Prose,
  correlation_id: z.string().max(128).nullable(),
  evidence: AlertEvidence,
})
export type AlertItem = z.infer<typeof AlertItem>

export const AlertHistoryEntry = z.object({
  at: z.iso.datetime(),
  seq: Count,
  /** A person, a token, or `engine`. */
  actor: Person,
  act: AlertAct,
  from: AlertState,
  to: AlertState,
  note: Prose.nullable(),
})
export type AlertHistoryEntry = z.infer<typeof AlertHistoryEntry>

/** Oldest first; at most the newest 500. */
export const AlertDetail = AlertItem.extend({ history: z.array(AlertHistoryEntry).max(500) })
export type AlertDetail = z.infer<typeof AlertDetail>

export const AlertGroup = z.object({
  key: z.string().max(256),
  text: Prose,
  rule: RuleId,
  count: Count,
  critical: Count,
  unacked: Count,
  newest_at: z.iso.datetime(),
  /** Joined since the group was last acknowledged, and not acknowledged themselves. */
  new_since_ack: Count,
})
export type AlertGroup = z.infer<typeof AlertGroup>

export const EscalationStep = z.object({
  /** Seconds that it may wait for an acknowledgement. */
  after_s: z.int().min(10).max(604_800),
  channel: z.enum(['webhook', 'email']),
  /** An address of the channel; empty: the configured one. */
  to: LogText.max(256).default(''),
})
export type EscalationStep = z.infer<typeof EscalationStep>

/** A rule as somebody writes it. */
export const RuleDraft = z
  .object({
    id: RuleId,
    title: LogText.min(1).max(120),
    detector: z.enum(DETECTOR_NAMES),
    /** Only for detectors that take one. */
    metric: MetricKey.nullable().default(null),
    params: z.record(z.string().max(32), Finite).default({}),
    severity: AlertSeverityName,
    enabled: z.boolean().default(true),
    /** Cleared by a person only. */
    latched: z.boolean().default(false),
    group_by: z.enum(['rule', 'run', 'layer']).default('layer'),
    /** Acknowledged and still true for so long: it asks again. 0 = never. */
    reraise_s: z.int().min(0).max(604_800).default(14_400),
    flap: z
      .object({
        count: z.int().min(2).max(100).default(3),
        window_s: z.int().min(10).max(86_400).default(600),
        /** A flapping alert clears once it was quiet for so long. */
        quiet_s: z.int().min(1).max(86_400).default(60),
      })
      .prefault({}),
    /** Whether the channels are told when it is raised. */
    notify: z.boolean().default(true),
    escalation: z.array(EscalationStep).max(ALERT_LIMITS.escalationSteps).default([]),
    runbook: Prose.max(1_000).default(''),
    note: Prose.max(500).default(''),
  })
  .superRefine((rule, context) => {
    const { parameters, takesMetric } = DETECTORS[rule.detector]
    if (takesMetric !== (rule.metric !== null))
      context.addIssue({
        code: 'custom',
        path: ['metric'],
        message: takesMetric ? 'this detector needs a metric' : 'this detector takes no metric',
      })
    for (const [name, value] of Object.entries(rule.params)) {
      const known = parameters.find((one) => one.name === name)
      const names = parameters.map((one) => one.name).join(', ')
      if (known === undefined)
        context.addIssue({
          code: 'custom',
          path: ['params', name],
          message: `no parameter of ${rule.detector}; it has: ${names === '' ? 'none' : names}`,
        })
      else if (value < known.min || value > known.max)
        context.addIssue({
          code: 'custom',
          path: ['params', name],
          message: `${known.min} to ${known.max} ${known.unit}`,
        })
    }
  })
export type RuleDraft = z.infer<typeof RuleDraft>

export const AlertRule = z.object({
  ...RuleDraft.shape,
  version: Count,
  /** Comes with the product: it can be changed and switched off, not deleted. */
  shipped: z.boolean(),
  /** Watches the engine itself: never switched off, shelved or put out of service. */
  protected: z.boolean(),
  /** Null: as shipped. */
  saved_at: MaybeAt,
  saved_by: Person.nullable(),
  change: Prose.max(500),
})
export type AlertRule = z.infer<typeof AlertRule>
