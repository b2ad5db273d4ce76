/*
 * The HTTP contract of access: who am I, signing in and out, people, their sessions, service tokens.
 * In: zod. Out: shapes of what is sent and answered.
 * Invariant: no secret is ever answered but once, when it is made; a password is never answered.
 * Source: docs/security.md; docs/protocol.md "access".
 */
import { z } from 'zod'
import { PERMISSION_NAMES, Role } from './permissions.ts'

const Text = z.string().max(256)
const At = z.iso.datetime()

export const SubjectView = z.object({
  id: Text,
  name: Text,
  method: z.enum(['demo', 'password', 'oidc', 'token', 'none']),
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
})
export type SessionView = z.infer<typeof SessionView>

export const DemoChoice = z.strictObject({ operator: z.enum(['demo-1', 'demo-2']) })
export type DemoChoice = z.infer<typeof DemoChoice>
