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
