/*
 * lease: renews the layers' permission to change, four times a second, as long as the gateway itself is well.
 * In: a pulse through the dispatcher, the health of the rest. Out: signed leases on both paths.
 * Invariant: no renewal without a pulse that came back since the last one and no reason not to: a timer that outlives its brain renews nothing.
 * Source: docs/emergency-stop.md "dead-man".
 */
import { topicName } from '../../lib/contracts/topics.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { Entries } from './entries.ts'
import type { Outgoing } from './outgoing.ts'

export interface LeaseRenewer {
  start(): void
  stop(): void
  counter(): number
  /** Why the last turn renewed nothing; null when it did. */
  unhealthy(): string | null
}

export interface LeaseOptions {
  readonly clock: Clock
  readonly entries: Entries
  readonly outgoing: Outgoing
  readonly pulse: (done: () => void) => void
  /** A reason of another part not to renew; null when there is none. */
  readonly reason: () => string | null
  readonly onChange: () => void
}

const LEASE_MS = 250

/** Creates the renewer; start sends the first lease. */
export function createLeaseRenewer(options: LeaseOptions): LeaseRenewer {
  const { clock, entries, outgoing } = options
  let undo: () => void = () => undefined
  let counter = 0
  let pulsed = true
  let reason: string | null = null

  const judge = (): string | null => {
    if (!pulsed) return 'commands do not get through the gateway: its queue did not answer'
    return options.reason()
  }

  const turn = (): void => {
    const next = judge()
    if (next !== reason) {
      reason = next
      options.onChange()
    }
    pulsed = false
    options.pulse(() => (pulsed = true))
    if (next !== null) return
    const entry = entries.lease(++counter)
    outgoing.urgent(topicName('lease'), entry)
    outgoing.line(entry, () => true)
  }

  return {
    start() {
      turn()
      undo = clock.every(LEASE_MS, turn)
    },
    stop: () => undo(),
    counter: () => counter,
    unhealthy: () => reason,
  }
}
