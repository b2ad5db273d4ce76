import { expect, test } from 'vitest'
import { ackAlarm } from '../../../../lib/alerts/alarmActs.ts'
import { clearAlarm, raiseAlarm } from '../../../../lib/alerts/alarm.ts'
import type { Alarm, AlarmStep } from '../../../../lib/alerts/alarmTypes.ts'
import { SHIPPED_BY_ID } from '../../../../lib/alerts/shippedRules.ts'
import { createDelivery } from '../../../../server/alerts/delivery.ts'
import { createInhibition } from '../../../../server/alerts/inhibition.ts'
import { createNotifier } from '../../../../server/alerts/notifier.ts'
import { createManualClock } from '../../../support/manualClock.ts'
import { POLICY, signalOf, seenBy } from '../../lib/alerts/alarmWorld.ts'

const raise = (
  rule: string,
  layerId: string | null,
  severity: Alarm['severity'] = 'warning',
  seedId = 0,
): AlarmStep => {
  const id = `${rule}|${layerId}|${seedId}`
  const place = { id, fingerprint: id, rule, group: rule, layerId, seedId, runId: layerId === null ? null : 'run' }
  return raiseAlarm(null, place, signalOf(severity), POLICY, 1_000)
}

/** Alarms, what explains them, and the letters that leave. */
function givenWorld() {
  const clock = createManualClock()
  const open = new Map<string, Alarm>()
  const letters: string[] = []
  const ruleOf = (id: string) => SHIPPED_BY_ID.get(id)
  const inhibition = createInhibition({ clock, ruleOf, open: () => open.values() })
  const webhook = createDelivery({
    name: 'webhook',
    clock,
    onProblem: () => undefined,
    send: ({ body }) => Promise.resolve(void letters.push(`${String(body['act'])} ${String(body['alert'])}`)),
  })
  const notifier = createNotifier({
    clock,
    channels: { webhook, email: null },
    ruleOf: (id) => ({ ...ruleOf(id)!, notify: true }),
    isInhibited: inhibition.isInhibited,
    publicUrl: null,
  })
  return {
    inhibition,
    letters,
    put: async ({ alarm, events }: AlarmStep): Promise<Alarm> => {
      open.set(alarm.id, alarm)
      const released = inhibition.changed(alarm)
      notifier.changed(alarm, events)
      for (const one of released) notifier.released(one)
      await clock.advance(2_000)
      return alarm
    },
    clear: (alarm: Alarm) => clearAlarm(alarm, POLICY, 2_000),
  }
}

test('without a bus what does not arrive is explained by that, and told when it is still so afterwards', async () => {
  const { inhibition, letters, put, clear } = givenWorld()
  const bus = await put(raise('bus_down', null, 'critical'))
  const gap = await put(raise('telemetry_gap', 'l1'))
  const behind = await put(raise('bus_lag', null))
  const dead = await put(raise('dead_chunk', 'l1'))
  expect(inhibition.parentOf(gap)?.id).toBe(bus.id)
  expect([gap, behind, dead, bus].map(inhibition.isInhibited)).toEqual([true, true, false, false])
  expect(inhibition.count()).toBe(2)
  expect(letters).toEqual([`raised ${bus.id}`, `raised ${dead.id}`])
  // What is over before its explanation was told to nobody, and its end is not told either.
  await put(clear(behind))
  await put(clear(bus))
  expect(letters.slice(2)).toEqual([`cleared ${bus.id}`, `raised ${gap.id}`])
  expect([inhibition.isInhibited(gap), inhibition.count()]).toEqual([false, 0])
})

test('a silent layer explains what is open about its seeds, of no other layer, and never an event', async () => {
  const { inhibition, put } = givenWorld()
  const early = await put(raise('dead_chunk', 'l1'))
  const silent = await put(raise('layer_silent', 'l1'))
  const others = [
    await put(raise('dead_chunk', 'l1', 'warning', 1)),
    await put(raise('dead_chunk', 'l2')),
    await put(raise('illegal_transition', 'l1')),
    await put(raise('inbound', 'l1')),
    await put(raise('loss_degradation', null)),
  ]
  expect([early, ...others].map(inhibition.isInhibited)).toEqual([true, true, false, false, false, false])
  expect(inhibition.isInhibited(silent)).toBe(false)
})

test('a critical alarm is labelled and asks as ever; one that becomes critical asks then', async () => {
  const { inhibition, letters, put } = givenWorld()
  const bus = await put(raise('bus_down', null, 'critical'))
  const critical = await put(raise('telemetry_gap', 'l1', 'critical'))
  expect(inhibition.parentOf(critical)?.id).toBe(bus.id)
  expect(inhibition.isInhibited(critical)).toBe(false)
  const gap = await put(raise('telemetry_gap', 'l2'))
  const place = { ...gap }
  await put(raiseAlarm(gap, place, signalOf('critical'), POLICY, 3_000))
  expect(letters).toEqual([`raised ${bus.id}`, `raised ${critical.id}`, `severity_up ${gap.id}`])
})

test('an acknowledgement of what explains changes nothing of what it explains', async () => {
  const { inhibition, put } = givenWorld()
  const bus = await put(raise('bus_down', null, 'critical'))
  const gap = await put(raise('telemetry_gap', 'l1'))
  const acked = ackAlarm(bus, seenBy('demo-1', bus, 5_000))
  if (acked.kind !== 'done') throw new Error(acked.kind)
  await put(acked.step)
  expect(inhibition.isInhibited(gap)).toBe(true)
})
