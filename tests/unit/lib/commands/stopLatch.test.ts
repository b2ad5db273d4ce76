import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createCommandOrder } from '../../../../lib/commands/commandOrder.ts'
import { createStopLatch } from '../../../../lib/commands/stopLatch.ts'

const LAYERS = ['layer_0', 'layer_1']

test('a stop at or under the last resume does not fire again; a newer one does', () => {
  const latch = createStopLatch(LAYERS)
  expect(latch.stop('layer_0', 3)).toBe('stopped')
  expect(latch.stop('layer_0', 3)).toBe('already')
  expect(latch.stop('layer_0', 2)).toBe('already')
  expect([latch.isStopped('layer_0'), latch.isStopped('layer_1'), latch.epoch]).toEqual([true, false, 3])
  expect(latch.resume('layer_0', 2)).toBe('newer-stop')
  expect(latch.resume('layer_0', 3)).toBe('resumed')
  expect(latch.resume('layer_0', 3)).toBe('already')
  expect(latch.stop('layer_0', 3)).toBe('over')
  expect(latch.stopped()).toEqual([])
  expect(latch.stop('layer_0', 4)).toBe('stopped')
})

test('without an epoch a stop is the next one, and a resume answers the newest', () => {
  const latch = createStopLatch(LAYERS, { layer_0: { stopEpoch: 7, resumedEpoch: 7 } })
  expect(latch.stop('layer_0', null)).toBe('stopped')
  expect(latch.of('layer_0').stopEpoch).toBe(8)
  expect(latch.stop('layer_0', null)).toBe('already')
  expect(latch.of('layer_0').stopEpoch).toBe(8)
  expect(latch.resume('layer_0', null)).toBe('resumed')
  expect(latch.isStopped('layer_0')).toBe(false)
})

test('any order of stops and resumes: epochs never fall, and what was kept continues as the same', () => {
  const events = fc.array(fc.record({ isStop: fc.boolean(), epoch: fc.integer({ min: 1, max: 8 }) }), { maxLength: 30 })
  fc.assert(
    fc.property(events, fc.nat(30), (all, restartAt) => {
      let latch = createStopLatch(LAYERS)
      let [stops, resumes] = [0, 0]
      all.forEach(({ isStop, epoch }, i) => {
        if (i === restartAt) latch = createStopLatch(LAYERS, structuredClone(latch.layers()))
        if (isStop) latch.stop('layer_0', epoch)
        else latch.resume('layer_0', epoch)
        const { stopEpoch, resumedEpoch } = latch.of('layer_0')
        expect(stopEpoch).toBeGreaterThanOrEqual(stops)
        expect(resumedEpoch).toBeGreaterThanOrEqual(resumes)
        // Whoever stops last is obeyed, unless that very stop was resumed already.
        if (isStop && epoch > resumedEpoch) expect(latch.isStopped('layer_0')).toBe(true)
        stops = stopEpoch
        resumes = resumedEpoch
      })
    }),
  )
})

test('an older start of an issuer is stale everywhere, a number is taken once per destination, and both survive a restart', () => {
  const order = createCommandOrder()
  const ask = (epoch: number, seq: number, destination = 'layer_0', keyId = 'k') => ({ keyId, destination, epoch, seq })
  expect(order.check(ask(5, 1))).toBeNull()
  order.take(ask(5, 1))
  expect(order.check(ask(5, 1))).toContain('heard already')
  expect(order.check(ask(5, 1, 'layer_1'))).toBeNull()
  order.take(ask(5, 7))
  expect(order.check(ask(5, 6))).toContain('heard already')
  order.take(ask(6, 1, 'layer_1'))
  expect(order.check(ask(5, 8))).toContain('followed by start 6')
  expect(order.check(ask(5, 8, 'layer_0', 'other key'))).toBeNull()
  const again = createCommandOrder(structuredClone(order.kept()))
  expect(again.check(ask(5, 8))).toContain('followed by start 6')
  expect(again.check(ask(6, 1, 'layer_1'))).toContain('heard already')
  expect(again.check(ask(6, 2, 'layer_1'))).toBeNull()
  expect(again.check({ keyId: 'k', destination: 'layer_0', epoch: undefined, seq: 1 })).toContain('no start')
  expect(again.check({ keyId: 'k', destination: 'layer_0', epoch: 6, seq: null })).toContain('no number')
})

test('what the bus brings again may come late once, and only with a number that was passed over', () => {
  let order = createCommandOrder()
  const ask = (seq: number, redelivered: boolean) => ({
    keyId: 'k',
    destination: 'layer_0',
    epoch: 1,
    seq,
    redelivered,
  })
  for (const seq of [1, 2, 7, 9]) order.take(ask(seq, false))
  // Heard: neither as new nor as a redelivery. Passed over: only as a redelivery.
  for (const seq of [1, 2, 7, 9]) expect(order.check(ask(seq, true))).toContain('heard already')
  for (const seq of [3, 4, 5, 6, 8]) {
    expect(order.check(ask(seq, false))).toContain('not above 9')
    expect(order.check(ask(seq, true))).toBeNull()
  }
  order.take(ask(4, true))
  order = createCommandOrder(structuredClone(order.kept()))
  expect(order.check(ask(4, true))).toContain('heard already')
  for (const seq of [3, 5, 6, 8]) expect(order.check(ask(seq, true))).toBeNull()
  for (const seq of [3, 5, 6, 8]) order.take(ask(seq, true))
  expect(order.kept()['k layer_0']).toEqual({ epoch: 1, seq: 9, missed: [] })
})

test('any order of numbers and redeliveries: each number passes at most once', () => {
  const entries = fc.array(fc.record({ seq: fc.integer({ min: 1, max: 12 }), redelivered: fc.boolean() }), {
    maxLength: 60,
  })
  fc.assert(
    fc.property(entries, (all) => {
      let order = createCommandOrder()
      const passed: number[] = []
      for (const { seq, redelivered } of all) {
        const question = { keyId: 'k', destination: 'layer_0', epoch: 1, seq, redelivered }
        if (order.check(question) !== null) continue
        order.take(question)
        passed.push(seq)
        order = createCommandOrder(structuredClone(order.kept()))
      }
      expect(passed).toHaveLength(new Set(passed).size)
    }),
  )
})
