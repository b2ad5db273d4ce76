/*
 * 0003-commands: commands, their idempotency keys, and who has control.
 * In: a schema builder. Out: three tables with the indices their lists need.
 * Invariant: released; never edited.
 * Source: docs/commands.md "records".
 */
import type { Migrate } from '../migrationStep.ts'

export const commandsMigration: Migrate = async (schema) => {
  await schema
    .createTable('commands')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('created_ms', 'bigint', (column) => column.notNull())
    .addColumn('updated_ms', 'bigint', (column) => column.notNull())
    .addColumn('type', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('final', 'integer', (column) => column.notNull())
    .addColumn('actor', 'text', (column) => column.notNull())
    .addColumn('run_id', 'text')
    .addColumn('layer_id', 'text')
    .addColumn('seed_id', 'integer')
    .addColumn('target_state', 'text')
    .addColumn('parent_id', 'text')
    .addColumn('record', 'text', (column) => column.notNull())
    .execute()
  for (const columns of [
    ['final', 'created_ms'],
    ['parent_id', 'created_ms'],
    ['layer_id', 'seed_id', 'created_ms'],
    ['state', 'created_ms'],
    ['actor', 'created_ms'],
    ['type', 'target_state', 'created_ms'],
  ])
    await schema
      .createIndex(`commands_${columns.join('_')}`)
      .on('commands')
      .columns(columns)
      .execute()
  await schema
    .createTable('command_keys')
    .addColumn('actor', 'text', (column) => column.notNull())
    .addColumn('endpoint', 'text', (column) => column.notNull())
    .addColumn('key', 'text', (column) => column.notNull())
    .addColumn('body_hash', 'text', (column) => column.notNull())
    .addColumn('command_id', 'text', (column) => column.notNull())
    .addColumn('created_ms', 'bigint', (column) => column.notNull())
    .addColumn('answer', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('command_keys_key', ['actor', 'endpoint', 'key'])
    .execute()
  await schema.createIndex('command_keys_created_ms').on('command_keys').columns(['created_ms']).execute()
  await schema
    .createTable('control_changes')
    .addColumn('seq', 'bigint', (column) => column.primaryKey().notNull())
    .addColumn('at_ms', 'bigint', (column) => column.notNull())
    .addColumn('action', 'text', (column) => column.notNull())
    .addColumn('by_actor', 'text', (column) => column.notNull())
    .addColumn('to_actor', 'text')
    .addColumn('reason', 'text', (column) => column.notNull())
    .addColumn('holder', 'text')
    .execute()
}
