/*
 * trainerDesk: where a request of the mailbox meets the trainer: once per key, within its time, not behind a stop.
 * In: one request at a tick boundary. Out: one reply; the record kept in the same breath as the effect.
 * Invariant: a key has one record for ever; a command overtaken by a stop is cancelled, also when the stop is over by now.
 * Source: seed-design.md 4.1; docs/protocol.md "commands".
 */
import type { OutcomeStore } from '../commands/outcomeStore.ts'
import type { Clock } from '../primitives/clock.ts'
import type { Trainer } from '../training/trainerTypes.ts'
import type { ExecuteRequest, FromTrainer, TrainerRecord } from './trainerProtocol.ts'
import type { SwitchReader } from './trainerSwitch.ts'

export interface TrainerDeskOptions {
  readonly trainer: Trainer
  readonly clock: Clock
  readonly records: OutcomeStore<TrainerRecord>
  readonly post: (message: FromTrainer) => void
  readonly switches: SwitchReader | undefined
  /** Does what the switches ask, if anything changed. */
  readonly obey: () => void
  readonly tellEvents: () => void
}

/** Creates the function that executes one request and posts its reply. */
export function createTrainerDesk(options: TrainerDeskOptions): (request: ExecuteRequest) => void {
  const { trainer, clock, records, post, switches, obey, tellEvents } = options

  const judge = (request: ExecuteRequest): TrainerRecord['outcome'] => {
    const fence = switches ? request.fence : undefined
    if (fence && switches?.stopsOf(fence.layer) !== fence.stops) {
      return { kind: 'cancelled', text: 'an emergency stop came before the tick at which it would have been applied' }
    }
    if (clock.wallMs() >= request.expiresAtMs) return { kind: 'expired' }
    if (fence && switches?.structureAllowed(fence.layer) === false) {
      return { kind: 'refused', code: 'COMMAND_LEASE', text: 'no gateway is heard: structure stands still' }
    }
    try {
      return { kind: 'done', result: trainer.execute(request.command) }
    } catch (error) {
      const text = error instanceof Error ? error.message : 'unknown'
      return { kind: 'failed', text: `the trainer failed on the command: ${text}` }
    }
  }

  const perform = (request: ExecuteRequest): TrainerRecord => {
    const startMs = clock.monotonicMs()
    const outcome = judge(request)
    const { commandId, entry } = request
    const executionMs = clock.monotonicMs() - startMs
    return { commandId, entry, step: trainer.step, tick: trainer.tick, executionMs, outcome }
  }

  const nothingKnown = ({ commandId, entry }: ExecuteRequest): TrainerRecord => {
    const outcome = { kind: 'expired' } as const
    return { commandId, entry, step: trainer.step, tick: trainer.tick, executionMs: 0, outcome }
  }

  return (request) => {
    const { requestId } = request
    const known = records.get(request.key)
    if (!known && request.onlyKnown) {
      return post({ kind: 'reply', requestId, record: nothingKnown(request), repeated: false })
    }
    if (!known) post({ kind: 'begun', requestId })
    // A stop that came while the mailbox was read overtakes what is left in it.
    obey()
    const record = known ?? perform(request)
    if (!known) records.add(request.key, record)
    tellEvents()
    post({ kind: 'reply', requestId, record, repeated: known !== null })
  }
}
