import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ageAlarm, clearAlarm, hearAlarm, raiseAlarm, silenceAlarm } from '../../../../lib/alerts/alarm.ts'
import {
  ackAlarm,
  inServiceAlarm,
  noteAlarm,
  outOfServiceAlarm,
  resetAlarm,
  shelveAlarm,
  unackAlarm,
  unshelveAlarm,
  type ActResult,
} from '../../../../lib/alerts/alarmActs.ts'
import { alarmState, isOver, underlyingState, type Alarm, type AlarmEvent } from '../../../../lib/alerts/alarmTypes.ts'
import { PLACE, POLICY, raised, seenBy, signalOf } from './alarmWorld.ts'

const done = (result: ActResult): Alarm => {
  if (result.kind !== 'done') throw new Error(`not done: ${JSON.stringify(result)}`)
  return result.step.alarm
}

test('it is raised, seen, cleared and over: the four states of ISA-18.2', () => {
  const one = raised()
  expect(alarmState(one)).toBe('unacked_active')
  const two = done(ackAlarm(one, seenBy('ada', one, 2_000)))
  expect(alarmState(two)).toBe('acked_active')
  const three = clearAlarm(two, POLICY, 3_000).alarm
  expect([alarmState(three), isOver(three)]).toEqual(['normal', true])
  const unseen = clearAlarm(one, POLICY, 3_000).alarm
  expect([alarmState(unseen), isOver(unseen)]).toEqual(['unacked_cleared', false])
  expect(isOver(done(ackAlarm(unseen, seenBy('ada', unseen, 4_000))))).toBe(true)
})

test('an acknowledgement of one occurrence never means the next one', () => {
  const first = raised()
  const old = seenBy('ada', first, 9_000)
  const again = raiseAlarm(clearAlarm(first, POLICY, 2_000).alarm, PLACE, signalOf(), POLICY, 3_000).alarm
  expect(again.seq).toBe(2)
  expect(ackAlarm(again, old)).toEqual({ kind: 'changed', alarm: again })
  expect(alarmState(again)).toBe('unacked_active')
})

test('of two who acknowledge the same the second is told who was first', () => {
  const one = raised()
  const first = done(ackAlarm(one, seenBy('ada', one, 2_000)))
  const second = ackAlarm(first, seenBy('grace', one, 3_000))
  expect(second).toMatchObject({ kind: 'changed', alarm: { ackedBy: 'ada' } })
  expect(noteAlarm(first, { ...seenBy('grace', one, 3_000), note: 'me too' }).kind).toBe('done')
})

test('silence clears nothing, marks it, and asks whoever had acknowledged', () => {
  const one = raised()
  const acked = done(ackAlarm(one, seenBy('ada', one, 2_000)))
  const silent = silenceAlarm(acked, 3_000).alarm
  expect([silent.silent, alarmState(silent), silent.seq, silent.assignedTo]).toEqual([true, 'unacked_active', 2, 'ada'])
  expect(ageAlarm(silent, POLICY, 1e12).alarm.active).toBe(true)
  expect(hearAlarm(silent, 4_000).alarm).toMatchObject({ silent: false, active: true })
})

test('what latches stays after it cleared and was seen, until a person lets it go with a reason', () => {
  const one = raised({ latched: true })
  const cleared = clearAlarm(one, { ...POLICY, latched: true }, 2_000).alarm
  const seen = done(ackAlarm(cleared, seenBy('ada', cleared, 3_000)))
  expect(alarmState(seen)).toBe('latched')
  expect(resetAlarm(seen, seenBy('ada', seen, 4_000))).toMatchObject({ kind: 'refused' })
  expect(isOver(done(resetAlarm(seen, seenBy('ada', seen, 4_000, 'repaired'))))).toBe(true)
  expect(resetAlarm(one, seenBy('ada', one, 4_000, 'no'))).toMatchObject({
    kind: 'refused',
    why: 'its condition is still true',
  })
})

test('a shelved alarm comes back when its time is over, and asks again when it is still true', () => {
  const one = raised()
  const acked = done(ackAlarm(one, seenBy('ada', one, 2_000)))
  const put = { ...seenBy('ada', acked, 2_000), untilMs: 902_000, untilClear: false }
  const shelved = done(shelveAlarm(acked, put))
  expect([alarmState(shelved), underlyingState(shelved)]).toEqual(['shelved', 'acked_active'])
  expect(ageAlarm(shelved, POLICY, 901_999).alarm).toBe(shelved)
  const back = ageAlarm(shelved, POLICY, 902_000)
  expect(alarmState(back.alarm)).toBe('unacked_active')
  expect(back.events[0]).toMatchObject({ act: 'shelve_expired', actor: 'engine', from: 'shelved' })
})

