/*
 * 0007-audit-index: what the audit trail is searched by, beside the entries and derived from them.
 * In: a schema builder. Out: one narrow table with its indices; the indices on the entries that it replaces go.
 * Invariant: released; never edited. Nothing here is evidence: the table can be emptied and is filled again.
 * Source: docs/audit.md "index".
 */
import type { Migrate } from '../migrationStep.ts'

export const auditIndexMigration: Migrate = async (schema) => {
  await schema
    .createTable('audit_index')
    .addColumn('seq', 'bigint', (column) => column.primaryKey().notNull())
    .addColumn('at_ms', 'bigint', (column) => column.notNull())
    .addColumn('order_ms', 'bigint', (column) => column.notNull())
    .addColumn('actor_id', 'text', (column) => column.notNull())
    .addColumn('action', 'text', (column) => column.notNull())
    .addColumn('object_type', 'text', (column) => column.notNull())
    .addColumn('object_id', 'text', (column) => column.notNull())
    .addColumn('outcome', 'text', (column) => column.notNull())
    .addColumn('command_id', 'text')
    .addColumn('correlation_id', 'text')
    .addColumn('layer_id', 'text')
    .addColumn('seed_id', 'integer')
    .addColumn('level', 'integer')
    .addColumn('error_code', 'text')
    .addColumn('text', 'text', (column) => column.notNull())
    .execute()
  for (const name of ['order_ms', 'actor_id', 'action', 'object_id', 'outcome', 'layer_id'])
    await schema.createIndex(`audit_index_${name}`).on('audit_index').columns([name, 'seq']).execute()
  // What is searched by these is searched in the narrow table; command_id and correlation_id stay on the entries.
  for (const name of ['at_ms', 'actor_id', 'action', 'object_id'])
    await schema.dropIndex(`audit_entries_${name}`).execute()
}
