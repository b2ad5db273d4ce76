/*
 * The routes of access: method, path, permission, inputs and answers.
 * In: the shapes of httpAccess.ts. Out: ACCESS_API, spread into HTTP_API.
 * Invariant: only what somebody needs who is not signed in yet has the permission none.
 * Source: docs/security.md; docs/protocol.md "access".
 */
import { DemoChoice, SessionView } from './httpAccess.ts'
import { NoInput } from './httpShapes.ts'

const JSON_TYPE = 'application/json'

export const ACCESS_API = Object.freeze({
  session: {
    method: 'GET',
    path: '/api/session',
    permission: 'none',
    summary: 'Who this caller is, and what they may do.',
    params: NoInput,
    query: NoInput,
    output: SessionView,
    contentType: JSON_TYPE,
    problems: [],
  },
  chooseDemoOperator: {
    method: 'POST',
    path: '/api/session/demo',
    permission: 'none',
    summary: 'In AUTH=demo: who this browser is from now on.',
    params: NoInput,
    query: NoInput,
    body: DemoChoice,
    output: SessionView,
    contentType: JSON_TYPE,
    problems: [403, 404, 413, 422],
  },
} as const)
