import { expect, test } from 'vitest'
import { isQuiet, NO_NOTIFY, parseNotify, tellOf, TONES } from '../../../../components/alerts/notifyRules.ts'
import { FAR_PX, swipeState, type Swipe } from '../../../../components/alerts/swipe.ts'
import type { AlertsChanged } from '../../../../lib/contracts/httpAlerts.ts'

const asking = (
  severity: 'info' | 'warning' | 'critical',
  change: Partial<AlertsChanged['changed'][number]> = {},
): AlertsChanged['changed'][number] => ({
  id: severity,
  version: 1,
  state: 'unacked_active',
  severity,
  silent: false,
  asks: true,
  text: `${severity} thing`,
  ...change,
})
const ON = { ...NO_NOTIFY, sound: true, desktop: true }
const NOON = 12 * 60

test('nothing is told to somebody who did not ask for it, whatever a storage holds', () => {
  for (const text of [null, '', 'x', '[]', '7', '{"sound":"yes"}']) {
    const told = tellOf([asking('critical')], 0, parseNotify(text), NOON)
    expect([told.tone, told.notice]).toEqual([null, null])
  }
})

test('one alert is named and leads to itself; many are one notice of the worst, with their number', () => {
  expect(tellOf([asking('warning')], 0, ON, NOON)).toEqual({
    tone: 'warning',
    notice: { title: 'warning: warning thing', body: 'Press to open it.', id: 'warning' },
    held: 0,
  })
  const many = tellOf([asking('warning'), asking('critical'), asking('warning')], 9, ON, NOON)
  expect(many.tone).toBe('critical')
  expect(many.notice).toEqual({ title: '12 alerts, 1 critical', body: 'critical thing', id: null })
})

test('what does not ask, or is less severe than wanted, is silent', () => {
  expect(tellOf([asking('critical', { asks: false }), asking('info')], 0, ON, NOON).tone).toBeNull()
  expect(tellOf([asking('warning')], 0, { ...ON, least: 'critical' }, NOON).tone).toBeNull()
})

test('quiet hours hold back what is not critical, also over midnight, and say how much', () => {
  const night = { ...ON, quietFrom: 22 * 60, quietTo: 7 * 60 }
  expect([21 * 60, 22 * 60, 0, 7 * 60 - 1, 7 * 60].map((minute) => isQuiet(night, minute))).toEqual([
    false,
    true,
    true,
    true,
    false,
  ])
  expect(tellOf([asking('warning'), asking('critical')], 0, night, 0)).toMatchObject({ tone: 'critical', held: 1 })
  expect(tellOf([asking('critical')], 0, { ...night, criticalAlways: false }, 0)).toMatchObject({ tone: null, held: 1 })
  expect(isQuiet(ON, 0)).toBe(false)
})

test('the tones of the severities differ in more than pitch', () => {
  expect(new Set(Object.values(TONES).map((beeps) => beeps.length)).size).toBe(3)
})

const swipe = (...way: readonly (readonly [number, number])[]): Swipe =>
  way.reduce<Swipe>((before, [dx, dy]) => swipeState(before, dx, dy), { px: 0, kind: 'none' })

test('a finger that goes sideways far enough acknowledges; one that goes down scrolls and never acknowledges', () => {
  expect(swipe([4, 2]).kind).toBe('none')
  expect(swipe([14, 2], [60, 4]).kind).toBe('near')
  expect(swipe([14, 2], [FAR_PX, 20]).kind).toBe('far')
  expect(swipe([14, 2], [FAR_PX, 20], [20, 0]).kind).toBe('near')
  expect(swipe([2, 14], [200, 14]).kind).toBe('scroll')
  expect(swipe([-30, 0], [200, 0]).kind).toBe('scroll')
})
