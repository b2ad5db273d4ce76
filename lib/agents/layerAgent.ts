/*
 * layerAgent: the only place where training meets the bus.
 * In: the shared ring, the line to the trainer, commands. Out: telemetry, events, outcomes, the retained run descriptor, heartbeats.
 * Invariant: the trainer never waits for the bus; events and outcomes are lossless and in order; a halted or lost trainer says so.
 * Source: seed-design.md 4.1; docs/architecture.md "the two flows".
 */
import { rollbackWords, type AuditRollback } from '../commands/auditWitness.ts'
import type { MessageBus } from '../bus/messageBus.ts'
import { AppError, isAppError } from '../contracts/appError.ts'
import type { RunDescriptor } from '../contracts/runDescriptor.ts'
import { TOPICS, topicName } from '../contracts/topics.ts'
import type { HandledCommand } from '../commands/commandClerk.ts'
import type { Clock } from '../primitives/clock.ts'
import { createDisposables } from '../primitives/disposables.ts'
import { createLossyChannel } from '../telemetry/lossyChannel.ts'
import { createMessageWriter, encodeJson } from '../telemetry/messageWriter.ts'
import { createOutbox, type OutboxCounters, type OutboxEvent } from '../telemetry/outbox.ts'
import { createTelemetryPublisher, type PublisherCounters, type PublisherEvent } from '../telemetry/publisher.ts'
import { ringReader } from '../telemetry/sharedRing.ts'
import type { TrainerEvent } from '../training/trainerTypes.ts'
import { createCommandSide, type GuardOptions } from './commandSide.ts'
import { createCommandThreads } from './commandThreads.ts'
import { toEventMessage } from './eventMessages.ts'
import { buildReports } from './healthReports.ts'
import { createOwnVitals } from './ownVitals.ts'
import type { TrainerLink } from './trainerLink.ts'

export type LayerAgentEvent =
  | { readonly kind: 'publisher'; readonly event: PublisherEvent }
  | { readonly kind: 'outbox'; readonly event: OutboxEvent }
  | { readonly kind: 'command'; readonly handled: HandledCommand }
  | { readonly kind: 'run-published'; readonly runId: string; readonly again: boolean }
  | { readonly kind: 'trainer-lost'; readonly runId: string }
  | { readonly kind: 'line'; readonly up: boolean; readonly reason: string }
  | { readonly kind: 'error'; readonly error: AppError }

export interface LayerAgentOptions {
  readonly bus: MessageBus
  readonly clock: Clock
  readonly ring: SharedArrayBuffer
  readonly trainer: TrainerLink
  readonly run: RunDescriptor
  /** The trainer's switches; without them there is no emergency stop. */
  readonly switches?: SharedArrayBuffer
  /** Lets the training thread go before others while a stop waits for it; absent: it keeps its place. */
  readonly hurry?: (urgent: boolean) => void
  /** Keys, kept stops, lease and direct line. Absent: no gateway is known and nothing is verified. */
  readonly guard?: GuardOptions
  readonly onEvent?: (event: LayerAgentEvent) => void
  readonly newId?: () => string
  /** Shard of the packed telemetry; one per publisher host. */
  readonly shard?: number
  readonly maxPendingTicks?: number
  /** Told per tick when the trainer wrote it and when it was taken to be published, Unix ms. */
  readonly onTaken?: (writtenMs: number, takenMs: number) => void
}

export interface LayerAgentCounters {
  readonly publisher: PublisherCounters
  readonly outbox: OutboxCounters
  readonly json: { readonly sent: number; readonly lost: number }
}

export interface LayerAgent {
  start(): Promise<void>
  /** Refuses new commands, lets those under way finish, drains telemetry and events, says goodbye. Idempotent. */
  stop(deadlineMs: number): Promise<void>
  counters(): LayerAgentCounters
}

/** Pace of heartbeats while something stands still, on the direct line; on the bus each fourth of them. */
const HALTED_BEAT_MS = 250
const HALTED_BUS_BEATS = 4
/** Otherwise each twentieth: every 5 s, on both. */
const USUAL_BEATS = 20
const HEALTH_MS = 1_000
const SNAPSHOT_EVERY_TICKS = 5
/** A flushed bus shows no reconnect: the retained descriptor is looked for this often as well. */
const RUN_CHECK_MS = 15_000

/** How long a stop waits for a bus that is not there: what is left is counted as given up, and the process can end. */
const ABSENT_BUS_MS = 400

