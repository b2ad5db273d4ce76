import type { SchemaModule } from 'kysely'

export interface Dialect {
  readonly name: 'sqlite' | 'postgres'
  /** The type of a column of bytes. */
  readonly binary: 'blob' | 'bytea'
}

/** One step of server/stores/migration.ts; never edited after its release. */
export type Migrate = (schema: SchemaModule, dialect: Dialect) => Promise<void>
