import { expect, test } from 'vitest'
import { createRedisWriter } from '../../../../../../lib/bus/drivers/redis/redisWriter.ts'
import { parseRedisTarget } from '../../../../../../lib/bus/drivers/redis/redisTarget.ts'
import { createManualClock } from '../../../../../support/manualClock.ts'

test('a stop does not wait for what its caller gave up while there was no connection', async () => {
  const clock = createManualClock()
  const writer = createRedisWriter({
    target: parseRedisTarget('redis://127.0.0.1:1'),
    clock,
    publishDeadlineMs: 5_000,
    maxQueuedBytes: 1_000_000,
    onRefused: () => undefined,
  })
  const giveUp = new AbortController()
  const message = { type: 'T', data: new Uint8Array(8) }
  const fate = writer.publish('kasmina.run', message, 8, { signal: giveUp.signal }).catch((error: Error) => error)
  giveUp.abort()
  expect(await fate).toBeInstanceOf(Error)
  let stopped = false
  void writer.stop(1_000).then(() => (stopped = true))
  await clock.advance(0)
  expect(stopped).toBe(true)
  expect(clock.openTimers).toBe(0)
})
