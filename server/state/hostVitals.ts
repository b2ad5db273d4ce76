/*
 * hostVitals: what this server, its threads, Redis and the producers use, measured when somebody asks.
 * In: the process, threads, the text of Redis INFO, heartbeats. Out: answers in the shape of lib/contracts/httpVitals.ts.
 * Invariant: nothing is measured while nobody looks; a rate is taken between two readings or is null; unknown is never zero.
 * Source: docs/protocol.md "vitals"; features A16.
 */
import { availableParallelism, freemem, loadavg, totalmem } from 'node:os'
import type { Vitals } from '../../lib/contracts/httpVitals.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { ThreadUsage } from '../workers/supervisedThread.ts'

export interface ProducerBeat {
  readonly source: string
  readonly runId: string | null
  readonly atMs: number
  readonly metrics: Readonly<Record<string, number | null>>
}

export interface HostVitals {
  onBeat(beat: ProducerBeat): void
  read(): Promise<Vitals>
}

export interface HostVitalsOptions {
  readonly clock: Clock
  readonly threads: () => Promise<readonly ThreadUsage[]>
  /** Text of INFO; null: the bus is inside this process. */
  readonly redisInfo: () => Promise<string | null>
  readonly loop: () => { readonly p99Ms: number | null; readonly maxMs: number | null }
  /** Bytes of telemetry read so far. */
  readonly payloadBytes: () => number
}

const MAX_PRODUCERS = 64
/** Two that ask at once get the same answer: a rate over less tells nothing. */
const FRESH_MS = 900
/** The trainer computes and never speaks to the bus; all other threads do. */
const NOT_OF_THE_BUS = 'trainer'

interface Reading {
  readonly atMs: number
  readonly cpuMs: number
  readonly threads: readonly ThreadUsage[]
  readonly info: ReadonlyMap<string, string> | null
  readonly payload: number
}

/** Reads INFO's `name:value` lines. */
export function parseInfo(text: string): ReadonlyMap<string, string> {
  const lines = text.split('\n').filter((line) => !line.startsWith('#') && line.includes(':'))
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]))
}

const numberOf = (info: ReadonlyMap<string, string>, name: string): number | null => {
  const text = info.get(name)
  const value = Number(text)
  return text === undefined || text === '' || !Number.isFinite(value) ? null : value
}

/** Per ms between two counts; null when one is missing or it ran backwards: its process was started anew. */
function rate(now: number | null | undefined, before: number | null | undefined, spanMs: number | null): number | null {
  if (now === null || now === undefined || before === null || before === undefined || spanMs === null) return null
  return now < before || spanMs <= 0 ? null : (now - before) / spanMs
}

const perSecond = (perMs: number | null): number | null => (perMs === null ? null : perMs * 1_000)
const sum = (parts: readonly (number | null)[]): number | null =>
  parts.some((part) => part === null) ? null : parts.reduce<number>((all, part) => all + (part ?? 0), 0)
const share = (part: number | null, whole: number | null): number | null =>
  part === null || whole === null || whole <= 0 ? null : Math.min(1, Math.max(0, part / whole))

const redisCpuMs = (info: ReadonlyMap<string, string> | null | undefined): number | null => {
  if (!info) return null
  const seconds = sum([numberOf(info, 'used_cpu_sys'), numberOf(info, 'used_cpu_user')])
  return seconds === null ? null : seconds * 1_000
}

