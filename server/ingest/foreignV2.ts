/*
 * foreignV2: entries of the v2 client on their way into our columns and records.
 * In: deliveries of morphogenetic.#. Out: reports of one assumed run, records, gaps, joined commands, exact counters.
 * Invariant: a message counts once however often it was sent; an older value never replaces a newer one; what lies on the
 * publisher's disk is a gap with its reason; silence after a command is UNKNOWN.
 * Source: docs/protocol.md "the v2 client"; docs/connect-your-own-run.md.
 */
import type { Delivery } from '../../lib/bus/messageBus.ts'
import type { SeedState } from '../../lib/contracts/lifecycle.ts'
import { SEED_STATES } from '../../lib/contracts/lifecycleTable.ts'
import type { CoverageGap } from '../../lib/contracts/liveRecords.ts'
import type { AnyMessage, MessageOf } from '../../lib/contracts/messageTypes.ts'
import type { SeedMetricsSnapshot } from '../../lib/contracts/telemetry.ts'
import { derivedUuid } from '../../lib/contracts/upcast.ts'
import type { ClaimCheck } from '../../lib/compat/v2/claimCheck.ts'
import { createCommandJoin, type JoinedCommand } from '../../lib/compat/v2/commandJoin.ts'
import { subjectOf } from '../../lib/compat/v2/cutLayer.ts'
import type { ForeignTopic } from '../../lib/compat/v2/foreignTopic.ts'
import { readV2Entry, type V2Item, type V2Reading } from '../../lib/compat/v2/readEntry.ts'
import { createNewestFirst, createRecentIds } from '../../lib/compat/v2/recentIds.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import { toRecordDraft } from './eventRecords.ts'
import type { ExternalReports } from './externalReports.ts'
import type { ClaimReader } from './foreignClaims.ts'
import type { ForeignTeller } from './foreignTeller.ts'
import type { RecordDraft } from './ingestMessages.ts'
import type { RunTable } from './runTable.ts'

/** All v2 clients of one bus: their sources are named after layers and seeds, so a source is no run. */
export const V2_RUN_ID = 'external-v2'

export interface ForeignV2Options {
  readonly runs: RunTable
  readonly external: ExternalReports
  readonly clock: Clock
  readonly toWallMs: (busMs: number) => number
  readonly record: (draft: RecordDraft) => void
  readonly refuse: (error: unknown, delivery: Delivery) => void
  readonly onGap: (runId: string, gap: CoverageGap) => void
  readonly teller: ForeignTeller
  readonly readClaim: ClaimReader
}

export interface ForeignV2Counters {
  readonly duplicates: number
  /** Values that came after newer ones and were not put over them. */
  readonly overtaken: number
  readonly commands: { readonly waiting: number; readonly unknown: number; readonly settled: number }
}

export interface ForeignV2 {
  /** Never throws; resolves when a claimed file was read. */
  accept(delivery: Delivery): void | Promise<void>
  /** Lets time pass for commands; called about once a second. */
  expire(): void
  counters(): ForeignV2Counters
}

type Event = MessageOf<'StateTransitionEvent'> | MessageOf<'PerformanceAlert'> | MessageOf<'CheckpointEvent'>

const isState = (name: string): name is SeedState => (SEED_STATES as readonly string[]).includes(name)

