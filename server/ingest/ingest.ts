/*
 * ingest: the bus on one side, shared columns and small messages on the other. Plain broadcast reading, no groups.
 * In: a MessageBus. Out: announcements, records, gaps, counters, bus states, through one callback.
 * Invariant: no entry can stop it: what is refused is counted by reason and its neighbours go on; every loss is a number.
 * Source: docs/architecture.md "telemetry flow"; docs/protocol.md "topics".
 */
import { decodeEntry } from '../../lib/bus/codec.ts'
import type { Delivery, MessageBus, SubscribeOptions, Subscription, TrimGap } from '../../lib/bus/messageBus.ts'
import type { JsonFlag } from '../../lib/bus/tolerantJson.ts'
import type { CoverageGap } from '../../lib/contracts/liveRecords.ts'
import type { AnyMessage, MessageOf } from '../../lib/contracts/messageTypes.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { AlertWatch } from '../alerts/alertWatch.ts'
import { createBusClock } from './busClock.ts'
import { toRecordDraft } from './eventRecords.ts'
import { createEntryMarks } from './entryMarks.ts'
import { createExternalReports } from './externalReports.ts'
import { createForeign, FOREIGN_PATTERNS } from './foreign.ts'
import { createForeignTeller } from './foreignTeller.ts'
import { createFrameIngest } from './frameIngest.ts'
import type { IngestMessage, RecordDraft } from './ingestMessages.ts'
import { noteOfRecord, toLifeNote, type LifeNote } from './lifeNotes.ts'
import { createIngestLatency } from './ingestLatency.ts'
import { createLagWatch } from './lagWatch.ts'
import type { LatencyRecorder } from './latencyRecorder.ts'
import { createLossTeller } from './lossTeller.ts'
import { createOrderGuard } from './orderGuard.ts'
import { createOutageWatch } from './outageWatch.ts'
import { createRefusals } from './refusals.ts'
import { createRunTable, type Run } from './runTable.ts'

/** What is read, and from where: descriptors and events are replayed, telemetry starts now. */
export const INGEST_PATTERNS = Object.freeze([
  { pattern: 'kasmina.run', from: 'earliest' },
  { pattern: 'kasmina.event.layer.+', from: 'earliest' },
  { pattern: 'kasmina.telemetry.#', from: 'latest' },
  { pattern: 'kasmina.ack.layer.+', from: 'latest' },
  { pattern: 'kasmina.service', from: 'latest' },
  { pattern: 'kasmina.dead', from: 'latest' },
] as const)

/** What a heartbeat may tell of its producer's machine; the rest of its metrics is not for here. */
const VITALS = ['cpu', 'rss', 'gpu_util', 'gpu_mem'] as const
const vitalsOf = (metrics: Readonly<Record<string, number | null>>) =>
  Object.fromEntries(VITALS.map((name) => [name, metrics[name] ?? null]))
const BATCH_MS = 50
const MAX_BATCH = 500
const COUNTERS_MS = 250
const CHECK_MS = 1_000
const LAG_MS = 2_000
const MAX_TOPICS = 512
const MAX_UNKNOWN_TYPES = 64

export interface IngestOptions {
  readonly bus: MessageBus
  readonly clock: Clock
  readonly historySeconds: number
  /** Where batches lie that a v2 client wrote to disk; null = nowhere we can read. */
  readonly claimCheckDir?: string | null
  readonly post: (message: IngestMessage) => void
  /** Told after every entry that changed a table. Must be cheap. */
  readonly onMerged?: () => void
  /** Where latencies are counted; null = nowhere. */
  readonly latency?: LatencyRecorder | null
  /** Looks for alerts in what is read; null = nobody does. */
  readonly watch?: ((runs: () => readonly Run[]) => AlertWatch) | null
}

export interface Ingest {
  start(): Promise<void>
  stop(deadlineMs: number): Promise<void>
}

