/*
 * migration: brings the tables of the records database to the newest form, step by step, each step once.
 * In: the database, MIGRATIONS in their order. Out: the names of the steps that were applied now.
 * Invariant: a step that was released is never edited; two processes that start at once apply each step once; a database that
 * is newer than this program is refused, not touched.
 * Source: docs/adr/0009-records-database.md.
 */
import type { Kysely } from 'kysely'
import { Migrator, type Migration } from 'kysely/migration'
import { AppError } from '../../lib/contracts/appError.ts'
import { auditMigration } from './migrations/0001-audit.ts'
import { peopleMigration } from './migrations/0002-people.ts'
import { commandsMigration } from './migrations/0003-commands.ts'
import { alertsMigration } from './migrations/0004-alerts.ts'
import { tokenMakersMigration } from './migrations/0005-token-makers.ts'
import { threadsMigration } from './migrations/0006-threads.ts'
import { auditIndexMigration } from './migrations/0007-audit-index.ts'
import type { Dialect, Migrate } from './migrationStep.ts'

/** In the order in which they are applied; a new one goes to the end, under the next number. */
export const MIGRATIONS: Readonly<Record<string, Migrate>> = Object.freeze({
  '0001-audit': auditMigration,
  '0002-people': peopleMigration,
  '0003-commands': commandsMigration,
  '0004-alerts': alertsMigration,
  '0005-token-makers': tokenMakersMigration,
  '0006-threads': threadsMigration,
  '0007-audit-index': auditIndexMigration,
})

/** @throws STATE_STORAGE when a step fails; the steps before it stay. */
export async function migrate<T>(
  db: Kysely<T>,
  dialect: Dialect,
  steps: Readonly<Record<string, Migrate>> = MIGRATIONS,
): Promise<string[]> {
  const migrations = Object.fromEntries(
    Object.entries(steps).map(([name, step]): [string, Migration] => [
      name,
      { up: (inner) => step((inner as Kysely<unknown>).schema, dialect) },
    ]),
  )
  const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(migrations) } })
  const { error, results } = await migrator.migrateToLatest()
  if (error !== undefined) {
    const failed = results?.find((result) => result.status === 'Error')?.migrationName
    const text = error instanceof Error ? error.message : JSON.stringify(error)
    throw new AppError(
      'STATE_STORAGE',
      `the records database could not be brought up to date${failed === undefined ? '' : ` (step ${failed})`}: ${text}`,
      { path: 'DATABASE_URL' },
      error,
    )
  }
  return (results ?? []).map((result) => result.migrationName)
}
