/*
 * apiAccess: the answers about who a caller is.
 * In: subjects that were already found. Out: plain data in the shapes of lib/contracts/httpAccess.ts, and cookie lines.
 * Invariant: a cookie that carries an identity can not be read by scripts and does not travel from other sites.
 * Source: docs/security.md.
 */
import { AppError } from '../../lib/contracts/appError.ts'
import type { DemoChoice, SessionView, SubjectView } from '../../lib/contracts/httpAccess.ts'
import { PERMISSION_NAMES } from '../../lib/contracts/permissions.ts'
import type { AuditLog } from '../audit/auditLog.ts'
import type { SessionAnswer, SessionHandle } from '../handle.ts'
import type { Access } from '../operators/access.ts'
import { DEMO_OPERATORS, demoCookie } from '../operators/demoSource.ts'
import { toActor, type Subject } from '../operators/subject.ts'

export const subjectView = ({ id, name, method, roles, permissions, expiresMs }: Subject): SubjectView => ({
  id,
  name,
  method,
  roles: [...roles],
  permissions: PERMISSION_NAMES.filter((permission) => permissions.has(permission)),
  expires_at: expiresMs === null ? null : new Date(expiresMs).toISOString(),
})

export interface AccessApiSources {
  readonly mode: 'demo' | 'required'
  readonly access: Access
  readonly audit: Pick<AuditLog, 'append'>
}

/** Creates the functions of the session's routes. */
export function createAccessApi({ mode, access, audit }: AccessApiSources): SessionHandle {
  const view = (subject: Subject): SessionView => ({
    mode,
    signed_in: subject.method !== 'none',
    subject: subjectView(subject),
    demo_operators: mode === 'demo' ? [...DEMO_OPERATORS] : [],
  })
  return {
    session: view,
    async chooseDemoOperator({ operator }: DemoChoice, before, address): Promise<SessionAnswer> {
      if (mode !== 'demo')
        throw new AppError('STATE_NOT_FOUND', 'demo operators exist only with AUTH=demo', { path: 'operator' })
      const cookie = demoCookie(operator)
      const { subject } = await access.identify({ cookie, authorization: null, address, loopback: true })
      await audit.append({
        actor: toActor(before, access.addressHash(address)),
        action: 'session.demo',
        object: { type: 'operator', id: operator },
        outcome: 'done',
      })
      return { view: view(subject), cookies: [cookie] }
    },
  }
}
