/*
 * The HTTP contract of vitals: processor, memory and delay of this server, of Redis and of the producers that tell theirs.
 * In: zod. Out: Vitals, VITALS_ROUTES.
 * Invariant: what was not measured is null, never 0; rates say over what time they were taken.
 * Source: docs/protocol.md "vitals"; features A16.
 */
import { z } from 'zod'
import { Count, NoInput, Reading } from './httpShapes.ts'
import { Finite, Prose, RunId } from './ids.ts'

export const Vitals = z.object({
  at: z.iso.datetime(),
  /** Span of the rates below; null before a first span has passed. */
  over_ms: Reading,
  host: z.object({
    cores: Count,
    /** Waiting and running programs, mean of a minute; null where the system does not tell. */
    load_1m: Reading,
    memory_bytes: Count,
    memory_free_bytes: Count,
  }),
  process: z.object({
    pid: Count,
    uptime_s: Finite.min(0),
    /** Processor time, in cores: 1 is one core all the time. */
    cpu_cores: Reading,
    rss_bytes: Count,
    heap_bytes: Count,
    /** Delay of the event loop that answers pages, of its last ten seconds. */
    loop_p99_ms: Reading,
    loop_max_ms: Reading,
  }),
  threads: z
    .array(
      z.object({
        name: z.string().max(64),
        state: z.enum(['starting', 'running', 'restarting', 'stopped']),
        cpu_cores: Reading,
        /** Share of the time in which its event loop had work. */
        busy_ratio: Reading,
      }),
    )
    .max(16),
  redis: z
    .object({
      version: z.string().max(64),
      memory_bytes: Reading,
      memory_peak_bytes: Reading,
      /** Null: no bound is set. */
      memory_max_bytes: Reading,
      clients: Reading,
      ops_per_s: Reading,
      cpu_cores: Reading,
      bytes_in_per_s: Reading,
      bytes_out_per_s: Reading,
    })
    .nullable(),
  /** Why there is nothing about Redis; null when there is. */
  redis_missing: Prose.nullable(),
  overhead: z.object({
    /** Of the processor time of this process and Redis, the part of Redis and of the threads that speak to the bus. */
    cpu_ratio: Reading,
    /** Of the bytes written to Redis, the part that is not the telemetry read here. */
    bytes_ratio: Reading,
  }),
  /** By the newest heartbeat of each; what a producer does not tell is null. */
  producers: z
    .array(
      z.object({
        source: z.string().max(256),
        run_id: RunId.nullable(),
        age_ms: Finite.min(0),
        cpu_cores: Reading,
        rss_bytes: Reading,
        gpu_util_ratio: Reading,
        gpu_memory_bytes: Reading,
      }),
    )
    .max(64),
})
export type Vitals = z.infer<typeof Vitals>

export const VITALS_ROUTES = {
  vitals: {
    method: 'GET',
    path: '/api/vitals',
    permission: 'viewer',
    summary: 'Processor, memory and event-loop delay of server, threads, Redis and producers; the share the bus takes.',
    params: NoInput,
    query: NoInput,
    output: Vitals,
    contentType: 'application/json',
    problems: [],
  },
} as const
