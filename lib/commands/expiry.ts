/*
 * expiry: tells whether a command may still be applied, in the one clock everybody shares: the bus server's.
 * In: acceptance and issue in bus time, ttl, the issuer's own stamp, the bus clock. Out: fresh with a local deadline, expired, or implausible.
 * Invariant: the issuer's clock never shortens or lengthens a ttl; an entry that was held back is as old as its issue, not as its entry;
 * without bus time nothing is applied.
 * Source: seed-design.md 3.3; docs/protocol.md "commands" (expiry).
 */
import type { MessageBus } from '../bus/messageBus.ts'
import type { Clock } from '../primitives/clock.ts'
import { OUTCOME_RETENTION_MS } from './outcomeStore.ts'

export type ExpiryVerdict =
  | { readonly kind: 'fresh'; readonly remainingMs: number; readonly ageMs: number }
  | { readonly kind: 'expired'; readonly ageMs: number }
  | { readonly kind: 'implausible'; readonly text: string }

/** Entries may not come from further in the bus's own future than this: its clock was set back, and ages would lie. */
const MAX_FUTURE_MS = 2_000

export interface ExpiryQuestion {
  readonly busNowMs: number
  readonly acceptedAtMs: number
  readonly ttlMs: number
  /** When it was issued, in the bus server's time; null = not said (nobody signs here). */
  readonly issuedBusMs: number | null
  /** The issuer's stamp; only compared with the retention of outcomes, because issuers' clocks are wrong by hours. */
  readonly issuedAtMs: number
}

/** Judges one command; pure. */
export function evaluateExpiry({
  busNowMs,
  acceptedAtMs,
  ttlMs,
  issuedBusMs,
  issuedAtMs,
}: ExpiryQuestion): ExpiryVerdict {
  if (acceptedAtMs - busNowMs > MAX_FUTURE_MS)
    return { kind: 'implausible', text: 'the entry was accepted in the future of the bus clock' }
  if (issuedBusMs !== null && issuedBusMs - busNowMs > MAX_FUTURE_MS)
    return { kind: 'implausible', text: 'the command was issued in the future of the bus clock' }
  // A recorded command sent again is new to the bus. Younger than the retention it is caught by its id, older by this.
  if (Math.abs(acceptedAtMs - issuedAtMs) > OUTCOME_RETENTION_MS)
    return { kind: 'implausible', text: 'the command was stamped more than 24 h away from its acceptance' }
  const ageMs = Math.max(0, busNowMs - Math.min(acceptedAtMs, issuedBusMs ?? acceptedAtMs))
  if (ageMs >= ttlMs) return { kind: 'expired', ageMs }
  return { kind: 'fresh', remainingMs: ttlMs - ageMs, ageMs }
}

export interface BusTime {
  /** The bus server's clock, Unix ms; null when it can neither be asked nor be told from a recent reading. */
  nowMs(): Promise<number | null>
  /** The same from the last reading, without asking; null when there is none or it is too old. */
  estimateMs(): number | null
}

const MAX_READING_AGE_MS = 60_000

/** Creates a bus clock that survives short outages: a reading plus monotonic time stands in for a minute. */
export function createBusTime(bus: MessageBus, clock: Clock): BusTime {
  let reading: { readonly busMs: number; readonly atMs: number } | null = null
  const estimateMs = (): number | null => {
    const sinceMs = reading ? clock.monotonicMs() - reading.atMs : Number.POSITIVE_INFINITY
    return reading && sinceMs <= MAX_READING_AGE_MS ? reading.busMs + sinceMs : null
  }
  return {
    estimateMs,
    async nowMs() {
      try {
        const busMs = await bus.nowMs()
        reading = { busMs, atMs: clock.monotonicMs() }
        return busMs
      } catch {
        // Unreachable bus: the last reading is extrapolated; older than a minute it is not trusted with commands.
        return estimateMs()
      }
    },
  }
}
