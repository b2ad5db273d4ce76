/*
 * loadGenerator: publishes generated sweeps at a given rate, as a run and a source of its own.
 * In: a started bus, a shape, tables. Out: RunDescriptor, packed entries, sampled transitions, heartbeats; counters.
 * Invariant: seq is contiguous, so every entry the bus did not take is a counted gap; what is late is said and never caught up
 * with a burst; trainer data never shares its run id or source.
 * Source: docs/performance.md "load generator"; seed-design.md 5.2.
 */
import type { MessageBus } from '../bus/messageBus.ts'
import { AppError, isAppError } from '../contracts/appError.ts'
import { FRAMES_TYPE } from '../contracts/envelope.ts'
import { SEED_STATES } from '../contracts/lifecycleTable.ts'
import type { RunDescriptor } from '../contracts/runDescriptor.ts'
import { topicName, TOPICS } from '../contracts/topics.ts'
import type { Clock } from '../primitives/clock.ts'
import { withDeadline } from '../primitives/deadline.ts'
import { createMessageWriter, encodeJson } from '../telemetry/messageWriter.ts'
import { createLoadFrames } from './loadFrames.ts'
import { buildLoadDescriptor, type LoadShape } from './loadRun.ts'
import type { LoadTables } from './loadTables.ts'

export interface LoadCounters {
  readonly sweeps: number
  /** Sweeps whose time had passed before they could begin; they are left out, not made up for. */
  readonly missedSweeps: number
  readonly entries: number
  readonly failedEntries: number
  readonly bytes: number
  /** Generated so far: one sample is all columns of one seed at one sweep. */
  readonly seedSamples: number
  readonly transitions: number
  readonly transitionsPublished: number
  /** How late the last sweep began, ms. */
  readonly behindMs: number
}

export interface LoadGeneratorOptions {
  /** Started; not stopped here. */
  readonly bus: Pick<MessageBus, 'publish' | 'read'>
  readonly clock: Clock
  readonly shape: LoadShape
  readonly tables: LoadTables
  /** Default `load-s<seed>-<base36 time>`. */
  readonly runId?: string
  readonly epoch?: number
  readonly shard?: number
  /** Transition events per second, at most; default 10, 0 for none. */
  readonly eventsPerSecond?: number
  readonly onError?: (error: AppError) => void
}

export interface LoadGenerator {
  readonly run: RunDescriptor
  counters(): LoadCounters
  /** Announces the run and begins. @throws what the bus refuses */
  start(): Promise<void>
  /** Waits for what the bus still holds at most deadlineMs, says goodbye and lets go; idempotent. */
  stop(deadlineMs?: number): Promise<void>
}

/** Entries the bus still holds; deeper queues add delay, not throughput. */
const MAX_PENDING_BYTES = 2_097_152
/** Memory a generated stream may take in the bus: 10 s of it, but not more than this unless two sweeps need it. */
const RETAINED_BYTES = 67_108_864
const RETAINED_S = 10
const HEARTBEAT_MS = 5_000
const ANNOUNCE_CHECK_MS = 10_000

