/*
 * trainerTarget: the trainer as a place of effect: commands through its mailbox, stops through its switches.
 * In: command requests, stops. Out: one reply each.
 * Invariant: a request always settles, also when the trainer ends; a stop is asked for before the call returns, is in force at once while
 * the trainer rests, and otherwise lets the trainer's thread go first until it obeyed; a command carries how many stops its layer had
 * had when it was received.
 * Source: docs/protocol.md "commands"; docs/training.md "stop".
 */
import { changesStructure } from '../commands/commandGate.ts'
import { type CommandTarget, emptyReply, refusal } from '../commands/commandTarget.ts'
import type { Brake, BrakeAnswer } from '../commands/stopDesk.ts'
import { AppError, isAppError } from '../contracts/appError.ts'
import type { Command } from '../contracts/commands.ts'
import type { Clock } from '../primitives/clock.ts'
import { toCommandReply, toTrainerCommand } from './commandMapping.ts'
import type { TrainerLink } from './trainerLink.ts'
import { createSwitchWriter, type SwitchWriter } from './trainerSwitch.ts'

/** A step takes milliseconds; a thread that has not looked for this long is stuck, and that is said. */
const SILENT_MS = 5_000

export interface TrainerBrake extends Brake {
  readonly allow: SwitchWriter['allow']
  stopsOf(layerId: string): number
}

export interface TrainerBrakeOptions {
  readonly buffer: SharedArrayBuffer
  readonly layerIds: readonly string[]
  readonly trainer: TrainerLink
  readonly clock: Clock
  /** Lets the training thread go before others of the machine, or no more. */
  readonly hurry?: ((urgent: boolean) => void) | undefined
}

/** Creates the brake of one trainer. */
export function createTrainerBrake({ buffer, layerIds, trainer, clock, hurry }: TrainerBrakeOptions): TrainerBrake {
  const writer = createSwitchWriter(buffer)
  let isGone = false
  let standing: readonly string[] = []
  const gone = new Promise<void>((resolve) =>
    trainer.onClose(() => {
      isGone = true
      resolve()
    }),
  )

  let waiting = 0
  const urgent = (more: 1 | -1): void => {
    const before = waiting
    waiting += more
    if ((before === 0) !== (waiting === 0)) hurry?.(waiting > 0)
  }
  const obeyedNow = (): BrakeAnswer => ({
    kind: 'obeyed',
    step: writer.step(),
    tick: trainer.status()?.tick ?? null,
    halted: standing.length === layerIds.length,
  })

  const answer = async (change: number): Promise<BrakeAnswer> => {
    if (isGone) return { kind: 'gone' }
    let undo = (): void => undefined
    const patience = new Promise<void>((resolve) => (undo = clock.after(SILENT_MS, resolve)))
    urgent(1)
    const obeyed = await writer.obeyed(change, Promise.race([gone, patience]))
    urgent(-1)
    undo()
    if (obeyed) return obeyedNow()
    return isGone ? { kind: 'gone' } : { kind: 'silent', afterMs: SILENT_MS }
  }

  return {
    apply(nowStanding, justStopped) {
      standing = nowStanding
      const held = layerIds.map((layerId) => standing.includes(layerId))
      const change = writer.hold(
        held,
        justStopped.map((layerId) => layerIds.indexOf(layerId)),
      )
      const inForce = !isGone && writer.rests()
      const answered = answer(change)
      // Its thread may be far from its turn on a full machine: it can not take a step without looking first.
      return inForce ? Promise.resolve(obeyedNow()) : answered
    },
    probe: () => answer(writer.probe()),
    allow: (allowed) => writer.allow(allowed),
    stopsOf: (layerId) => writer.stopsOf(layerIds.indexOf(layerId)),
  }
}

export interface TrainerTargetOptions {
  readonly trainer: TrainerLink
  readonly layerIds: readonly string[]
  readonly brake: TrainerBrake | null
  /** Told before the trainer is asked. */
  readonly onCommand?: (command: Command) => void
}

/** Creates the target of commands that go through the mailbox. */
export function createTrainerTarget({ trainer, layerIds, brake, onCommand }: TrainerTargetOptions): CommandTarget {
  return {
    async execute({ command, key, entry, expiresAtMs, layerId, onlyKnown = false, onStage }) {
      onCommand?.(command)
      try {
        const fenced = brake !== null && changesStructure(command)
        const sent = trainer.execute(
          {
            key,
            commandId: command.message_id,
            entry,
            expiresAtMs,
            onlyKnown,
            command: toTrainerCommand(command),
            ...(fenced ? { fence: { layer: layerIds.indexOf(layerId), stops: brake.stopsOf(layerId) } } : {}),
          },
          onStage ? () => onStage('started') : undefined,
        )
        onStage?.('queued')
        const reply = await sent
        if (reply.kind === 'record') return toCommandReply(reply.record, reply.repeated)
        return refusal('failed', 'INTERNAL', 'the trainer ended before it answered; its effect ended with it')
      } catch (error) {
        const known = isAppError(error)
          ? error
          : new AppError('INTERNAL', 'the command could not be translated', {}, error)
        const details = { path: known.context['path'] ?? null }
        return { kind: 'rejected', code: known.code, ...emptyReply(known.message), details }
      }
    },
  }
}