/** Creates the ingest of one bus; `bus` must be started and is not stopped here. */
export function createIngest(options: IngestOptions): Ingest {
  const { bus, clock, historySeconds, claimCheckDir = null, post, onMerged = () => undefined } = options
  const recorder = options.latency ?? null
  const undo: (() => void)[] = []
  const subscriptions: Subscription[] = []
  const refusals = createRefusals(clock)
  const lag = createLagWatch({ bus, subscriptions, clock })
  const unknownTypes = new Map<string, number>()
  const busClock = createBusClock()
  let busAheadMs = 0
  let records: RecordDraft[] = []
  let notes: LifeNote[] = []
  let dead = 0

  const keep = (draft: RecordDraft | null, note: LifeNote | null): void => {
    if (draft !== null) records.push(draft)
    if (note !== null) notes.push(note)
    if (records.length >= MAX_BATCH || notes.length >= MAX_BATCH) flush()
  }
  const record = (draft: RecordDraft): void => keep(draft, draft.kind === 'transition' ? noteOfRecord(draft) : null)
  const flush = (): void => {
    if (records.length > 0) post({ kind: 'records', records })
    if (notes.length > 0) post({ kind: 'life-notes', notes })
    records = []
    notes = []
  }
  const toWallMs = (busMs: number): number => busMs - busAheadMs

  const refuse = (error: unknown, delivery: Delivery): void => {
    const first = refusals.add(error, delivery.topic, delivery.cursor)
    if (first === null) return
    record({
      kind: 'incident',
      at_ms: first.atMs,
      run_id: null,
      code: first.code,
      severity: 'warning',
      text: `An entry on ${first.topic} was refused (${first.code}${first.path === null ? '' : ` at ${first.path}`}). It is counted; the others go on.`,
      lost: null,
      from_ms: null,
      to_ms: null,
    })
  }

  const onGap = (run: Run, gap: CoverageGap): void => post({ kind: 'gap', runId: run.descriptor.run_id, gap })
  const order = createOrderGuard(record)
  const losses = createLossTeller({ clock, onGap, onRecord: record })
  const runs = createRunTable({
    historySeconds,
    onRun: (announcement) => post({ kind: 'run', run: announcement }),
    onGone(run) {
      watch?.forget(run.descriptor.run_id)
      recorder?.forget(run.descriptor.run_id)
      post({ kind: 'run-gone', index: run.index, runId: run.descriptor.run_id })
    },
  })
  const watch = options.watch?.(() => runs.all()) ?? null
  const outages = createOutageWatch({ clock, runs: () => runs.all(), onGap, onSilence: losses.tell, onRecord: record })
  // Weak: a run that was let go takes its tables with it.
  const previous = new WeakMap<Run, number>()
  const onReport = (run: Run, atMs: number, publishedMs: number): void => {
    outages.report(run, atMs, publishedMs, previous.get(run) ?? 0)
    previous.set(run, atMs)
    // What comes seed by seed is looked at together.
    if (run.framed) watch?.onMerged(run, atMs)
    else watch?.onTouched(run)
  }
  const { mark } = createEntryMarks(post)
  const latency = createIngestLatency({ recorder, nowMs: () => clock.wallMs(), toWallMs, mark })
  const frames = createFrameIngest({
    runs,
    nowMs: () => clock.monotonicMs(),
    toWallMs,
    refuse,
    onMerged,
    onEntry: onReport,
    mark,
    latency,
    onGap: (run, gap) => {
      if (!outages.covers(run)) losses.note(run, gap)
    },
  })
  const external = createExternalReports({
    runs,
    toWallMs,
    refuse,
    onReport(run, atMs, publishedMs) {
      onMerged()
      onReport(run, atMs, publishedMs)
    },
    mark,
    latency,
  })

  const teller = createForeignTeller(clock, record)
  const foreign = createForeign({ runs, external, clock, toWallMs, record, refuse, post, teller, claimCheckDir })

  const runOf = (message: AnyMessage, delivery: Delivery): Run | undefined => {
    const named = message as { readonly run_id?: unknown; readonly layer_id?: unknown }
    if (typeof named.run_id === 'string') return runs.byId(named.run_id)
    const { src, epoch } = delivery
    const bySource = src !== undefined && epoch !== undefined ? runs.bySource(src, epoch) : undefined
    return bySource ?? (typeof named.layer_id === 'string' ? runs.byLayer(named.layer_id) : undefined)
  }

  const onEvent = (message: AnyMessage, delivery: Delivery): void => {
    const named = (message as { readonly run_id?: unknown }).run_id
    const run = runOf(message, delivery)
    const runId = run?.descriptor.run_id ?? (typeof named === 'string' ? named : null)
    const atMs = toWallMs(delivery.acceptedAtMs)
    const entry = { topic: delivery.topic, entry_id: delivery.cursor }
    const verdict = order.check(message, delivery, atMs)
    if (verdict === 'duplicate') return
    const draft = toRecordDraft(message, runId, atMs)
    const note = runId === null ? null : toLifeNote(message, { runId, atMs, entry, late: verdict === 'late' })
    keep(draft === null ? null : { ...draft, entry, ...(verdict === 'late' ? { late: true } : {}) }, note)
    watch?.onEvent(message, runId, atMs)
    const layerId = (message as { readonly layer_id?: unknown }).layer_id
    const issued = message.message_type === 'CommandOutcome' ? message.issued_at : undefined
    const issuedMs = (issued ?? Number.NaN) * 1_000
    latency.told(run, typeof layerId === 'string' ? layerId : null, message.timestamp * 1_000, issuedMs)
  }

  const onMessage = (message: AnyMessage, delivery: Delivery): void => {
    const type = message.message_type
    if (type === 'RunDescriptor') {
      if (runs.announce(message, toWallMs(delivery.acceptedAtMs)).changed) frames.settleWaiting()
    } else if (type === 'LayerHealthReport' || type === 'SeedMetricsSnapshot') external.accept(message, delivery)
    else if (type === 'TelemetryBatch') acceptBatch(message.messages, delivery)
    else if (type === 'ServiceAnnouncement' || type === 'Heartbeat') {
      const gone = type === 'ServiceAnnouncement' && message.state === 'leaving'
      const runId = typeof message.run_id === 'string' ? message.run_id : null
      if (runId !== null) {
        post({ kind: 'gone', runId, gone })
        watch?.onGone(runId, gone)
      }
      if (type === 'Heartbeat') {
        const { service_id: beating, metrics } = message
        watch?.onHeartbeat(message, toWallMs(delivery.acceptedAtMs))
        post({
          kind: 'beat',
          source: beating,
          runId,
          atMs: toWallMs(delivery.acceptedAtMs),
          metrics: vitalsOf(metrics),
        })
      }
    } else onEvent(message, delivery)
  }

  /** A part that is refused is counted; its siblings go on. */
  const acceptBatch = (parts: MessageOf<'TelemetryBatch'>['messages'], delivery: Delivery): void => {
    for (const part of parts)
      try {
        external.accept(part, delivery)
      } catch (error) {
        refuse(error, delivery)
      }
  }

  /** NaN and infinities of Python were read as unmeasured: used, counted and said. */
  const tellFlags = (message: AnyMessage, flags: readonly JsonFlag[], delivery: Delivery): void => {
    const layerId = (message as { readonly layer_id?: unknown }).layer_id
    const runId = runOf(message, delivery)?.descriptor.run_id ?? null
    teller.flags(typeof layerId === 'string' ? layerId : null, runId, flags)
    if (typeof layerId === 'string') watch?.onFlags(runId, layerId, flags.length, toWallMs(delivery.acceptedAtMs))
  }

  const streams = new Map<string, { entries: number; lastMs: number }>()
  const countStream = (delivery: Delivery): void => {
    const stream = streams.get(delivery.topic)
    if (stream !== undefined) {
      stream.entries++
      stream.lastMs = toWallMs(delivery.acceptedAtMs)
    } else if (streams.size < MAX_TOPICS)
      streams.set(delivery.topic, { entries: 1, lastMs: toWallMs(delivery.acceptedAtMs) })
  }

  const accept = (delivery: Delivery): void => {
    countStream(delivery)
    if (delivery.type === 'TelemetryFrames') return frames.accept(delivery)
    latency.begin(delivery)
    try {
      const entry = decodeEntry(delivery)
      if (entry.kind !== 'message') return
      if (entry.flagCount > 0) tellFlags(entry.message, entry.flags, delivery)
      onMessage(entry.message, delivery)
    } catch (error) {
      if (unknownTypes.size < MAX_UNKNOWN_TYPES || unknownTypes.has(delivery.type)) countUnknown(error, delivery.type)
      refuse(error, delivery)
    }
  }
  const countUnknown = (error: unknown, type: string): void => {
    if ((error as { code?: unknown }).code !== 'CONTRACT_TYPE') return
    const name = /^[A-Za-z0-9_:-]{1,64}$/.test(type) ? type : 'unprintable'
    unknownTypes.set(name, (unknownTypes.get(name) ?? 0) + 1)
  }

  const onDead = (delivery: Delivery): void => {
    countStream(delivery)
    dead++
    if (dead !== 1 && dead % 100 !== 0) return
    record({
      kind: 'incident',
      at_ms: toWallMs(delivery.acceptedAtMs),
      run_id: null,
      code: 'DEAD_LETTER',
      severity: 'warning',
      text: `${dead} ${dead === 1 ? 'entry was' : 'entries were'} given up after repeated failures and kept on kasmina.dead.`,
      lost: null,
      from_ms: null,
      to_ms: null,
    })
  }

  const postCounters = (): void => {
    losses.close()
    external.settle()
    frames.expire(clock.monotonicMs())
    const { lost, duplicates, waiting, reports, entries, bytes } = frames.counters()
    const events = order.counters()
    post({
      kind: 'counters',
      counters: {
        reports: reports + external.reports(),
        entries,
        bytes,
        lost,
        duplicates: duplicates + foreign.duplicates() + events.duplicates,
        events: { late: events.late, lost: events.lost },
        waiting,
        refusedTotal: refusals.total(),
        refusedByReason: refusals.byReason(),
        recentRefusals: refusals.recent(),
        unknownTypes: Object.fromEntries(unknownTypes),
        lostByRun: Object.fromEntries(runs.all().map((run) => [run.descriptor.run_id, run.lost])),
        deadLetters: dead,
        foreign: foreign.counters(),
        streams: [...streams].map(([topic, stream]) => ({ topic, ...stream, lag: lag.lagOf(topic) })),
        groups: lag.groups(),
        replayed: latency.replayed(),
        topics: subscriptions.reduce((sum, subscription) => sum + subscription.topics().length, 0),
      },
    })
  }

  const postHealth = (): void =>
    post({
      kind: 'bus',
      health: bus.health(),
      checkedMs: clock.wallMs(),
      patterns: [...INGEST_PATTERNS, ...FOREIGN_PATTERNS].map((entry) => entry.pattern),
    })

  const measureClock = async (): Promise<void> => {
    if (bus.health().state !== 'up') return
    try {
      const before = clock.wallMs()
      const busMs = await bus.nowMs()
      const after = clock.wallMs()
      busAheadMs = busClock.add(before, after, busMs)
    } catch {
      // The state of the bus says the same, and says it first.
    }
  }

  const readingOf = (from: string, pattern: string): SubscribeOptions => ({
    mode: 'broadcast',
    from,
    onGap: (gap) =>
      record({
        kind: 'incident',
        at_ms: clock.wallMs(),
        run_id: null,
        code: 'BUS_TRIMMED',
        severity: 'warning',
        text: `Entries of ${gap.topic} were trimmed before they were read (${pattern}).`,
        lost: gap.missing,
        from_ms: null,
        to_ms: null,
      }),
    onError: (error, delivery) => {
      if (delivery !== null) refuse(error, delivery)
      else refusals.add(error, pattern, '')
    },
  })

  return {
    async start() {
      post({ kind: 'began' })
      watch?.start()
      undo.push(
        bus.onState((health) => {
          outages.state(health)
          flush()
          postHealth()
        }),
      )
      outages.state(bus.health())
      await measureClock()
      latency.startAt(clock.wallMs() + busAheadMs)
      for (const { pattern, from } of INGEST_PATTERNS) {
        const consumer = pattern === 'kasmina.dead' ? onDead : accept
        subscriptions.push(await bus.subscribe(pattern, consumer, readingOf(from, pattern)))
      }
      for (const { pattern, accept: take } of FOREIGN_PATTERNS) {
        // What was sent while nobody looked is shown too, as far back as the history goes.
        const from = `${Math.max(0, Math.floor(clock.wallMs() + busAheadMs - historySeconds * 1_000))}-0`
        const consumer = (delivery: Delivery) => {
          countStream(delivery)
          latency.begin(delivery)
          return foreign[take](delivery)
        }
        const { onGap: tellGap, ...rest } = readingOf(from, pattern)
        const onGap = (gap: TrimGap): void => (gap.after === from ? undefined : tellGap?.(gap))
        subscriptions.push(await bus.subscribe(pattern, consumer, { ...rest, onGap }))
      }
      undo.push(clock.every(CHECK_MS, () => foreign.tick()))
      undo.push(clock.every(BATCH_MS, flush), clock.every(COUNTERS_MS, postCounters), clock.every(CHECK_MS, postHealth))
      undo.push(
        clock.every(5_000, () => void measureClock()),
        clock.every(LAG_MS, () => void lag.ask()),
      )
      postHealth()
    },
    async stop(deadlineMs) {
      for (const cancel of undo.splice(0)) cancel()
      watch?.stop()
      outages.stop()
      await Promise.all(subscriptions.map((subscription) => subscription.stop(deadlineMs)))
      flush()
      postCounters()
    },
  }
}
