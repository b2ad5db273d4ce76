/*
 * The schema of a baseline in a query.
 * In: zod. Out: BaselineText.
 * Invariant: it reads what baselineWords.ts writes, and nothing else.
 * Source: docs/ux.md "delta mode".
 */
import { z } from 'zod'
import { parseBaseline, type Baseline } from './baselineWords.ts'

/** In a query. */
export const BaselineText = z
  .string()
  .max(160)
  .transform((text, context): Baseline => {
    const baseline = parseBaseline(text)
    if (baseline !== null) return baseline
    context.addIssue({ code: 'custom', message: 'ago-SECONDS, at-UNIX_MS or run-RUN_ID' })
    return z.NEVER
  })
