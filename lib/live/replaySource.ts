/*
 * Replay source: what a player asks of a history, wherever that is: windows of frames and records, what came before, the check.
 * In: nothing. Out: the port; the answers of its questions.
 * Invariant: a window is whole or it fails; a check says what it compared.
 * Source: docs/ux.md "time travel"; features B3.
 */
import type { LiveRecord } from '../contracts/liveRecords.ts'
import type { Bounds } from './conductor.ts'
import type { PastRun } from './replaySession.ts'
import type { ReplayWindow } from './replayWindows.ts'

/** Why a moment differs from what was recorded live, or that it does not. */
export type MomentCheck =
  | { readonly kind: 'none' }
  | { readonly kind: 'asking' }
  /** `recorded`: with the checksum taken live. `own`: with one made from the very values that are drawn. */
  | { readonly kind: 'agrees'; readonly checksum: string; readonly recorded: boolean; readonly own: boolean }
  | { readonly kind: 'differs'; readonly checksum: string; readonly text: string }
  | { readonly kind: 'unknown'; readonly text: string }

export interface PastAnswer {
  readonly run: PastRun
  readonly bounds: Bounds
  readonly gaps: readonly PastGap[]
}
export interface PastGap extends Bounds {
  readonly cause: string
  readonly lost: number | null
}

export interface ReplaySource {
  /** The run and what is kept of it. */
  open(runId: string, signal: AbortSignal): Promise<PastAnswer>
  /** Frames and records of [fromMs, toMs). */
  window(ask: WindowAsk, signal: AbortSignal): Promise<ReplayWindow>
  /** What had happened up to a moment: the last events, the whole curve. */
  before(ask: { readonly runId: string; readonly atMs: number }, signal: AbortSignal): Promise<readonly LiveRecord[]>
  /** The nearest event before or after a moment; null when there is none. */
  neighbour(
    ask: { readonly runId: string; readonly atMs: number; readonly back: boolean },
    signal: AbortSignal,
  ): Promise<number | null>
  check(ask: { readonly runId: string; readonly atMs: number }, signal: AbortSignal): Promise<MomentCheck>
}
export interface WindowAsk extends Bounds {
  readonly runId: string
  readonly metric: string
  readonly stepMs: number
}
