/*
 * 0004-alerts: alarms as they are, what happened to them, rules and their versions, and how far the engine saw.
 * In: a schema builder. Out: five tables with the indices their lists need.
 * Invariant: released; never edited.
 * Source: docs/alerts.md "records".
 */
import type { Migrate } from '../migrationStep.ts'

export const alertsMigration: Migrate = async (schema) => {
  await schema
    .createTable('alerts')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('fingerprint', 'text', (column) => column.notNull())
    .addColumn('rule', 'text', (column) => column.notNull())
    .addColumn('group_key', 'text', (column) => column.notNull())
    .addColumn('severity', 'text', (column) => column.notNull())
    .addColumn('is_over', 'integer', (column) => column.notNull())
    .addColumn('run_id', 'text')
    .addColumn('layer_id', 'text')
    .addColumn('seed_id', 'integer')
    .addColumn('correlation_id', 'text')
    .addColumn('raised_ms', 'bigint', (column) => column.notNull())
    .addColumn('changed_ms', 'bigint', (column) => column.notNull())
    /** What words are looked for in, in small letters. */
    .addColumn('words', 'text', (column) => column.notNull())
    .addColumn('record', 'text', (column) => column.notNull())
    .execute()
  for (const columns of [['is_over', 'changed_ms'], ['changed_ms'], ['fingerprint'], ['correlation_id']])
    await schema
      .createIndex(`alerts_${columns.join('_')}`)
      .on('alerts')
      .columns(columns)
      .execute()
  await schema
    .createTable('alert_events')
    .addColumn('alert_id', 'text', (column) => column.notNull())
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('seq', 'integer', (column) => column.notNull())
    .addColumn('at_ms', 'bigint', (column) => column.notNull())
    .addColumn('actor', 'text', (column) => column.notNull())
    .addColumn('act', 'text', (column) => column.notNull())
    .addColumn('from_state', 'text', (column) => column.notNull())
    .addColumn('to_state', 'text', (column) => column.notNull())
    .addColumn('note', 'text')
    .addPrimaryKeyConstraint('alert_events_key', ['alert_id', 'version'])
    .execute()
  await schema.createIndex('alert_events_at_ms').on('alert_events').columns(['at_ms']).execute()
  await schema
    .createTable('alert_rules')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('is_deleted', 'integer', (column) => column.notNull())
    .addColumn('record', 'text', (column) => column.notNull())
    .execute()
  await schema
    .createTable('alert_rule_versions')
    .addColumn('id', 'text', (column) => column.notNull())
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('saved_ms', 'bigint', (column) => column.notNull())
    .addColumn('saved_by', 'text', (column) => column.notNull())
    .addColumn('change', 'text', (column) => column.notNull())
    .addColumn('record', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('alert_rule_versions_key', ['id', 'version'])
    .execute()
  await schema
    .createTable('alert_marks')
    .addColumn('name', 'text', (column) => column.primaryKey().notNull())
    .addColumn('value', 'bigint', (column) => column.notNull())
    .execute()
}
