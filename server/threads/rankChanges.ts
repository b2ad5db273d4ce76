/*
 * rankChanges: what changed before a moment, the likeliest answer first.
 * In: rows of the index, the asked place and moment. Out: ChangeItems with the reason for their rank.
 * Invariant: pure; the rank is overlap x kind x nearness and is told in words; what had not ended is at no distance.
 * Source: docs/ux.md "what changed"; docs/protocol.md "threads".
 */
import { THREAD_LINKS } from '../../lib/contracts/threadLinks.ts'
import type { ChangeItem, ThreadKind } from '../../lib/contracts/httpThreads.ts'
import type { ThreadNodeRow } from '../stores/recordsSchema.ts'
import { dataOf, toNode } from './threadNode.ts'

export interface AskedPlace {
  readonly runId: string | null
  readonly layerId: string | null
  readonly seedId: number | null
  readonly atMs: number
  readonly beforeMs: number
}

type Overlap = ChangeItem['overlap']

/** How much of the asked place a change touches. */
const OVERLAP_WEIGHT: Readonly<Record<Overlap, number>> = {
  seed: 1,
  layer: 0.85,
  run: 0.75,
  installation: 0.6,
  elsewhere: 0.2,
}
/** How much a kind of change usually moves. */
const KIND_WEIGHT: Partial<Readonly<Record<ThreadKind, number>>> = {
  fault: 1,
  incident: 0.75,
  command: 0.85,
  run: 0.6,
  alert: 0.5,
  transition: 0.4,
  blueprint: 0.4,
  change: 0.35,
}
const REST_WEIGHT = 0.2
/** That a run began, or came back, explains little of what it does. */
const QUIET_RUN_WEIGHT = 0.25

const OVERLAP_WORDS: Readonly<Record<Overlap, string>> = {
  seed: 'this very seed',
  layer: 'this layer',
  run: 'this run',
  installation: 'the whole installation',
  elsewhere: 'another layer of the run',
}

/** Whole runs and everything are asked about through what they hold: a seed of the run is a part of it. */
export function overlapOf(row: ThreadNodeRow, asked: AskedPlace): Overlap {
  if (row.run_id === null && row.layer_id === null) return 'installation'
  if (asked.layerId === null || row.layer_id === null) return 'run'
  if (row.layer_id !== asked.layerId) return 'elsewhere'
  if (asked.seedId === null || row.seed_id === null) return 'layer'
  return row.seed_id === asked.seedId ? 'seed' : 'elsewhere'
}

const ageText = (ms: number): string =>
  ms < 60_000 ? `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s` : `${(ms / 60_000).toFixed(1)} min`

function evidenceOf(
  item: Pick<ChangeItem, 'overlap' | 'ongoing' | 'distance_ms'>,
  sinceMs: number,
  end: number | null,
): string {
  const where = `touches ${OVERLAP_WORDS[item.overlap]}`
  if (item.ongoing) return `${where}; it began ${ageText(sinceMs)} before and was still at work`
  if (end !== null) return `${where}; it ended ${ageText(item.distance_ms)} before`
  return `${where}; ${ageText(item.distance_ms)} before`
}

/** When a fault ended: the end carries the thread of the beginning. */
function endsByThread(rows: readonly ThreadNodeRow[]): ReadonlyMap<string, number> {
  const ends = new Map<string, number>()
  for (const row of rows)
    if (row.kind === 'fault' && row.correlation_id !== null && dataOf(row).ends === true) {
      const known = ends.get(row.correlation_id)
      if (known === undefined || row.at_ms < known) ends.set(row.correlation_id, row.at_ms)
    }
  return ends
}

/** What a row lasted until: what it says itself, or the end its thread tells; undefined: it is over at once. */
function lasting(row: ThreadNodeRow, ends: ReadonlyMap<string, number>): { readonly endMs: number | null } | undefined {
  if (row.until_ms !== null) return { endMs: row.until_ms }
  // A single blow has no steps to last: its text says so, and its effect is over before the next evaluation.
  if (row.kind !== 'fault' || !/ for (up to )?[\d,]+ (steps|ticks)/.test(row.text)) return undefined
  const endMs = row.correlation_id === null ? undefined : ends.get(row.correlation_id)
  return { endMs: endMs ?? null }
}

function rank(row: ThreadNodeRow, asked: AskedPlace, ends: ReadonlyMap<string, number>): ChangeItem {
  const node = toNode(row)
  const { atMs, beforeMs } = asked
  const overlap = overlapOf(row, asked)
  const last = lasting(row, ends)
  const ongoing = last !== undefined && (last.endMs === null || last.endMs >= atMs)
  const sinceMs = Math.max(0, atMs - row.at_ms)
  const distance_ms = ongoing ? 0 : Math.max(0, atMs - (last?.endMs ?? row.at_ms))
  const nearness = Math.exp((-3 * distance_ms) / beforeMs)
  const severe = node.tone === 'crit' ? 1.15 : 1
  const kindWeight = node.kind === 'run' && node.tone === 'plain' ? QUIET_RUN_WEIGHT : KIND_WEIGHT[node.kind]
  const score = OVERLAP_WEIGHT[overlap] * (kindWeight ?? REST_WEIGHT) * nearness * severe
  return {
    id: node.id,
    kind: node.kind,
    at: node.at,
    at_ms: node.at_ms,
    text: node.text,
    evidence: evidenceOf({ overlap, ongoing, distance_ms }, sinceMs, last?.endMs ?? null),
    tone: node.tone,
    overlap,
    ongoing,
    distance_ms,
    score: Number(score.toPrecision(4)),
    by: node.by,
    layer_id: node.layer_id,
    seed_id: node.seed_id,
    thread: row.correlation_id,
    link: row.correlation_id === null ? node.link : THREAD_LINKS.thread(row.correlation_id),
  }
}

/** Ranks; an end stands for itself only where its beginning is not in sight. */
export function rankChanges(rows: readonly ThreadNodeRow[], asked: AskedPlace): readonly ChangeItem[] {
  const ends = endsByThread(rows)
  const begun = new Set(
    rows.filter((row) => row.kind === 'fault' && dataOf(row).ends !== true).map((row) => row.correlation_id),
  )
  return rows
    .filter((row) => !(row.kind === 'fault' && dataOf(row).ends === true && begun.has(row.correlation_id)))
    .map((row) => rank(row, asked, ends))
    .toSorted((a, b) => b.score - a.score || b.at_ms - a.at_ms)
}
