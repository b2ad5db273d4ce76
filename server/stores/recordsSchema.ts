/*
 * recordsSchema: the tables of the records database, as the query builder sees them.
 * In: nothing. Out: RecordsSchema.
 * Invariant: a table here has a migration that makes it; times are Unix ms, flags 0 or 1, JSON is text, on both dialects.
 * Source: docs/adr/0009-records-database.md.
 */
export interface AuditEntryRow {
  readonly seq: number
  readonly at_ms: number
  readonly actor_id: string
  readonly action: string
  readonly object_type: string
  readonly object_id: string
  readonly outcome: string
  readonly command_id: string | null
  readonly correlation_id: string | null
  /** The canonical bytes: what is hashed and signed. The columns beside are only an index to it. */
  readonly bytes: Uint8Array
  readonly sig: Uint8Array
  readonly prev_hash: string
  readonly hash: string
}

/** One row: which log this is, and who may write to it now. */
export interface AuditWriterRow {
  readonly id: number
  readonly log_id: string
  /** Grows with each writer: one that finds another number is no writer any more. */
  readonly epoch: number
  readonly holder: string
}

export interface AuditCheckpointRow {
  readonly size: number
  readonly at_ms: number
  /** Hashes of the tree's full subtrees, hex, separated by blanks: to go on without reading every entry. */
  readonly frontier: string
  /** The signed text. */
  readonly note: string
}

/** Each room adds its tables here and a migration of its own. */
export interface RecordsSchema {
  audit_entries: AuditEntryRow
  audit_writer: AuditWriterRow
  audit_checkpoints: AuditCheckpointRow
}
