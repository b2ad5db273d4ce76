/*
 * recordsError: what went wrong in the records database, in the same words for both dialects.
 * In: a kind. Out: RecordsError, and the question whether something was already there.
 * Invariant: `unique` means exactly that a row with this key exists; nothing is recognised by the text of a message.
 * Source: docs/adr/0009-records-database.md.
 */
import { AppError, isAppError } from '../../lib/contracts/appError.ts'

/** `unavailable`: the file or the server can not be used now; `statement`: a bug of ours. */
export type RecordsFault = 'unique' | 'constraint' | 'unavailable' | 'statement'

export class RecordsError extends AppError {
  readonly fault: RecordsFault
  constructor(fault: RecordsFault, text: string, cause?: unknown) {
    super(fault === 'unavailable' ? 'STATE_STORAGE' : 'INTERNAL', `records database: ${text}`, { fault }, cause)
    this.fault = fault
  }
}

const POSTGRES_UNIQUE = '23505'

/** Tells whether a row with the same key was there already; the statement changed nothing. */
export function isUniqueViolation(error: unknown): boolean {
  if (isAppError(error)) return error.context['fault'] === 'unique'
  return (error as { code?: unknown } | null)?.code === POSTGRES_UNIQUE
}
