/*
 * commandDispatch: from a command that may be sent to its one outcome: hand over, follow, call silence by its name, settle it.
 * In: command ids, the gateway's events, transitions seen in telemetry. Out: moves in the book.
 * Invariant: ISSUED is on the disk before the gateway hears of it; handing over again uses the same id; silence is UNKNOWN and only
 * evidence ends that; nothing is executed again after a restart.
 * Source: docs/commands.md "dispatch"; docs/protocol.md "commands".
 */
import { isAppError } from '../../lib/contracts/appError.ts'
import { causeOf } from '../../lib/contracts/causes.ts'
import { isFinalState } from '../../lib/contracts/commandStateTable.ts'
import type { GatewayCommand, GatewayOrder } from '../../lib/contracts/gatewayControl.ts'
import type { CommandOutcome } from '../../lib/contracts/outcomes.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { GatewayClient } from '../gateway/gatewayClient.ts'
import { SERVER } from './caller.ts'
import type { CommandBook } from './commandBook.ts'
import { endOf, newMarks, silentEnd } from './gatewayWords.ts'
import type { NetworkView } from './networkView.ts'
import type { StoredCommand } from './storedCommand.ts'
import { judgeUnknown, type Transition } from './unknownWatch.ts'

export interface CommandDispatch {
  /** Hands the command over and follows it; resolves when the gateway has it or it is clear that it has not. */
  issue(id: string): Promise<void>
  /** Sends the same command once more, under the same id. */
  again(id: string): Promise<void>
  onGatewayCommand(command: GatewayCommand): void
  /** The gateway can be reached again: asks after everything that is under way. */
  onGatewayUp(): void
  onOutcome(outcome: CommandOutcome): void
  onTransitions(transitions: readonly Transition[]): void
  /** Follows what a run before this one had sent. */
  adopt(commands: readonly StoredCommand[]): void
  stop(): void
}

export interface DispatchOptions {
  readonly book: CommandBook
  readonly clock: Clock
  readonly gateway: Pick<GatewayClient, 'command' | 'commandState'>
  readonly network: NetworkView
  readonly toOrder: (command: StoredCommand) => GatewayOrder
  readonly onProblem: (text: string) => void
}

/** Types the gateway takes as orders. */
const SIGNED: ReadonlySet<string> = new Set([
  'LifecycleTransitionCommand',
  'BlueprintUpdateCommand',
  'BatchCommand',
  'CheckpointCommand',
  'NoOp',
])
const HAND_OVER_RETRY_MS = 250
const WATCH_MS = 1_000
/** An answer travels after the command's own time: this much later silence is called by its name. */
const ANSWER_MS = 1_000
const SEEN = 4_096
/** Transitions kept per layer for the unknown. */
const KEPT = 2_000

const issuedMsOf = (command: StoredCommand): number =>
  command.stages.findLast(({ stage }) => stage === 'issued')?.atMs ?? command.createdMs

