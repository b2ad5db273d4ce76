/*
 * outgoing: the two ways out of the gateway: the bus, and the direct lines.
 * In: signed entries and whom they are for. Out: what each way did with them.
 * Invariant: neither way waits for the other; urgent entries have a bus connection of their own; of one entry at most one copy waits for
 * an absent bus, so that repetition never becomes a flood.
 * Source: docs/adr/0008-gateway-process.md.
 */
import type { BusMessage, MessageBus } from '../../lib/bus/messageBus.ts'
import { topicName } from '../../lib/contracts/topics.ts'
import type { SignedEntry } from './entries.ts'
import type { LayerServer } from './layerServer.ts'

export interface Outgoing {
  /** Publishes and resolves when the bus has it. @throws what the bus throws */
  publish(topic: string, message: BusMessage): Promise<void>
  /** Publishes on the urgent connection, unless this very entry still waits there; never rejects. */
  urgent(topic: string, entry: SignedEntry): void
  /** Writes to the lines of these agents; answers how many took it. */
  line(entry: SignedEntry, to: (agentId: string) => boolean): number
  /** Topic of a layer's commands; null = of all layers. */
  controlTopic(layerId: string | null): string
}

export interface OutgoingOptions {
  readonly bus: MessageBus
  readonly urgentBus: MessageBus
  readonly server: LayerServer
}

/** Retention of the lease topic; see the topic catalogue. */
const LEASE_ENTRIES = 1_000

/** Creates the ways out. */
export function createOutgoing({ bus, urgentBus, server }: OutgoingOptions): Outgoing {
  const waiting = new Set<string>()
  return {
    async publish(topic, message) {
      await bus.publish(topic, message)
    },
    urgent(topic, entry) {
      const key = `${topic} ${entry.id}`
      if (waiting.has(key)) return
      waiting.add(key)
      const options = entry.message.type === 'Lease' ? { maxLen: LEASE_ENTRIES } : undefined
      urgentBus
        .publish(topic, entry.message, options)
        // The line may have carried it; whether layers answered is what counts.
        .catch(() => undefined)
        .finally(() => waiting.delete(key))
    },
    line: (entry, to) => server.send(entry.line, to),
    controlTopic: (layerId) => (layerId === null ? topicName('controlAll') : topicName('controlLayer', layerId)),
  }
}
