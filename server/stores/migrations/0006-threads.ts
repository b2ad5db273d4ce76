/*
 * 0006-threads: the index of what happened, by thread, moment and place.
 * In: a schema builder. Out: one table with the indices its questions need.
 * Invariant: released; never edited.
 * Source: docs/protocol.md "threads"; docs/adr/0009-records-database.md.
 */
import type { Migrate } from '../migrationStep.ts'

export const threadsMigration: Migrate = async (schema) => {
  await schema
    .createTable('thread_nodes')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('at_ms', 'bigint', (column) => column.notNull())
    .addColumn('ord', 'integer', (column) => column.notNull())
    .addColumn('until_ms', 'bigint')
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('is_change', 'integer', (column) => column.notNull())
    .addColumn('correlation_id', 'text')
    .addColumn('causation_id', 'text')
    .addColumn('run_id', 'text')
    .addColumn('layer_id', 'text')
    .addColumn('seed_id', 'integer')
    .addColumn('generation', 'bigint')
    .addColumn('text', 'text', (column) => column.notNull())
    .addColumn('data', 'text', (column) => column.notNull())
    .execute()
  const index = (name: string, columns: readonly string[]) =>
    schema
      .createIndex(`thread_nodes_${name}`)
      .on('thread_nodes')
      .columns([...columns])
      .execute()
  await index('thread', ['correlation_id', 'at_ms'])
  await index('change', ['is_change', 'at_ms'])
  await index('place', ['layer_id', 'seed_id', 'at_ms'])
  await index('kind', ['kind', 'at_ms'])
  await index('moment', ['at_ms'])
}
