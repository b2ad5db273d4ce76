/*
 * watchedTrainer: the real trainer under the real watch, without a bus between: columns, events and commands of every tick are judged.
 * In: options of a trainer, rules, whether the policy decides. Out: the trainer, what was raised and cleared, by rule and tick.
 * Invariant: columns are the trainer's own, events go through the messages of the contract, nothing is raised but by the product's code.
 * Source: docs/alerts.md "measured"; docs/training.md.
 */
import { toEventMessage } from '../../lib/agents/eventMessages.ts'
import { createCommandThreads } from '../../lib/agents/commandThreads.ts'
import { buildRunDescriptor } from '../../lib/agents/runDescriptor.ts'
import { SHIPPED_RULES } from '../../lib/alerts/shippedRules.ts'
import type { AlertRule, AlertSeverityName } from '../../lib/contracts/alerts.ts'
import { parseMessage, type AnyMessage } from '../../lib/contracts/messageTypes.ts'
import { runLockstep } from '../../lib/controller/lockstep.ts'
import { createPolicyState } from '../../lib/controller/policyState.ts'
import { TABLE_META } from '../../lib/frames/seedTable.ts'
import { createMessageWriter } from '../../lib/telemetry/messageWriter.ts'
import { createTrainer } from '../../lib/training/trainer.ts'
import type { Dataset, TrainerOptions } from '../../lib/training/trainerOptions.ts'
import type { Trainer, TrainerEvent } from '../../lib/training/trainerTypes.ts'
import { fingerprintOf, type AlertSignal } from '../../server/alerts/alertSignals.ts'
import { createEventAlerts } from '../../server/alerts/eventAlerts.ts'
import { createRunWatch } from '../../server/alerts/runWatch.ts'
import { createRunTable, noteReport } from '../../server/ingest/runTable.ts'
import { systemClock } from '../../lib/primitives/clock.ts'

export interface Firing {
  readonly rule: string
  readonly tick: number
  readonly seedId: number | null
  readonly layerId: string | null
  readonly severity: AlertSeverityName
  readonly text: string
  clearedTick: number | null
}

export interface WatchedTrainer {
  readonly trainer: Trainer
  readonly firings: readonly Firing[]
  /** What is raised now, by rule. */
  open(rule?: string): readonly Firing[]
  /** Runs ticks; with the policy when it was asked for. */
  run(ticks: number): void
  /** Runs until it is so; answers false when it never was. */
  runUntil(condition: () => boolean, maxTicks: number): boolean
  /** Hands over what happened between ticks: events of commands. */
  settle(): void
  /** A message that the trainer does not make itself. */
  message(type: AnyMessage['message_type'], body: Readonly<Record<string, unknown>>): void
}

const RUN_ID = 'watched'
const threads = createCommandThreads()

export function watchTrainer(
  options: TrainerOptions,
  dataset: Dataset,
  { policy = false, rules = SHIPPED_RULES }: { readonly policy?: boolean; readonly rules?: readonly AlertRule[] } = {},
): WatchedTrainer {
  const trainer = createTrainer({ faultsAllowed: true, ...options }, dataset)
  const identity = {
    runId: RUN_ID,
    epoch: 1,
    origin: 'trainer',
    title: 'watched',
    expectedIntervalMs: 1_000,
    controlled: policy,
  } as const
  const table = createRunTable({ historySeconds: 10, onRun: () => undefined, onGone: () => undefined })
  const { run } = table.announce(buildRunDescriptor(trainer.describe(), identity, null, systemClock), 0)
  const firings: Firing[] = []
  const raised = new Map<string, Firing>()
  const onSignal = (signal: AlertSignal): void => {
    if (signal.on !== 'raise' && signal.on !== 'clear') return
    const key = fingerprintOf(signal.rule, signal.place)
    const known = raised.get(key)
    if (signal.on === 'clear') {
      if (known !== undefined) known.clearedTick = trainer.tick
      raised.delete(key)
      return
    }
    if (known !== undefined && known.severity === signal.severity) return
    const { rule, severity, text, place } = signal
    const firing: Firing = { rule, severity, text, tick: trainer.tick, ...place, clearedTick: null }
    firings.push(firing)
    raised.set(key, firing)
  }
  const watch = createRunWatch({ run, rules, open: [], emit: onSignal, takeRows: () => true })
  const events = createEventAlerts({
    rulesOf: (detector) => rules.filter((rule) => rule.detector === detector),
    onRaise: onSignal,
  })
  const writer = createMessageWriter(run.descriptor.telemetry_src, systemClock)
  const topicLayer = trainer.layerIds[0]!

  const take = (type: string, body: object): void => {
    const { message } = parseMessage(type, writer.compose(type as 'FaultEvent', body), {
      topic: `kasmina.event.layer.${topicLayer}`,
      cursor: '0-0',
      acceptedAtMs: 0,
    })
    events.onMessage(message, { runId: RUN_ID, atMs: trainer.tick * 1_000, seen: false })
    watch.onMessage(message, trainer.tick * 1_000, false)
  }
  const tellEvent = (event: TrainerEvent): void => {
    const { type, layerId, body } = toEventMessage(event, RUN_ID, threads)
    take(type, type === 'PerformanceAlert' ? { layer_id: layerId ?? topicLayer, ...body } : body)
  }
  const settle = (): void => {
    for (const event of trainer.drainEvents()) tellEvent(event)
  }

  const onTick = (): void => {
    settle()
    run.tables.forEach((one, at) => {
      one.begin()
      one.seeds.set(trainer.seedColumns(at))
      one.layer.set(trainer.layerColumns(at))
      one.meta[TABLE_META.tick] = trainer.tick
      noteReport(run, at, trainer.tick * 1_000)
      one.end()
    })
    watch.look(trainer.tick * 1_000)
  }
  let state = createPolicyState()
  const oneTick = (): void => {
    if (policy) state = runLockstep({ trainer, policy: state, steps: trainer.describe().steps_per_tick, onTick })
    else {
      // A restored snapshot puts the place within a tick back too.
      let ended = false
      for (let step = 0; step < 1_000 && !ended; step++) ended = trainer.runStep()
      onTick()
    }
  }

  return {
    trainer,
    firings,
    open: (rule) => [...raised.values()].filter((firing) => rule === undefined || firing.rule === rule),
    run(ticks) {
      for (let n = 0; n < ticks; n++) oneTick()
    },
    runUntil(condition, maxTicks) {
      for (let n = 0; n < maxTicks && !condition(); n++) oneTick()
      return condition()
    },
    settle,
    message: take,
  }
}