/** Creates the dispatcher; it watches the unknown until stopped. */
export function createCommandDispatch(options: DispatchOptions): CommandDispatch {
  const { book, clock, gateway, network } = options
  const timers = new Map<string, () => void>()
  const watched = new Map<string, { readonly firstTick: number | null }>()
  const recent = new Map<string, Transition[]>()
  const seen = new Map<string, Transition>()
  let stopped = false

  const clearTimer = (id: string): void => {
    timers.get(id)?.()
    timers.delete(id)
  }
  const overdue = (id: string): void => {
    timers.delete(id)
    const text = 'no outcome came in time; it may have been applied: telemetry is watched'
    book.move(id, { state: 'UNKNOWN', stage: 'unknown', by: SERVER, text, outcome: { kind: 'unknown', text } })
  }
  const setDeadline = (command: StoredCommand): void => {
    clearTimer(command.id)
    const leftMs = Math.max(0, (command.deadlineMs ?? 0) - clock.wallMs())
    timers.set(
      command.id,
      clock.after(leftMs, () => overdue(command.id)),
    )
  }

  const verify = (id: string, { seed_id, to_state, at_ms }: Transition): void => {
    const command = book.get(id)
    if (command === null || command.stages.some(({ stage }) => stage === 'verified')) return
    if (command.state === 'APPLIED' || command.state === 'APPLIED_LATE')
      book.stage(id, {
        stage: 'verified',
        by: 'telemetry',
        text: `seed ${seed_id} is in ${to_state}`,
        atMs: Math.max(at_ms, command.updatedMs),
      })
  }

  const close = (id: string): void => {
    clearTimer(id)
    watched.delete(id)
    const record = seen.get(id)
    if (record !== undefined) verify(id, record)
  }
  const undoChange = book.onChange((command) => {
    if (isFinalState(command.state)) clearTimer(command.id)
    if (command.state === 'UNKNOWN') {
      clearTimer(command.id)
      if (!watched.has(command.id)) watched.set(command.id, { firstTick: null })
    }
  })

  const apply = (told: GatewayCommand): void => {
    const command = book.get(told.id)
    if (command === null || isFinalState(command.state)) return
    for (const mark of newMarks(command, told.stages)) {
      const { state, stage, by, text, atMs } = mark
      if (state === null || book.move(told.id, { state, stage, by, text, atMs }) === null) {
        // While it is unknown its stages are still worth telling.
        if (book.get(told.id)?.state !== 'UNKNOWN' || state === null) book.stage(told.id, { stage, by, text, atMs })
      }
    }
    if (told.outcome !== null) return settle(told.outcome)
    const end = silentEnd(told.state, told.text)
    if (end !== null && book.move(told.id, end) !== null) close(told.id)
  }

  const settle = (outcome: CommandOutcome): void => {
    const command = book.get(outcome.command_id)
    if (command === null || isFinalState(command.state) || command.bulk !== null) return
    const end = endOf(command, outcome)
    if (end !== null && book.move(command.id, end) !== null) close(command.id)
  }

  /** Hands over until the gateway answers or the command's time is over. The id makes a second hand-over harmless. */
  const handOver = async (command: StoredCommand): Promise<void> => {
    const order = options.toOrder(command)
    for (let attempt = 0; ; attempt++) {
      try {
        return apply(await gateway.command(order))
      } catch (error) {
        const now = book.get(command.id)
        if (stopped || now === null || isFinalState(now.state) || now.state === 'UNKNOWN') return
        const retry = isAppError(error, 'GATEWAY_UNAVAILABLE') || isAppError(error, 'GATEWAY_TIMEOUT')
        const text = error instanceof Error ? error.message : 'the gateway refused it'
        if (!retry) {
          const code = isAppError(error) ? error.code : 'INTERNAL'
          book.move(command.id, {
            state: 'REJECTED',
            stage: 'rejected',
            by: 'gateway',
            text,
            outcome: { kind: 'rejected', code, text },
          })
          return
        }
        if (attempt === 0) options.onProblem(`command ${command.id} waits for the gateway: ${text}`)
        await clock.sleep(HAND_OVER_RETRY_MS)
      }
    }
  }

  const transitionsOf = (command: StoredCommand): readonly Transition[] => {
    const sinceMs = issuedMsOf(command)
    const known = recent.get(`${command.runId ?? ''} ${command.layerId ?? ''}`) ?? []
    // Bus and server clocks differ by little; an event a moment before the command is not of it, but costs nothing to look at by name.
    return known.filter((record) => record.at_ms >= sinceMs || causeOf(record) === command.id)
  }

  const look = (id: string, mark: { readonly firstTick: number | null }): void => {
    const command = book.get(id)
    if (command === null || command.state !== 'UNKNOWN') return void watched.delete(id)
    const issuedMs = issuedMsOf(command)
    const layer = findLayer(command)
    const past = clock.wallMs() > issuedMs + command.ttlMs
    const tick = layer?.tick ?? null
    const firstTick =
      past && tick !== null ? (mark.firstTick === null || tick < mark.firstTick ? tick : mark.firstTick) : null
    if (firstTick !== mark.firstTick) watched.set(id, { firstTick })
    const verdict = judgeUnknown(command, {
      nowMs: clock.wallMs(),
      issuedMs,
      layer,
      transitions: transitionsOf(command),
      freshTicks: firstTick === null || tick === null ? null : tick - firstTick,
    })
    if (verdict.kind === 'open') return
    const applied = verdict.kind === 'applied'
    const state = applied ? 'APPLIED_LATE' : 'NOT_APPLIED'
    const kind = applied ? 'applied_late' : 'not_applied'
    const stage = applied ? 'applied late' : 'not applied'
    book.move(id, { state, stage, by: 'telemetry', text: verdict.text, outcome: { kind, text: verdict.text } })
    close(id)
  }
  const findLayer = (command: StoredCommand) => {
    if (command.layerId === null) return null
    try {
      return network.layer(command.layerId, command.runId ?? undefined)
    } catch {
      return null
    }
  }
  const undoWatch = clock.every(WATCH_MS, () => {
    for (const [id, mark] of watched) look(id, mark)
  })

  const ask = async (id: string): Promise<void> => {
    try {
      apply(await gateway.commandState(id))
    } catch (error) {
      // A gateway that was started anew knows nothing of it: that is no proof that it was not sent. Its deadline decides.
      if (!isAppError(error)) options.onProblem(`the gateway could not be asked after ${id}: ${String(error)}`)
    }
  }

  return {
    async issue(id) {
      const nowMs = clock.wallMs()
      const moved = book.move(id, { state: 'ISSUED', stage: 'issued', by: SERVER, atMs: nowMs })
      if (moved === null) return
      const command = book.change(id, (known) => ({
        ...known,
        attempts: known.attempts + 1,
        heldUntilMs: null,
        deadlineMs: nowMs + known.timeoutMs + ANSWER_MS,
      }))!
      try {
        await book.durable(id)
      } catch (error) {
        const text = `it was not sent: ${(error as Error).message}`
        book.move(id, {
          state: 'FAILED',
          stage: 'failed',
          by: SERVER,
          text,
          outcome: { kind: 'failed', code: 'STATE_STORAGE', text },
        })
        return
      }
      setDeadline(command)
      await handOver(command)
    },
    async again(id) {
      const command = book.change(id, (known) => ({ ...known, attempts: known.attempts + 1 }))
      if (command === null) return
      book.stage(id, { stage: 'retried', by: SERVER, text: 'the same command, under the same id' })
      try {
        apply(await gateway.command(options.toOrder(command)))
      } catch (error) {
        book.stage(id, { stage: 'retried', by: 'gateway', text: (error as Error).message })
        throw error
      }
    },
    onGatewayCommand: apply,
    onOutcome: settle,
    onGatewayUp() {
      for (const { id, type, state, bulk } of book.open())
        if (bulk === null && SIGNED.has(type) && ['ISSUED', 'DELIVERED', 'STARTED', 'UNKNOWN'].includes(state))
          void ask(id)
    },
    onTransitions(transitions) {
      for (const record of transitions) {
        const key = `${record.run_id ?? ''} ${record.layer_id}`
        const list = recent.get(key) ?? []
        list.push(record)
        if (list.length > KEPT) list.splice(0, list.length - KEPT)
        recent.set(key, list)
        const id = causeOf(record)
        if (id === null) continue
        const command = book.get(id)
        if (command === null) continue
        seen.set(id, record)
        if (seen.size > SEEN) seen.delete(seen.keys().next().value!)
        if (command.state === 'UNKNOWN') look(id, watched.get(id) ?? { firstTick: null })
        verify(id, record)
      }
    },
    adopt(commands) {
      for (const command of commands) {
        if (command.bulk !== null || command.type === 'EmergencyStopCommand') continue
        if (command.state === 'UNKNOWN') watched.set(command.id, { firstTick: null })
        else if (['ISSUED', 'DELIVERED', 'STARTED'].includes(command.state)) setDeadline(command)
      }
    },
    stop() {
      stopped = true
      undoWatch()
      undoChange()
      for (const undo of timers.values()) undo()
    },
  }
}
