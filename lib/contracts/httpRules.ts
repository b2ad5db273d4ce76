/*
 * httpRules: the HTTP API of alert rules: lists, versions, writes from a version, deletion by two, export, import, back-test.
 * In: nothing. Out: schemas of requests and answers, RULES_API.
 * Invariant: a write names the version it was made from; what is deleted was asked for by one person and is done by another.
 * Source: docs/alerts.md "rules"; docs/protocol.md "HTTP".
 */
import { z } from 'zod'
import { ALERT_LIMITS } from './alertTable.ts'
import { AlertRule, AlertSeverityName, RuleDraft, RuleId } from './alerts.ts'
import { Count, NoInput } from './httpShapes.ts'
import { Finite, LayerId, Prose, RunId, SeedId } from './ids.ts'
import { CoverageGap } from './liveRecords.ts'

export const RuleWrite = z.object({ ...RuleDraft.shape, version: Count.optional() }).superRefine((rule, context) => {
  const { version: _version, ...draft } = rule
  const checked = RuleDraft.safeParse(draft)
  for (const issue of checked.error?.issues ?? [])
    context.addIssue({ code: 'custom', path: [...issue.path], message: issue.message })
})
export type RuleWrite = z.infer<typeof RuleWrite>

const Channel = z.object({ configured: z.boolean(), address: Prose.max(300).nullable() })

/** Somebody asked to delete a rule of the installation's own; another person does it. */
export const RuleDeletion = z.object({
  id: RuleId,
  version: Count,
  by: Prose,
  reason: Prose,
  asked_at: z.iso.datetime(),
  expires_at: z.iso.datetime(),
})
export type RuleDeletion = z.infer<typeof RuleDeletion>

export const RuleDeletionRequest = z.object({ version: Count, reason: Prose.min(1).max(500) })
export type RuleDeletionRequest = z.infer<typeof RuleDeletionRequest>

export const RuleList = z.object({
  version: Count,
  rules: z.array(AlertRule).max(ALERT_LIMITS.rules),
  /** What waits for a second person. */
  deletions: z.array(RuleDeletion).max(ALERT_LIMITS.rules),
  channels: z.object({ webhook: Channel, email: Channel }),
})
export type RuleList = z.infer<typeof RuleList>

/** Newest first; a shipped rule ends with version 0, as it ships. */
export const RuleVersions = z.object({
  id: RuleId,
  /** The version that holds now; null: the rule is deleted. */
  current: Count.nullable(),
  versions: z.array(AlertRule).max(500),
  /** Older ones that are not listed. */
  more: Count,
})
export type RuleVersions = z.infer<typeof RuleVersions>

/** `version` is the one it is decided on, `to` the one it goes back to. */
export const RuleRevertRequest = z.object({ version: Count, to: Count })
export type RuleRevertRequest = z.infer<typeof RuleRevertRequest>

export const RuleExport = z.object({
  format: z.literal('morphoscope.alert-rules'),
  format_version: z.literal(1),
  exported_at: z.iso.datetime(),
  rules: z.array(AlertRule).max(ALERT_LIMITS.rules),
})
export type RuleExport = z.infer<typeof RuleExport>

/** The rules of an export, or rules as somebody writes them; further fields are not looked at. */
export const RuleImport = z.object({
  rules: z.array(RuleDraft).min(1).max(ALERT_LIMITS.rules),
  /** merge: rules that are not in it stay. replace: own rules that are not in it are deleted, shipped ones go back. */
  mode: z.enum(['merge', 'replace']).default('merge'),
  dry_run: z.boolean().default(false),
})
export type RuleImport = z.infer<typeof RuleImport>

export const RuleImported = z.object({
  added: z.array(RuleId).max(ALERT_LIMITS.rules),
  changed: z.array(z.object({ id: RuleId, change: Prose })).max(ALERT_LIMITS.rules),
  unchanged: Count,
  /** Shipped rules that went back, own ones that were asked to be deleted. */
  removed: z.array(RuleId).max(ALERT_LIMITS.rules),
  dry_run: z.boolean(),
})
export type RuleImported = z.infer<typeof RuleImported>

export const RuleBacktestRequest = z.object({
  rule: RuleDraft,
  hours: Finite.min(0.01).max(720).default(1),
  run: RunId.optional(),
})
export type RuleBacktestRequest = z.infer<typeof RuleBacktestRequest>

