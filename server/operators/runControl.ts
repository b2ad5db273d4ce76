/*
 * runControl: pause, resume and end of a run by one person: the same halt as a stop, planned, and lifted without a ramp.
 * In: taken commands of type RunControl; what the gateway says of their halt. Out: their outcome.
 * Invariant: a pause is never lifted while an emergency stop is in force; the end of a run is a checkpoint and a halt that only two persons
 * lift.
 * Source: docs/commands.md "the run".
 */
import { AppError } from '../../lib/contracts/appError.ts'
import type { RunControlDraft } from '../../lib/contracts/commandDraft.ts'
import { isFinalState } from '../../lib/contracts/commandStateTable.ts'
import type { GatewayOrder, GatewayResumeState, GatewayStopState } from '../../lib/contracts/gatewayControl.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { GatewayClient } from '../gateway/gatewayClient.ts'
import { SERVER } from './caller.ts'
import type { CommandBook } from './commandBook.ts'
import type { NetworkView } from './networkView.ts'
import type { StopService } from './stopService.ts'
import type { StoredCommand } from './storedCommand.ts'

export interface RunControlOptions {
  readonly book: CommandBook
  readonly clock: Clock
  readonly network: NetworkView
  readonly gateway: Pick<GatewayClient, 'resume' | 'command' | 'commandState'>
  readonly stops: StopService
  readonly newId: () => string
}

export interface RunControl {
  run(id: string): Promise<void>
  /** Why this action makes no sense now; null when it does. */
  against(
    action: RunControlDraft['action'],
  ): { readonly code: 'COMMAND_STATE' | 'COMMAND_HALTED'; readonly text: string } | null
  onGatewayStop(state: GatewayStopState): void
  onGatewayResume(state: GatewayResumeState): void
  stop(): void
}

const CHECKPOINT_MS = 15_000
const POLL_MS = 200

/** Creates it. */
export function createRunControl(options: RunControlOptions): RunControl {
  const { book, clock, network, gateway, stops } = options
  const timers = new Map<string, () => void>()
  const actionOf = (command: StoredCommand) => (command.body as { readonly action?: RunControlDraft['action'] }).action

  const end = (id: string, applied: boolean, text: string): void => {
    timers.get(id)?.()
    timers.delete(id)
    book.move(id, {
      state: applied ? 'APPLIED' : 'FAILED',
      stage: applied ? 'applied' : 'failed',
      by: 'gateway',
      text,
      outcome: { kind: applied ? 'applied' : 'failed', text },
    })
  }
  const watch = (command: StoredCommand): void => {
    const ms = command.timeoutMs + 1_000
    timers.set(
      command.id,
      clock.after(ms, () => {
        const text = 'not every layer confirmed in time; the matrix of its stop tells which'
        book.move(command.id, {
          state: 'UNKNOWN',
          stage: 'unknown',
          by: SERVER,
          text,
          outcome: { kind: 'unknown', text },
        })
      }),
    )
  }

  const onStop = (state: GatewayStopState): void => {
    const command = book.get(state.id)
    if (command === null || command.type !== 'RunControl' || isFinalState(command.state)) return
    if (state.missing > 0 || state.layers.length === 0) return
    const worst = state.worst_ms === null ? '' : `, slowest ${state.worst_ms.toFixed(1)} ms`
    const text = `${state.applied} layers stand still${worst}`
    if (command.state === 'UNKNOWN')
      book.move(state.id, {
        state: 'APPLIED_LATE',
        stage: 'applied late',
        by: 'gateway',
        text,
        outcome: { kind: 'applied_late', text },
      })
    else end(state.id, true, text)
  }

  const against: RunControl['against'] = (action) => {
    const inForce = stops.inForce()
    if (action !== 'resume')
      return inForce.length > 0 ? { code: 'COMMAND_STATE', text: 'the run stands still already' } : null
    if (inForce.length === 0) return { code: 'COMMAND_STATE', text: 'the run is not paused' }
    return inForce.some((stop) => !stop.pause)
      ? { code: 'COMMAND_HALTED', text: 'an emergency stop, or the end of the run, is in force: two persons lift it' }
      : null
  }

  /** Saves first: a run that ends keeps its weights. */
  const saveCheckpoint = async (command: StoredCommand): Promise<void> => {
    const id = options.newId()
    const order: GatewayOrder = {
      id,
      command: {
        message_type: 'CheckpointCommand',
        layer_id: command.layerId ?? (command.body['layer_id'] as string),
        operation: 'save',
        issued_by: command.actor,
        reason: `end of the run: ${command.reason}`,
        correlation_id: command.id,
        ttl_ms: CHECKPOINT_MS,
        timeout_ms: CHECKPOINT_MS,
      },
    }
    let told = await gateway.command(order)
    const untilMs = clock.monotonicMs() + CHECKPOINT_MS
    while (told.outcome === null && !['unknown', 'undelivered'].includes(told.state) && clock.monotonicMs() < untilMs) {
      await clock.sleep(POLL_MS)
      told = await gateway.commandState(id)
    }
    if (told.outcome?.kind !== 'applied')
      throw new AppError(
        'COMMAND_GUARD',
        `no checkpoint was saved (${told.outcome?.text ?? told.text}), so the run was not ended`,
      )
    book.stage(command.id, {
      stage: 'queued',
      by: 'layer',
      text: `checkpoint saved${told.outcome.text === '' ? '' : `: ${told.outcome.text}`}`,
    })
  }

  return {
    against,
    async run(id) {
      const command = book.get(id)!
      const action = actionOf(command)!
      const no = against(action)
      if (no !== null) throw new AppError(no.code, no.text, { path: 'action' })
      if (book.move(id, { state: 'ISSUED', stage: 'issued', by: SERVER }) === null) return
      await book.durable(id)
      watch(command)
      if (action === 'resume') {
        // A stop may have come while this was written down: one person never lifts that.
        const lifted = stops.inForce()
        if (lifted.some((stop) => !stop.pause))
          throw new AppError('COMMAND_HALTED', 'an emergency stop came meanwhile: two persons lift it', {
            path: 'action',
          })
        for (const stop of lifted) {
          const resumeId = options.newId()
          book.change(id, (known) => ({ ...known, body: { ...known.body, resume_id: resumeId } }))
          onResumed(
            await gateway.resume({
              id: resumeId,
              stop_id: stop.id,
              issued_by: command.actor,
              reason: command.reason,
              hold_ms: 0,
              health_floor: 0,
            }),
          )
        }
        return
      }
      if (action === 'stop') await saveCheckpoint(command)
      const layers = network.layers(command.runId ?? undefined).map((view) => view.layerId)
      onStop(
        await stops.pause(
          id,
          layers.length === 0 ? 'all' : layers,
          command.actor,
          `${action}: ${command.reason}`,
          action === 'pause',
        ),
      )
    },
    onGatewayStop: onStop,
    onGatewayResume: onResumed,
    stop() {
      for (const undo of timers.values()) undo()
    },
  }

  function onResumed(state: GatewayResumeState): void {
    const command = book.open().find((one) => one.type === 'RunControl' && one.body['resume_id'] === state.id)
    if (command === undefined || state.state === 'running') return
    if (command.state === 'ISSUED') book.move(command.id, { state: 'STARTED', stage: 'started', by: 'gateway' })
    end(command.id, state.state === 'done', state.text === '' ? `${state.resumed.length} layers run again` : state.text)
  }
}
