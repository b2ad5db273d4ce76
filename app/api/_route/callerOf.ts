/*
 * callerOf: who asks something of the command plane, out of a request.
 * In: a route's call. Out: the caller.
 * Invariant: made of this request alone; a browser names the site it comes from, and only a browser does.
 * Source: docs/commands.md.
 */
import type { Handle, Subject } from '../../../server/handle.ts'

interface Call {
  readonly handle: Pick<Handle, 'callerOf'>
  readonly subject: Subject
  readonly request: Request
}

/** Names the caller. */
export function callerOf({ handle, subject, request }: Call) {
  const { headers } = request
  return handle.callerOf(subject, { userAgent: headers.get('user-agent'), site: headers.get('sec-fetch-site') })
}

/** The key of the intent; null when it is missing. */
export const keyOf = ({ request }: Pick<Call, 'request'>): string | null => request.headers.get('idempotency-key')
