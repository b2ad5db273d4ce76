import { expect, test } from 'vitest'
import { runDeliveries } from '../chaos/commandDeliveries.ts'
import { redisMissing, startRedis } from '../support/redisHarness.ts'

const missing = redisMissing()

test.skipIf(missing !== null)(
  'signed commands with 30 % duplicates, while their handler is killed and held: no effect twice, no command without its answer',
  async () => {
    const redis = await startRedis()
    try {
      const seed = 20_261_126
      const report = await runDeliveries({ url: redis.url, deliveries: 6_000, seed })
      process.stdout.write(`command chaos, seed ${seed}: ${JSON.stringify(report)}\n`)
      expect(report.kills + report.holds).toBeGreaterThan(5)
      expect(report.duplicates).toBeGreaterThan(1_500)
      expect(report.doubleEffects).toBe(0)
      expect(report.unanswered).toBe(0)
      expect(report.contradictions).toBe(0)
    } finally {
      await redis.stop()
    }
  },
  240_000,
)
