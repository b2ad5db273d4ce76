/*
 * auditActs: every act that the audit trail knows, and which route or event brings it about.
 * In: nothing. Out: AUDIT_ACTS with their words; ROUTE_ACTS, EVENT_ACTS; what the door itself writes down for a route.
 * Invariant: every route and event that changes something has an act; what names none here is written down by the door, before and after.
 * Source: docs/audit.md "acts"; features F1, F8, F10.
 */
export interface AuditAct {
  /** What somebody did, in the past: after their name, before what it was done to. */
  readonly did: string
}

const act = (did: string): AuditAct => Object.freeze({ did })

export const AUDIT_ACTS: Readonly<Record<string, AuditAct>> = Object.freeze({
  'server.start': act('started the server as'),
  'server.stop': act('stopped the server'),
  'server.incident': act('saw an incident:'),
  'session.sign-in': act('signed in'),
  'session.sign-out': act('signed out'),
  'session.demo': act('became the demo operator'),
  'session.end': act('ended the session'),
  'person.create': act('added the person'),
  'person.change': act('changed the person'),
  'person.password': act('changed the password of'),
  'person.remove': act('removed the person'),
  'token.create': act('made the service token'),
  'token.revoke': act('ended the service token'),
  'access.denied': act('was not let through to'),
  'limits.change': act('changed the limits'),
  'load.start': act('started generated load'),
  'load.stop': act('stopped generated load'),
  'control.take': act('took control'),
  'control.take-over': act('took control over'),
  'control.request': act('asked for control'),
  'control.withdraw': act('withdrew the request for control'),
  'control.hand-over': act('handed control over'),
  'control.refuse': act('refused to hand control over'),
  'control.release': act('released control'),
  'command.preview': act('looked at what would happen:'),
  'command.intent': act('commanded'),
  'command.approve': act('approved'),
  'command.refuse': act('refused'),
  'command.cancel': act('took back'),
  'command.retry': act('sent again'),
  'command.outcome': act('settled'),
  'bulk.pause': act('paused the run over many'),
  'bulk.resume': act('resumed the run over many'),
  'bulk.stop': act('ended the run over many'),
  'bulk.retry-failed': act('sent the failed ones again of'),
  'bulk.reconfirm': act('confirmed the set that drifted of'),
  'stop.intent': act('pressed the emergency stop'),
  'stop.reason': act('said why it was stopped:'),
  'resume.intent': act('proposed to resume'),
  'alert.ack': act('acknowledged'),
  'alert.unack': act('took the acknowledgement back of'),
  'alert.shelve': act('put aside'),
  'alert.unshelve': act('took off the shelf'),
  'alert.note': act('wrote a note to'),
  'alert.assign': act('assigned'),
  'alert.escalate': act('escalated'),
  'alert.reset': act('let go of'),
  'alert.out-of-service': act('took out of service'),
  'alert.in-service': act('put back into service'),
  'alert.ack-group': act('acknowledged the group'),
  'rule.create': act('added the alert rule'),
  'rule.change': act('changed the alert rule'),
  'rule.remove': act('removed the alert rule'),
  'rule.remove-ask': act('asked to remove the alert rule'),
  'rule.remove-withdraw': act('took back the wish to remove the alert rule'),
  'rule.revert': act('took back to an older version the alert rule'),
  'rule.replace': act('brought in alert rules'),
  'audit.read': act('read the audit trail'),
  'audit.verify': act('had the audit trail verified'),
  'audit.export': act('exported the audit trail'),
  'note.add': act('noted'),
})

export interface RouteAct {
  readonly act: string
  /** `room`: whoever does it writes it down, refusals too; `door`: the route's wrapper does, before and after. */
  readonly by: 'room' | 'door'
}

const room = (name: string): RouteAct => Object.freeze({ act: name, by: 'room' as const })
const door = (name: string): RouteAct => Object.freeze({ act: name, by: 'door' as const })

