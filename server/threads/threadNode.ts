/*
 * threadNode: one thing that happened, as it is added to the index, kept as a row and told to a page.
 * In: drafts; rows. Out: rows; ThreadNode of the contract.
 * Invariant: what was put in comes out the same; a row that can not be read any more is told as its text alone.
 * Source: docs/protocol.md "threads".
 */
import type { EvidenceWindow, HealthReading, ThreadKind, ThreadNode } from '../../lib/contracts/httpThreads.ts'
import type { EntryRef, GuardReading } from '../../lib/contracts/liveRecords.ts'
import type { SeedStateName } from '../../lib/contracts/httpShapes.ts'
import type { ThreadNodeRow } from '../stores/recordsSchema.ts'

/** The part of a node that is kept as JSON. */
interface NodeData {
  readonly tone?: ThreadNode['tone']
  readonly step?: number | null
  readonly by?: string | null
  readonly commandId?: string | null
  readonly state?: SeedStateName | null
  readonly guards?: readonly GuardReading[]
  readonly health?: readonly HealthReading[]
  readonly evidence?: EvidenceWindow | null
  readonly entry?: EntryRef | null
  readonly late?: boolean
  readonly link?: string | null
  /** Of faults and alerts: that this is the end of what the same thread began. */
  readonly ends?: boolean
  /** The note a life is told from, whole. */
  readonly note?: unknown
}

export interface NodeDraft extends NodeData {
  readonly id: string
  readonly atMs: number
  readonly ord?: number
  readonly untilMs?: number | null
  readonly kind: ThreadKind
  readonly isChange?: boolean
  readonly correlationId?: string | null
  readonly causationId?: string | null
  readonly runId?: string | null
  readonly layerId?: string | null
  readonly seedId?: number | null
  readonly generation?: number | null
  readonly text: string
}

const MAX_TEXT = 2_000
const cut = (text: string, length: number): string => text.slice(0, length)

/** Turns a draft into its row. */
export function toRow(draft: NodeDraft): ThreadNodeRow {
  const {
    id,
    atMs,
    ord = 0,
    untilMs = null,
    kind,
    isChange = false,
    correlationId = null,
    causationId = null,
    runId = null,
    layerId = null,
    seedId = null,
    generation = null,
    text,
    ...data
  } = draft
  return {
    id: cut(id, 512),
    at_ms: Math.round(atMs),
    ord,
    until_ms: untilMs === null ? null : Math.round(untilMs),
    kind,
    is_change: isChange ? 1 : 0,
    correlation_id: correlationId === null ? null : cut(correlationId, 128),
    causation_id: causationId === null ? null : cut(causationId, 256),
    run_id: runId,
    layer_id: layerId,
    seed_id: seedId,
    generation,
    text: cut(text, MAX_TEXT),
    data: JSON.stringify(data),
  }
}

/** The kept part of a row; empty when it can not be read. */
export function dataOf(row: Pick<ThreadNodeRow, 'data'>): NodeData {
  try {
    return JSON.parse(row.data) as NodeData
  } catch {
    return {}
  }
}

/** Tells a row as the contract does. */
export function toNode(row: ThreadNodeRow, relation: ThreadNode['relation'] = 'member'): ThreadNode {
  const data = dataOf(row)
  return {
    id: row.id,
    kind: row.kind as ThreadKind,
    at: new Date(row.at_ms).toISOString(),
    at_ms: row.at_ms,
    until_ms: row.until_ms,
    text: row.text,
    tone: data.tone ?? 'plain',
    run_id: row.run_id,
    layer_id: row.layer_id,
    seed_id: row.seed_id,
    generation: row.generation,
    step: data.step ?? null,
    by: data.by ?? null,
    command_id: data.commandId ?? null,
    state: data.state ?? null,
    guards: [...(data.guards ?? [])],
    health: [...(data.health ?? [])],
    evidence: data.evidence ?? null,
    entry: data.entry ?? null,
    late: data.late ?? false,
    relation,
    link: data.link ?? null,
  }
}
