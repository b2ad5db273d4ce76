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

/** What an entry is found by: derived from its bytes, no part of the evidence. */
export interface AuditIndexRow {
  readonly seq: number
  readonly at_ms: number
  /** The latest time of this entry and all before it: grows with `seq` also where a clock went back. */
  readonly order_ms: number
  readonly actor_id: string
  readonly action: string
  readonly object_type: string
  readonly object_id: string
  readonly outcome: string
  readonly command_id: string | null
  readonly correlation_id: string | null
  readonly layer_id: string | null
  readonly seed_id: number | null
  readonly level: number | null
  readonly error_code: string | null
  /** In lower case, what free text is looked for in. */
  readonly text: string
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

/** A person, in the words of the auth library. Dates are text in SQLite and moments in Postgres. */
export interface UserRow {
  readonly id: string
  readonly name: string
  readonly email: string
  readonly createdAt: string | Date
}

export interface SessionRow {
  readonly id: string
  readonly userId: string
  readonly createdAt: string | Date
  readonly expiresAt: string | Date
}

export interface ServiceTokenRow {
  readonly id: string
  readonly name: string
  readonly hash: string
  /** Separated by commas. */
  readonly permissions: string
  readonly created_by: string
  /** Id of whoever made it; null of a token from before this was kept. */
  readonly maker_id: string | null
  readonly created_ms: number
  readonly expires_ms: number
  readonly revoked_ms: number | null
}

export interface AccessVersionRow {
  readonly id: number
  readonly version: number
}

/** One command; `record` is the whole of it as JSON, the columns beside are an index. */
export interface CommandRow {
  readonly id: string
  readonly created_ms: number
  readonly updated_ms: number
  readonly type: string
  readonly state: string
  readonly final: number
  readonly actor: string
  readonly run_id: string | null
  readonly layer_id: string | null
  readonly seed_id: number | null
  readonly target_state: string | null
  readonly parent_id: string | null
  readonly record: string
}

/** What was answered to a key: the same key gets the same answer. */
export interface CommandKeyRow {
  readonly actor: string
  readonly endpoint: string
  readonly key: string
  readonly body_hash: string
  readonly command_id: string
  readonly created_ms: number
  readonly answer: string
}

/** Who has control; the newest row says who has it now. */
export interface ControlChangeRow {
  readonly seq: number
  readonly at_ms: number
  readonly action: string
  readonly by_actor: string
  readonly to_actor: string | null
  readonly reason: string
  readonly holder: string | null
}

/** One alarm as it is; `record` is the whole of it as JSON. */
export interface AlertRow {
  readonly id: string
  readonly fingerprint: string
  readonly rule: string
  readonly group_key: string
  readonly severity: string
  readonly is_over: number
  readonly run_id: string | null
  readonly layer_id: string | null
  readonly seed_id: number | null
  readonly correlation_id: string | null
  readonly raised_ms: number
  readonly changed_ms: number
  readonly words: string
  readonly record: string
}

/** What happened to an alarm; the version it then had. */
export interface AlertEventRow {
  readonly alert_id: string
  readonly version: number
  readonly seq: number
  readonly at_ms: number
  readonly actor: string
  readonly act: string
  readonly from_state: string
  readonly to_state: string
  readonly note: string | null
}

/** A rule that is not as it ships; a deleted one keeps its number. */
export interface AlertRuleRow {
  readonly id: string
  readonly version: number
  readonly is_deleted: number
  readonly record: string
}

export interface AlertRuleVersionRow {
  readonly id: string
  readonly version: number
  readonly saved_ms: number
  readonly saved_by: string
  readonly change: string
  readonly record: string
}

export interface AlertMarkRow {
  readonly name: string
  readonly value: number
}

/** One thing that happened; `data` is the rest of it as JSON, the columns beside are what is asked by. */
export interface ThreadNodeRow {
  /** Made from what it is, so that the same thing told twice is one row. */
  readonly id: string
  readonly at_ms: number
  /** Order inside one millisecond. */
  readonly ord: number
  readonly until_ms: number | null
  readonly kind: string
  /** 1: it may be the answer to "what changed?". */
  readonly is_change: number
  readonly correlation_id: string | null
  readonly causation_id: string | null
  readonly run_id: string | null
  readonly layer_id: string | null
  readonly seed_id: number | null
  readonly generation: number | null
  readonly text: string
  readonly data: string
}

/** Each room adds its tables here and a migration of its own. */
export interface RecordsSchema {
  audit_entries: AuditEntryRow
  audit_index: AuditIndexRow
  audit_writer: AuditWriterRow
  audit_checkpoints: AuditCheckpointRow
  user: UserRow
  session: SessionRow
  service_tokens: ServiceTokenRow
  access_version: AccessVersionRow
  commands: CommandRow
  command_keys: CommandKeyRow
  control_changes: ControlChangeRow
  alerts: AlertRow
  alert_events: AlertEventRow
  alert_rules: AlertRuleRow
  alert_rule_versions: AlertRuleVersionRow
  alert_marks: AlertMarkRow
  thread_nodes: ThreadNodeRow
}
