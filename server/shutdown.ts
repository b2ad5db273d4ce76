/*
 * shutdown: from a signal, a closed standard input or a crash to an ordered stop and an exit code.
 * In: the process, a stop function. Out: one stop, under a deadline, whatever arrives how often.
 * Invariant: the process always ends; 0 after a clean stop that was asked for, 1 after a failure; a second signal ends it at once.
 * Source: docs/architecture.md "lifecycle".
 */
import type { Clock } from '../lib/primitives/clock.ts'
import type { StopReport } from '../lib/primitives/disposables.ts'
import type { Logger } from './logger.ts'

/** A person who pressed Ctrl-C waits for it; with a bus that is gone every part uses all of it. */
export const STOP_DEADLINE_MS = 2_200

export interface ShutdownOptions {
  readonly stop: (deadlineMs: number) => Promise<StopReport>
  readonly logger: Logger
  readonly clock: Clock
  /** The runner keeps our standard input open as long as it lives: its end is our end. */
  readonly supervised: boolean
  readonly exit?: (code: number) => void
}

/** Binds the process's signals; returns the function that stops and exits. */
export function bindShutdown({
  stop,
  logger,
  clock,
  supervised,
  exit = (code) => process.exit(code),
}: ShutdownOptions) {
  let stopping = false
  let askedMs = 0
  const shutdown = async (cause: string, code: number): Promise<void> => {
    if (stopping) return
    stopping = true
    logger.info('stopping', { cause })
    const giveUp = clock.after(STOP_DEADLINE_MS + 500, () => {
      logger.error('stop did not end in time')
      exit(1)
    })
    const report = await stop(STOP_DEADLINE_MS)
    giveUp()
    for (const failure of report.failures) logger.warn('a part did not stop cleanly', { ...failure })
    logger.info('stopped', { clean: report.ok })
    exit(code)
  }
  const onSignal = (signal: NodeJS.Signals) => {
    // A later Ctrl-C is a person who does not want to wait; one in the same moment is the same one, sent to the whole group.
    if (stopping && clock.monotonicMs() - askedMs > 1_000) exit(130)
    if (!stopping) askedMs = clock.monotonicMs()
    void shutdown(signal, 0)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal)
  const onCrash = (kind: string) => (error: unknown) => {
    logger.error(kind, { error })
    void shutdown(kind, 1)
  }
  process.on('uncaughtException', onCrash('uncaught exception'))
  process.on('unhandledRejection', onCrash('unhandled rejection'))
  if (supervised) {
    process.stdin.on('end', () => void shutdown('runner is gone', 0))
    process.stdin.on('error', () => void shutdown('runner is gone', 0))
    process.stdin.resume()
  }
  return shutdown
}
