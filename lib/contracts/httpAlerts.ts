/*
 * The HTTP contract of alerts: lists, and acts that name what they were decided on.
 * In: zod. Out: ALERTS_API and the shapes of its questions and answers.
 * Invariant: an act carries the version and the occurrence it was decided on; who comes second is told who was first; nothing here
 * hides an alert.
 * Source: docs/alerts.md; docs/protocol.md "HTTP".
 */
import { z } from 'zod'
import { ALERT_LIMITS, ALERT_VIEWS } from './alertTable.ts'
import { AlertDetail, AlertGroup, AlertItem, AlertSeverityName, RuleId } from './alerts.ts'
import { Count, NoInput } from './httpShapes.ts'
import { Finite, LayerId, LogText, Prose, RunId } from './ids.ts'

export const AlertQuery = z.object({
  state: z.enum(ALERT_VIEWS).optional(),
  severity: AlertSeverityName.optional(),
  layer: LayerId.optional(),
  run: RunId.optional(),
  rule: RuleId.optional(),
  group: z.string().max(256).optional(),
  /** Words that all stand in its text, rule, layer or note. */
  q: LogText.max(200).optional(),
  cursor: z
    .string()
    .regex(/^[0-9a-z.-]{1,80}$/, 'a cursor as it was given')
    .optional(),
  limit: z
    .string()
    .regex(/^\d{1,3}$/)
    .transform(Number)
    .pipe(z.int().min(1).max(ALERT_LIMITS.pageItems))
    .optional(),
})
export type AlertQuery = z.infer<typeof AlertQuery>

export const AlertCounts = z.object({
  /** Not normal, and neither shelved nor out of service. */
  open: Count,
  unacked: Count,
  critical: Count,
  acked: Count,
  shelved: Count,
  out_of_service: Count,
  silent: Count,
})
export type AlertCounts = z.infer<typeof AlertCounts>

/** Whether the engine runs, which is what makes a quiet page worth believing. */
export const AlertEngine = z.object({
  last_tick_at: z.iso.datetime().nullable(),
  /** Null: it never ticked since this server started. */
  age_ms: Finite.nullable(),
  rules: Count,
  enabled: Count,
  ticks: Count,
  /** Longest evaluation of one layer or sweep, ms. */
  longest_ms: Finite.nullable(),
  mean_ms: Finite.nullable(),
  /** Since when nothing is open; null while something is. */
  clear_since: z.iso.datetime().nullable(),
  /** Alerts that were not kept one by one because a bound was reached; they are counted in their groups. */
  folded: Count,
  /** Open alerts that another one explains: listed, and told to nobody by themselves. Never a critical one. */
  inhibited: Count,
  /** What is not watched now, and why. */
  limits: z.array(Prose.max(300)).max(32),
})
export type AlertEngine = z.infer<typeof AlertEngine>

export const AlertList = z.object({
  alerts: z.array(AlertItem).max(ALERT_LIMITS.pageItems),
  /** Of everything open, whatever the filters; most urgent first, at most 100. */
  groups: z.array(AlertGroup).max(100),
  next: z.string().max(80).nullable(),
  counts: AlertCounts,
  load: z.object({
    /** Raised in the last ten minutes. */
    per_10_min: Count,
    /** Per person who acted on alerts in the last hour, at least one. */
    operators: Count,
    raised_per_operator: Finite.min(0),
  }),
  engine: AlertEngine,
})
export type AlertList = z.infer<typeof AlertList>

/** What every act carries; which of the rest it needs is said in docs/alerts.md. */
export const AlertActRequest = z.object({
  version: Count,
  seq: Count,
  note: Prose.max(500).optional(),
  reason: Prose.max(500).optional(),
  /** shelve: how long; absent: until it clears, at most a day. */
  minutes: z.int().min(1).max(ALERT_LIMITS.shelveMinutesAdmin).optional(),
  /** assign: to whom, empty for nobody. escalate: to whom, empty for the next step of the rule. */
  to: LogText.max(128).optional(),
})
export type AlertActRequest = z.infer<typeof AlertActRequest>

