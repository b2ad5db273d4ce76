/*
 * people: who has a name and password here, or comes from the OIDC provider; their sessions.
 * In: the auth library and its tables. Out: signing in and out, lists, changes; the source of identities from cookies.
 * Invariant: a wrong name and a wrong password look alike, in words and in time; signing in always makes a new session; there is
 * always an administrator who can sign in; a change of roles, password or of being disabled ends that person's sessions.
 * Source: docs/security.md; docs/adr/0011-access.md.
 */
import { AppError } from '../../lib/contracts/appError.ts'
import type { NewPerson, Person, PersonChange, SessionItem, SignIn } from '../../lib/contracts/httpAccess.ts'
import { parseRoles, type Role } from '../../lib/contracts/permissions.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { Records } from '../stores/recordsDatabase.ts'
import { isUniqueViolation } from '../stores/recordsError.ts'
import type { IdentitySource } from './access.ts'
import { OIDC_PROVIDER, sessionCookieName, type createAuthLibrary } from './authLibrary.ts'
import type { Passwords } from './passwords.ts'
import { fingerprint, permissionsOf, readCookie, type Subject } from './subject.ts'

type AuthLibrary = ReturnType<typeof createAuthLibrary>

export interface SignedIn {
  readonly subject: Subject
  readonly cookies: readonly string[]
}

export interface People {
  readonly source: IdentitySource
  count(): Promise<number>
  list(): Promise<Person[]>
  /** Roles of the person now; none when there is nobody of this id, or nobody who may sign in. */
  rolesOf(id: string): Promise<readonly Role[]>
  /** @throws STATE_CONFLICT when the name is taken */
  create(person: NewPerson): Promise<Person>
  /** @throws STATE_NOT_FOUND, STATE_CONFLICT when no administrator would be left */
  change(id: string, change: PersonChange): Promise<Person>
  /** @throws STATE_NOT_FOUND, STATE_CONFLICT */
  remove(id: string): Promise<Person>
  /** Null: name and password do not belong together, or the person is disabled. `cookie`: whatever the browser showed. */
  signIn(attempt: SignIn, cookie: string | null): Promise<SignedIn | null>
  /** Ends the session that the cookie opens, if any; answers the lines that make the browser forget it. */
  signOut(cookie: string | null): Promise<readonly string[]>
  /** Whether the password is this person's, now. */
  knows(id: string, password: string): Promise<boolean>
  sessions(): Promise<(SessionItem & { readonly session_id: string })[]>
  /** @throws STATE_NOT_FOUND */
  endSession(id: string): Promise<{ readonly user_id: string }>
  startOidc(): Promise<{ readonly url: string; readonly cookies: readonly string[] }>
  oidcCallback(request: Request): Promise<Response>
}

export interface PeopleOptions {
  readonly records: Records
  readonly library: AuthLibrary
  readonly passwords: Passwords
  readonly origins: readonly string[]
  readonly clock: Clock
}

/** People with a password have no mail address here; the library wants one, and this domain can never have any. */
const NO_MAIL = '@people.invalid'

interface UserRow {
  readonly id: string
  readonly name: string
  readonly email: string
  readonly username?: string | null
  readonly role?: string | null
  readonly banned?: boolean | number | null
  readonly createdAt: Date | string
}

const methodOf = (user: UserRow): 'password' | 'oidc' => (user.email.endsWith(NO_MAIL) ? 'password' : 'oidc')
const isAdmin = (user: UserRow): boolean => !user.banned && parseRoles(user.role).includes('admin')
const iso = (at: Date | string): string => new Date(at).toISOString()
const notFound = (what: string, path: string) =>
  new AppError('STATE_NOT_FOUND', `there is no ${what} of this id`, { path })

