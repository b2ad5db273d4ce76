/*
 * lossyChannel: publishes small JSON telemetry that may be lost but never uncounted.
 * In: topic, type, message. Out: entries with a contiguous seq per topic; a count of what was left out.
 * Invariant: at most `maxUnderWay` publishes are open; beyond that, and on failure, the message is dropped and its seq is
 * missing for every reader. Nothing is re-sent, nothing waits.
 * Source: docs/architecture.md "telemetry flow" (telemetry is lossy but counted).
 */
import type { MessageBus } from '../bus/messageBus.ts'
import { encodeJson } from './messageWriter.ts'

export interface LossyChannel {
  /** `suffix` names the topic's source behind the channel's own. Never throws. */
  send(topic: string, suffix: string, type: string, message: object, maxLen?: number): void
  counters(): { readonly sent: number; readonly lost: number }
}

/** Creates a channel of one publisher. */
export function createLossyChannel(options: {
  readonly bus: MessageBus
  readonly src: string
  readonly epoch: number
  readonly maxUnderWay?: number
}): LossyChannel {
  const { bus, src, epoch } = options
  const maxUnderWay = options.maxUnderWay ?? 64
  const sequences = new Map<string, number>()
  let underWay = 0
  let sent = 0
  let lost = 0
  return {
    send(topic, suffix, type, message, maxLen = 1_000) {
      const seq = (sequences.get(topic) ?? 0) + 1
      sequences.set(topic, seq)
      if (underWay >= maxUnderWay || bus.health().state !== 'up') {
        lost++
        return
      }
      underWay++
      const entry = { type, enc: 'json', data: encodeJson(message), src: `${src}:${suffix}`, epoch, seq } as const
      bus.publish(topic, entry, { maxLen }).then(
        () => {
          underWay--
          sent++
        },
        () => {
          underWay--
          lost++
        },
      )
    },
    counters: () => ({ sent, lost }),
  }
}