test('shelved until it clears, it leaves the shelf by clearing', () => {
  const one = raised()
  const shelved = done(shelveAlarm(one, { ...seenBy('ada', one, 2_000), untilMs: 1e9, untilClear: true }))
  expect(alarmState(clearAlarm(shelved, POLICY, 3_000).alarm)).toBe('unacked_cleared')
})

test('out of service it goes on being watched, and asks when it is put back', () => {
  const one = raised()
  expect(outOfServiceAlarm(one, seenBy('ada', one, 2_000))).toMatchObject({ kind: 'refused' })
  const out = done(outOfServiceAlarm(one, seenBy('ada', one, 2_000, 'rebuilding')))
  const cleared = clearAlarm(out, POLICY, 3_000).alarm
  const again = raiseAlarm(cleared, PLACE, signalOf(), POLICY, 4_000).alarm
  expect(alarmState(again)).toBe('out_of_service')
  expect(alarmState(done(inServiceAlarm(again, seenBy('ada', again, 5_000))))).toBe('unacked_active')
})

test('acknowledged and still true after four hours it asks again, and its owner is remembered', () => {
  const one = raised()
  const acked = done(ackAlarm(one, seenBy('ada', one, 2_000)))
  expect(ageAlarm(acked, POLICY, 2_000 + POLICY.reraiseMs - 1).alarm).toBe(acked)
  const again = ageAlarm(acked, POLICY, 2_000 + POLICY.reraiseMs)
  expect(again.events.map(({ act }) => act)).toContain('reraised')
  expect(again.alarm).toMatchObject({ acked: false, seq: 2, assignedTo: 'ada' })
})

test('a rise of severity asks again, a fall only tells', () => {
  const one = raised()
  const acked = done(ackAlarm(one, seenBy('ada', one, 2_000)))
  const worse = raiseAlarm(acked, PLACE, signalOf('critical'), POLICY, 3_000).alarm
  expect([worse.severity, alarmState(worse), worse.seq]).toEqual(['critical', 'unacked_active', 2])
  const seen = done(ackAlarm(worse, seenBy('ada', worse, 4_000)))
  const better = raiseAlarm(seen, PLACE, signalOf('warning'), POLICY, 5_000).alarm
  expect([better.severity, alarmState(better)]).toEqual(['warning', 'acked_active'])
})

test('an alarm that flaps stays one occurrence until it was quiet, and says so', () => {
  let alarm = raised({}, 0)
  let atMs = 0
  for (let round = 0; round < 10; round++) {
    alarm = clearAlarm(alarm, POLICY, (atMs += 5_000)).alarm
    alarm = raiseAlarm(alarm, PLACE, signalOf(), POLICY, (atMs += 5_000)).alarm
  }
  // Three occurrences make it flap; what follows joins the third.
  expect([alarm.seq, alarm.flaps, alarm.active]).toEqual([3, 10, true])
  alarm = clearAlarm(alarm, POLICY, (atMs += 5_000)).alarm
  expect(alarmState(alarm)).toBe('unacked_active')
  expect(ageAlarm(alarm, { ...POLICY, escalationMs: [] }, atMs + 59_999).alarm.active).toBe(true)
  expect(ageAlarm(alarm, { ...POLICY, escalationMs: [] }, atMs + 60_000).alarm.active).toBe(false)
})

test('an alarm that waits goes up its steps once each, and an acknowledgement ends that', () => {
  const one = raised({}, 0)
  expect(ageAlarm(one, POLICY, 59_999).alarm).toBe(one)
  const first = ageAlarm(one, POLICY, 60_000).alarm
  expect(first.escalation).toBe(1)
  expect(ageAlarm(first, POLICY, 61_000).alarm).toBe(first)
  const second = ageAlarm(first, POLICY, 120_000).alarm
  expect(second.escalation).toBe(2)
  expect(ageAlarm(second, POLICY, 1e6).alarm).toBe(second)
  const acked = done(ackAlarm(one, seenBy('ada', one, 10)))
  expect(ageAlarm(acked, POLICY, 120_000).alarm).toBe(acked)
})

test('an event ends when it is seen, and happening again it asks again', () => {
  const policy = { ...POLICY, event: true }
  const one = raiseAlarm(null, PLACE, signalOf('critical'), policy, 0).alarm
  const twice = raiseAlarm(one, PLACE, signalOf('critical'), policy, 1_000).alarm
  expect([twice.count, twice.seq]).toEqual([2, 1])
  const seen = done(ackAlarm(twice, seenBy('ada', twice, 2_000)))
  expect(isOver(seen)).toBe(true)
  const undone = done(unackAlarm(seen, seenBy('ada', seen, 3_000)))
  expect(alarmState(undone)).toBe('unacked_active')
  expect(raiseAlarm(seen, PLACE, signalOf('critical'), policy, 9_000).alarm).toMatchObject({ seq: 2, acked: false })
})

