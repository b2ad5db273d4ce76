/*
 * The Socket.IO contract of `/live`: every event, its schema, its acknowledgement.
 * In: zod. Out: schemas for the server's door, typed maps for both ends, limits.
 * Invariant: `/live` changes nothing but the stage `paint` of latency; every client event is answered exactly once with ok or a problem; frames may be skipped, records never.
 * Source: interface contract "Socket.IO" in docs/protocol.md; docs/adr/0002-next-seam.md.
 */
import { z } from 'zod'
import type { Problem } from './appError.ts'
import { LATENCY_BUCKETS } from '../primitives/latencyBuckets.ts'
import { Finite, LayerId, RunId, SeedId, WireId } from './ids.ts'
import { SOCKET_LIMITS } from './socketNames.ts'
import type { LiveRecord, LiveStatus, ResumeAnswer, RunSnapshot } from './liveRecords.ts'

export const LiveHello = z.object({
  protocol: z.int(),
  resume: z.object({ epoch: z.string().max(64), offset: z.int().min(0) }).nullable(),
})
export type LiveHello = z.infer<typeof LiveHello>

/**
 * What this viewer wants to see. `exact`: every column as float32, offered up to EXACT_MAX_SEEDS seeds in the wanted layers.
 * `cells`: state ids and one metric quantised to 8 bits; with `bin_size` the worst of that many rows, and which row it is.
 * `layers`: only these (absent: all). `pace` immediate: a frame when telemetry was merged instead of on the next tick.
 * A new view replaces the old one and keeps what is held of layers wanted before; null stops frames.
 */
export const LiveView = z
  .object({
    run_id: RunId,
    precision: z.enum(['exact', 'cells']),
    metric: WireId,
    max_hz: Finite.min(0.2).max(60),
    bin_size: z.int().min(1).max(SOCKET_LIMITS.binSize).optional(),
    layers: z.array(LayerId).max(1_024).optional(),
    pace: z.enum(['immediate']).optional(),
  })
  .nullable()
export type LiveView = z.infer<typeof LiveView>

export const InspectRequest = z.object({ run_id: RunId, layer_id: LayerId, seed_id: SeedId })
export type InspectRequest = z.infer<typeof InspectRequest>

/** One seed with everything the server knows now and the last minutes of every column it keeps. */
export interface InspectAnswer {
  readonly layer_id: string
  readonly seed_id: number
  readonly age_ms: number | null
  readonly ingest_ms: number | null
  readonly producer: string
  readonly entry_id: string | null
  readonly metrics: Readonly<Record<string, number | null>>
  /** History of the asked metric columns, oldest first; values aligned with at_ms, null = unmeasured. */
  readonly history: {
    readonly at_ms: readonly number[]
    readonly columns: Readonly<Record<string, readonly (number | null)[]>>
  }
}

export const HistoryRequest = z.object({
  run_id: RunId,
  metric: WireId,
  seconds: Finite.min(1).max(900),
  points: z.int().min(2).max(600),
})
export type HistoryRequest = z.infer<typeof HistoryRequest>
/** History of one metric for every seed of a small run (at most EXACT_MAX_SEEDS): min/max decimated, `of` points said. */
export interface HistoryAnswer {
  readonly metric: string
  readonly layers: readonly {
    readonly layer_id: string
    readonly at_ms: readonly number[]
    readonly seeds: readonly (readonly (number | null)[])[]
    readonly states: readonly (readonly number[])[]
    readonly of: number
  }[]
}

/** How long frames took until this page had drawn them, summed per layer since its last report; at most one report per second. */
export const PaintReport = z.object({
  run_id: RunId,
  layers: z
    .array(
      z.object({
        layer_id: LayerId,
        /** Pairs of bucket (lib/primitives/latencyBuckets.ts) and count. */
        counts: z
          .array(
            z.tuple([
              z
                .int()
                .min(0)
                .max(LATENCY_BUCKETS - 1),
              z.int().min(1).max(10_000),
            ]),
          )
          .max(96),
        slowest: z.object({ ms: Finite.min(0).max(600_000), at_ms: Finite.min(0) }),
        /** Frames that seem drawn before they were written, and by how much at most: the clocks differ. */
        skewed: z.int().min(0).max(10_000),
        skew_ms: Finite.min(0).max(86_400_000),
      }),
    )
    .min(1)
    .max(64),
})
export type PaintReport = z.infer<typeof PaintReport>

export type Ack<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: Problem }

export interface HelloAnswer {
  readonly protocol: number
  readonly server_ms: number
  readonly status: LiveStatus
  readonly records: ResumeAnswer
}

export interface LiveClientEvents {
  hello: (request: LiveHello, ack: (answer: Ack<HelloAnswer>) => void) => void
  view: (view: LiveView, ack: (answer: Ack<{ readonly class_id: number | null }>) => void) => void
  inspect: (request: InspectRequest, ack: (answer: Ack<InspectAnswer>) => void) => void
  history: (request: HistoryRequest, ack: (answer: Ack<HistoryAnswer>) => void) => void
  paint: (report: PaintReport, ack: (answer: Ack<{ readonly taken: number }>) => void) => void
  /** Clock offset probe: the server answers with its Unix ms. */
  clock: (sentMs: number, ack: (answer: Ack<{ readonly server_ms: number }>) => void) => void
}

export interface LiveServerEvents {
  /** Bytes of one view frame (lib/frames/viewFrame.ts). Lossy: skipped for slow viewers, counted. */
  frame: (bytes: ArrayBuffer | Uint8Array) => void
  status: (status: LiveStatus) => void
  /** Contiguous records; the client checks the first offset against its own and says hello again on a hole. */
  records: (batch: { readonly epoch: string; readonly records: readonly LiveRecord[] }) => void
  /** A run appeared or its descriptor changed. */
  run: (run: RunSnapshot) => void
  /** The session can not go on with deltas: say hello again. */
  resync: (reason: string) => void
}

/** Schema and permission of every client event; the one wrapper that binds handlers reads this table. */
export const LIVE_EVENT_SCHEMAS = Object.freeze({
  hello: { schema: LiveHello, permission: 'viewer' },
  view: { schema: LiveView, permission: 'viewer' },
  inspect: { schema: InspectRequest, permission: 'viewer' },
  history: { schema: HistoryRequest, permission: 'viewer' },
  paint: { schema: PaintReport, permission: 'viewer' },
  clock: { schema: Finite, permission: 'viewer' },
} as const)
