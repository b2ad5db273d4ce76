/*
 * 0005-token-makers: who made a service token, so that it carries no more than that person does now.
 * In: a schema builder. Out: one column; null for tokens of before, which carry nothing any more.
 * Invariant: released; never edited.
 * Source: docs/security.md "tokens".
 */
import type { Migrate } from '../migrationStep.ts'

export const tokenMakersMigration: Migrate = async (schema) => {
  await schema.alterTable('service_tokens').addColumn('maker_id', 'text').execute()
}
