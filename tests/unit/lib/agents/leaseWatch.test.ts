import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createLeaseWatch, LEASE_POLICY } from '../../../../lib/agents/leaseWatch.ts'
import { createManualClock } from '../../../support/manualClock.ts'

function setUp(policies: Parameters<typeof createLeaseWatch>[0]['policies'] = {}, epoch = 0) {
  const clock = createManualClock()
  const seen: string[] = []
  const watch = createLeaseWatch({
    clock,
    layerIds: ['layer_0', 'layer_1'],
    policies,
    epoch,
    onChange: () => seen.push(`${clock.monotonicMs()} ${watch.stateOf('layer_0')} ${watch.stateOf('layer_1')}`),
  })
  return { clock, watch, seen }
}

test('silence freezes structure at 3 s and pauses at 30 s; a renewal ends both by itself', async () => {
  const { clock, watch, seen } = setUp()
  for (let i = 0; i < 40; i++) {
    await clock.advance(250)
    watch.renew(1, i)
  }
  expect(seen).toEqual([])
  await clock.advance(31_000)
  expect(seen).toEqual(['13000 frozen frozen', '40000 paused paused'])
  expect(watch.state()).toBe('paused')
  expect(watch.renew(1, 40)).toBe(true)
  expect([watch.state(), watch.ageMs(), seen.length]).toEqual(['ok', 0, 3])
  watch.stop()
  expect(clock.openTimers).toBe(0)
})

test('each layer has its own policy', async () => {
  const { clock, watch } = setUp({
    layer_0: { freezeMs: 1_000, pauseMs: 5_000, action: 'freeze' },
    layer_1: { ...LEASE_POLICY, action: 'none' },
  })
  await clock.advance(1_000)
  expect([watch.stateOf('layer_0'), watch.stateOf('layer_1')]).toEqual(['frozen', 'ok'])
  await clock.advance(100_000)
  expect([watch.stateOf('layer_0'), watch.stateOf('layer_1'), watch.state()]).toEqual(['frozen', 'ok', 'frozen'])
})

test('a lease that is not newer renews nothing: the same again, an older number, an older start', async () => {
  const { clock, watch } = setUp({}, 4)
  expect(watch.renew(3, 900)).toBe(false)
  expect(watch.renew(4, 10)).toBe(true)
  for (const [epoch, counter] of [
    [4, 10],
    [4, 9],
    [3, 99],
  ] as const)
    expect(watch.renew(epoch, counter)).toBe(false)
  await clock.advance(3_000)
  expect(watch.state()).toBe('frozen')
  expect(watch.renew(5, 0)).toBe(true)
  expect(watch.state()).toBe('ok')
})

test('whatever the gaps between renewals: frozen exactly from 3 s of silence on', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 4_500 }), { minLength: 1, maxLength: 12 }), async (gaps) => {
      const { clock, watch } = setUp()
      for (const [i, gapMs] of gaps.entries()) {
        await clock.advance(gapMs)
        expect(watch.state()).toBe(gapMs >= 3_000 ? 'frozen' : 'ok')
        watch.renew(1, i)
        expect(watch.state()).toBe('ok')
      }
      watch.stop()
    }),
    { numRuns: 50 },
  )
})
