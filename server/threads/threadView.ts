/*
 * threadView: the rows of one thread and what overlaps them, as one story with edges and gaps.
 * In: member rows, overlapping rows. Out: ThreadView of the contract, but for the state of the index.
 * Invariant: pure; every node but the first has one way in; a latency that would be negative is null: two clocks contradict.
 * Source: docs/protocol.md "threads"; docs/ux.md "causal thread".
 */
import type { ThreadEdge, ThreadNode, ThreadView } from '../../lib/contracts/httpThreads.ts'
import type { CoverageGap } from '../../lib/contracts/liveRecords.ts'
import type { ThreadNodeRow } from '../stores/recordsSchema.ts'
import { dataOf, toNode } from './threadNode.ts'

/** Rows that are gaps of coverage, as gaps. */
export function gapsOf(rows: readonly ThreadNodeRow[]): CoverageGap[] {
  return rows.flatMap((row) => {
    const cause = /^gap:(bus_down|producer_silent|lost|server_restart)$/.exec(dataOf(row).by ?? '')?.[1]
    if (cause === undefined || row.until_ms === null) return []
    const { lost = null } = (dataOf(row).note ?? {}) as { readonly lost?: number | null }
    return [{ from_ms: row.at_ms, to_ms: row.until_ms, cause: cause as CoverageGap['cause'], lost }]
  })
}

export const isGap = (row: ThreadNodeRow): boolean => dataOf(row).by?.startsWith('gap:') === true

/** Members that name the same command or id as their cause, newest first before `at`. */
function parentOf(
  members: readonly ThreadNode[],
  causes: ReadonlyMap<string, string | null>,
  at: number,
): { readonly parent: ThreadNode; readonly kind: ThreadEdge['kind'] } {
  const node = members[at]!
  const cause = causes.get(node.id) ?? null
  const before = members.slice(0, at)
  const previous = before.at(-1)!
  if (cause === null) return { parent: previous, kind: 'then' }
  const isCause = (other: ThreadNode): boolean => other.id === cause || other.command_id === cause
  // A cause whose clock runs ahead stands behind what it caused.
  const named =
    before.findLast(isCause) ?? members.slice(at + 1).find((other) => other.kind === 'command' && isCause(other))
  return named === undefined ? { parent: previous, kind: 'then' } : { parent: named, kind: 'cause' }
}

const between = (from: ThreadNode, to: ThreadNode): number | null => {
  const ms = to.at_ms - from.at_ms
  return ms < 0 ? null : ms
}

/** Draws the edges of a story. */
export function edgesOf(nodes: readonly ThreadNode[], causes: ReadonlyMap<string, string | null>): ThreadEdge[] {
  const members = nodes.filter((node) => node.relation === 'member')
  const chain = members.flatMap((node, at): ThreadEdge[] => {
    if (at === 0) return []
    const { parent, kind } = parentOf(members, causes, at)
    return [{ from: parent.id, to: node.id, latency_ms: between(parent, node), kind }]
  })
  const beside = nodes.flatMap((node): ThreadEdge[] => {
    if (node.relation === 'member') return []
    const touched = members.find((member) => member.at_ms >= node.at_ms) ?? members.at(-1)
    return touched === undefined
      ? []
      : [{ from: node.id, to: touched.id, latency_ms: between(node, touched), kind: 'overlap' }]
  })
  return [...chain, ...beside]
}

/** Names a thread by what it turns on. */
function titleOf(members: readonly ThreadNode[]): string {
  const head =
    members.find(({ kind }) => kind === 'alert') ??
    members.find(({ kind }) => kind === 'fault') ??
    members.find(({ kind, text }) => kind === 'command' && !text.endsWith(' issued')) ??
    members.find(({ kind }) => kind === 'transition') ??
    members[0]!
  return head.text
}

const firstOf = <T>(values: readonly (T | null)[]): T | null => values.find((value) => value !== null) ?? null
/** The one value all members agree on; null when they name several. */
const onlyOf = <T>(values: readonly (T | null)[]): T | null => {
  const named = new Set(values.filter((value) => value !== null))
  return named.size === 1 ? firstOf(values) : null
}

/** Tells the story; null for no members. */
export function buildThread(
  id: string,
  members: readonly ThreadNodeRow[],
  overlapping: readonly ThreadNodeRow[],
  of: number,
): Omit<ThreadView, 'index'> | null {
  if (members.length === 0) return null
  const own = new Set(members.map((row) => row.id))
  const others = overlapping.filter((row) => !own.has(row.id))
  const beside = others.filter((row) => !isGap(row)).map((row) => ({ row, node: toNode(row, 'overlap') }))
  const inside = members.map((row) => ({ row, node: toNode(row) }))
  const nodes = [...inside, ...beside]
    .toSorted((a, b) => a.row.at_ms - b.row.at_ms || a.row.ord - b.row.ord)
    .map(({ node }) => node)
  const mine = nodes.filter((node) => node.relation === 'member')
  const causes = new Map(members.map((row) => [row.id, row.causation_id]))
  return {
    id,
    title: titleOf(mine),
    from_ms: mine[0]!.at_ms,
    to_ms: mine.reduce((last, node) => Math.max(last, node.until_ms ?? node.at_ms), mine[0]!.at_ms),
    run_id: firstOf(mine.map((node) => node.run_id)),
    layer_id: onlyOf(mine.map((node) => node.layer_id)),
    seed_id: onlyOf(mine.map((node) => node.seed_id)),
    nodes,
    edges: edgesOf(nodes, causes),
    gaps: gapsOf(others),
    of,
  }
}
