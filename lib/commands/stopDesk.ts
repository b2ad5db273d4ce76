/*
 * stopDesk: emergency stop, resume and the readiness probe: what never waits behind other commands.
 * In: one critical command for some layers. Out: per layer one reply; a halted place of effect before anything else is done.
 * Invariant: halt first, then say so, then write it down; a stop that can not be written down is still a stop; a resume that can not
 * be written down is none.
 * Source: docs/protocol.md "emergency stop"; docs/adr/0012-stop-and-lease.md.
 */
import { isAppError } from '../contracts/appError.ts'
import type { Command } from '../contracts/commands.ts'
import { type CommandReply, emptyReply, refusal } from './commandTarget.ts'
import type { LatchState, LatchStore, StopLatch } from './stopLatch.ts'

/** What the place of effect said to a change. `gone`: there is none at the moment, and the next one starts as it is asked to. */
export type BrakeAnswer =
  | { readonly kind: 'obeyed'; readonly step: number | null; readonly tick: number | null; readonly halted: boolean }
  | { readonly kind: 'silent'; readonly afterMs: number }
  | { readonly kind: 'gone' }

export interface Brake {
  /** Makes exactly these layers stand still before the next step; the halt is asked for before the call returns. */
  apply(standing: readonly string[], justStopped: readonly string[]): Promise<BrakeAnswer>
  /** Asks for a sign of life on the way a stop would take. */
  probe(): Promise<BrakeAnswer>
}

export interface StopDeskOptions {
  readonly latch: StopLatch
  readonly brake: Brake
  readonly store: LatchStore | null
  /** What else is kept with the latches. */
  readonly order: () => LatchState['order']
  readonly witnessed?: () => LatchState['witnessed']
  /** Called when a layer stopped or moved again, after the halt was asked for. */
  readonly onChange: () => void
  readonly onError: (error: unknown) => void
}

/** What is said at once, and what is said when the place of effect has obeyed. */
export interface CriticalWork {
  readonly accepted: boolean
  readonly replies: Promise<ReadonlyMap<string, CommandReply>>
  /** Left for when the replies are on their way: a disk must not make anybody wait for the word that it stopped. */
  readonly afterwards?: () => void
}

export interface StopDesk {
  /** Works on a critical command for these layers; synchronous up to the halt. `strict`: epochs must be given. */
  work(command: Command, layerIds: readonly string[], strict: boolean): CriticalWork
  /** Tells whether the command would change nothing here: a stop that is over or stands, a resume that was heard. */
  isIdle(command: Command, layerIds: readonly string[]): boolean
  /** Writes latches and order down. False when that failed, which is told. */
  persist(urgent: boolean): boolean
}

/** Types that are worked on here and overtake everything. */
export const CRITICAL_TYPES: ReadonlySet<string> = new Set(['EmergencyStopCommand', 'Resume', 'NoOp'])

const all = (layerIds: readonly string[], reply: (layerId: string) => CommandReply) =>
  new Map(layerIds.map((layerId) => [layerId, reply(layerId)]))

