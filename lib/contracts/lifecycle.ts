/*
 * The schema of a lifecycle state by its name.
 * In: zod. Out: SeedState, schema and type.
 * Invariant: the names are those of the table, in its order.
 * Source: seed-design.md 2.3, docs/adr/0006-lifecycle-edges.md.
 */
import { z } from 'zod'
import { SEED_STATES } from './lifecycleTable.ts'

export const SeedState = /* @__PURE__ */ z.enum(SEED_STATES)
export type SeedState = z.infer<typeof SeedState>
