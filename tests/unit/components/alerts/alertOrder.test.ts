import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FOLD_ABOVE, holdRows, orderAlerts, rowsOf, type ListRow } from '../../../../components/alerts/alertOrder.ts'
import type { AlertItem } from '../../../../lib/contracts/alerts.ts'
import { alertOf, groupOf, second } from './alertFixture.ts'

const NONE: ReadonlySet<string> = new Set()
const keysOf = (rows: readonly ListRow[]): string[] => rows.map((row) => row.key)
const never = (): undefined => undefined

test('what burns comes before what is over, critical before warning, what nobody has before what somebody has', () => {
  const alerts = [
    alertOf('cleared', { severity: 'critical', state: 'unacked_cleared', cleared_at: second(9) }),
    alertOf('acked', { state: 'acked_active', acked_by: 'demo-1', acked_at: second(1) }),
    alertOf('info', { severity: 'info' }),
    alertOf('older'),
    alertOf('newer', { raised_at: second(5) }),
    alertOf('worst', { severity: 'critical' }),
  ]
  expect(orderAlerts('open', alerts).map(({ id }) => id)).toEqual([
    'worst',
    'newer',
    'older',
    'acked',
    'info',
    'cleared',
  ])
})

test('acknowledged ones stand by age, shelved ones by expiry with the open end last, history newest first', () => {
  const acked = [alertOf('b', { acked_at: second(20) }), alertOf('a', { acked_at: second(10) })]
  expect(orderAlerts('acked', acked).map(({ id }) => id)).toEqual(['a', 'b'])
  const shelved = [
    alertOf('open-end'),
    alertOf('later', { shelved_until: second(90) }),
    alertOf('soon', { shelved_until: second(30) }),
  ]
  expect(orderAlerts('shelved', shelved).map(({ id }) => id)).toEqual(['soon', 'later', 'open-end'])
  const past = [alertOf('old', { cleared_at: second(1) }), alertOf('new', { cleared_at: second(2) })]
  expect(orderAlerts('history', past).map(({ id }) => id)).toEqual(['new', 'old'])
})

test('the order is total: however the server mixes them, the same alerts give the same rows', () => {
  const alerts = Array.from({ length: 30 }, (_, n) =>
    alertOf(`a${n}`, { severity: n % 3 === 0 ? 'critical' : 'warning', group: `g${n % 4}` }),
  )
  const groups = [0, 1, 2, 3].map((n) => groupOf(`g${n}`))
  const wanted = keysOf(rowsOf('open', alerts, groups, NONE))
  fc.assert(
    fc.property(
      fc.shuffledSubarray(alerts, { minLength: alerts.length }),
      fc.shuffledSubarray(groups, { minLength: 4 }),
      (mixed, mixedGroups) => {
        expect(keysOf(rowsOf('open', mixed, mixedGroups, NONE))).toEqual(wanted)
      },
    ),
  )
})

test('a large group is folded, and never one of its critical alerts', () => {
  const alerts = Array.from({ length: 60 }, (_, n) =>
    alertOf(`a${n}`, { severity: n % 5 === 0 ? 'critical' : 'warning' }),
  )
  const rows = rowsOf('open', alerts, [groupOf('layer_0', { count: 60, critical: 12 })], NONE)
  const shown = rows.flatMap((row) => (row.kind === 'alert' ? [row.alert] : []))
  expect(shown.filter((alert) => alert.severity === 'critical')).toHaveLength(12)
  const more = rows.find((row) => row.kind === 'more')
  expect(shown.length + (more?.kind === 'more' ? more.count : 0)).toBe(60)
  expect(rowsOf('open', alerts, [groupOf('layer_0')], new Set(['layer_0']))).toHaveLength(61)
  expect(
    rowsOf('open', alerts.slice(0, FOLD_ABOVE), [groupOf('layer_0')], NONE).some((row) => row.kind === 'more'),
  ).toBe(false)
})

test('members of a group the answer does not name are shown under one that is counted from them', () => {
  const rows = rowsOf('open', [alertOf('x', { group: 'unnamed', severity: 'critical' })], [], NONE)
  expect(rows.map((row) => row.kind)).toEqual(['group', 'alert'])
  expect(rows[0]?.kind === 'group' && rows[0].group).toMatchObject({
    key: 'unnamed',
    count: 1,
    critical: 1,
    unacked: 1,
  })
})

test('while held every row keeps its place, brought up to date, and what belongs between them waits', () => {
  const before = rowsOf(
    'acked',
    [alertOf('a', { acked_at: second(1) }), alertOf('c', { acked_at: second(3) })],
    [],
    NONE,
  )
  const fresh = rowsOf(
    'acked',
    [
      alertOf('b', { acked_at: second(2) }),
      alertOf('c', { acked_at: second(3), note: 'looking', version: 2 }),
      alertOf('d', { acked_at: second(4) }),
    ],
    [],
    NONE,
  )
  const left = alertOf('a', { state: 'normal', version: 5 })
  const { rows, waiting } = holdRows(before, fresh, (id) => (id === 'a' ? left : undefined))
  expect(keysOf(rows)).toEqual(['a a', 'a c', 'a d'])
  expect(waiting).toBe(1)
  expect(rows[0]).toMatchObject({ alert: { state: 'normal' } })
  expect(rows[1]).toMatchObject({ alert: { note: 'looking' } })
})

test('without being held the fresh rows are the rows, and nothing waits', () => {
  const fresh = rowsOf('history', [alertOf('a')], [], NONE)
  expect(holdRows(null, fresh, never)).toEqual({ rows: fresh, waiting: 0 })
})

test('whatever comes and goes, a held row never changes its place', () => {
  const some = fc.array(
    fc.record({
      id: fc.integer({ min: 0, max: 40 }),
      severity: fc.constantFrom('critical', 'warning', 'info'),
      at: fc.nat(100),
    }),
    { maxLength: 40 },
  )
  const toAlerts = (list: readonly { id: number; severity: AlertItem['severity']; at: number }[]): AlertItem[] => [
    ...new Map(
      list.map((one) => [
        one.id,
        alertOf(String(one.id), { severity: one.severity, raised_at: second(one.at), group: `g${one.id % 3}` }),
      ]),
    ).values(),
  ]
  fc.assert(
    fc.property(some, some, (first, then) => {
      const held = rowsOf('open', toAlerts(first), [], NONE)
      const fresh = rowsOf('open', toAlerts(then), [], NONE)
      const { rows, waiting } = holdRows(held, fresh, never)
      expect(keysOf(rows).slice(0, held.length)).toEqual(keysOf(held))
      // Nothing is lost: what is fresh stands or waits.
      const standing = new Set(keysOf(rows))
      expect(fresh.filter((row) => row.kind === 'alert' && !standing.has(row.key))).toHaveLength(waiting)
    }),
  )
})