export const RuleBacktest = z.object({
  run_id: RunId.nullable(),
  /** What was read: what is in memory, or what is recorded on the disk. */
  source: z.enum(['memory', 'history']),
  from_ms: Finite.nullable(),
  to_ms: Finite.nullable(),
  firings: Count,
  flaps: Count,
  per_10_min: Finite.min(0),
  /** Acknowledgements somebody would have had to give: firings, minus what flap damping joins. */
  would_ack: Count,
  alerts: z
    .array(
      z.object({
        at_ms: Finite,
        cleared_ms: Finite.nullable(),
        layer_id: LayerId.nullable(),
        seed_id: SeedId.nullable(),
        severity: AlertSeverityName,
        text: Prose,
      }),
    )
    .max(200),
  /** Ticks of layers, and records, that were judged. */
  judged: Count,
  /** Of the ticks there were; `of` is null where a producer numbers none. The newest gaps of the window, and how many there are. */
  coverage: z.object({ ticks: Count, of: Count.nullable(), gaps: z.array(CoverageGap).max(32), gaps_total: Count }),
  /** What could not be judged, in words. */
  limits: z.array(Prose.max(300)).max(32),
})
export type RuleBacktest = z.infer<typeof RuleBacktest>

const json = { contentType: 'application/json' } as const
const none = { params: NoInput, query: NoInput, ...json } as const
const RulePath = z.object({ id: RuleId })
const RuleVersion = z.object({
  version: z
    .string()
    .regex(/^\d{1,9}$/, 'the version it was decided on')
    .transform(Number)
    .optional(),
})

export const RULES_API = Object.freeze({
  rules: {
    ...none,
    method: 'GET',
    path: '/api/rules',
    permission: 'viewer',
    summary: 'Every alert rule with its version, and which channels are configured.',
    output: RuleList,
    problems: [],
  },
  createRule: {
    ...none,
    method: 'POST',
    path: '/api/rules',
    permission: 'admin',
    summary: 'Makes a rule.',
    body: RuleWrite,
    status: 201,
    output: AlertRule,
    problems: [403, 409, 413, 422, 503],
  },
  exportRules: {
    ...none,
    method: 'GET',
    path: '/api/rules/export',
    permission: 'viewer',
    summary: 'All rules as a file for another installation.',
    output: RuleExport,
    problems: [],
  },
  rule: {
    ...none,
    method: 'GET',
    path: '/api/rules/{id}',
    permission: 'viewer',
    summary: 'One rule.',
    params: RulePath,
    output: AlertRule,
    problems: [404, 422],
  },
  changeRule: {
    ...none,
    method: 'PUT',
    path: '/api/rules/{id}',
    permission: 'admin',
    summary: 'Replaces a rule, from the version in If-Match or in the body; 409 says who wrote meanwhile.',
    params: RulePath,
    body: RuleWrite,
    output: AlertRule,
    problems: [403, 404, 409, 413, 422, 503],
  },
  deleteRule: {
    ...none,
    method: 'DELETE',
    path: '/api/rules/{id}',
    permission: 'admin',
    summary:
      'Deletes an own rule that another person asked to delete; a shipped one goes back to how it was shipped, by one person.',
    params: RulePath,
    query: RuleVersion,
    output: RuleList,
    problems: [403, 404, 409, 422, 503],
  },
  askRuleDeletion: {
    ...none,
    method: 'POST',
    path: '/api/rules/{id}/deletion',
    permission: 'admin',
    summary: 'Asks to delete an own rule, with a reason; another person does it within ten minutes.',
    params: RulePath,
    body: RuleDeletionRequest,
    output: RuleList,
    problems: [403, 404, 409, 413, 422, 503],
  },
  withdrawRuleDeletion: {
    ...none,
    method: 'DELETE',
    path: '/api/rules/{id}/deletion',
    permission: 'admin',
    summary: 'Takes back what was asked, whoever asked it.',
    params: RulePath,
    output: RuleList,
    problems: [403, 404, 422, 503],
  },
  ruleVersions: {
    ...none,
    method: 'GET',
    path: '/api/rules/{id}/versions',
    permission: 'viewer',
    summary: 'Every version of a rule, newest first: when, by whom, what changed, and the rule as it was.',
    params: RulePath,
    output: RuleVersions,
    problems: [404, 422, 503],
  },
  revertRule: {
    ...none,
    method: 'POST',
    path: '/api/rules/{id}/revert',
    permission: 'admin',
    summary: 'Goes back to an older version, as a new one; 409 says who wrote meanwhile.',
    params: RulePath,
    body: RuleRevertRequest,
    output: AlertRule,
    problems: [403, 404, 409, 413, 422, 503],
  },
  importRules: {
    ...none,
    method: 'POST',
    path: '/api/rules/import',
    permission: 'admin',
    summary:
      'Takes rules over: all of them or none. With dry_run it only says what would change. Own rules that a replace leaves out wait for a second person.',
    body: RuleImport,
    output: RuleImported,
    problems: [403, 413, 422, 503],
  },
  backtestRule: {
    ...none,
    method: 'POST',
    path: '/api/rules/backtest',
    permission: 'viewer',
    summary: 'What the rule would have raised on the kept past. Nothing is saved.',
    body: RuleBacktestRequest,
    output: RuleBacktest,
    problems: [403, 404, 413, 422, 503],
  },
} as const)
