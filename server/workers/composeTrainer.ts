/*
 * composeTrainer: the trainer's process: training, its agent, the controller; no page and no port.
 * In: a parsed configuration, the channel to the runner. Out: running threads and their stop.
 * Invariant: what a page should know is told to the runner: the state at each change, every incident once.
 * Source: docs/architecture.md "processes and threads".
 */
import { systemClock } from '../../lib/primitives/clock.ts'
import { createDisposables, type StopReport } from '../../lib/primitives/disposables.ts'
import type { Config } from '../config.ts'
import type { Logger } from '../logger.ts'
import { createLatencyTeller } from './latencyRelay.ts'
import { createBellBuffer } from './mergeBell.ts'
import { tellRunner, type RunnerChannel } from './siblings.ts'
import { createThreads } from './threads.ts'

const LOOK_MS = 250
const LATENCY_MS = 1_000

export interface TrainerProcess {
  stop(deadlineMs: number): Promise<StopReport>
}

/** Starts the threads of the roles `trainer` and `controller`. */
export function composeTrainer(options: {
  readonly config: Config
  readonly logger: Logger
  readonly root: string
  readonly channel: RunnerChannel
}): TrainerProcess {
  const { config, logger, root, channel } = options
  const clock = systemClock
  const parts = createDisposables(clock)
  const latency = createLatencyTeller()
  const threads = createThreads({
    config,
    root,
    clock,
    logger: logger.room('threads'),
    bell: createBellBuffer(),
    // Whether the bus is there is told by who shows it.
    onIngest: () => undefined,
    onRecord: (record) => tellRunner(channel, { kind: 'record', record }),
    onBook: (thread, buffer) => latency.open(thread, buffer),
    onLatency: (thread, note) => latency.note(thread, note),
    // Alerts are looked for where the bus is shown.
    alertOrder: () => ({ rules: [], open: [], seenMs: 0 }),
  })
  parts.add('threads', (deadlineMs) => threads.stop(deadlineMs))
  threads.start()
  let last = ''
  const look = (): void => {
    const status = { kind: 'status', trainer: threads.trainerState(), causes: threads.causes() } as const
    const text = JSON.stringify(status)
    if (text === last) return
    last = text
    tellRunner(channel, status)
  }
  look()
  parts.add('status', clock.every(LOOK_MS, look))
  parts.add(
    'latency',
    clock.every(LATENCY_MS, () => {
      const sums = latency.take()
      if (sums.length > 0) tellRunner(channel, { kind: 'latency', sums })
    }),
  )
  return { stop: (deadlineMs) => parts.stop(deadlineMs) }
}
