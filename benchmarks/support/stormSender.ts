/*
 * stormSender: a producer that reports trouble at a pace: alert messages of many seeds on a real Redis, a few of them critical.
 * In: the bus's address, how many a minute, for how long. Out: what was sent and accepted, with which of it was critical.
 * Invariant: every alert is of a seed of its own, so that it can be found again; the pace is kept by the clock, not by the answers; a
 * message that the bus did not accept is a failure of the run, not a smaller storm.
 * Source: docs/performance.md "alert storm"; docs/messages.md "events".
 */
import { createRedisBus } from '../../lib/bus/drivers/redis/redisBus.ts'
import { topicName } from '../../lib/contracts/topics.ts'
import { systemClock as clock } from '../../lib/primitives/clock.ts'
import { createMessageWriter, encodeJson } from '../../lib/telemetry/messageWriter.ts'

const SOURCE = 'alert-storm'
const LAYERS = 10
/** One of so many is critical. */
const CRITICAL_EACH = 500
const STEP_MS = 20

export interface Storm {
  readonly sent: number
  readonly tookMs: number
}

export interface StormSender {
  /** Sends `perMinute` for `forMs`; resolves when the last one was accepted. */
  blow(perMinute: number, forMs: number): Promise<Storm>
  /** Names of all that was sent, `layer/seed`. */
  readonly sent: ReadonlySet<string>
  readonly critical: ReadonlySet<string>
  stop(): Promise<void>
}

export async function startStormSender(redisUrl: string): Promise<StormSender> {
  const bus = createRedisBus({ url: redisUrl, clock, name: SOURCE })
  await bus.start()
  const writer = createMessageWriter(SOURCE, clock)
  const epoch = Math.floor(clock.wallMs())
  const sent = new Set<string>()
  const critical = new Set<string>()
  let seed = 0

  const send = async (): Promise<void> => {
    const [seedId, layer] = [seed, `storm_${seed % LAYERS}`]
    const severity = seed % CRITICAL_EACH === 0 ? 'critical' : 'warning'
    seed++
    const body = { layer_id: layer, seed_id: seedId, alert_type: 'anomaly', severity }
    const data = encodeJson(writer.compose('PerformanceAlert', body))
    await bus.publish(topicName('eventLayer', layer), {
      type: 'PerformanceAlert',
      enc: 'json',
      data,
      src: SOURCE,
      epoch,
      seq: seed,
    })
    sent.add(`${layer}/${seedId}`)
    if (severity === 'critical') critical.add(`${layer}/${seedId}`)
  }
  return {
    sent,
    critical,
    async blow(perMinute, forMs) {
      const fromMs = clock.monotonicMs()
      const wanted = Math.round((perMinute * forMs) / 60_000)
      const under: Promise<void>[] = []
      while (under.length < wanted) {
        const due = Math.min(wanted, Math.ceil(((clock.monotonicMs() - fromMs) * perMinute) / 60_000))
        while (under.length < due) under.push(send())
        await clock.sleep(STEP_MS)
      }
      await Promise.all(under)
      return { sent: wanted, tookMs: clock.monotonicMs() - fromMs }
    },
    stop: () => bus.stop(1_000),
  }
}
