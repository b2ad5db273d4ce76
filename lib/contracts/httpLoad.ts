/*
 * The HTTP contract of generated load: what may be asked for, what runs, what it sends and how far behind it is.
 * In: zod. Out: LoadRequest, LoadReport, LOAD_REQUEST_LIMITS, LOAD_ROUTES.
 * Invariant: one generated run at a time, of a run id and source of its own; a rate that is not known yet is null, never 0.
 * Source: docs/protocol.md "generated load"; features I2.
 */
import { z } from 'zod'
import { Count, NoInput, Reading } from './httpShapes.ts'
import { Finite, Prose, RunId } from './ids.ts'

/** Of a load started from a page; the command line goes further. */
export const LOAD_REQUEST_LIMITS = Object.freeze({
  layers: 100,
  seedsPerLayer: 10_000,
  minHz: 0.1,
  hz: 60,
  metrics: 19,
  /** layers x seeds x Hz: what one thread makes with room to spare (docs/performance.md "load generator"). */
  seedSamplesPerS: 1_000_000,
})

export const LoadRequest = z
  .object({
    layers: z.int().min(1).max(LOAD_REQUEST_LIMITS.layers),
    seeds_per_layer: z.int().min(1).max(LOAD_REQUEST_LIMITS.seedsPerLayer),
    hz: Finite.min(LOAD_REQUEST_LIMITS.minHz).max(LOAD_REQUEST_LIMITS.hz),
    metrics: z.int().min(1).max(LOAD_REQUEST_LIMITS.metrics).default(6),
    /** Same seed, same numbers. */
    seed: z.int().min(0).max(0x7fff_ffff).default(1),
  })
  .superRefine((wanted, context) => {
    const samples = wanted.layers * wanted.seeds_per_layer * wanted.hz
    if (samples > LOAD_REQUEST_LIMITS.seedSamplesPerS)
      context.addIssue({
        code: 'custom',
        message: `${Math.round(samples)} seed samples per second are asked for; at most ${LOAD_REQUEST_LIMITS.seedSamplesPerS} are made here: fewer layers, seeds or Hz`,
        path: ['hz'],
      })
  })
export type LoadRequest = z.infer<typeof LoadRequest>

export const LoadState = z.enum(['off', 'starting', 'running', 'stopping', 'failed'])
export type LoadState = z.infer<typeof LoadState>

export const LoadReport = z.object({
  /** False: this server does not let pages start load; `why_not` says why. */
  available: z.boolean(),
  why_not: Prose.nullable(),
  state: LoadState,
  /** Why the last one ended by itself; null when it did not. */
  cause: Prose.nullable(),
  /** Of the one that runs, or the last one; null before the first. */
  run: z
    .object({
      run_id: RunId,
      request: LoadRequest,
      started_at: z.iso.datetime(),
      ended_at: z.iso.datetime().nullable(),
      sweeps: Count,
      /** Sweeps whose time had passed before they could begin: left out, not made up for. */
      missed_sweeps: Count,
      entries: Count,
      failed_entries: Count,
      bytes: Count,
      transitions: Count,
      /** How late the last sweep began. */
      behind_ms: Reading,
      sweeps_per_s: Reading,
      bytes_per_s: Reading,
      /** Processor time of its thread, in cores. */
      cpu_cores: Reading,
    })
    .nullable(),
})
export type LoadReport = z.infer<typeof LoadReport>

const JSON_TYPE = 'application/json'

export const LOAD_ROUTES = {
  load: {
    method: 'GET',
    path: '/api/load',
    permission: 'viewer',
    summary: 'The generated load: whether it runs, what it sends, how far behind it is.',
    params: NoInput,
    query: NoInput,
    output: LoadReport,
    contentType: JSON_TYPE,
    problems: [],
  },
  startLoad: {
    method: 'POST',
    path: '/api/load',
    permission: 'operator',
    summary: 'Starts a generated load as a run of its own; one at a time, in demo mode only.',
    params: NoInput,
    query: NoInput,
    body: LoadRequest,
    output: LoadReport,
    contentType: JSON_TYPE,
    problems: [403, 409, 413, 422, 503],
  },
  stopLoad: {
    method: 'DELETE',
    path: '/api/load',
    permission: 'operator',
    summary: 'Stops the generated load and waits for its goodbye; when none runs, nothing happens.',
    params: NoInput,
    query: NoInput,
    output: LoadReport,
    contentType: JSON_TYPE,
    problems: [403, 503],
  },
} as const
