/*
 * precedent: what came of commands like this one.
 * In: commands that ended, newest first. Out: counts, how long layers took, the graded change, the nearest cases.
 * Invariant: computed from recorded outcomes only; no case is "no precedent", in words, and its figures are null.
 * Source: docs/commands.md "precedent"; docs/ux.md "what-if preview".
 */
import type { Precedent } from '../../lib/contracts/commandPreview.ts'
import type { StoredCommand } from './storedCommand.ts'

export const PRECEDENT = Object.freeze({ days: 14, cases: 500 })
const DAY_MS = 86_400_000

/** Reads a quantile of sorted values: the nearest rank. */
function quantile(sorted: readonly number[], share: number): number | null {
  return sorted.length === 0 ? null : sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)]!
}

function ackMs(command: StoredCommand): number | null {
  const issued = command.stages.find(({ stage }) => stage === 'issued')?.atMs
  const end = command.stages.find(
    ({ stage }) => stage === 'applied' || stage === 'rejected' || stage === 'failed',
  )?.atMs
  return issued === undefined || end === undefined ? null : Math.max(0, end - issued)
}

const MANY = (n: number, days: number): string => `${n} similar command${n === 1 ? '' : 's'} in the last ${days} days`

export interface SimilarTo {
  /** Whether the life a case belongs to was rolled back afterwards. */
  readonly wasRolledBack: (command: StoredCommand) => boolean
  readonly layerId: string | null
  readonly seedId: number | null
  /** State the seed is in; null: any. */
  readonly from: string | null
}

/** Tells precedent; `ended` are commands of the same kind, newest first. */
export function tellPrecedent(ended: readonly StoredCommand[], to: SimilarTo): Precedent {
  const cases = ended.filter(
    (command) =>
      command.bulk === null && (to.from === null || command.basis?.state === null || command.basis?.state === to.from),
  )
  const count = (...states: string[]) => cases.filter(({ state }) => states.includes(state)).length
  const acks = cases.flatMap((command) => ackMs(command) ?? []).sort((a, b) => a - b)
  const deltas = cases
    .flatMap(({ verdict }) =>
      verdict?.before == null || verdict.after === null ? [] : [verdict.after - verdict.before],
    )
    .sort((a, b) => a - b)
  const nearness = (command: StoredCommand): number =>
    Number(command.layerId === to.layerId) * 2 + Number(command.layerId === to.layerId && command.seedId === to.seedId)
  const nearest = cases.toSorted((a, b) => nearness(b) - nearness(a) || b.createdMs - a.createdMs).slice(0, 3)

  return {
    n: cases.length,
    text:
      cases.length === 0
        ? 'no precedent: nothing like this ended in the last 14 days'
        : MANY(cases.length, PRECEDENT.days),
    since: cases.length === 0 ? null : new Date(cases.at(-1)!.createdMs).toISOString(),
    applied: count('APPLIED', 'APPLIED_LATE', 'DUPLICATE'),
    refused: count('REJECTED'),
    failed: count('FAILED', 'EXPIRED', 'NOT_APPLIED', 'SUPERSEDED'),
    unknown: cases.filter(({ stages }) => stages.some(({ stage }) => stage === 'unknown')).length,
    rolled_back: cases.filter(to.wasRolledBack).length,
    ack_p50_ms: quantile(acks, 0.5),
    ack_p95_ms: quantile(acks, 0.95),
    health_delta: quantile(deltas, 0.5),
    nearest: nearest.map((command) => ({
      id: command.id,
      layer_id: command.layerId,
      seed_id: command.seedId,
      at: new Date(command.createdMs).toISOString(),
      state: command.state,
      text: command.outcome?.text === undefined || command.outcome.text === '' ? command.text : command.outcome.text,
    })),
  }
}

/** From when on cases count. */
export const precedentSinceMs = (nowMs: number): number => nowMs - PRECEDENT.days * DAY_MS