/** Creates the agent of one run; start() subscribes and begins to publish. */
export function createLayerAgent(options: LayerAgentOptions): LayerAgent {
  const { bus, clock, trainer, run } = options
  const emit = options.onEvent ?? (() => undefined)
  const disposables = createDisposables(clock)
  const layerIds = run.layers.map((layer) => layer.layer_id)
  const firstLayer = layerIds[0] ?? 'layer_0'
  const source = run.telemetry_src
  const identity = { bus, clock, src: source, epoch: run.epoch }
  const writer = createMessageWriter(source, clock, options.newId)
  const outbox = createOutbox({ ...identity, onEvent: (event) => emit({ kind: 'outbox', event }) })
  const json = createLossyChannel(identity)
  const startedMs = clock.monotonicMs()
  const ownVitals = createOwnVitals(clock)
  const threads = createCommandThreads()
  let lastHealthMs = Number.NEGATIVE_INFINITY
  let lost = false

  const onTick = (tick: Uint8Array): void => {
    const nowMs = clock.monotonicMs()
    const healthDue = nowMs - lastHealthMs >= HEALTH_MS
    const tickNumber = new DataView(tick.buffer, tick.byteOffset).getUint32(40, true)
    if (!healthDue && tickNumber % SNAPSHOT_EVERY_TICKS !== 0) return
    if (healthDue) lastHealthMs = nowMs
    for (const { layerId, health, liveSeeds } of buildReports(tick, run)) {
      if (healthDue) {
        const message = writer.compose('LayerHealthReport', health)
        json.send(topicName('telemetryHealth', layerId), `health:${layerId}`, 'LayerHealthReport', message)
      }
      if (tickNumber % SNAPSHOT_EVERY_TICKS !== 0) continue
      for (const seed of liveSeeds) {
        const message = writer.compose('SeedMetricsSnapshot', seed)
        json.send(topicName('telemetrySeeds', layerId), `seeds:${layerId}`, 'SeedMetricsSnapshot', message)
      }
    }
  }

  const publisher = createTelemetryPublisher({
    ...identity,
    ring: ringReader(options.ring),
    topic: topicName('telemetryShard', options.shard ?? 0),
    expectedIntervalMs: run.expected_interval_ms,
    ...(options.maxPendingTicks === undefined ? {} : { maxPendingTicks: options.maxPendingTicks }),
    onEvent: (event) => emit({ kind: 'publisher', event }),
    onTick,
    ...(options.onTaken === undefined ? {} : { onTaken: options.onTaken }),
  })

  const side = createCommandSide({
    bus,
    clock,
    outbox,
    source,
    layerIds,
    trainer,
    epoch: run.epoch,
    runId: run.run_id,
    ...(options.switches ? { switches: options.switches } : {}),
    ...(options.hurry ? { hurry: options.hurry } : {}),
    ...(options.guard ? { guard: options.guard } : {}),
    ...(options.newId ? { newId: options.newId } : {}),
    onCommand: (command) => threads.note(command),
    onHandled: (handled) => emit({ kind: 'command', handled }),
    onError: (error) => emit({ kind: 'error', error }),
    onRollback: (found) => publishRollback(found),
    onChange: () => heartbeat(true),
    onLine: (up, reason) => {
      emit({ kind: 'line', up, reason })
      if (up) heartbeat(false)
    },
  })

  const publishEvents = (events: readonly TrainerEvent[]): void => {
    for (const event of events) {
      const { type, layerId, body } = toEventMessage(event, run.run_id, threads)
      const topicLayer = layerId ?? firstLayer
      // An alert must name a layer; one about the whole run is told on the first.
      const placed = type === 'PerformanceAlert' ? { layer_id: topicLayer, ...body } : body
      const message = writer.compose(type, { metadata: { event_seq: event.seq }, ...placed })
      void outbox.put(topicName('eventLayer', topicLayer), `event:${topicLayer}`, type, encodeJson(message))
    }
  }

  /** The agent is a witness of the audit trail: what it saw before is told where everybody looks. */
  const publishRollback = (found: AuditRollback): void => {
    const text = rollbackWords(found)
    emit({ kind: 'error', error: new AppError('STATE_CONFLICT', text) })
    const message = writer.compose('PerformanceAlert', {
      layer_id: firstLayer,
      run_id: run.run_id,
      alert_type: 'audit_rollback',
      severity: 'critical',
      details: { text, known_size: found.known.size, seen_size: found.seen.size, known_root: found.known.root },
      recommended_action: 'Verify the audit trail with the kept checkpoints before anything else is commanded.',
    })
    void outbox.put(topicName('eventLayer', firstLayer), `event:${firstLayer}`, 'PerformanceAlert', encodeJson(message))
  }

  let ownCursor: string | null = null
  /** Trimming takes the oldest first, so anything retained up to our entry means that ours is there: one small read instead of all. */
  const isRetained = async (): Promise<boolean> => {
    if (ownCursor === null) return false
    const result = await bus.read(TOPICS.run.pattern, { until: ownCursor, limit: 1 })
    return result.kind === 'entries' && result.entries.length > 0
  }

  let announcing = false
  const announce = async (again: boolean): Promise<void> => {
    if (announcing || disposables.stopping) return
    announcing = true
    try {
      if (await isRetained()) return
      const data = encodeJson(run)
      const maxLen = TOPICS.run.retention.entries
      ownCursor = await bus.publish(
        TOPICS.run.pattern,
        { type: 'RunDescriptor', enc: 'json', data, src: `${source}:run`, epoch: run.epoch },
        { maxLen },
      )
      emit({ kind: 'run-published', runId: run.run_id, again })
    } catch (error) {
      // The next reconnect or check tries again.
      if (isAppError(error)) emit({ kind: 'error', error })
    } finally {
      announcing = false
    }
  }

  const heartbeat = (onBus: boolean): void => {
    if (disposables.stopping) return
    const standing = side.standing()
    const status = trainer.status()
    const counters = publisher.counters()
    const letters = outbox.counters()
    const message = writer.compose('Heartbeat', {
      service_id: source,
      run_id: run.run_id,
      epoch: run.epoch,
      uptime_seconds: (clock.monotonicMs() - startedMs) / 1_000,
      status: lost ? 'unhealthy' : counters.failingSinceMs === null ? 'healthy' : 'degraded',
      busy_fraction: status?.busyRatio ?? null,
      halted: status?.halted ?? null,
      halted_layers: status?.held ?? [],
      ...standing,
      lag_ms: status?.lagMs ?? null,
      metrics: {
        ...ownVitals(),
        step: status?.step ?? null,
        tick: status?.tick ?? null,
        steps_per_s: status?.stepsPerS ?? null,
        ticks_published: counters.published,
        ticks_resent: counters.resent,
        dropped_ring: counters.droppedRing,
        dropped_buffer: counters.droppedBuffer,
        refused: counters.refused,
        pending: counters.pending,
        events_pending: letters.pending,
        events_lost: letters.overflowed + letters.refused,
        json_lost: json.counters().lost,
        checkpoint_tick: status?.checkpointTick ?? null,
        checkpoint_failures: status?.checkpointFailures ?? null,
      },
    })
    side.heartbeat(message)
    if (onBus) json.send(TOPICS.service.pattern, 'service', 'Heartbeat', message)
  }

  let beats = 0
  const beat = (): void => {
    beats++
    const isUsual = beats % USUAL_BEATS === 0
    if (isUsual) return heartbeat(true)
    const status = trainer.status()
    if (status?.halted || (status?.held.length ?? 0) > 0) heartbeat(beats % HALTED_BUS_BEATS === 0)
  }

  const say = (state: 'up' | 'leaving'): Promise<boolean> => {
    const message = writer.compose('ServiceAnnouncement', {
      service_type: 'layer-agent',
      service_id: source,
      capabilities: ['telemetry', 'commands', 'events'],
      state,
      epoch: run.epoch,
      run_id: run.run_id,
      layers: layerIds,
      gateway_keys: options.guard?.gatewayKeys ?? null,
    })
    return outbox.put(TOPICS.service.pattern, 'announcement', 'ServiceAnnouncement', encodeJson(message))
  }

  const patience = (deadlineMs: number): number =>
    bus.health().state === 'up' ? deadlineMs : Math.min(deadlineMs, ABSENT_BUS_MS)

  return {
    async start() {
      disposables.add('outbox', (deadlineMs) => outbox.stop(patience(deadlineMs)))
      disposables.add('goodbye', () => void say('leaving'))
      await announce(false)
      disposables.add(
        'state',
        bus.onState((health) => health.state === 'up' && void announce(true)),
      )
      disposables.add(
        'run check',
        clock.every(RUN_CHECK_MS, () => void announce(true)),
      )
      publisher.start()
      disposables.add('publisher', (deadlineMs) => publisher.stop(Math.max(1, patience(deadlineMs) / 2)))
      trainer.onEvents(publishEvents)
      trainer.onClose(() => {
        lost = true
        if (!disposables.stopping) emit({ kind: 'trainer-lost', runId: run.run_id })
      })
      disposables.add('heartbeat', clock.every(HALTED_BEAT_MS, beat))
      trainer.onStandstill(() => heartbeat(true))
      void say('up')
      heartbeat(true)
      disposables.add('commands', (deadlineMs) => side.stop(patience(deadlineMs)))
      await side.start()
    },
    async stop(deadlineMs) {
      const report = await disposables.stop(deadlineMs)
      for (const { name, error } of report.failures)
        emit({ kind: 'error', error: new AppError('INTERNAL', `stopping ${name} failed`, {}, error) })
    },
    counters: () => ({ publisher: publisher.counters(), outbox: outbox.counters(), json: json.counters() }),
  }
}