export const GroupAckRequest = z.object({
  group: z.string().min(1).max(256),
  note: Prose.max(500).optional(),
  /** The members that were seen; others of the group are not acknowledged. */
  versions: z
    .array(z.object({ id: z.uuid(), version: Count, seq: Count }))
    .min(1)
    .max(ALERT_LIMITS.groupAck),
})
export type GroupAckRequest = z.infer<typeof GroupAckRequest>

export const GroupAckAnswer = z.object({
  acked: Count,
  /** Changed meanwhile, so not acknowledged; at most 100 are named. */
  lost: z.array(z.object({ id: z.uuid(), text: Prose })).max(100),
  lost_count: Count,
  /** Unacknowledged members that were not named. */
  new: Count,
  /** For an undo: what the acknowledged ones are now. */
  versions: z.array(z.object({ id: z.uuid(), version: Count, seq: Count })).max(ALERT_LIMITS.groupAck),
})
export type GroupAckAnswer = z.infer<typeof GroupAckAnswer>

const json = { contentType: 'application/json' } as const
const none = { params: NoInput, query: NoInput, ...json } as const
const AlertPath = z.object({ id: z.uuid('the id of an alert') })
const act = (path: string, summary: string) =>
  ({
    ...json,
    method: 'POST',
    path: `/api/alerts/{id}/${path}`,
    permission: 'operator',
    summary,
    params: AlertPath,
    query: NoInput,
    body: AlertActRequest,
    output: AlertItem,
    problems: [403, 404, 409, 413, 422, 503],
  }) as const

export const ALERTS_API = Object.freeze({
  alerts: {
    ...none,
    method: 'GET',
    path: '/api/alerts',
    permission: 'viewer',
    summary: 'Alerts, most urgent first, with groups, counts and whether the engine runs.',
    query: AlertQuery,
    output: AlertList,
    problems: [422, 503],
  },
  ackAlertGroup: {
    ...none,
    method: 'POST',
    path: '/api/alerts/groups/ack',
    permission: 'operator',
    summary:
      'Acknowledges the named members of a group; what changed meanwhile or joined is counted, not acknowledged.',
    body: GroupAckRequest,
    output: GroupAckAnswer,
    problems: [403, 413, 422, 503],
  },
  alert: {
    ...none,
    method: 'GET',
    path: '/api/alerts/{id}',
    permission: 'viewer',
    summary: 'One alert with its evidence and everything that happened to it.',
    params: AlertPath,
    output: AlertDetail,
    problems: [404, 422, 503],
  },
  ackAlert: act('ack', 'Acknowledges this occurrence; 409 says who was faster and carries the alert as it is.'),
  unackAlert: act('unack', 'Takes an acknowledgement back: within 10 s one of your own, later with a reason.'),
  shelveAlert: act('shelve', 'Puts it aside for some minutes, or until it clears; the engine goes on watching.'),
  unshelveAlert: act('unshelve', 'Takes it off the shelf.'),
  noteAlert: act('note', 'Writes a note.'),
  assignAlert: act('assign', 'Gives it to somebody.'),
  escalateAlert: act('escalate', 'Tells the next in line now.'),
  resetAlert: act('reset', 'Lets go of a latched alert, or of a silent one, with a reason.'),
  alertOutOfService: act(
    'out-of-service',
    'Takes it out of service with a reason: it is not raised until it is put back.',
  ),
  alertInService: act('in-service', 'Puts it back into service.'),
} as const)

/** On /ops at every change, gathered: which alerts changed, and the counts for the header. */
export interface AlertsChanged {
  readonly changed: readonly {
    readonly id: string
    readonly version: number
    readonly state: AlertItem['state']
    readonly severity: AlertItem['severity']
    readonly silent: boolean
    /** Newly raised, or asking again: what a sound is for. */
    readonly asks: boolean
    readonly text: string
  }[]
  /** Further ones that are not listed: ask the list again. */
  readonly more: number
  readonly rules_changed: boolean
  readonly summary: AlertSummary
}

export interface AlertSummary {
  readonly counts: AlertCounts
  readonly engine: AlertEngine
}
