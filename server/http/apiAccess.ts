/*
 * apiAccess: the answers about who a caller is, and how they become somebody or nobody.
 * In: subjects that were already found, bodies that were already validated. Out: the shapes of lib/contracts/httpAccess.ts, cookie lines.
 * Invariant: a wrong name, a wrong password and a disabled person get one answer; every attempt is counted before it is judged
 * and is in the audit trail with its outcome.
 * Source: docs/security.md "sign-in".
 */
import { AppError } from '../../lib/contracts/appError.ts'
import type { SessionView, SubjectView } from '../../lib/contracts/httpAccess.ts'
import { PERMISSION_NAMES } from '../../lib/contracts/permissions.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { AuditDraft } from '../audit/auditDraft.ts'
import type { AuditLog } from '../audit/auditLog.ts'
import type { Caller, SessionAnswer, SessionHandle } from '../handle.ts'
import type { Access } from '../operators/access.ts'
import { DEMO_OPERATORS, demoCookie } from '../operators/demoSource.ts'
import type { FirstAdminDoor } from '../operators/firstAdmin.ts'
import type { People } from '../operators/people.ts'
import type { SignInLimits } from '../operators/signInLimits.ts'
import { ANONYMOUS, toActor, type Subject } from '../operators/subject.ts'

export const subjectView = ({ id, name, method, roles, permissions, expiresMs }: Subject): SubjectView => ({
  id,
  name,
  method,
  roles: [...roles],
  permissions: PERMISSION_NAMES.filter((permission) => permissions.has(permission)),
  expires_at: expiresMs === null ? null : new Date(expiresMs).toISOString(),
})

export interface AccessApiSources {
  readonly clock: Clock
  readonly access: Access
  readonly audit: Pick<AuditLog, 'append'>
  /** Null in AUTH=demo. */
  readonly people: People | null
  readonly door: FirstAdminDoor
  readonly limits: SignInLimits
  readonly oidcName: string | null
}

const onlyWithPeople = (): AppError =>
  new AppError('STATE_NOT_FOUND', 'nobody signs in here: this is AUTH=demo; start with AUTH=required', { path: 'AUTH' })