function toSubject(user: UserRow, session: { readonly id: string; readonly expiresAt: Date | string }): Subject {
  const roles = parseRoles(user.role)
  return {
    id: user.id,
    name: user.name,
    method: methodOf(user),
    roles,
    permissions: permissionsOf(roles),
    sessionId: session.id,
    expiresMs: new Date(session.expiresAt).getTime(),
  }
}

/** Opens the people of this installation. */
export function createPeople({ records, library, passwords, origins, clock }: PeopleOptions): People {
  const { db } = records
  const cookieName = sessionCookieName(origins).name

  const sessionOf = async (cookie: string | null) => {
    if (readCookie(cookie, cookieName) === null) return null
    const found = await library.api.getSession({
      headers: new Headers({ cookie: cookie! }),
      query: { disableCookieCache: true, disableRefresh: true },
    })
    return found === null ? null : { session: found.session, user: found.user as UserRow }
  }
  const inner = async () => (await library.$context).internalAdapter

  const rows = async (): Promise<UserRow[]> =>
    (await db.selectFrom('user').selectAll().orderBy('createdAt').limit(1_000).execute()) as unknown as UserRow[]
  const rowOf = async (id: string): Promise<UserRow> => {
    const row = await db.selectFrom('user').selectAll().where('id', '=', id).executeTakeFirst()
    if (row === undefined) throw notFound('person', 'user')
    return row as unknown as UserRow
  }
  const openSessions = async () =>
    (
      await db
        .selectFrom('session')
        .innerJoin('user', 'user.id', 'session.userId')
        .select(['session.id', 'session.userId', 'session.createdAt', 'session.expiresAt', 'user.name'])
        .orderBy('session.createdAt', 'desc')
        .limit(1_000)
        .execute()
    ).filter((session) => new Date(session.expiresAt).getTime() > clock.wallMs())

  const view = (user: UserRow, sessions: number): Person => ({
    id: user.id,
    username: user.username ?? user.email,
    name: user.name,
    method: methodOf(user),
    roles: parseRoles(user.role),
    disabled: Boolean(user.banned),
    created_at: iso(user.createdAt),
    sessions,
  })

  /** The last one who can let others in must stay. */
  const keepAnAdmin = async (id: string): Promise<void> => {
    const others = (await rows()).filter((user) => user.id !== id && isAdmin(user))
    if (others.length === 0)
      throw new AppError('STATE_CONFLICT', 'this is the only administrator who can sign in; make another one first', {
        path: 'roles',
      })
  }

  const endSessionsOf = async (id: string): Promise<void> => {
    await db.deleteFrom('session').where('userId', '=', id).execute()
  }

  return {
    source: {
      claim({ cookie, authorization }) {
        const value = authorization === null ? readCookie(cookie, cookieName) : null
        if (value === null) return null
        const own = `${cookieName}=${value}`
        return {
          key: `session:${fingerprint(value)}`,
          resolve: async () => {
            const found = await sessionOf(own)
            return found === null || Boolean(found.user.banned) ? null : toSubject(found.user, found.session)
          },
        }
      },
    },
    async count() {
      const { count } = await db
        .selectFrom('user')
        .select((of) => of.fn.countAll<number>().as('count'))
        .executeTakeFirstOrThrow()
      return Number(count)
    },
    async list() {
      const counts = Map.groupBy(await openSessions(), (session) => session.userId)
      return (await rows()).map((user) => view(user, counts.get(user.id)?.length ?? 0))
    },
    async rolesOf(id) {
      const row = await db.selectFrom('user').selectAll().where('id', '=', id).executeTakeFirst()
      const user = row as UserRow | undefined
      return user === undefined || Boolean(user.banned) ? [] : parseRoles(user.role)
    },
    async create({ username, name, password, roles }) {
      const email = `${username.toLowerCase()}${NO_MAIL}`
      const taken = new AppError('STATE_CONFLICT', `the name ${username} is taken`, { path: 'username' })
      const known = await db.selectFrom('user').select('id').where('email', '=', email).executeTakeFirst()
      if (known !== undefined) throw taken
      try {
        const { user } = await library.api.createUser({
          body: { email, name, password, role: [...roles], data: { username } },
        })
        return view(user as UserRow, 0)
      } catch (error) {
        throw isUniqueViolation(error) ? taken : error
      }
    },
    async change(id, { name, roles, disabled, password }) {
      const before = await rowOf(id)
      const after = {
        ...before,
        role: roles === undefined ? (before.role ?? null) : roles.join(','),
        banned: disabled ?? Boolean(before.banned),
      }
      if (isAdmin(before) && !isAdmin(after)) await keepAnAdmin(id)
      if (password !== undefined && methodOf(before) === 'oidc')
        throw new AppError('STATE_CONFLICT', 'this person signs in with the provider and has no password here', {
          path: 'password',
        })
      const adapter = await inner()
      await adapter.updateUser(id, {
        ...(name === undefined ? {} : { name }),
        ...(roles === undefined ? {} : { role: roles.join(',') }),
        ...(disabled === undefined ? {} : { banned: disabled }),
      })
      if (password !== undefined) await adapter.updatePassword(id, await passwords.hash(password))
      if (roles !== undefined || disabled !== undefined || password !== undefined) await endSessionsOf(id)
      return view(await rowOf(id), 0)
    },
    async remove(id) {
      const before = await rowOf(id)
      if (isAdmin(before)) await keepAnAdmin(id)
      await (await inner()).deleteUser(id)
      return view(before, 0)
    },
    async signIn({ username, password }, cookie) {
      const response = await library.api.signInUsername({
        // A name that can not exist is looked for like any other: what differs would tell names apart.
        body: { username: /^[A-Za-z0-9_.]{3,32}$/.test(username) ? username : '...', password },
        headers: new Headers(),
        asResponse: true,
      })
      if (response.status !== 200) return null
      const cookies = response.headers.getSetCookie()
      const line = cookies.find((one) => one.startsWith(`${cookieName}=`))
      const found = line === undefined ? null : await sessionOf(line.split(';')[0]!)
      if (found === null) throw new AppError('INTERNAL', 'a session was made and can not be read')
      const old = await sessionOf(cookie)
      if (old !== null) await (await inner()).deleteSession(old.session.token)
      return { subject: toSubject(found.user, found.session), cookies }
    },
    async signOut(cookie) {
      const found = await sessionOf(cookie)
      if (found !== null) await (await inner()).deleteSession(found.session.token)
      const { secure } = sessionCookieName(origins)
      return [`${cookieName}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`]
    },
    async knows(id, password) {
      const account = await (await inner()).findCredentialAccount(id)
      return typeof account?.password === 'string' && passwords.verify(account.password, password)
    },
    async sessions() {
      return (await openSessions()).map((session) => ({
        id: fingerprint(session.id).slice(0, 24),
        session_id: session.id,
        user_id: session.userId,
        name: session.name,
        created_at: iso(session.createdAt),
        expires_at: iso(session.expiresAt),
        mine: false,
      }))
    },
    async endSession(id) {
      const wanted = (await openSessions()).find((session) => fingerprint(session.id).slice(0, 24) === id)
      if (wanted === undefined) throw notFound('session', 'session')
      await db.deleteFrom('session').where('id', '=', wanted.id).execute()
      return { user_id: wanted.userId }
    },
    async startOidc() {
      const response = await library.api.signInSocial({
        body: { provider: OIDC_PROVIDER as 'github', callbackURL: '/', errorCallbackURL: '/login' },
        headers: new Headers(),
        asResponse: true,
      })
      const { url } = (await response.json()) as { url?: string }
      if (url === undefined)
        throw new AppError('STATE_NOT_FOUND', 'the provider can not be reached', { path: 'OIDC_ISSUER' })
      return { url, cookies: response.headers.getSetCookie() }
    },
    oidcCallback: (request) => library.handler(request),
  }
}