/** Creates the meter; the first answer has no rates. */
export function createHostVitals({ clock, threads, redisInfo, loop, payloadBytes }: HostVitalsOptions): HostVitals {
  const startedMs = clock.monotonicMs()
  const beats = new Map<string, ProducerBeat>()
  let before: Reading | null = null
  let last: { readonly atMs: number; readonly answer: Promise<Vitals> } | null = null

  const measure = async (): Promise<Vitals> => {
    let missing: string | null = null
    let text: string | null = null
    try {
      text = await redisInfo()
      if (text === null) missing = 'The bus lives inside this process: there is no Redis.'
    } catch (error) {
      missing = `Redis did not tell: ${error instanceof Error ? error.message : String(error)}`.slice(0, 300)
    }
    const { user, system } = process.cpuUsage()
    const now: Reading = {
      atMs: clock.monotonicMs(),
      cpuMs: (user + system) / 1_000,
      threads: await threads(),
      info: text === null ? null : parseInfo(text),
      payload: payloadBytes(),
    }
    const old = before
    before = now
    const spanMs = old === null ? null : now.atMs - old.atMs
    const cpu = rate(now.cpuMs, old?.cpuMs, spanMs)
    const redisCpu = rate(redisCpuMs(now.info), redisCpuMs(old?.info), spanMs)
    const lines = now.threads.map((thread) => {
      const was = old?.threads.find(({ name }) => name === thread.name)
      return {
        name: thread.name,
        state: thread.state,
        cpu_cores: rate(thread.cpuMs, was?.cpuMs, spanMs),
        busy_ratio: share(rate(thread.activeMs, was?.activeMs, spanMs), 1),
      }
    })
    const busCpu = sum(lines.filter(({ name }) => name !== NOT_OF_THE_BUS).map((line) => line.cpu_cores))
    const bytesIn = now.info
      ? rate(
          numberOf(now.info, 'total_net_input_bytes'),
          old?.info ? numberOf(old.info, 'total_net_input_bytes') : null,
          spanMs,
        )
      : null
    const bytesOut = now.info
      ? rate(
          numberOf(now.info, 'total_net_output_bytes'),
          old?.info ? numberOf(old.info, 'total_net_output_bytes') : null,
          spanMs,
        )
      : null
    const payload = rate(now.payload, old?.payload, spanMs)
    const besides = bytesIn === null || payload === null || payload > bytesIn ? null : bytesIn - payload
    const isRedis = now.info !== null
    const { p99Ms, maxMs } = loop()
    const memory = process.memoryUsage()
    const load = loadavg()[0] ?? 0
    return {
      at: new Date(clock.wallMs()).toISOString(),
      over_ms: spanMs,
      host: {
        cores: availableParallelism(),
        // Windows tells none, and Node writes 0 for it.
        load_1m: process.platform === 'win32' ? null : load,
        memory_bytes: totalmem(),
        memory_free_bytes: freemem(),
      },
      process: {
        pid: process.pid,
        uptime_s: (clock.monotonicMs() - startedMs) / 1_000,
        cpu_cores: cpu,
        rss_bytes: memory.rss,
        heap_bytes: memory.heapUsed,
        loop_p99_ms: p99Ms,
        loop_max_ms: maxMs,
      },
      threads: lines,
      redis: now.info === null ? null : redisOf(now.info, redisCpu, bytesIn, bytesOut),
      redis_missing: missing,
      overhead: {
        cpu_ratio: isRedis ? share(sum([busCpu, redisCpu]), sum([cpu, redisCpu])) : share(busCpu, cpu),
        bytes_ratio: share(besides, bytesIn),
      },
      producers: [...beats.values()].map((beat) => producerOf(beat, clock.wallMs())),
    }
  }

  return {
    onBeat(beat) {
      beats.delete(beat.source)
      beats.set(beat.source, beat)
      const oldest = beats.keys().next()
      if (beats.size > MAX_PRODUCERS && oldest.done !== true) beats.delete(oldest.value)
    },
    read() {
      const atMs = clock.monotonicMs()
      if (last === null || atMs - last.atMs > FRESH_MS) last = { atMs, answer: measure() }
      return last.answer
    },
  }
}

function redisOf(
  info: ReadonlyMap<string, string>,
  cpu: number | null,
  bytesIn: number | null,
  bytesOut: number | null,
): NonNullable<Vitals['redis']> {
  const bound = numberOf(info, 'maxmemory')
  return {
    version: (info.get('redis_version') ?? 'not told').slice(0, 64),
    memory_bytes: numberOf(info, 'used_memory'),
    memory_peak_bytes: numberOf(info, 'used_memory_peak'),
    memory_max_bytes: bound === 0 ? null : bound,
    clients: numberOf(info, 'connected_clients'),
    ops_per_s: numberOf(info, 'instantaneous_ops_per_sec'),
    cpu_cores: cpu,
    bytes_in_per_s: perSecond(bytesIn),
    bytes_out_per_s: perSecond(bytesOut),
  }
}

function producerOf({ source, runId, atMs, metrics }: ProducerBeat, nowMs: number): Vitals['producers'][number] {
  const told = (name: string): number | null => {
    const value = metrics[name]
    return value === undefined || value === null || !Number.isFinite(value) || value < 0 ? null : value
  }
  return {
    source,
    run_id: runId,
    age_ms: Math.max(0, nowMs - atMs),
    cpu_cores: told('cpu'),
    rss_bytes: told('rss'),
    gpu_util_ratio: told('gpu_util'),
    gpu_memory_bytes: told('gpu_mem'),
  }
}
