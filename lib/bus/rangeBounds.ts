/*
 * rangeBounds: which ranges may be read at all, the same on every driver.
 * In: a range of a caller. Out: its limit in entries, or a refusal by code.
 * Invariant: one read never asks for more than 10,000 entries.
 * Source: docs/bus.md "reading a range".
 */
import { AppError } from '../contracts/appError.ts'
import type { ReadRange } from './messageBus.ts'
import { isCursor } from './subscriptionRules.ts'

const DEFAULT_LIMIT = 1_000
const MAX_LIMIT = 10_000

/** Refuses cursors and limits that can not be. @throws CONTRACT_INVALID */
export function checkRange(range: ReadRange): number {
  for (const path of ['after', 'until'] as const) {
    const cursor = range[path]
    if (cursor !== undefined && !isCursor(cursor)) {
      throw new AppError('CONTRACT_INVALID', `range ${path}: expected a cursor`, { path })
    }
  }
  const limit = range.limit ?? DEFAULT_LIMIT
  if (!Number.isInteger(limit) || limit < 1) {
    throw new AppError('CONTRACT_INVALID', 'range limit: expected a whole number from 1', { path: 'limit' })
  }
  return Math.min(limit, MAX_LIMIT)
}
