import type { Migrate } from '../migrationStep.ts'

export const auditMigration: Migrate = async (schema, { binary }) => {
  await schema
    .createTable('audit_entries')
    .addColumn('seq', 'bigint', (column) => column.primaryKey().notNull())
    .addColumn('at_ms', 'bigint', (column) => column.notNull())
    .addColumn('actor_id', 'text', (column) => column.notNull())
    .addColumn('action', 'text', (column) => column.notNull())
    .addColumn('object_type', 'text', (column) => column.notNull())
    .addColumn('object_id', 'text', (column) => column.notNull())
    .addColumn('outcome', 'text', (column) => column.notNull())
    .addColumn('command_id', 'text')
    .addColumn('correlation_id', 'text')
    .addColumn('bytes', binary, (column) => column.notNull())
    .addColumn('sig', binary, (column) => column.notNull())
    .addColumn('prev_hash', 'text', (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull())
    .execute()
  for (const name of ['at_ms', 'actor_id', 'action', 'object_id', 'command_id', 'correlation_id'])
    await schema.createIndex(`audit_entries_${name}`).on('audit_entries').columns([name, 'seq']).execute()
  await schema
    .createTable('audit_writer')
    .addColumn('id', 'integer', (column) => column.primaryKey().notNull())
    .addColumn('log_id', 'text', (column) => column.notNull())
    .addColumn('epoch', 'bigint', (column) => column.notNull())
    .addColumn('holder', 'text', (column) => column.notNull())
    .execute()
  await schema
    .createTable('audit_checkpoints')
    .addColumn('size', 'bigint', (column) => column.primaryKey().notNull())
    .addColumn('at_ms', 'bigint', (column) => column.notNull())
    .addColumn('frontier', 'text', (column) => column.notNull())
    .addColumn('note', 'text', (column) => column.notNull())
    .execute()
}