/** By method and path. Several acts of one route stand under the one that is meant most often. */
export const ROUTE_ACTS: Readonly<Record<string, RouteAct>> = Object.freeze({
  'POST /api/session': room('session.sign-in'),
  'DELETE /api/session': room('session.sign-out'),
  'POST /api/session/demo': room('session.demo'),
  'POST /api/session/first': room('person.create'),
  'PUT /api/session/password': room('person.password'),
  'POST /api/session/oidc': room('session.sign-in'),
  'POST /api/users': room('person.create'),
  'PUT /api/users/{user}': room('person.change'),
  'DELETE /api/users/{user}': room('person.remove'),
  'DELETE /api/sessions/{session}': room('session.end'),
  'POST /api/tokens': room('token.create'),
  'DELETE /api/tokens/{token}': room('token.revoke'),
  'PUT /api/limits': room('limits.change'),
  'POST /api/load': door('load.start'),
  'DELETE /api/load': door('load.stop'),
  'POST /api/commands/preview': room('command.preview'),
  'POST /api/commands': room('command.intent'),
  'POST /api/commands/{id}/approve': room('command.approve'),
  'POST /api/commands/{id}/cancel': room('command.cancel'),
  'POST /api/commands/{id}/retry': room('command.retry'),
  'POST /api/commands/{id}/bulk': room('bulk.stop'),
  'POST /api/control': room('control.take'),
  'POST /api/emergency-stop': room('stop.intent'),
  'POST /api/emergency-stop/{id}/reason': room('stop.reason'),
  'POST /api/resume': room('resume.intent'),
  'POST /api/alerts/{id}/ack': room('alert.ack'),
  'POST /api/alerts/{id}/unack': room('alert.unack'),
  'POST /api/alerts/{id}/shelve': room('alert.shelve'),
  'POST /api/alerts/{id}/unshelve': room('alert.unshelve'),
  'POST /api/alerts/{id}/note': room('alert.note'),
  'POST /api/alerts/{id}/assign': room('alert.assign'),
  'POST /api/alerts/{id}/escalate': room('alert.escalate'),
  'POST /api/alerts/{id}/reset': room('alert.reset'),
  'POST /api/alerts/{id}/out-of-service': room('alert.out-of-service'),
  'POST /api/alerts/{id}/in-service': room('alert.in-service'),
  'POST /api/alerts/groups/ack': room('alert.ack-group'),
  'POST /api/rules': door('rule.create'),
  'PUT /api/rules/{id}': door('rule.change'),
  'DELETE /api/rules/{id}': door('rule.remove'),
  'POST /api/rules/{id}/deletion': door('rule.remove-ask'),
  'DELETE /api/rules/{id}/deletion': door('rule.remove-withdraw'),
  'POST /api/rules/{id}/revert': door('rule.revert'),
  [`POST /api/rules/import`]: door('rule.replace'),
  'POST /api/audit/verify': room('audit.verify'),
  'POST /api/audit/notes': room('note.add'),
})

/** Routes that take a body and change nothing: why nothing is written down. */
export const NO_ACT: Readonly<Record<string, string>> = Object.freeze({
  'POST /api/limits/backtest': 'computes on what is kept and saves nothing',
  'POST /api/rules/backtest': 'computes on what is kept and saves nothing',
})

/** Events of /ops, which do what routes do. */
export const EVENT_ACTS: Readonly<Record<string, RouteAct>> = Object.freeze({
  preview: room('command.preview'),
  submit: room('command.intent'),
  approve: room('command.approve'),
  cancel: room('command.cancel'),
  retry: room('command.retry'),
  bulk: room('bulk.stop'),
  control: room('control.take'),
  stop: room('stop.intent'),
  resume: room('resume.intent'),
})

/** What the door must write down of a route; null when it changes nothing, or somebody behind it writes it down. */
export function doorAct({ method, path }: { readonly method: string; readonly path: string }): string | null {
  if (method === 'GET') return null
  const name = `${method} ${path}`
  if (name in NO_ACT) return null
  const known = ROUTE_ACTS[name]
  if (known !== undefined) return known.by === 'door' ? known.act : null
  // A route that nobody put into the table is written down all the same, under its own name.
  return `${method.toLowerCase()} ${path.replace(/^\/api\//, '')}`.slice(0, 64)
}

/** Says what was done, also of an act that is not in the table. */
export function actWords(action: string): string {
  return AUDIT_ACTS[action]?.did ?? `did ${action} to`
}
