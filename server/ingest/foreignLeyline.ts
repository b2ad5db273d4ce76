/*
 * foreignLeyline: events of the newer generation on their way into our columns and records.
 * In: deliveries of kasmina.foreign.leyline, one record each or several lines. Out: runs, reports, records, refusals with their path.
 * Invariant: a record counts once (by event id), a bad line costs that line only, a type that is not drawn is counted and kept.
 * Source: docs/protocol.md "leyline events"; docs/connect-your-own-run.md.
 */
import { parseSafeJson } from '../../lib/bus/safeJson.ts'
import type { Delivery } from '../../lib/bus/messageBus.ts'
import { AppError, isAppError } from '../../lib/contracts/appError.ts'
import { SEED_COLUMNS } from '../../lib/contracts/metrics.ts'
import { plainBytes } from '../../lib/compat/v2/claimCheck.ts'
import { createLeylineAdapter, type LeylineItem } from '../../lib/compat/leyline/adapter.ts'
import { readRecord } from '../../lib/compat/leyline/records.ts'
import { createRecentIds } from '../../lib/compat/v2/recentIds.ts'
import { schemaIdOf } from '../../lib/frames/schemaId.ts'
import { toRecordDraft } from './eventRecords.ts'
import type { ExternalReports } from './externalReports.ts'
import type { ForeignTeller } from './foreignTeller.ts'
import type { RecordDraft } from './ingestMessages.ts'
import type { RunTable } from './runTable.ts'

/** Type of the entries; data is one record, or several separated by line feeds. */
export const LEYLINE_TYPE = 'LeylineEvent'
const MAX_LINES = 4_096
const MAX_OPAQUE_TYPES = 128

export interface ForeignLeylineOptions {
  readonly runs: RunTable
  readonly external: ExternalReports
  readonly toWallMs: (busMs: number) => number
  readonly record: (draft: RecordDraft) => void
  readonly refuse: (error: unknown, delivery: Delivery) => void
  readonly teller: ForeignTeller
}

export interface ForeignLeyline {
  /** Never throws. */
  accept(delivery: Delivery): void
  counters(): {
    readonly duplicates: number
    readonly overtaken: number
    readonly opaque: Readonly<Record<string, number>>
  }
}

function linesOf(bytes: Uint8Array): readonly Uint8Array[] {
  const lines: Uint8Array[] = []
  for (let from = 0; from < bytes.length;) {
    const end = bytes.indexOf(0x0a, from)
    const line = bytes.subarray(from, end < 0 ? bytes.length : end)
    if (line.some((byte) => byte > 0x20)) lines.push(line)
    from = end < 0 ? bytes.length : end + 1
  }
  if (lines.length > MAX_LINES)
    throw new AppError('CONTRACT_TOO_LARGE', `${lines.length} records in one entry, ${MAX_LINES} are accepted`, {
      path: 'data',
    })
  return lines
}

/** Names the line before the field, when an entry holds several. */
function atLine(error: unknown, line: number, of: number): unknown {
  if (of === 1 || !isAppError(error)) return error
  const inner = error.context['path']
  const path = typeof inner === 'string' && inner !== '' ? `line.${line}.${inner}` : `line.${line}`
  return new AppError(error.code, error.message, { ...error.context, path })
}

/** Creates the reader of leyline events for one ingest. */
export function createForeignLeyline(options: ForeignLeylineOptions): ForeignLeyline {
  const { runs, external, toWallMs, record, refuse, teller } = options
  const adapter = createLeylineAdapter()
  const recent = createRecentIds()
  const opaque = new Map<string, number>()
  let duplicates = 0
  let overtaken = 0

  const announce = (item: Extract<LeylineItem, { kind: 'run' }>, atMs: number): void => {
    const { run, timestamp, messageId } = item
    const layers = [...run.layers]
    // Assumed, so that it may grow: slots and metrics beyond the first announcement do come.
    runs.announce(
      {
        message_id: messageId,
        timestamp,
        source: run.runId,
        version: '2.0',
        message_type: 'RunDescriptor',
        metadata: {},
        run_id: run.runId,
        origin: 'external',
        title: run.title,
        telemetry_src: run.runId,
        epoch: 0,
        schema_id: schemaIdOf(layers, SEED_COLUMNS, []),
        layers,
        seed_columns: [...SEED_COLUMNS],
        layer_columns: [],
        blueprints: [],
        seed: run.seed,
        steps_per_tick: 1,
        expected_interval_ms: 1_000,
        dataset: { name: run.title, sha256: null, samples: 0, split: 'unknown' },
        architecture: 'unknown',
        host_parameters: run.hostParameters,
        config: { ...run.config },
        faults_allowed: false,
        control_curve: null,
      },
      atMs,
      true,
    )
  }

  const take = (item: LeylineItem, delivery: Delivery): void => {
    const atMs = toWallMs(delivery.acceptedAtMs)
    if (item.kind === 'run') return announce(item, atMs)
    if (item.kind === 'snapshot') return external.accept(item.message, delivery)
    const runId = (item.message as { readonly run_id?: unknown }).run_id
    const draft = toRecordDraft(item.message, typeof runId === 'string' ? runId : null, atMs)
    if (draft === null) return
    if (draft.kind === 'transition') return record({ ...draft, legal: item.legal ?? draft.legal })
    if (draft.kind !== 'alert' || item.text === null) return record(draft)
    record({ ...draft, text: `${draft.text}: ${item.text}`.slice(0, 2_000) })
  }

  const acceptLine = (line: Uint8Array, delivery: Delivery): void => {
    const json = parseSafeJson(line)
    const found = readRecord(json.value)
    const { event_id, group_id, event_type } = found.envelope
    if (recent.isRepeat(group_id ?? '', event_id)) {
      duplicates++
      return
    }
    const outcome = adapter.adapt(found)
    if (outcome.overtaken) overtaken++
    if (outcome.opaque && (opaque.has(event_type) || opaque.size < MAX_OPAQUE_TYPES))
      opaque.set(event_type, (opaque.get(event_type) ?? 0) + 1)
    teller.flags(`leyline ${event_type}`, null, json.flags)
    for (const error of outcome.refusals) refuse(error, delivery)
    for (const item of outcome.items) take(item, delivery)
  }

  return {
    accept(delivery) {
      try {
        if (delivery.type !== LEYLINE_TYPE && delivery.type !== '')
          throw new AppError('CONTRACT_TYPE', `${LEYLINE_TYPE} travels here`, { path: 'type' })
        const lines = linesOf(plainBytes(delivery.data))
        lines.forEach((line, index) => {
          try {
            acceptLine(line, delivery)
          } catch (error) {
            refuse(atLine(error, index + 1, lines.length), delivery)
          }
        })
      } catch (error) {
        refuse(error, delivery)
      }
    },
    counters: () => ({ duplicates, overtaken, opaque: Object.fromEntries(opaque) }),
  }
}
