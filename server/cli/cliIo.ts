/*
 * cliIo: what a subcommand of the command line gets, and the exit codes it answers with.
 * In: nothing. Out: the interface, EXIT.
 * Invariant: a code means one thing; scripts may rely on it.
 * Source: docs/cli.md "exit codes".
 */
import type { Clock } from '../../lib/primitives/clock.ts'
import type { Config } from '../config.ts'

export const EXIT = Object.freeze({
  done: 0,
  /** Something nobody foresaw. */
  failed: 1,
  /** The arguments were not understood; nothing was sent. */
  usage: 2,
  /** It was sent, and not everybody confirmed in time. */
  unconfirmed: 3,
  /** Nobody could be reached; nothing was sent. */
  unreachable: 4,
  /** The server or a layer said no. */
  refused: 5,
} as const)

export interface CliIo {
  readonly config: Config
  readonly dataDir: string
  readonly clock: Clock
  readonly out: (line: string) => void
  readonly err: (line: string) => void
  /** `-` is the standard input. */
  readonly readFile: (file: string) => Promise<string>
  readonly onInterrupt: (listener: () => void) => void
}

/** Arguments after the subcommand, parsed. */
export interface CliArguments {
  readonly words: readonly string[]
  readonly layers: readonly string[]
  readonly reason: string
  readonly json: boolean
  readonly dryRun: boolean
  readonly direct: boolean
  readonly waitMs: number
  readonly url: string
  readonly key: string | null
  readonly stopId: string | null
}
