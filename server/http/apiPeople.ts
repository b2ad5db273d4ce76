/*
 * apiPeople: the answers to administrators: people, sessions, service tokens.
 * In: who asks, bodies that were already validated. Out: the shapes of lib/contracts/httpAccess.ts.
 * Invariant: every change is in the audit trail before it is answered, holds for the next call of whom it concerns, and closes
 * their sockets; no secret is answered but a new token, once.
 * Source: docs/security.md "people", "tokens".
 */
import { AppError } from '../../lib/contracts/appError.ts'
import type { AuditDraft } from '../audit/auditDraft.ts'
import type { AuditLog } from '../audit/auditLog.ts'
import type { Caller, PeopleHandle } from '../handle.ts'
import type { Access } from '../operators/access.ts'
import type { People } from '../operators/people.ts'
import { toActor } from '../operators/subject.ts'
import type { Tokens } from '../operators/tokens.ts'

export interface PeopleApiSources {
  readonly access: Access
  readonly audit: Pick<AuditLog, 'append'>
  /** Null in AUTH=demo. */
  readonly people: People | null
  readonly tokens: Tokens
}

/** Creates the functions of the administrators' routes. */
export function createPeopleApi({ access, audit, people, tokens }: PeopleApiSources): PeopleHandle {
  const withPeople = (): People => {
    if (people === null)
      throw new AppError('STATE_NOT_FOUND', 'there are no people in AUTH=demo; start with AUTH=required', {
        path: 'AUTH',
      })
    return people
  }
  const record = (caller: Caller, draft: Omit<AuditDraft, 'actor'>) =>
    audit.append({ actor: toActor(caller.subject, access.addressHash(caller.address)), ...draft })
  /** Writes down what is meant, does it, lets everybody concerned know. */
  const act = async <T>(
    caller: Caller,
    draft: Omit<AuditDraft, 'actor' | 'outcome'>,
    work: () => Promise<T>,
  ): Promise<T> => {
    await record(caller, { ...draft, outcome: 'intent' })
    try {
      const done = await work()
      await access.changed()
      await record(caller, { ...draft, outcome: 'done' })
      return done
    } catch (error) {
      const code = (error as { code?: unknown }).code
      await record(caller, { ...draft, outcome: 'failed', errorCode: typeof code === 'string' ? code : 'INTERNAL' })
      throw error
    }
  }
  const sessionsFor = async ({ subject }: Caller) => {
    const all = await withPeople().sessions()
    return { sessions: all.map(({ session_id, ...item }) => ({ ...item, mine: session_id === subject.sessionId })) }
  }

  return {
    users: async () => ({ people: await withPeople().list() }),
    async createUser(person, caller) {
      const store = withPeople()
      const draft = { action: 'person.create', object: { type: 'person', id: access.addressHash(person.username) } }
      return act(caller, { ...draft, params: { roles: person.roles } }, () => store.create(person))
    },
    async changeUser(id, { password, name, ...change }, caller) {
      const store = withPeople()
      const params = {
        ...change,
        ...(password === undefined ? {} : { password: true }),
        ...(name === undefined ? {} : { name: true }),
      }
      const whole = {
        ...change,
        ...(password === undefined ? {} : { password }),
        ...(name === undefined ? {} : { name }),
      }
      const known = (await store.list()).find((person) => person.id === id)
      const before = known === undefined ? undefined : { roles: known.roles, disabled: known.disabled }
      const after = { ...before, ...change }
      return act(
        caller,
        { action: 'person.change', object: { type: 'person', id }, params: { ...params, before, after } },
        () => store.change(id, whole),
      )
    },
    async removeUser(id, caller) {
      const store = withPeople()
      await act(caller, { action: 'person.remove', object: { type: 'person', id } }, () => store.remove(id))
      return { people: await store.list() }
    },
    sessions: sessionsFor,
    async endSession(id, caller) {
      const store = withPeople()
      await act(caller, { action: 'session.end', object: { type: 'session', id } }, () => store.endSession(id))
      return sessionsFor(caller)
    },
    tokens: async () => ({ tokens: await tokens.list() }),
    createToken(wanted, caller) {
      const draft = { action: 'token.create', object: { type: 'token', id: wanted.name }, params: wanted }
      return act(caller, draft, () => tokens.make(wanted, caller.subject))
    },
    async revokeToken(id, caller) {
      await act(caller, { action: 'token.revoke', object: { type: 'token', id } }, () => tokens.revoke(id))
      return { tokens: await tokens.list() }
    },
  }
}
