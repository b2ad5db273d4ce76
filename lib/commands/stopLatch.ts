/*
 * stopLatch: which layers stand still under an emergency stop, and since which one.
 * In: stops and resumes with their epochs. Out: what they change; the state to keep on disk.
 * Invariant: epochs only grow; a stop at or under the last resume does not fire again; a resume ends only the stops it names or older
 * ones; what was stopped stays stopped over every restart.
 * Source: reliability rules of docs/protocol.md "emergency stop"; docs/adr/0012-stop-and-lease.md.
 */
import type { Witnessed } from './auditWitness.ts'
import type { OrderPlace } from './commandOrder.ts'

export interface LayerLatch {
  /** The newest stop this layer was told of; 0 = never. */
  readonly stopEpoch: number
  /** The newest resume: stops up to it are over. */
  readonly resumedEpoch: number
}

/** What survives a restart, by layer id. */
export interface LatchState {
  readonly layers: Readonly<Record<string, LayerLatch>>
  /** Highest start and number heard from each key, by key id and destination. */
  readonly order: Readonly<Record<string, OrderPlace>>
  /** The audit trail as the largest of commands told it; absent in what was kept before. */
  readonly witnessed?: Witnessed | null
}

/** Where the state is kept. Both may throw; a throw of `save` is told and does not lift a stop. */
export interface LatchStore {
  /** Null when nothing was kept yet. @throws STATE_STORAGE when what was kept can not be read: then everything starts stopped */
  load(): LatchState | null
  /** `urgent`: returns when it is on disk; otherwise a power cut may cost it. @throws STATE_STORAGE */
  save(state: LatchState, urgent: boolean): void
}

export type StopEffect = 'stopped' | 'already' | 'over'
export type ResumeEffect = 'resumed' | 'already' | 'newer-stop'

export interface StopLatch {
  /** Without an epoch the stop is the next one: what does not count still stops. */
  stop(layerId: string, epoch: number | null): StopEffect
  resume(layerId: string, epoch: number | null): ResumeEffect
  isStopped(layerId: string): boolean
  of(layerId: string): LayerLatch
  stopped(): readonly string[]
  /** The newest stop any layer was told of. */
  readonly epoch: number
  layers(): Readonly<Record<string, LayerLatch>>
  /** Takes back what `layers` gave: for a change that could not be kept. */
  restore(layers: Readonly<Record<string, LayerLatch>>): void
}

const NEVER: LayerLatch = Object.freeze({ stopEpoch: 0, resumedEpoch: 0 })

/** Creates the latches of a set of layers, from what was kept of them. */
export function createStopLatch(layerIds: readonly string[], kept: LatchState['layers'] = {}): StopLatch {
  const latches = new Map<string, LayerLatch>(
    layerIds.map((layerId) => [layerId, Object.hasOwn(kept, layerId) ? kept[layerId]! : NEVER]),
  )
  const of = (layerId: string): LayerLatch => latches.get(layerId) ?? NEVER
  const isStopped = (layerId: string): boolean => of(layerId).stopEpoch > of(layerId).resumedEpoch

  return {
    stop(layerId, epoch) {
      const { stopEpoch, resumedEpoch } = of(layerId)
      const next = epoch ?? (isStopped(layerId) ? stopEpoch : Math.max(stopEpoch, resumedEpoch) + 1)
      if (next <= resumedEpoch) return 'over'
      const before = isStopped(layerId)
      latches.set(layerId, { stopEpoch: Math.max(stopEpoch, next), resumedEpoch })
      return before ? 'already' : 'stopped'
    },
    resume(layerId, epoch) {
      const { stopEpoch, resumedEpoch } = of(layerId)
      const answered = epoch ?? stopEpoch
      if (answered < stopEpoch) return 'newer-stop'
      const before = isStopped(layerId)
      latches.set(layerId, { stopEpoch, resumedEpoch: Math.max(resumedEpoch, answered) })
      return before ? 'resumed' : 'already'
    },
    isStopped,
    of,
    stopped: () => layerIds.filter(isStopped),
    get epoch() {
      return Math.max(0, ...[...latches.values()].map((latch) => latch.stopEpoch))
    },
    layers: () => Object.fromEntries(latches),
    restore(layers) {
      for (const [layerId, latch] of Object.entries(layers)) latches.set(layerId, latch)
    },
  }
}
