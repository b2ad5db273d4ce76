/*
 * loadTables: what the load generator knows of the trainer: quantiles per state and metric, memory per metric, lives per state.
 * In: the text of assets/loadgen/tables.json. Out: LoadTables, checked.
 * Invariant: only legal edges; probabilities of a state sum to 1; quantiles never fall; a state that was never seen has no table.
 * Source: docs/performance.md "load generator".
 */
import { z } from 'zod'
import { AppError } from '../contracts/appError.ts'
import { SeedState } from '../contracts/lifecycle.ts'
import { isLegalEdge, SEED_STATES } from '../contracts/lifecycleTable.ts'

/** Points of one quantile table, at probabilities (i + 0.5) / 64. */
export const QUANTILES = 64
/** Points of one dwell-time table. */
export const DWELL_QUANTILES = 32

const isRising = (values: readonly number[]): boolean => values.every((value, i) => i === 0 || value >= values[i - 1]!)
const Rising = (length: number) => z.array(z.number()).length(length).refine(isRising, 'quantiles never fall')
const Share = z.number().min(0).max(1)

/** One metric in one state: how often it is unmeasured, and the quantiles of its measured values (null: never measured). */
export const ValueTable = z.object({ unmeasured: Share, quantiles: Rising(QUANTILES).nullable() })
export type ValueTable = z.infer<typeof ValueTable>

export const StateTable = z.object({
  /** Share of recorded seed-ticks in this state. */
  occupancy: Share,
  /** Recorded seed-ticks in this state. */
  samples: z.int().min(0),
  /** Recorded stays in this state: the ticks of one stay are much alike, so this is the size of the sample. */
  stays: z.int().min(0),
  /** Ticks spent in this state by lives that left it; null when none did. */
  dwell_ticks: Rising(DWELL_QUANTILES).nullable(),
  /** Where lives went from here. */
  edges: z.array(z.object({ to: SeedState, share: Share })),
  /** By metric name. */
  values: z.record(z.string(), ValueTable),
})
export type StateTable = z.infer<typeof StateTable>

export const LoadTables = z
  .object({
    provenance: z.object({
      trainer: z.string(),
      fit_seeds: z.array(z.int()).min(1),
      steps_per_seed: z.int().min(1),
      steps_per_tick: z.int().min(1),
      seed_ticks: z.int().min(1),
      note: z.string(),
    }),
    metrics: z.array(z.string()).min(1),
    /** Lag-1 correlation of the normal scores of each metric within a state. */
    rho: z.record(z.string(), z.number().min(-0.999).max(0.999)),
    /** Share of all seeds that were FOSSILIZED when their run ended. */
    fossil_share: Share,
    blueprints: z.array(z.object({ blueprint_id: z.string(), index: z.int().min(1), share: Share })).min(1),
    states: z.record(SeedState, StateTable),
  })
  .superRefine((tables, context) => {
    for (const from of SEED_STATES) {
      const { edges, dwell_ticks: dwell } = tables.states[from]
      const total = edges.reduce((sum, edge) => sum + edge.share, 0)
      if (edges.some((edge) => !isLegalEdge(from, edge.to)))
        context.addIssue({ code: 'custom', path: ['states', from, 'edges'], message: 'an illegal edge' })
      if (edges.length > 0 && (Math.abs(total - 1) > 1e-6 || dwell === null))
        context.addIssue({ code: 'custom', path: ['states', from], message: 'edges need shares of 1 and dwell times' })
    }
  })
export type LoadTables = z.infer<typeof LoadTables>

/** Reads the tables. @throws CONTRACT_INVALID naming the first wrong path. */
export function parseLoadTables(text: string): LoadTables {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new AppError('CONTRACT_INVALID', 'the tables of the load generator are not JSON', {}, cause)
  }
  const result = LoadTables.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const path = issue?.path.join('.') ?? ''
  throw new AppError('CONTRACT_INVALID', `the tables of the load generator: ${path} ${issue?.message ?? ''}`, { path })
}
