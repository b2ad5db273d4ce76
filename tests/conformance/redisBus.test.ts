import { test } from 'vitest'
import { createRedisBus } from '../../lib/bus/drivers/redis/redisBus.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { redisMissing, startRedis } from '../support/redisHarness.ts'
import { messageBusSuite } from './messageBus.suite.ts'

const missing = redisMissing()
if (missing) {
  process.stdout.write(`redis bus: conformance skipped: ${missing}\n`)
  test('redis bus', (context) => context.skip(missing))
} else {
  messageBusSuite('redis bus', async () => {
    const server = await startRedis()
    return {
      async create() {
        const bus = createRedisBus({ url: server.url, clock: systemClock, name: 'laws', claimIdleMs: 400 })
        await bus.start()
        return bus
      },
      dispose: () => server.stop(),
    }
  })
}
