/*
 * commandTarget: the door between command semantics and whatever executes commands.
 * In: a validated command with its key and deadline. Out: one reply that says what happened.
 * Invariant: a target answers every request exactly once and records the answer together with the effect, so that a repeat
 * of the same key returns the first answer and changes nothing.
 * Source: seed-design.md 3.3; docs/protocol.md "commands".
 */
import type { Command } from '../contracts/commands.ts'
import type { ErrorCode } from '../contracts/errorCatalog.ts'
import type { SeedState } from '../contracts/lifecycle.ts'

export interface CommandRequest {
  readonly command: Command
  /** What identifies the command for deduplication. */
  readonly key: string
  /** Cursor of the bus entry that brought it: tells a redelivery of one entry from a second entry with the same key. */
  readonly entry: string
  /** This process's wall clock, Unix ms: after it the command must not be applied any more. */
  readonly expiresAtMs: number
  /** The layer that answers. */
  readonly layerId: string
  /** Only what was recorded under this key is wanted; an unknown key is answered `expired` and has no effect. */
  readonly onlyKnown?: boolean
  /** Called once for each part of the way, in order. */
  readonly onStage?: (stage: 'queued' | 'started') => void
}

interface ReplyBase {
  readonly text: string
  readonly state: SeedState | null
  readonly generation: number | null
  readonly step: number | null
  readonly tick: number | null
  readonly executionMs: number
  readonly details: Readonly<Record<string, unknown>>
  /** Who was handled first under this key; null when this request is the first. */
  readonly first: { readonly commandId: string; readonly entry: string } | null
}

export type CommandReply =
  | (ReplyBase & { readonly kind: 'applied' | 'expired' })
  | (ReplyBase & { readonly kind: 'rejected' | 'failed' | 'cancelled'; readonly code: ErrorCode })

export interface CommandTarget {
  /** Never rejects; a target that died answers `failed`. */
  execute(request: CommandRequest): Promise<CommandReply>
}

/** Builds a reply for a command that never reached the place of effect. */
export function refusal(kind: 'rejected' | 'failed' | 'cancelled', code: ErrorCode, text: string): CommandReply {
  return { kind, code, ...emptyReply(text) }
}

/** Makes the part of a reply in which nothing but the text is known. */
export function emptyReply(text: string): ReplyBase {
  return { text, state: null, generation: null, step: null, tick: null, executionMs: 0, details: {}, first: null }
}
