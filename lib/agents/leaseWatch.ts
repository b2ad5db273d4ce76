/*
 * leaseWatch: the dead man's switch: without a gateway that is heard, structure stands still, later the run pauses.
 * In: renewals that passed their signature, a monotonic clock. Out: what is allowed now, per layer and for the run.
 * Invariant: judged on this machine's monotonic clock alone; only a newer renewal counts; a renewal ends freeze and pause by itself,
 * and never a stop.
 * Source: docs/protocol.md "leases"; docs/adr/0012-stop-and-lease.md.
 */
import type { LeaseState } from '../contracts/control.ts'
import type { Clock } from '../primitives/clock.ts'

export interface LeasePolicy {
  /** Silence after which structure stands still. */
  readonly freezeMs: number
  /** Silence after which the run pauses at its next tick boundary. */
  readonly pauseMs: number
  /** The most that silence may do to this layer. */
  readonly action: 'pause' | 'freeze' | 'none'
}

export const LEASE_POLICY: LeasePolicy = Object.freeze({ freezeMs: 3_000, pauseMs: 30_000, action: 'pause' })

export interface LeaseWatchOptions {
  readonly clock: Clock
  readonly layerIds: readonly string[]
  readonly policies?: Readonly<Record<string, LeasePolicy>>
  /** The highest start of the gateway that was ever heard: a recorded lease of an older one renews nothing. */
  readonly epoch?: number
  /** Called whenever the state of the run or of a layer changed. */
  readonly onChange: () => void
}

export interface LeaseWatch {
  /** False when the lease is not newer than the last one. */
  renew(epoch: number, counter: number): boolean
  stateOf(layerId: string): LeaseState
  /** The worst of all layers. */
  state(): LeaseState
  ageMs(): number
  readonly epoch: number
  stop(): void
}

const RANK: readonly LeaseState[] = ['ok', 'frozen', 'paused']

/** Creates the watch; the first silence counts from now. */
export function createLeaseWatch(options: LeaseWatchOptions): LeaseWatch {
  const { clock, layerIds, onChange } = options
  const policyOf = (layerId: string): LeasePolicy => options.policies?.[layerId] ?? LEASE_POLICY
  const moments = [...new Set(layerIds.flatMap((id) => [policyOf(id).freezeMs, policyOf(id).pauseMs]))].toSorted(
    (a, b) => a - b,
  )
  let epoch = options.epoch ?? 0
  let counter = -1
  let heardMs = clock.monotonicMs()
  let shown = ''
  let undo: (() => void) | null = null

  const stateOf = (layerId: string): LeaseState => {
    const { freezeMs, pauseMs, action } = policyOf(layerId)
    const ageMs = clock.monotonicMs() - heardMs
    if (action === 'pause' && ageMs >= pauseMs) return 'paused'
    return action !== 'none' && ageMs >= freezeMs ? 'frozen' : 'ok'
  }

  const look = (): void => {
    undo?.()
    const ageMs = clock.monotonicMs() - heardMs
    const next = moments.find((moment) => moment > ageMs)
    undo = next === undefined ? null : clock.after(next - ageMs, look)
    const now = layerIds.map(stateOf).join(' ')
    if (now === shown) return
    const first = shown === ''
    shown = now
    if (!first) onChange()
  }
  look()

  return {
    renew(nextEpoch, nextCounter) {
      if (nextEpoch < epoch || (nextEpoch === epoch && nextCounter <= counter)) return false
      epoch = nextEpoch
      counter = nextCounter
      heardMs = clock.monotonicMs()
      look()
      return true
    },
    stateOf,
    state: () => RANK[Math.max(0, ...layerIds.map((layerId) => RANK.indexOf(stateOf(layerId))))] ?? 'ok',
    ageMs: () => clock.monotonicMs() - heardMs,
    get epoch() {
      return epoch
    },
    stop: () => undo?.(),
  }
}
