/*
 * signInLimits: how often a sign-in may be tried: by account and address together, by address, and by account alone.
 * In: attempts. Out: a refusal that says how long to wait, or a delay.
 * Invariant: an attempt counts before it is judged, so that many at once gain nothing; somebody who attacks an account from
 * elsewhere only delays its owner, by less than two seconds, and never locks them out. Unknown names count like known ones.
 * Source: docs/security.md "sign-in".
 */
import { AppError } from '../../lib/contracts/appError.ts'
import type { Clock } from '../../lib/primitives/clock.ts'

export interface SignInLimits {
  /** Counts an attempt. Answers for how long it must be held back. @throws GUARD_RATE */
  attempt(account: string, address: string): number
  succeeded(account: string, address: string): void
}

const WINDOW_MS = 60_000
const PER_PAIR = 5
const PER_ADDRESS = 30
/** From here on each attempt on the account waits. */
const PER_ACCOUNT = 20
const DELAY_MS = 1_500
const KEPT = 20_000

interface Count {
  endsMs: number
  tries: number
}

/** Creates the limits; what they keep is bounded. */
export function createSignInLimits(clock: Clock): SignInLimits {
  const counts = new Map<string, Count>()
  const countOf = (key: string): Count => {
    const nowMs = clock.monotonicMs()
    const known = counts.get(key)
    if (known !== undefined && known.endsMs > nowMs) return known
    counts.delete(key)
    if (counts.size >= KEPT) counts.delete(counts.keys().next().value!)
    const fresh = { endsMs: nowMs + WINDOW_MS, tries: 0 }
    counts.set(key, fresh)
    return fresh
  }
  const refuse = ({ endsMs }: Count): never => {
    const waitS = Math.max(1, Math.ceil((endsMs - clock.monotonicMs()) / 1_000))
    throw new AppError('GUARD_RATE', `too many sign-ins were tried; wait ${waitS} s`)
  }
  return {
    attempt(account, address) {
      const name = account.toLowerCase().slice(0, 64)
      const [pair, from, whole] = [countOf(`p ${name} ${address}`), countOf(`a ${address}`), countOf(`n ${name}`)]
      if (pair.tries >= PER_PAIR) refuse(pair)
      if (from.tries >= PER_ADDRESS) refuse(from)
      pair.tries++
      from.tries++
      whole.tries++
      return whole.tries > PER_ACCOUNT ? DELAY_MS : 0
    },
    succeeded(account, address) {
      counts.delete(`p ${account.toLowerCase().slice(0, 64)} ${address}`)
    },
  }
}
