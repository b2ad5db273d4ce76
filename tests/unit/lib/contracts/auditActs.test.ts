import { expect, test } from 'vitest'
import { AUDIT_ACTS, doorAct, EVENT_ACTS, NO_ACT, ROUTE_ACTS } from '../../../../lib/contracts/auditActs.ts'
import { HTTP_API, type HttpContract } from '../../../../lib/contracts/httpApi.ts'
import { OPS_EVENT_SCHEMAS } from '../../../../lib/contracts/opsEvents.ts'
import { LIVE_EVENT_SCHEMAS } from '../../../../lib/contracts/socketEvents.ts'

const routes: readonly HttpContract[] = Object.values(HTTP_API)
const changing = routes.filter(({ method }) => method !== 'GET').map(({ method, path }) => `${method} ${path}`)

test('every route that changes something is written down, by who does it or by the door, or says why not', () => {
  const silent = changing.filter(
    (name) => ROUTE_ACTS[name]?.by !== 'room' && !(name in NO_ACT) && doorActOf(name) === null,
  )
  expect(silent).toEqual([])
  const unnamed = changing.filter((name) => !(name in ROUTE_ACTS) && !(name in NO_ACT))
  process.stdout.write(`routes without a name of their own in the table: ${unnamed.join(', ') || 'none'}\n`)
  for (const name of unnamed) expect(doorActOf(name)).toMatch(/^(post|put|delete) /)
})

test('the table names no route, event or act that does not exist', () => {
  expect(Object.keys(ROUTE_ACTS).filter((name) => !changing.includes(name))).toEqual([])
  expect(Object.keys(NO_ACT).filter((name) => !changing.includes(name))).toEqual([])
  expect(Object.keys(EVENT_ACTS).filter((name) => !(name in OPS_EVENT_SCHEMAS))).toEqual([])
  const acts = [...Object.values(ROUTE_ACTS), ...Object.values(EVENT_ACTS)].map(({ act }) => act)
  expect(acts.filter((name) => !(name in AUDIT_ACTS))).toEqual([])
})

test('every event of /ops that needs an operator has an act, and /live has none that does', () => {
  const acting = Object.entries(OPS_EVENT_SCHEMAS).flatMap(([name, { permission }]) =>
    permission === 'operator' ? [name] : [],
  )
  expect(acting.filter((name) => !(name in EVENT_ACTS))).toEqual([])
  expect(Object.values(LIVE_EVENT_SCHEMAS).filter(({ permission }) => permission !== 'viewer')).toEqual([])
})

function doorActOf(name: string): string | null {
  const [method = '', path = ''] = name.split(' ')
  return doorAct({ method, path })
}
