/*
 * What brought a record about, for readers of both generations: publishers before causation ids put the command into the correlation id.
 * In: the two ids. Out: one id or null.
 * Invariant: nothing is guessed: without either id there is no cause.
 * Source: docs/protocol.md "threads".
 */
export interface Causes {
  readonly correlation_id?: string | null | undefined
  readonly causation_id?: string | null | undefined
}

/** Names the command or entry that caused a record; null where none is named. */
export function causeOf({ correlation_id, causation_id }: Causes): string | null {
  return causation_id ?? correlation_id ?? null
}
