/*
 * recordRun: a run of the real trainer, written down as a watch would get it: columns and messages of every tick, with their time.
 * In: data set, options, whether the policy decides, what is done to it and when. Out: the recording, and when the fault began.
 * Invariant: columns are the trainer's own and events go through the messages of the contract; time is the product's pace, not the
 * machine's; nothing here knows a rule.
 * Source: docs/alerts.md "measured"; docs/training.md.
 */
import { SEED_STATES } from '../../lib/contracts/lifecycleTable.ts'
import { createCommandThreads } from '../../lib/agents/commandThreads.ts'
import { toEventMessage } from '../../lib/agents/eventMessages.ts'
import { buildRunDescriptor } from '../../lib/agents/runDescriptor.ts'
import { parseMessage, type AnyMessage } from '../../lib/contracts/messageTypes.ts'
import type { RunDescriptor } from '../../lib/contracts/runDescriptor.ts'
import { runLockstep } from '../../lib/controller/lockstep.ts'
import { createPolicyState } from '../../lib/controller/policyState.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { createMessageWriter } from '../../lib/telemetry/messageWriter.ts'
import { createTrainer } from '../../lib/training/trainer.ts'
import type { Dataset, TrainerOptions } from '../../lib/training/trainerOptions.ts'
import type { SeedState, Trainer, TransitionCommand } from '../../lib/training/trainerTypes.ts'

/** 150 steps per second, 20 steps per tick. */
export const TICK_MS = 1_000 / 7.5
const RUN_ID = 'recorded'
const PATH: readonly SeedState[] = SEED_STATES.slice(
  SEED_STATES.indexOf('GERMINATED'),
  SEED_STATES.indexOf('FOSSILIZED') + 1,
)

export interface RecordedTick {
  readonly atMs: number
  readonly tick: number
  readonly messages: readonly AnyMessage[]
  /** By layer; null: messages only. */
  readonly columns: readonly { readonly seeds: Float32Array; readonly layer: Float32Array }[] | null
}

export interface RecordedRun {
  readonly descriptor: RunDescriptor
  readonly ticks: readonly RecordedTick[]
  /** When the fault began; null: there is none. */
  readonly faultMs: number | null
  readonly endMs: number
}

/** What a plan may do to its run. */
export interface Recorder {
  readonly trainer: Trainer
  readonly run: (ticks: number) => void
  /** Runs until it is so. @throws when it never was */
  readonly runUntil: (what: string, condition: () => boolean, maxTicks: number) => void
  /** Nothing is told for so long. */
  readonly wait: (ms: number) => void
  /** From here on something is wrong. */
  readonly mark: () => void
  /** @throws when the trainer refuses */
  readonly fault: (request: Parameters<Trainer['injectFault']>[0]) => void
  /** An edge by an operator's force, and the tick after it. @throws when the trainer refuses */
  readonly force: (state: SeedState, more?: Partial<TransitionCommand>) => void
  /** Forces along the main path, one tick in each state. */
  readonly bring: (state: SeedState, more?: Partial<TransitionCommand>) => void
}

export interface RunSetup {
  readonly dataset: Dataset
  readonly options: TrainerOptions
  readonly policy: boolean
  readonly script: (recorder: Recorder) => void
}

/** Runs it and writes it down. */
export function recordRun({ dataset, options, policy, script }: RunSetup): RecordedRun {
  const trainer = createTrainer({ faultsAllowed: true, ...options }, dataset)
  const identity = {
    runId: RUN_ID,
    epoch: 1,
    origin: 'trainer',
    title: 'recorded',
    expectedIntervalMs: TICK_MS,
    controlled: policy,
  } as const
  const descriptor = buildRunDescriptor(trainer.describe(), identity, null, systemClock)
  const writer = createMessageWriter(descriptor.telemetry_src, systemClock)
  const threads = createCommandThreads()
  const firstLayer = trainer.layerIds[0]!
  const ticks: RecordedTick[] = []
  let nowMs = 0
  let faultMs: number | null = null
  let state = createPolicyState()

  const messages = (): AnyMessage[] =>
    trainer.drainEvents().map((event) => {
      const { type, layerId, body } = toEventMessage(event, RUN_ID, threads)
      const whole = type === 'PerformanceAlert' ? { layer_id: layerId ?? firstLayer, ...body } : body
      return parseMessage(type, writer.compose(type, whole), {
        topic: `kasmina.event.layer.${firstLayer}`,
        cursor: '0-0',
        acceptedAtMs: 0,
      }).message
    })
  const onTick = (): void => {
    nowMs += TICK_MS
    const columns = trainer.layerIds.map((_, layer) => ({
      seeds: Float32Array.from(trainer.seedColumns(layer)),
      layer: Float32Array.from(trainer.layerColumns(layer)),
    }))
    ticks.push({ atMs: nowMs, tick: trainer.tick, messages: messages(), columns })
  }
  const oneTick = (): void => {
    const { steps_per_tick: steps } = trainer.describe()
    if (policy) {
      state = runLockstep({ trainer, policy: state, steps, onTick })
      return
    }
    // A restored snapshot puts the place within a tick back too.
    let ended = false
    for (let step = 0; step < 1_000 && !ended; step++) ended = trainer.runStep()
    onTick()
  }
  const run = (count: number): void => {
    for (let tick = 0; tick < count; tick++) oneTick()
  }
  const applied = (what: string, { status, text }: { status: string; text: string }): void => {
    if (status !== 'applied') throw new Error(`${what}: ${text}`)
  }
  const force: Recorder['force'] = (targetState, more = {}) => {
    const command = { type: 'transition', layerId: firstLayer, seedId: 0, targetState, reason: 'score' } as const
    const rest = { triggeredBy: 'operator', force: true, expect: null, correlationId: null } as const
    applied(targetState, trainer.execute({ ...command, ...rest, ...more }))
    run(1)
  }

  script({
    trainer,
    run,
    runUntil(what, condition, maxTicks) {
      for (let tick = 0; tick < maxTicks && !condition(); tick++) oneTick()
      if (!condition()) throw new Error(`${what} did not happen within ${maxTicks} ticks`)
    },
    wait: (ms) => void (nowMs += ms),
    mark: () => void (faultMs ??= nowMs),
    fault(request) {
      faultMs ??= nowMs
      applied(request.kind, trainer.injectFault(request))
    },
    force,
    bring(to, more) {
      for (const next of PATH.slice(0, PATH.indexOf(to) + 1)) force(next, more)
    },
  })
  ticks.push({ atMs: nowMs, tick: trainer.tick, messages: messages(), columns: null })
  return { descriptor, ticks, faultMs, endMs: nowMs }
}
