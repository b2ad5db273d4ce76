/*
 * commandLaunch: the moment between "may be sent" and "is sent": grace, approval that runs out, a last look, then whoever carries it out.
 * In: commands that were taken. Out: commands handed to their carrier, or ended with certainty because nothing was sent.
 * Invariant: until the last look passed nothing has left the server, so that cancelling is certain; a restart sends nothing by itself.
 * Source: docs/commands.md "grace", "restart".
 */
import { isAppError } from '../../lib/contracts/appError.ts'
import type { CommandDraft, CommandType } from '../../lib/contracts/commandDraft.ts'
import type { CommandState } from '../../lib/contracts/commandStates.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import { SERVER } from './caller.ts'
import type { CommandBook } from './commandBook.ts'
import type { NetworkView } from './networkView.ts'
import type { StoredCommand } from './storedCommand.ts'

/** What carries a command out. Never rejects for what happens to the command: that is in the book. */
export type Carrier = (id: string) => Promise<void>

export interface LaunchOptions {
  readonly book: CommandBook
  readonly clock: Clock
  readonly network: NetworkView
  /** By type; `bulk` for a run over many, `single` for what the gateway signs. */
  readonly carriers: { readonly single: Carrier; readonly bulk: Carrier } & Partial<Record<CommandType, Carrier>>
  /** Reasons against it as it stands now, first one first; null when it may go. */
  readonly against: (draft: CommandDraft) => { readonly code: string; readonly text: string } | null
  /** Whether who asked for it may still act. */
  readonly mayAct: (actor: string) => Promise<boolean>
  readonly onProblem: (text: string) => void
}

export interface CommandLaunch {
  /** Sets the timers a command in this state has; sends one that waits for nothing. */
  arrange(command: StoredCommand): void
  /** Looks once more and sends. */
  launch(id: string): Promise<void>
  /** Takes over what was open when the server ended: what was not sent is ended, approvals go on waiting. */
  adopt(commands: readonly StoredCommand[]): void
  stop(): void
}

const UNSENT: readonly CommandState[] = ['DRAFTED', 'VALIDATED', 'APPROVED', 'HELD']

/** Creates the launcher. */
export function createCommandLaunch(options: LaunchOptions): CommandLaunch {
  const { book, clock, network, carriers } = options
  const timers = new Map<string, () => void>()
  let stopped = false

  const clear = (id: string): void => {
    timers.get(id)?.()
    timers.delete(id)
  }
  const at = (id: string, ms: number, work: () => void): void => {
    clear(id)
    timers.set(
      id,
      clock.after(Math.max(0, ms - clock.wallMs()), () => {
        timers.delete(id)
        if (!stopped) work()
      }),
    )
  }
  const undoChange = book.onChange((command) => {
    if (command.state !== 'HELD' && command.state !== 'AWAIT_APPROVAL') clear(command.id)
  })

  const reject = (id: string, code: string, text: string): void =>
    void book.move(id, {
      state: 'REJECTED',
      stage: 'rejected',
      by: SERVER,
      text,
      outcome: { kind: 'rejected', code, text },
    })

  /** Why it must not be sent any more: what it was made for is not there now. */
  const lastLook = (command: StoredCommand): { readonly code: string; readonly text: string } | null => {
    const { basis, layerId, seedId, runId } = command
    if (layerId !== null && seedId !== null && basis !== null) {
      const seed = network.layer(layerId, runId ?? undefined).seed(seedId)
      if (basis.state !== null && seed.state !== basis.state)
        return {
          code: 'COMMAND_PRECONDITION',
          text: `the seed is in ${seed.state}, the command was made for ${basis.state}`,
        }
      if (basis.generation !== null && seed.generation !== null && seed.generation !== basis.generation)
        return {
          code: 'COMMAND_PRECONDITION',
          text: `the seed is in life ${seed.generation}, the command was made for life ${basis.generation}`,
        }
    }
    // A resume is judged by its checklist.
    if (command.type === 'Resume' || command.bulk !== null) return null
    return options.against(command.body as unknown as CommandDraft)
  }

  const mayStill = async ({ actor }: StoredCommand): Promise<boolean> => actor === SERVER || options.mayAct(actor)

  const launch = async (id: string): Promise<void> => {
    const waited = book.get(id)
    if (waited === null || !UNSENT.includes(waited.state)) return
    try {
      // Of what waited, for its grace or for somebody else: who asked may have lost the right since.
      if ((waited.graceMs > 0 || waited.approval !== null) && !(await mayStill(waited)))
        return reject(id, 'GUARD_FORBIDDEN', `${waited.actor} may not act any more`)
    } catch (error) {
      return reject(id, 'STATE_STORAGE', `whether ${waited.actor} may still act is not known: ${String(error)}`)
    }
    const command = book.get(id)
    if (command === null || !UNSENT.includes(command.state)) return
    try {
      const against = lastLook(command)
      if (against !== null) return reject(id, against.code, against.text)
    } catch (error) {
      const code = isAppError(error) ? error.code : 'INTERNAL'
      return reject(id, code, error instanceof Error ? error.message : 'the target can not be looked at')
    }
    const carrier =
      command.bulk !== null && command.type !== 'Resume' ? carriers.bulk : (carriers[command.type] ?? carriers.single)
    try {
      await carrier(id)
    } catch (error) {
      options.onProblem(`command ${id} could not be carried out: ${String(error)}`)
      const text = error instanceof Error ? error.message : 'it could not be sent'
      const code = isAppError(error) ? error.code : 'INTERNAL'
      book.move(id, { state: 'FAILED', stage: 'failed', by: SERVER, text, outcome: { kind: 'failed', code, text } })
    }
  }

  const arrange = (command: StoredCommand): void => {
    const { id, state } = command
    if (state === 'HELD') at(id, command.heldUntilMs ?? 0, () => void launch(id))
    else if (state === 'AWAIT_APPROVAL')
      at(id, command.approval?.expiresMs ?? 0, () => {
        const text = 'nobody approved it in time'
        book.move(id, { state: 'EXPIRED', stage: 'expired', by: SERVER, text, outcome: { kind: 'expired', text } })
      })
    else if (state === 'VALIDATED' || state === 'APPROVED') void launch(id)
  }

  return {
    arrange,
    launch,
    adopt(commands) {
      for (const command of commands) {
        if (command.state === 'AWAIT_APPROVAL') arrange(command)
        else if (UNSENT.includes(command.state)) {
          const text = 'the server was restarted before it was sent: nothing was sent'
          // A draft has no way to be cancelled: it was never taken.
          const moved = book.move(command.id, {
            state: 'CANCELLED',
            stage: 'cancelled',
            by: SERVER,
            text,
            outcome: { kind: 'cancelled', text },
          })
          if (moved === null) reject(command.id, 'COMMAND_STATE', text)
        }
      }
    },
    stop() {
      stopped = true
      undoChange()
      for (const undo of timers.values()) undo()
    },
  }
}
