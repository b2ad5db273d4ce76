/*
 * trainerProtocol: what the training thread and the agent thread say to each other over a MessagePort.
 * In: nothing. Out: the two message unions and the port's shape.
 * Invariant: each execute gets exactly one reply; columns never travel here, only through the shared ring.
 * Source: seed-design.md 4.1; docs/architecture.md "processes and threads".
 */
import type { RunDescriptor } from '../contracts/runDescriptor.ts'
import type { ErrorCode } from '../contracts/errorCatalog.ts'
import type { TrainerCommand, TrainerEvent, TrainerResult } from '../training/trainerTypes.ts'

export interface ExecuteRequest {
  readonly kind: 'execute'
  readonly requestId: number
  readonly key: string
  readonly commandId: string
  readonly entry: string
  /** Wall clock of this process, Unix ms. */
  readonly expiresAtMs: number
  readonly command: TrainerCommand
  /** Only what was recorded under this key is wanted: an unknown key has no effect and leaves no record. */
  readonly onlyKnown?: boolean
  /** Of a command that changes structure: its layer, and how many stops that layer had had when the command was received. */
  readonly fence?: { readonly layer: number; readonly stops: number }
}

export type ToTrainer = ExecuteRequest | { readonly kind: 'stop' }

/** What is recorded together with the effect and repeated to whoever asks again with the same key. */
export interface TrainerRecord {
  readonly commandId: string
  readonly entry: string
  readonly step: number
  readonly tick: number
  readonly executionMs: number
  readonly outcome:
    | { readonly kind: 'done'; readonly result: TrainerResult }
    | { readonly kind: 'expired' }
    /** A stop came between receipt and tick. */
    | { readonly kind: 'cancelled'; readonly text: string }
    | { readonly kind: 'refused'; readonly code: ErrorCode; readonly text: string }
    | { readonly kind: 'failed'; readonly text: string }
}

export interface TrainerStatus {
  readonly step: number
  readonly tick: number
  readonly halted: boolean
  /** Layers that stand still under a stop. */
  readonly held: readonly string[]
  readonly faultActive: boolean
  /** Share of wall time spent in steps since the last status, 0..1. */
  readonly busyRatio: number
  readonly stepsPerS: number
  readonly ringDropped: number
  /** Steps the trainer is behind its pace, as ms. */
  readonly lagMs: number
  readonly checkpointTick: number | null
  readonly checkpointFailures: number
}

export type FromTrainer =
  | {
      readonly kind: 'ready'
      readonly ring: SharedArrayBuffer
      readonly switches: SharedArrayBuffer
      readonly run: RunDescriptor
      /** The thread's id in the system, to let it go first; null where there is none. */
      readonly threadId: number | null
    }
  | { readonly kind: 'begun'; readonly requestId: number }
  | { readonly kind: 'reply'; readonly requestId: number; readonly record: TrainerRecord; readonly repeated: boolean }
  | { readonly kind: 'events'; readonly events: readonly TrainerEvent[] }
  | { readonly kind: 'status'; readonly status: TrainerStatus }
  | { readonly kind: 'stopped'; readonly step: number; readonly weights: string; readonly events: string }

/** The part of a Node MessagePort (or Worker) that is used; tests pass a plain pair. */
export interface PortLike {
  postMessage(value: unknown): void
  on(event: 'message', listener: (value: unknown) => void): unknown
  on(event: 'close', listener: () => void): unknown
  off(event: 'message', listener: (value: unknown) => void): unknown
  close?(): void
}