/** Creates the desk. */
export function createStopDesk({
  latch,
  brake,
  store,
  order,
  witnessed,
  onChange,
  onError,
}: StopDeskOptions): StopDesk {
  const persist = (urgent: boolean): boolean => {
    try {
      store?.save({ layers: latch.layers(), order: order(), witnessed: witnessed?.() ?? null }, urgent)
      return true
    } catch (error) {
      onError(error)
      return false
    }
  }

  const told = (answer: BrakeAnswer, text: string, details: Readonly<Record<string, unknown>>): CommandReply => {
    switch (answer.kind) {
      case 'obeyed': {
        const { step, tick } = answer
        return { kind: 'applied', ...emptyReply(text), step, tick, details: { ...details, halted: answer.halted } }
      }
      case 'gone':
        return { kind: 'applied', ...emptyReply(`${text}; nothing runs, and it starts like this`), details }
      case 'silent': {
        const silence = `the trainer has not answered for ${answer.afterMs} ms; what was asked stands`
        return { ...refusal('failed', 'INTERNAL', `${text}: ${silence}`), details }
      }
    }
  }

  const stop = (layerIds: readonly string[], epoch: number | null): CriticalWork => {
    const effects = new Map(layerIds.map((layerId) => [layerId, latch.stop(layerId, epoch)]))
    const fresh = layerIds.filter((layerId) => effects.get(layerId) === 'stopped')
    // Before anything else: asked for now, obeyed before the next step.
    const obeyed = brake.apply(latch.stopped(), fresh)
    if (fresh.length > 0) onChange()
    const finish = async (): Promise<ReadonlyMap<string, CommandReply>> => {
      const answer = await obeyed
      return all(layerIds, (layerId) => {
        const details = { stop_epoch: latch.of(layerId).stopEpoch, effect: effects.get(layerId) }
        if (effects.get(layerId) === 'over')
          return { kind: 'applied', ...emptyReply('this stop is over: it was resumed'), details }
        return told(answer, 'stopped', details)
      })
    }
    return { accepted: true, replies: finish(), afterwards: () => void persist(true) }
  }

  const resume = (layerIds: readonly string[], epoch: number | null): CriticalWork => {
    const before = latch.layers()
    const effects = new Map(layerIds.map((layerId) => [layerId, latch.resume(layerId, epoch)]))
    const moving = layerIds.filter((layerId) => effects.get(layerId) === 'resumed')
    if (moving.length > 0 && !persist(true)) {
      latch.restore(before)
      const text = 'the resume could not be written down, so the layer stays stopped'
      return {
        accepted: false,
        replies: Promise.resolve(all(layerIds, () => refusal('failed', 'STATE_STORAGE', text))),
      }
    }
    const obeyed = brake.apply(latch.stopped(), [])
    if (moving.length > 0) onChange()
    const finish = async (): Promise<ReadonlyMap<string, CommandReply>> => {
      const answer = await obeyed
      return all(layerIds, (layerId) => {
        const details = { stop_epoch: latch.of(layerId).stopEpoch, effect: effects.get(layerId) }
        if (effects.get(layerId) !== 'newer-stop') return told(answer, 'moving', details)
        const text = `stop ${details.stop_epoch} is newer than the one this resume answers`
        return { ...refusal('rejected', 'COMMAND_STOPPED', text), details }
      })
    }
    return { accepted: true, replies: finish() }
  }

  const probe = async (layerIds: readonly string[]): Promise<ReadonlyMap<string, CommandReply>> => {
    const answer = await brake.probe()
    if (answer.kind === 'gone') return all(layerIds, () => refusal('failed', 'INTERNAL', 'no trainer is running'))
    return all(layerIds, (layerId) => {
      const details = { stop_epoch: latch.of(layerId).stopEpoch, stopped: latch.isStopped(layerId) }
      return told(answer, latch.isStopped(layerId) ? 'alive, stopped' : 'alive', details)
    })
  }

  return {
    work(command, layerIds, strict) {
      const epoch = command.stop_epoch ?? null
      const needsEpoch = command.message_type !== 'NoOp' && strict && epoch === null
      if (needsEpoch) {
        const reply = refusal('rejected', 'CONTRACT_INVALID', `${command.message_type} stop_epoch: which stop is meant`)
        return {
          accepted: false,
          replies: Promise.resolve(all(layerIds, () => ({ ...reply, details: { path: 'stop_epoch' } }))),
        }
      }
      switch (command.message_type) {
        case 'EmergencyStopCommand':
          return stop(layerIds, epoch)
        case 'Resume':
          return resume(layerIds, epoch)
        case 'NoOp':
        case 'LifecycleTransitionCommand':
        case 'BlueprintUpdateCommand':
        case 'BatchCommand':
        case 'CheckpointCommand':
          return { accepted: true, replies: probe(layerIds) }
      }
    },
    isIdle(command, layerIds) {
      const epoch = command.stop_epoch ?? null
      if (command.message_type === 'NoOp' || epoch === null) return true
      return layerIds.every((layerId) => {
        const { stopEpoch, resumedEpoch } = latch.of(layerId)
        if (command.message_type === 'EmergencyStopCommand') return epoch <= Math.max(stopEpoch, resumedEpoch)
        return epoch < stopEpoch || epoch <= resumedEpoch
      })
    },
    persist,
  }
}

/** Reads what was kept. What can not be read is taken for stopped: the reason is told and somebody has to look. */
export function readLatchStore(
  store: LatchStore | null,
  onError: (error: unknown) => void,
): LatchState & { readonly damaged: boolean } {
  try {
    return { ...(store?.load() ?? { layers: {}, order: {} }), damaged: false }
  } catch (error) {
    onError(isAppError(error) ? error : new Error('the kept stops can not be read', { cause: error }))
    return { layers: {}, order: {}, damaged: true }
  }
}
