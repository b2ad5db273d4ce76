/*
 * The schema of a freshness state.
 * In: zod. Out: Freshness, schema and type.
 * Invariant: the names are those that the rule gives.
 * Source: docs/ux.md "freshness model".
 */
import { z } from 'zod'
import { FRESHNESS_STATES } from './freshnessRule.ts'

export const Freshness = /* @__PURE__ */ z.enum(FRESHNESS_STATES)
export type Freshness = z.infer<typeof Freshness>