/** Creates the functions of the session's routes. */
export function createAccessApi(sources: AccessApiSources): SessionHandle {
  const { clock, access, audit, people, door, limits, oidcName } = sources

  const view = (subject: Subject): SessionView => ({
    mode: people === null ? 'demo' : 'required',
    signed_in: subject.method !== 'none',
    subject: subjectView(subject),
    demo_operators: people === null ? [...DEMO_OPERATORS] : [],
    needs_first_admin: people !== null && door.isOpen(),
    oidc: people === null ? null : oidcName,
  })
  const withPeople = (): People => {
    if (people === null) throw onlyWithPeople()
    return people
  }
  const record = async (subject: Subject, address: string, draft: Omit<AuditDraft, 'actor'>): Promise<void> => {
    await audit.append({ actor: toActor(subject, access.addressHash(address)), ...draft })
  }
  /** Counts, and holds back whoever tries too often. @throws GUARD_RATE */
  const attempt = async (account: string, address: string): Promise<void> => {
    try {
      const delayMs = limits.attempt(account, address)
      if (delayMs > 0) await clock.sleep(delayMs)
    } catch (error) {
      const object = { type: 'account', id: access.addressHash(account.toLowerCase()) }
      await record(ANONYMOUS, address, {
        action: 'session.sign-in',
        object,
        outcome: 'denied',
        errorCode: 'GUARD_RATE',
      })
      throw error
    }
  }
  const refused = async (account: string, { address }: Caller, code: 'GUARD_CREDENTIALS' | 'GUARD_CODE') => {
    // A mistyped name may be a password: it is kept as a salted hash only.
    const object = { type: 'account', id: access.addressHash(account.toLowerCase()) }
    await record(ANONYMOUS, address, { action: 'session.sign-in', object, outcome: 'denied', errorCode: code })
    return new AppError(
      code,
      code === 'GUARD_CODE' ? 'this is not the printed code' : 'name and password do not belong together',
    )
  }

  const signIn: SessionHandle['signIn'] = async (given, caller): Promise<SessionAnswer> => {
    const store = withPeople()
    await attempt(given.username, caller.address)
    const signed = await store.signIn(given, caller.cookie)
    if (signed === null) throw await refused(given.username, caller, 'GUARD_CREDENTIALS')
    limits.succeeded(given.username, caller.address)
    // The session that was open in this browser has ended: its sockets must know.
    await access.changed()
    await record(signed.subject, caller.address, {
      action: 'session.sign-in',
      object: { type: 'person', id: signed.subject.id },
      outcome: 'done',
    })
    return { view: view(signed.subject), cookies: signed.cookies }
  }

  return {
    session: view,
    signIn,
    async chooseDemoOperator({ operator }, { subject: before, address }) {
      if (people !== null)
        throw new AppError('STATE_NOT_FOUND', 'demo operators exist only with AUTH=demo', { path: 'operator' })
      const cookie = demoCookie(operator)
      const { subject } = await access.identify({ cookie, authorization: null, address, loopback: true })
      await record(before, address, {
        action: 'session.demo',
        object: { type: 'operator', id: operator },
        outcome: 'done',
      })
      return { view: view(subject), cookies: [cookie] }
    },
    async signOut({ subject, address, cookie }) {
      if (people === null) return { view: view(subject), cookies: [] }
      const cookies = await people.signOut(cookie)
      await access.changed()
      if (subject.method !== 'none')
        await record(subject, address, {
          action: 'session.sign-out',
          object: { type: 'person', id: subject.id },
          outcome: 'done',
        })
      return { view: view(ANONYMOUS), cookies }
    },
    async firstAdmin({ code, ...person }, caller) {
      const store = withPeople()
      if (!door.isOpen())
        throw new AppError('STATE_NOT_FOUND', 'there is an administrator already; ask them for an account', {
          path: 'code',
        })
      await attempt('first administrator', caller.address)
      if (!door.matches(code)) throw await refused('first administrator', caller, 'GUARD_CODE')
      door.close()
      const made = await store.create({ ...person, roles: ['operator', 'admin', 'auditor'] })
      await record(ANONYMOUS, caller.address, {
        action: 'person.create',
        object: { type: 'person', id: made.id },
        outcome: 'done',
        params: { roles: made.roles, first: true },
      })
      return signIn({ username: person.username, password: person.password }, caller)
    },
    async changePassword({ current, password }, caller) {
      const store = withPeople()
      const { subject } = caller
      if (subject.method !== 'password')
        throw new AppError('STATE_CONFLICT', 'you have no password here', { path: 'current' })
      await attempt(subject.id, caller.address)
      const known = await store.knows(subject.id, current)
      const object = { type: 'person', id: subject.id }
      await record(subject, caller.address, { action: 'person.password', object, outcome: known ? 'intent' : 'denied' })
      if (!known) throw new AppError('GUARD_CREDENTIALS', 'this is not your present password')
      const { username } = await store.change(subject.id, { password })
      return signIn({ username, password }, caller)
    },
    async startOidc() {
      const store = withPeople()
      if (oidcName === null) throw new AppError('STATE_NOT_FOUND', 'no provider is configured', { path: 'OIDC_ISSUER' })
      return store.startOidc()
    },
    async oidcCallback(request, { address }) {
      if (oidcName === null) throw new AppError('STATE_NOT_FOUND', 'no provider is configured', { path: 'OIDC_ISSUER' })
      const response = await withPeople().oidcCallback(request)
      await access.changed()
      const cookie = response.headers
        .getSetCookie()
        .map((line) => line.split(';')[0]!)
        .join('; ')
      const { subject } = await access.identify({ cookie, authorization: null, address, loopback: false })
      const isIn = subject.method !== 'none'
      await record(subject, address, {
        action: 'session.sign-in',
        object: isIn ? { type: 'person', id: subject.id } : { type: 'provider', id: oidcName },
        outcome: isIn ? 'done' : 'denied',
        ...(isIn ? {} : { errorCode: 'GUARD_CREDENTIALS' }),
      })
      return response
    },
  }
}
