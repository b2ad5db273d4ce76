/*
 * The HTTP contract of access: who am I, signing in and out, people, their sessions, service tokens.
 * In: zod. Out: shapes of what is sent and answered.
 * Invariant: no secret is ever answered but once, when it is made; a password is never answered.
 * Source: docs/security.md; docs/protocol.md "HTTP".
 */
import { z } from 'zod'
import { LogText } from './ids.ts'
import { PERMISSION_NAMES, Role } from './permissions.ts'

const Text = z.string().max(256)
const At = z.iso.datetime()
/** Letters, digits, dot and underscore: what is typed in the same way on every keyboard. */
export const Username = z.string().regex(/^[A-Za-z0-9_.]{3,32}$/, '3 to 32 letters, digits, dots or underscores')
export const Password = z.string().min(10, 'at least 10 characters').max(256)
const Roles = z.array(Role).min(1, 'at least one role').max(4)
const SessionMethod = z.enum(['demo', 'password', 'oidc', 'token', 'none'])

export const SubjectView = z.object({
  id: Text,
  name: Text,
  method: SessionMethod,
  roles: z.array(Role),
  permissions: z.array(z.enum(PERMISSION_NAMES)),
  expires_at: At.nullable(),
})
export type SubjectView = z.infer<typeof SubjectView>

export const SessionView = z.object({
  mode: z.enum(['demo', 'required']),
  signed_in: z.boolean(),
  subject: SubjectView,
  /** Whom a visitor of the demo can be; empty elsewhere. */
  demo_operators: z.array(Text),
  /** Nobody is there yet: the first administrator signs in with the printed code. */
  needs_first_admin: z.boolean(),
  /** Name of the provider one can sign in with; null = none. */
  oidc: Text.nullable(),
})
export type SessionView = z.infer<typeof SessionView>

export const DemoChoice = z.strictObject({ operator: z.enum(['demo-1', 'demo-2']) })
export type DemoChoice = z.infer<typeof DemoChoice>

/** Bounds only: what is wrong with a name or password must not be told apart. */
export const SignIn = z.strictObject({ username: z.string().min(1).max(256), password: z.string().min(1).max(256) })
export type SignIn = z.infer<typeof SignIn>

export const FirstAdmin = z.strictObject({
  code: z.string().min(1).max(64),
  username: Username,
  name: LogText.min(1).max(64),
  password: Password,
})
export type FirstAdmin = z.infer<typeof FirstAdmin>

export const PasswordChange = z.strictObject({ current: z.string().min(1).max(256), password: Password })
export type PasswordChange = z.infer<typeof PasswordChange>

export const OidcStart = z.object({ url: z.string().max(4_096) })
export type OidcStart = z.infer<typeof OidcStart>

export const Person = z.object({
  id: Text,
  username: Text,
  name: Text,
  method: z.enum(['password', 'oidc']),
  roles: z.array(Role),
  disabled: z.boolean(),
  created_at: At,
  sessions: z.int().min(0),
})
export type Person = z.infer<typeof Person>
export const PersonList = z.object({ people: z.array(Person).max(1_000) })
export type PersonList = z.infer<typeof PersonList>

export const NewPerson = z.strictObject({
  username: Username,
  name: LogText.min(1).max(64),
  password: Password,
  roles: Roles,
})
export type NewPerson = z.infer<typeof NewPerson>

export const PersonChange = z
  .strictObject({
    name: LogText.min(1).max(64),
    roles: Roles,
    disabled: z.boolean(),
    password: Password,
  })
  .partial()
  .refine((change) => Object.keys(change).length > 0, 'at least one of name, roles, disabled, password')
export type PersonChange = z.infer<typeof PersonChange>
export const PersonPath = z.object({ user: Text })

export const SessionItem = z.object({
  id: Text,
  user_id: Text,
  name: Text,
  created_at: At,
  expires_at: At,
  /** The one that asks. */
  mine: z.boolean(),
})
export type SessionItem = z.infer<typeof SessionItem>
export const SessionList = z.object({ sessions: z.array(SessionItem).max(1_000) })
export type SessionList = z.infer<typeof SessionList>
export const SessionPath = z.object({ session: Text })

/** No token may make people or tokens. */
export const TokenPermission = z.enum(['metrics', 'viewer', 'operator', 'auditor'])
export const TokenItem = z.object({
  id: Text,
  name: Text,
  permissions: z.array(TokenPermission),
  /** What of it counts now: no more than whoever made it holds today. */
  effective: z.array(TokenPermission),
  created_by: Text,
  created_at: At,
  expires_at: At,
  revoked_at: At.nullable(),
})
export type TokenItem = z.infer<typeof TokenItem>
export const TokenList = z.object({ tokens: z.array(TokenItem).max(1_000) })
export type TokenList = z.infer<typeof TokenList>
export const NewToken = z.strictObject({
  name: LogText.min(1).max(64),
  permissions: z.array(TokenPermission).min(1).max(4),
  /** Days until it ends. */
  days: z.int().min(1).max(365),
})
export type NewToken = z.infer<typeof NewToken>
/** The only answer that ever holds a token. */
export const MadeToken = z.object({ token: Text, item: TokenItem })
export type MadeToken = z.infer<typeof MadeToken>
export const TokenPath = z.object({ token: Text })
