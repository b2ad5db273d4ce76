/*
 * blastBudget: how much of the network was commanded lately, per layer and in all, and whether a command would go over.
 * In: seeds that were commanded, with their moment. Out: used, would use, over.
 * Invariant: a seed counts once in the window however often it is commanded; small layers keep an allowance of seeds, so that a share
 * of four seeds means something.
 * Source: docs/commands.md "blast budget"; docs/ux.md "blast-radius budget".
 */
import type { BlastBudget } from '../../lib/contracts/commandPreview.ts'
import type { Clock } from '../../lib/primitives/clock.ts'

export const BUDGET = Object.freeze({ windowMs: 300_000, ratio: 0.25, seedsPerLayer: 25, seedsInAll: 50 })

export interface BudgetLayer {
  readonly layerId: string
  readonly rows: number
}

export interface BudgetBook {
  /** Counts seeds of a layer from now on, or from `atMs` when they are told again after a restart. */
  spend(layerId: string, seedIds: readonly number[], atMs?: number): void
  /** Seeds of the layer that were commanded in the window. */
  touched(layerId: string): ReadonlySet<number>
  /** What is used, and what it would be with these seeds on top; each is named once. */
  weigh(layers: readonly BudgetLayer[], wanted: ReadonlyMap<string, readonly number[]>): BlastBudget
}

/** Creates an empty book. */
export function createBudgetBook(clock: Clock): BudgetBook {
  const layers = new Map<string, Map<number, number>>()

  const tidy = (): void => {
    const oldest = clock.wallMs() - BUDGET.windowMs
    for (const [layerId, seeds] of layers) {
      for (const [seed, atMs] of seeds) if (atMs <= oldest) seeds.delete(seed)
      if (seeds.size === 0) layers.delete(layerId)
    }
  }

  return {
    spend(layerId, seedIds, atMs = clock.wallMs()) {
      const seeds = layers.get(layerId) ?? new Map<number, number>()
      for (const id of seedIds) seeds.set(id, Math.max(atMs, seeds.get(id) ?? 0))
      layers.set(layerId, seeds)
      tidy()
    },
    touched(layerId) {
      tidy()
      return new Set(layers.get(layerId)?.keys() ?? [])
    },
    weigh(known, wanted) {
      tidy()
      const rows = known.map(({ layerId, rows: seeds }) => {
        const spent = layers.get(layerId)
        const used = spent?.size ?? 0
        const wouldUse = used + countNew(wanted.get(layerId) ?? [], spent)
        const limit = Math.max(BUDGET.seedsPerLayer, Math.floor(seeds * BUDGET.ratio))
        return { layer_id: layerId, seeds, used, would_use: wouldUse, over: wouldUse > limit && wouldUse > used }
      })
      const sum = (of: (row: (typeof rows)[number]) => number) => rows.reduce((total, row) => total + of(row), 0)
      const overall = {
        seeds: sum((row) => row.seeds),
        used: sum((row) => row.used),
        would_use: sum((row) => row.would_use),
      }
      const limit = Math.max(BUDGET.seedsInAll, Math.floor(overall.seeds * BUDGET.ratio))
      return {
        window_s: BUDGET.windowMs / 1_000,
        limit_ratio: BUDGET.ratio,
        overall: { ...overall, over: overall.would_use > limit && overall.would_use > overall.used },
        layers: rows,
      }
    },
  }
}

function countNew(ids: readonly number[], spent: ReadonlyMap<number, number> | undefined): number {
  if (spent === undefined || spent.size === 0) return ids.length
  let count = 0
  for (const id of ids) if (!spent.has(id)) count++
  return count
}

/** Tells whether anything of it is over. */
export function isOverBudget(budget: BlastBudget): boolean {
  return budget.overall.over || budget.layers.some((layer) => layer.over)
}
