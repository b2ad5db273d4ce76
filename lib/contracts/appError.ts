/*
 * AppError: the one error class, recognised by brand and code across module instances, and its public form.
 * In: a code of the catalogue. Out: AppError, isAppError, toProblem (RFC 9457).
 * Invariant: an unknown throwable becomes INTERNAL and never a second throw; details of INTERNAL never leave the process.
 * Source: docs/protocol.md "errors"; docs/adr/0002-next-seam.md.
 */
import { ERROR_CATALOG, type ErrorCode } from './errorCatalog.ts'

const BRAND = Symbol.for('morphoscope.error')

export class AppError extends Error {
  readonly [BRAND] = true
  readonly code: ErrorCode
  readonly context: Readonly<Record<string, unknown>>
  /** Shown to the operator and written to the log: the thread between the two. */
  readonly id: string

  constructor(code: ErrorCode, message: string, context: Readonly<Record<string, unknown>> = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'AppError'
    this.code = code
    this.context = context
    this.id = globalThis.crypto.randomUUID()
  }
}

/** Recognises an AppError of any module instance; with a code, only that one. */
export function isAppError(error: unknown, code?: ErrorCode): error is AppError {
  if (typeof error !== 'object' || error === null || !(BRAND in error)) return false
  return code === undefined || (error as AppError).code === code
}

/** RFC 9457 problem document plus code and id. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: ErrorCode
  readonly id: string
  /** What happened and what to do now, for an operator. */
  readonly detail: string
  /** Path of the offending field, when there is one. */
  readonly path?: string
}

/** Translates any throwable into its public form; never throws. */
export function toProblem(error: unknown): Problem {
  const known = isAppError(error) ? error : new AppError('INTERNAL', 'unexpected failure', {}, error)
  const entry = ERROR_CATALOG[known.code]
  const path = known.context['path']
  return {
    type: `urn:morphoscope:error:${known.code}`,
    title: entry.title,
    status: entry.status,
    code: known.code,
    id: known.id,
    detail: known.code === 'INTERNAL' ? entry.operator : `${known.message}. ${entry.operator}`,
    ...(typeof path === 'string' ? { path } : {}),
  }
}
