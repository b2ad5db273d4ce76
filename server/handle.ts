/*
 * handle: the one door between the pages that Next compiles and the server that runs them.
 * In: plain questions. Out: plain data, or an AppError that crosses by its code.
 * Invariant: no module instance is shared across this door: it is found by symbol, never imported with state.
 * Source: docs/adr/0002-next-seam.md.
 */
import { AppError } from '../lib/contracts/appError.ts'

const HANDLE = Symbol.for('morphoscope.handle')

export interface Readiness {
  readonly ready: boolean
  readonly mode: 'full' | 'degraded' | 'local-only' | 'stopped'
  readonly causes: readonly { readonly code: string; readonly text: string }[]
  readonly bus: 'redis' | 'kafka' | 'memory'
}

export interface HistoryQuery {
  readonly run?: string | undefined
  readonly metric: string
  readonly fromMs: number | null
  readonly toMs: number | null
  /** Null = as fine as 600 points allow. */
  readonly resolutionMs: number | null
  readonly seed?: number | undefined
}

export interface Handle {
  readonly live: () => { readonly live: true; readonly uptime_s: number; readonly pid: number }
  readonly ready: () => Readiness
  readonly overview: () => Readonly<Record<string, unknown>>
  /** @throws STATE_NOT_FOUND for an unknown run */
  readonly layers: (run?: string) => Readonly<Record<string, unknown>>
  /** JSON in pieces: a layer of 65,536 seeds is 30 MB of text. @throws STATE_NOT_FOUND, before the first piece */
  readonly layer: (layerId: string, run?: string) => AsyncIterable<string>
  /** @throws STATE_NOT_FOUND */
  readonly seed: (layerId: string, seedId: number, run?: string) => Readonly<Record<string, unknown>>
  /** @throws STATE_NOT_FOUND, CONTRACT_INVALID */
  readonly history: (layerId: string, query: HistoryQuery) => Readonly<Record<string, unknown>>
  readonly bus: () => Readonly<Record<string, unknown>>
  /** Null when the caller may not see them. */
  readonly metrics: (request: { readonly authorization: string | null; readonly loopback: boolean }) => Promise<{
    readonly contentType: string
    readonly body: string
  } | null>
}

type Global = typeof globalThis & { [HANDLE]?: Handle }

/** Publishes the handle for this process; returns its undo. */
export function publishHandle(handle: Handle): () => void {
  const place = globalThis as Global
  place[HANDLE] = handle
  return () => {
    if (place[HANDLE] === handle) delete place[HANDLE]
  }
}

/** @throws BUS_UNAVAILABLE while the server is starting or stopping. */
export function getHandle(): Handle {
  const handle = (globalThis as Global)[HANDLE]
  if (handle === undefined) throw new AppError('BUS_UNAVAILABLE', 'the server is not running behind these pages')
  return handle
}
