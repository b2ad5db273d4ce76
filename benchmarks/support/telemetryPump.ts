/*
 * telemetryPump: a process that fills the bus with telemetry at a set rate, to see what else still gets through.
 * In: argv url, messages per second, bytes. Out: each second one message with how many the bus accepted.
 * Invariant: what the bus does not take in time is not sent later: the rate that was reached is told, never assumed.
 * Source: docs/performance.md "emergency stop".
 */
import { createRedisBus } from '../../lib/bus/drivers/redis/redisBus.ts'
import { topicName } from '../../lib/contracts/topics.ts'
import { systemClock as clock } from '../../lib/primitives/clock.ts'

const [, , url = '', rateText = '20000', bytesText = '1024'] = process.argv
const TURN_MS = 5
const KEPT = 10_000
/** A bus that takes nothing must not fill the memory of its load. */
const MAX_OPEN = 4_000

const rate = Number(rateText)
const data = new Uint8Array(Number(bytesText)).fill(32)
const bus = createRedisBus({ url, clock, name: 'bench-pump', publishDeadlineMs: 1_000 })
await bus.start()
let accepted = 0
let open = 0
let owed = 0
let lastMs = clock.monotonicMs()

clock.every(TURN_MS, () => {
  const nowMs = clock.monotonicMs()
  owed = Math.min(owed + ((nowMs - lastMs) * rate) / 1_000, rate / 10)
  lastMs = nowMs
  for (; owed >= 1 && open < MAX_OPEN; owed--) {
    open++
    const topic = topicName('telemetryShard', 100 + (open % 8))
    bus.publish(topic, { type: 'Note', data }, { maxLen: KEPT }).then(
      () => {
        open--
        accepted++
      },
      () => open--,
    )
  }
})
clock.every(1_000, () => {
  process.send?.({ accepted })
  accepted = 0
})
process.once('disconnect', () => process.exit(0))