test('an acknowledgement is undone freely for ten seconds by its giver, then with a reason', () => {
  const one = raised()
  const acked = done(ackAlarm(one, seenBy('ada', one, 1_000)))
  expect(unackAlarm(acked, seenBy('ada', acked, 11_000)).kind).toBe('done')
  expect(unackAlarm(acked, seenBy('ada', acked, 11_001)).kind).toBe('refused')
  expect(unackAlarm(acked, seenBy('grace', acked, 2_000)).kind).toBe('refused')
  expect(unackAlarm(acked, seenBy('grace', acked, 60_000, 'not solved')).kind).toBe('done')
})

type Move = { readonly name: string; readonly stale: boolean; readonly waitMs: number }
const moves = fc.array(
  fc.record({
    name: fc.constantFrom(
      'raise',
      'critical',
      'clear',
      'silence',
      'hear',
      'age',
      'ack',
      'unack',
      'shelve',
      'unshelve',
      'out',
      'in',
      'reset',
    ),
    stale: fc.boolean(),
    waitMs: fc.integer({ min: 0, max: 4_000_000 }),
  }),
  { maxLength: 60 },
)

function run(list: readonly Move[], latched: boolean, event: boolean) {
  const policy = { ...POLICY, latched, event }
  let alarm = raiseAlarm(null, PLACE, signalOf(), policy, 0).alarm
  let nowMs = 0
  const events: AlarmEvent[] = []
  const seen: { move: Move; before: Alarm; after: Alarm; events: readonly AlarmEvent[]; result: ActResult | null }[] =
    []
  for (const move of list) {
    nowMs += move.waitMs
    const before = alarm
    const stale = move.stale ? { seq: alarm.seq, version: alarm.version - 1 } : {}
    const context = { ...seenBy('ada', alarm, nowMs, 'because'), ...stale }
    const acts: Record<string, () => ActResult> = {
      ack: () => ackAlarm(alarm, context),
      unack: () => unackAlarm(alarm, context),
      shelve: () => shelveAlarm(alarm, { ...context, untilMs: nowMs + 900_000, untilClear: false }),
      unshelve: () => unshelveAlarm(alarm, context),
      out: () => outOfServiceAlarm(alarm, context),
      in: () => inServiceAlarm(alarm, context),
      reset: () => resetAlarm(alarm, context),
    }
    const result = acts[move.name]?.() ?? null
    const engine: Record<string, () => { alarm: Alarm; events: readonly AlarmEvent[] }> = {
      raise: () => raiseAlarm(alarm, PLACE, signalOf('warning'), policy, nowMs),
      critical: () => raiseAlarm(alarm, PLACE, signalOf('critical'), policy, nowMs),
      clear: () => clearAlarm(alarm, policy, nowMs),
      silence: () => silenceAlarm(alarm, nowMs),
      hear: () => hearAlarm(alarm, nowMs),
      age: () => ageAlarm(alarm, policy, nowMs),
    }
    const step = result === null ? engine[move.name]!() : result.kind === 'done' ? result.step : { alarm, events: [] }
    alarm = step.alarm
    events.push(...step.events)
    seen.push({ move, before, after: alarm, events: step.events, result })
  }
  return seen
}

test('whatever happens: old acts change nothing, versions and occurrences only grow, every visible change is a line of history', () => {
  fc.assert(
    fc.property(moves, fc.boolean(), fc.boolean(), (list, latched, event) => {
      for (const { move, before, after, events, result } of run(list, latched, event)) {
        if (result !== null && move.stale) expect(after).toBe(before)
        expect(after.seq).toBeGreaterThanOrEqual(before.seq)
        expect(after.version - before.version).toBe(events.length)
        if (alarmState(after) !== alarmState(before)) expect(events.length).toBeGreaterThan(0)
        if (events.length > 0) expect(events.at(-1)!.to).toBe(alarmState(after))
      }
    }),
    { numRuns: 500 },
  )
})

test('whatever happens: only the engine seeing it, an acknowledged event, or a reset ends an active alarm, and silence is none of them', () => {
  fc.assert(
    fc.property(moves, fc.boolean(), fc.boolean(), (list, latched, event) => {
      for (const { move, before, after } of run(list, latched, event)) {
        if (!before.active || after.active) continue
        const allowed = ['clear', 'age', 'reset', ...(event ? ['ack'] : [])]
        expect(allowed).toContain(move.name)
        // Time alone only ends what was seen to be over while it flapped.
        if (move.name === 'age') expect(before.recoverMs).not.toBeNull()
        if (move.name !== 'clear' && move.name !== 'reset') expect(before.silent && !event).toBe(false)
      }
    }),
    { numRuns: 500 },
  )
})

test('whatever happens: what asks again does so under a new number, so that no old acknowledgement fits', () => {
  fc.assert(
    fc.property(moves, (list) => {
      for (const { move, before, after } of run(list, false, false)) {
        if (before.acked && !after.acked && move.name !== 'unack') expect(after.seq).toBeGreaterThan(before.seq)
      }
    }),
    { numRuns: 500 },
  )
})
