import { expect, test } from 'vitest'
import { runHostileTraffic } from '../chaos/hostileTraffic.ts'

/** A million of them: npm run chaos -- fuzz. */
const FRAMES = 10_000

test(`of ${FRAMES} hostile requests, events and packets each is answered by a clear word, and nothing escapes`, async () => {
  const report = await runHostileTraffic({ frames: FRAMES, seed: 1 })
  process.stdout.write(`fuzz: ${JSON.stringify(report)}\n`)
  expect(report.examples).toEqual([])
  expect(report).toMatchObject({ requests: 5_000, events: 2_500, packets: 2_500, wrong: 0, escaped: 0, dead: 0 })
  // Refusals of many kinds, not one door that lets nothing in.
  expect(Object.keys(report.statuses).length).toBeGreaterThan(5)
  expect(Object.keys(report.codes).length).toBeGreaterThan(1)
}, 600_000)
