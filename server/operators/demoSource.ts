/*
 * demoSource: AUTH=demo: no sign-in; two operators to switch between, so that rules for two persons can be tried.
 * In: a cookie that names one of them. Out: that operator with every role.
 * Invariant: exists only on a loopback address; an unknown name is the first operator, never more than the two.
 * Source: docs/security.md "demo".
 */
import type { Role } from '../../lib/contracts/permissions.ts'
import type { IdentitySource } from './access.ts'
import { permissionsOf, readCookie, type Subject } from './subject.ts'

export const DEMO_OPERATORS = ['demo-1', 'demo-2'] as const
export type DemoOperator = (typeof DEMO_OPERATORS)[number]
const DEMO_COOKIE = 'morphoscope_demo'
const ROLES: readonly Role[] = ['operator', 'admin', 'auditor']

const subjectOf = (id: DemoOperator): Subject => ({
  id,
  name: id,
  method: 'demo',
  roles: ROLES,
  permissions: permissionsOf(ROLES),
  sessionId: id,
  expiresMs: null,
})

/** Roles of whoever has this id in a demo. */
export const demoRolesOf = (id: string): readonly Role[] =>
  DEMO_OPERATORS.some((operator) => operator === id) ? ROLES : []

/** The line that makes a browser this operator from its next request on. */
export const demoCookie = (operator: DemoOperator): string =>
  `${DEMO_COOKIE}=${operator}; Path=/; HttpOnly; SameSite=Strict; Max-Age=31536000`

export const demoSource: IdentitySource = {
  claim({ cookie, authorization }) {
    if (authorization !== null) return null
    const wanted = readCookie(cookie, DEMO_COOKIE)
    const id = DEMO_OPERATORS.find((operator) => operator === wanted) ?? DEMO_OPERATORS[0]
    return { key: `demo:${id}`, resolve: () => Promise.resolve(subjectOf(id)) }
  },
}