/** Creates the reader of v2 entries for one ingest. */
export function createForeignV2(options: ForeignV2Options): ForeignV2 {
  const { runs, external, clock, toWallMs, record, refuse, teller } = options
  const recent = createRecentIds()
  const newest = createNewestFirst()
  const join = createCommandJoin()
  let duplicates = 0
  let overtaken = 0

  const runOf = (message: object): string => {
    const named = (message as { readonly run_id?: unknown }).run_id
    return typeof named === 'string' ? named : V2_RUN_ID
  }

  const tellCommand = (joined: JoinedCommand, atMs: number): void =>
    record({
      kind: 'command',
      at_ms: atMs,
      run_id: V2_RUN_ID,
      layer_id: joined.layerId ?? 'all',
      seed_id: joined.seedId,
      command_id: joined.commandId,
      command_type: joined.type,
      outcome: joined.outcome,
      code: joined.outcome === 'unknown' ? 'COMMAND_TIMEOUT' : null,
      text: joined.text,
    })

  const tellJoin = (joined: JoinedCommand | 'new' | 'held' | 'repeat', delivery: Delivery): void => {
    if (joined === 'repeat') duplicates++
    else if (joined !== 'new' && joined !== 'held') tellCommand(joined, toWallMs(delivery.acceptedAtMs))
  }

  const observe = (layerId: string, seedId: number, state: string, delivery: Delivery, isChange: boolean): void => {
    for (const joined of join.seen(layerId, seedId, state, toWallMs(delivery.acceptedAtMs), isChange))
      tellCommand(joined, toWallMs(delivery.acceptedAtMs))
  }

  const isLate = (key: string, timestampS: number): boolean => {
    if (!newest.isOvertaken(key, timestampS)) return false
    overtaken++
    return true
  }

  const takeSnapshot = (snapshot: SeedMetricsSnapshot, delivery: Delivery, isChange = false): void => {
    const { layer_id, seed_id, timestamp, lifecycle_state } = snapshot
    if (isLate(`s|${layer_id}|${seed_id}`, timestamp)) return
    external.accept({ ...snapshot, run_id: runOf(snapshot) }, delivery)
    observe(layer_id, seed_id, lifecycle_state, delivery, isChange)
  }

  const takeReport = (report: MessageOf<'LayerHealthReport'>, delivery: Delivery): void => {
    if (isLate(`l|${report.layer_id}`, report.timestamp)) return
    external.accept({ ...report, run_id: runOf(report) }, delivery)
    for (const [seed, metrics] of Object.entries(report.health_metrics)) {
      // An average of ids is no state: only a whole id can prove one.
      const state = SEED_STATES[metrics['lifecycle_state'] ?? -1]
      if (state !== undefined) observe(report.layer_id, Number(seed), state, delivery, false)
    }
  }

  const takeEvent = (event: Event, delivery: Delivery): void => {
    const draft = toRecordDraft(event, runOf(event), toWallMs(delivery.acceptedAtMs))
    if (draft !== null) record(draft)
  }

  /** What a transition says of its seed is as good as a snapshot without readings. */
  const takeTransition = (event: MessageOf<'StateTransitionEvent'>, delivery: Delivery): void => {
    takeEvent(event, delivery)
    if (!event.success) return
    takeSnapshot(
      {
        ...event,
        message_type: 'SeedMetricsSnapshot',
        lifecycle_state: event.to_state,
        metrics: event.metrics_snapshot,
        error_count: 0,
        warning_count: 0,
        compute_stats: {},
      },
      delivery,
      true,
    )
  }

  const takeAlert = (alert: MessageOf<'PerformanceAlert'>, delivery: Delivery): void => {
    const known = runs.byId(runOf(alert))?.layerIndex.keys() ?? []
    const subject = subjectOf(alert, known)
    const draft = toRecordDraft(
      { ...alert, layer_id: subject.layerId, seed_id: subject.seedId, metric_name: subject.metric },
      runOf(alert),
      toWallMs(delivery.acceptedAtMs),
    )
    if (draft?.kind !== 'alert') return
    const seed = subject.seedId === null ? '' : `seed ${subject.seedId}: `
    const cut = subject.cut ? ' (its publisher cut the name of the layer)' : ''
    record({ ...draft, text: `${seed}${draft.text}${cut}`.slice(0, 2_000) })
  }

  const takeMessage = (message: AnyMessage, topic: ForeignTopic, delivery: Delivery): void => {
    const type = message.message_type
    if (type === 'LayerHealthReport') takeReport(message, delivery)
    else if (type === 'SeedMetricsSnapshot') takeSnapshot(message, delivery)
    else if (type === 'StateTransitionEvent') takeTransition(message, delivery)
    else if (type === 'PerformanceAlert') takeAlert(message, delivery)
    else if (type === 'CheckpointEvent') takeEvent(message, delivery)
    else if (type === 'CommandResult')
      tellJoin(join.answered(message, topic, toWallMs(delivery.acceptedAtMs)), delivery)
    // Presence, coordination, blueprints: valid and counted with their stream; nothing of them is drawn.
  }

  const takeAllSeeds = (item: Extract<V2Item, { kind: 'all-seeds' }>, delivery: Delivery): void => {
    record({
      kind: 'incident',
      at_ms: toWallMs(delivery.acceptedAtMs),
      run_id: V2_RUN_ID,
      code: 'LAYER_STOPPED',
      severity: 'critical',
      text: `${item.layerId}: all seeds went to ${item.toState}${item.reason === '' ? '' : ` (${item.reason})`}.`,
      lost: null,
      from_ms: null,
      to_ms: null,
    })
    const run = runs.byId(V2_RUN_ID)
    const layer = run?.layerIndex.get(item.layerId)
    if (run === undefined || layer === undefined || !isState(item.toState)) return
    const rows = run.tables[layer]!.shape.rows
    for (let seed = 0; seed < rows; seed++)
      takeSnapshot(
        {
          message_id: derivedUuid(`${item.messageId}|${seed}`),
          timestamp: item.timestamp,
          source: item.source === '' ? delivery.topic : item.source,
          version: '2.0',
          message_type: 'SeedMetricsSnapshot',
          metadata: {},
          layer_id: item.layerId,
          seed_id: seed,
          lifecycle_state: item.toState,
          metrics: {},
          error_count: 0,
          warning_count: 0,
          compute_stats: {},
        },
        delivery,
        true,
      )
  }

  const take = (item: V2Item, reading: V2Reading, delivery: Delivery): void => {
    if (item.kind === 'command') {
      const joined = join.sent(item.command, toWallMs(delivery.acceptedAtMs))
      // A command goes out under both of its topic names, with one id: the second is no duplicate.
      return joined === 'repeat' ? undefined : tellJoin(joined, delivery)
    }
    const { source, id } =
      item.kind === 'all-seeds'
        ? { source: item.source, id: item.messageId }
        : { source: item.message.source, id: item.message.message_id }
    if (recent.isRepeat(source, id)) {
      duplicates++
      return
    }
    if (item.kind === 'all-seeds') return takeAllSeeds(item, delivery)
    const layer = (item.message as { readonly layer_id?: unknown }).layer_id
    teller.flags(typeof layer === 'string' ? layer : reading.topic.layer, runOf(item.message), item.flags)
    takeMessage(item.message, reading.topic, delivery)
  }

  const takeAll = (reading: V2Reading, delivery: Delivery): void => {
    for (const error of reading.refusals) refuse(error, delivery)
    for (const item of reading.items)
      try {
        take(item, reading, delivery)
      } catch (error) {
        refuse(error, delivery)
      }
  }

  const tellMissing = (claim: ClaimCheck, delivery: Delivery, why: string): void => {
    const atMs = toWallMs(delivery.acceptedAtMs)
    const before = runs.byId(V2_RUN_ID)?.lastReportMs ?? 0
    teller.missing(claim.source, V2_RUN_ID, claim.sizeBytes, why)
    const from_ms = before > 0 && before < atMs ? before : atMs - 1_000
    options.onGap(V2_RUN_ID, { from_ms, to_ms: atMs, cause: 'lost', lost: null })
  }

  const takeClaim = async (claim: ClaimCheck, delivery: Delivery): Promise<void> => {
    const found = await options.readClaim(claim)
    if (found.kind === 'missing') return tellMissing(claim, delivery, found.why)
    try {
      const reading = readV2Entry({ ...delivery, type: 'TelemetryBatch', data: found.bytes })
      if (reading.claim === null) return takeAll(reading, delivery)
      tellMissing(claim, delivery, 'the file holds another claim instead of messages.')
    } catch (error) {
      refuse(error, delivery)
      tellMissing(claim, delivery, 'the file could not be read as a batch.')
    }
  }

  return {
    accept(delivery): void | Promise<void> {
      try {
        const reading = readV2Entry(delivery)
        const { messageId, source } = reading.envelope
        const isBatch = reading.claim !== null || reading.items.length !== 1
        if (isBatch && messageId !== null && recent.isRepeat(`batch|${source}`, messageId)) {
          duplicates += Math.max(1, reading.items.length)
          return
        }
        takeAll(reading, delivery)
        if (reading.claim !== null) return takeClaim(reading.claim, { ...delivery, data: new Uint8Array(0) })
      } catch (error) {
        refuse(error, delivery)
      }
      return undefined
    },
    expire() {
      for (const joined of join.expire(clock.wallMs())) tellCommand(joined, clock.wallMs())
    },
    counters: () => ({ duplicates, overtaken, commands: join.counts() }),
  }
}
