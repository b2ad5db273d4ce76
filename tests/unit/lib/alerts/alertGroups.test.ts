import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createAlertGroups } from '../../../../lib/alerts/alertGroups.ts'
import { isOver, type Alarm } from '../../../../lib/alerts/alarmTypes.ts'
import { raised } from './alarmWorld.ts'

const alarmOf = (n: number, more: Partial<Alarm> = {}): Alarm => ({
  ...raised(),
  id: `id-${n}`,
  group: `g${n % 3}||`,
  ...more,
})

test('the sums are those of the alarms, however they came about', () => {
  const change = fc.record({
    n: fc.integer({ min: 0, max: 11 }),
    active: fc.boolean(),
    acked: fc.boolean(),
    silent: fc.boolean(),
    shelved: fc.boolean(),
    severity: fc.constantFrom('info' as const, 'warning' as const, 'critical' as const),
  })
  fc.assert(
    fc.property(fc.array(change, { maxLength: 80 }), (changes) => {
      const groups = createAlertGroups()
      const now = new Map<number, Alarm>()
      for (const { n, active, acked, silent, shelved, severity } of changes) {
        const shelf = shelved ? { untilMs: 1, by: 'ada', untilClear: false } : null
        const next = alarmOf(n, { active, acked, silent: silent && active, severity, shelf })
        groups.change(now.get(n) ?? null, next)
        now.set(n, next)
      }
      const inSight = [...now.values()].filter((one) => one.shelf === null && !isOver(one))
      const counts = groups.counts()
      expect(counts.open).toBe(inSight.length)
      expect(counts.unacked).toBe(inSight.filter((one) => !one.acked).length)
      expect(counts.critical).toBe(inSight.filter((one) => one.severity === 'critical').length)
      expect(counts.shelved).toBe([...now.values()].filter((one) => one.shelf !== null).length)
      const listed = groups.list(10)
      expect(listed.reduce((sum, group) => sum + group.count, 0)).toBe(inSight.length)
      expect(listed.every((group) => group.count > 0)).toBe(true)
    }),
    { numRuns: 300 },
  )
})

test('who joins a group after it was acknowledged is counted as new until acknowledged too', () => {
  const groups = createAlertGroups()
  const one = alarmOf(0, { raisedMs: 1_000 })
  groups.change(null, one)
  const acked = { ...one, acked: true }
  groups.change(one, acked)
  groups.acknowledged('g0||', 2_000)
  expect(groups.get('g0||')).toMatchObject({ count: 1, unacked: 0, newSinceAck: 0 })
  const late = alarmOf(3, { raisedMs: 3_000 })
  groups.change(null, late)
  expect(groups.get('g0||')).toMatchObject({ count: 2, unacked: 1, newSinceAck: 1 })
  groups.change(late, { ...late, acked: true })
  expect(groups.get('g0||')).toMatchObject({ newSinceAck: 0 })
})
