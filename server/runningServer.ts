/*
 * runningServer: what the composition root is given, and what it gives back.
 * In: nothing. Out: the shapes of both, and what a test may put in the place of time and pages.
 * Invariant: types only.
 * Source: docs/architecture.md.
 */
import type { Clock } from '../lib/primitives/clock.ts'
import type { StopReport } from '../lib/primitives/disposables.ts'
import type { Config } from './config.ts'
import type { Handle } from './handle.ts'
import type { Pages } from './http/nextPages.ts'
import type { Logger } from './logger.ts'
import type { RunnerChannel } from './workers/siblings.ts'

export interface ServerOverrides {
  readonly clock?: Clock
  /** Instead of Next: what answers requests behind the guard. */
  readonly pages?: Pages
  readonly maxPerAddress?: number
}

export interface RunningServer {
  readonly port: number
  readonly url: string
  readonly handle: Handle
  /** What the first administrator signs in with; null when there is one, or nobody signs in here. */
  readonly firstAdminCode: string | null
  stop(deadlineMs: number): Promise<StopReport>
}

export interface ComposeInput {
  readonly config: Config
  readonly logger: Logger
  /** Project folder: assets, data and the built pages lie under it. */
  readonly root: string
  readonly dev: boolean
  readonly overrides?: ServerOverrides
  /** To the runner and, through it, the other processes; absent: this process is alone. */
  readonly channel?: RunnerChannel
}
