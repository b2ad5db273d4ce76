/*
 * lifeStory: one life of a slot with everything that touched it, from what is live or, later, from the index alone.
 * In: notes of the slot, rows of its span. Out: the life, its neighbours, nodes in order.
 * Invariant: the same teller for live and kept notes; what belongs to another life of the slot is left out.
 * Source: docs/ux.md "life page"; seed-design.md 2.3.
 */
import type { SeedLife } from '../../lib/contracts/httpSeed.ts'
import type { ThreadNode } from '../../lib/contracts/httpThreads.ts'
import type { LifeNote } from '../ingest/lifeNotes.ts'
import { tellLives } from '../state/lives.ts'
import type { ThreadNodeRow } from '../stores/recordsSchema.ts'
import { dataOf, toNode } from './threadNode.ts'
import { isGap } from './threadView.ts'

/** Notes as they were when they came, out of rows that carry them. */
export function notesOf(rows: readonly ThreadNodeRow[]): readonly LifeNote[] {
  return rows.flatMap((row) => {
    if (row.kind !== 'transition' && row.kind !== 'refusal' && row.kind !== 'blueprint') return []
    const { note } = dataOf(row)
    return note === undefined || note === null ? [] : [note as LifeNote]
  })
}

export interface FoundLife {
  readonly life: SeedLife
  readonly previous: number | null
  readonly next: number | null
}

/** Finds the life of a generation; null when the notes do not hold it. */
export function findLife(notes: readonly LifeNote[], generation: number): FoundLife | null {
  const { lives } = tellLives(notes)
  const at = lives.findIndex((life) => life.generation === generation)
  const life = lives[at]
  if (life === undefined) return null
  return { life, previous: lives[at - 1]?.generation ?? null, next: lives[at + 1]?.generation ?? null }
}

/** From when to when a life is told: to its release, or to now. */
export function spanOf(life: SeedLife, nowMs: number): { readonly fromMs: number; readonly toMs: number } {
  const last = life.states.at(-1)
  return { fromMs: life.from.at_ms, toMs: last?.to?.at_ms ?? nowMs }
}

/** Commands are written down before the life they begin: so much before it is looked. */
export const LEAD_MS = 15 * 60_000

const nameOf = (row: ThreadNodeRow): string | null => dataOf(row).commandId ?? row.causation_id

/** Everything of this life in order: its own events, commands that acted on it, and what happened around it. */
export function nodesOfLife(
  rows: readonly ThreadNodeRow[],
  life: SeedLife,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): readonly ThreadNode[] {
  const own = rows.filter(
    (row) =>
      row.seed_id !== null &&
      (row.kind === 'transition' || row.kind === 'refusal' || row.kind === 'blueprint') &&
      (row.generation === null || row.generation === life.generation),
  )
  const causes = new Set([...own.map(nameOf), ...life.transitions.map((one) => one.causation_id ?? one.correlation_id)])
  const isOf = (row: ThreadNodeRow): boolean => {
    if (isGap(row)) return false
    const inside = row.at_ms >= fromMs && row.at_ms <= toMs
    if (own.includes(row)) return inside
    if (row.kind === 'transition' || row.kind === 'refusal' || row.kind === 'blueprint') return false
    const { commandId } = dataOf(row)
    // The command that began this life was sent before it; one that only named the slot belongs to the life of its moment.
    if (commandId !== undefined && commandId !== null) return causes.has(commandId) || (inside && row.seed_id !== null)
    return inside
  }
  return rows.filter(isOf).map((row) => toNode(row, row.seed_id === null ? 'overlap' : 'member'))
}