/** Creates a generator; nothing is sent before start(). @throws CONFIG_INVALID */
export function createLoadGenerator(options: LoadGeneratorOptions): LoadGenerator {
  const { bus, clock, shape, tables } = options
  const eventsPerSecond = options.eventsPerSecond ?? 10
  const startedMs = Math.floor(clock.wallMs())
  const runId = options.runId ?? `load-s${shape.seed}-${startedMs.toString(36)}`
  const epoch = options.epoch ?? startedMs
  const run = buildLoadDescriptor(shape, { runId, epoch, eventsPerSecond }, tables, clock)
  const frames = createLoadFrames(shape, run, tables)
  const source = run.telemetry_src
  const writer = createMessageWriter(source, clock)
  const topic = topicName('telemetryShard', options.shard ?? 0)
  const perSecond = frames.packs.length * shape.hz
  const entryBytes = frames.sweepBytes / frames.packs.length
  const maxLen = Math.ceil(
    Math.max(2 * frames.packs.length, 16, Math.min(RETAINED_S * perSecond, RETAINED_BYTES / entryBytes)),
  )
  const halt = new AbortController()
  const undo: (() => void)[] = []
  const pending = new Set<Promise<void>>()
  let pendingBytes = 0
  let seq = 0
  let [sweeps, missedSweeps, entries, failedEntries, bytes, seedSamples] = [0, 0, 0, 0, 0, 0]
  let [transitions, transitionsPublished, untold] = [0, 0, 0]
  let behindMs = 0
  let windowAtMs = clock.monotonicMs()
  let toldInWindow = 0
  let running: Promise<void> | null = null
  let stopped: Promise<void> | null = null
  let ownCursor: string | null = null

  const fail = (error: unknown): void => {
    const known = isAppError(error) ? error : new AppError('INTERNAL', 'the load generator failed', {}, error)
    options.onError?.(known)
  }

  /** One message of its own; a failed one is told, not repeated: the next heartbeat says the same and more. */
  const send = (to: string, kind: string, type: Parameters<typeof writer.compose>[0], body: object): Promise<void> => {
    const data = encodeJson(writer.compose(type, body))
    const message = { type, enc: 'json', data, src: `${source}:${kind}`, epoch } as const
    return bus.publish(to, message, { maxLen: 10_000 }).then(() => undefined, fail)
  }

  const mayTell = (): boolean => {
    const nowMs = clock.monotonicMs()
    if (nowMs - windowAtMs >= 1_000) {
      windowAtMs = nowMs
      toldInWindow = 0
    }
    return toldInWindow++ < eventsPerSecond
  }

  const onTransition = (layer: number, row: number, generation: number, from: number, to: number): void => {
    transitions++
    untold++
    if (!mayTell()) return
    transitionsPublished++
    const layerId = run.layers[layer]!.layer_id
    void send(topicName('eventLayer', layerId), 'events', 'StateTransitionEvent', {
      metadata: { generated: true, sampled: true, not_published_before: untold - 1 },
      run_id: runId,
      layer_id: layerId,
      seed_id: row,
      step: (sweeps + 1) * run.steps_per_tick,
      tick: sweeps + 1,
      generation,
      from_state: SEED_STATES[from],
      to_state: SEED_STATES[to],
      reason: 'generated: drawn from the recorded lives of the trainer',
      triggered_by: 'unknown',
    })
    untold = 0
  }

  const publishPack = (pack: number): void => {
    const head = { seq: ++seq, sweep: sweeps + 1, publishedAtS: clock.wallMs() / 1_000 }
    const buffer = frames.fill(pack, head, onTransition)
    const { data } = buffer
    pendingBytes += data.byteLength
    seedSamples += frames.packs[pack]!.length * shape.seedsPerLayer
    const message = { type: FRAMES_TYPE, enc: 'columns', data, src: source, epoch, seq: head.seq } as const
    const work = bus
      .publish(topic, message, { maxLen })
      .then(
        () => {
          entries++
          bytes += data.byteLength
        },
        (error: unknown) => {
          failedEntries++
          fail(error)
        },
      )
      .then(() => {
        pending.delete(work)
        pendingBytes -= data.byteLength
        frames.giveBack(buffer)
      })
    pending.add(work)
  }

  const sweep = async (): Promise<void> => {
    for (let pack = 0; pack < frames.packs.length; pack++) {
      while (pendingBytes > MAX_PENDING_BYTES && !halt.signal.aborted) await Promise.race(pending)
      if (halt.signal.aborted) return
      publishPack(pack)
    }
    sweeps++
  }

  const loop = async (): Promise<void> => {
    const intervalMs = 1_000 / shape.hz
    let dueMs = clock.monotonicMs()
    while (!halt.signal.aborted) {
      behindMs = Math.max(0, clock.monotonicMs() - dueMs)
      await sweep()
      dueMs += intervalMs
      const lateMs = clock.monotonicMs() - dueMs
      // Two periods of tolerance: a short stall is made up for, a machine that is too slow is not chased.
      if (lateMs > 2 * intervalMs) {
        const missed = Math.floor(lateMs / intervalMs)
        missedSweeps += missed
        dueMs += missed * intervalMs
      }
      await clock.sleep(Math.max(0, dueMs - clock.monotonicMs()), halt.signal).catch(() => undefined)
    }
  }

  const announce = async (): Promise<void> => {
    if (ownCursor !== null) {
      const kept = await bus.read(TOPICS.run.pattern, { until: ownCursor, limit: 1 })
      if (kept.kind === 'entries' && kept.entries.length > 0) return
    }
    const message = {
      type: 'RunDescriptor',
      enc: 'json',
      data: encodeJson(run),
      src: `${source}:run`,
      epoch,
    } as const
    ownCursor = await bus.publish(TOPICS.run.pattern, message, { maxLen: TOPICS.run.retention.entries })
  }

  const counters = (): LoadCounters => ({
    sweeps,
    missedSweeps,
    entries,
    failedEntries,
    bytes,
    seedSamples,
    transitions,
    transitionsPublished,
    behindMs,
  })

  const heartbeat = (): void => {
    const isBehind = behindMs > 2_000 / shape.hz
    void send(TOPICS.service.pattern, 'service', 'Heartbeat', {
      metadata: { generated: true },
      service_id: source,
      run_id: runId,
      epoch,
      uptime_seconds: (clock.wallMs() - startedMs) / 1_000,
      status: isBehind || failedEntries > 0 ? 'degraded' : 'healthy',
      lag_ms: behindMs,
      metrics: {
        sweeps,
        missed_sweeps: missedSweeps,
        entries,
        failed_entries: failedEntries,
        transitions,
        transitions_published: transitionsPublished,
      },
    })
  }

  const say = (state: 'up' | 'leaving'): Promise<void> =>
    send(TOPICS.service.pattern, 'service', 'ServiceAnnouncement', {
      service_type: 'load-generator',
      service_id: source,
      capabilities: ['telemetry'],
      state,
      epoch,
      run_id: runId,
      layers: run.layers.map((layer) => layer.layer_id),
    })

  const close = async (deadlineMs: number): Promise<void> => {
    halt.abort(new Error('stopped'))
    for (const cancel of undo.splice(0)) cancel()
    const ended = async (): Promise<void> => {
      await running
      await Promise.all(pending)
      if (running) await say('leaving')
    }
    await withDeadline(clock, ended(), deadlineMs)
  }

  return {
    run,
    counters,
    async start() {
      await announce()
      if (running || halt.signal.aborted) return
      await say('up')
      heartbeat()
      undo.push(
        clock.every(HEARTBEAT_MS, heartbeat),
        clock.every(ANNOUNCE_CHECK_MS, () => void announce().catch(fail)),
      )
      running = loop().catch(fail)
    },
    stop: (deadlineMs = 3_000) => (stopped ??= close(deadlineMs)),
  }
}
