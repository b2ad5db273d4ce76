/*
 * peopleNames: names beside the ids of people, for who reads the trail: entries hold ids alone, so that a person can be forgotten.
 * In: ids, names. Out: names, ids.
 * Invariant: a name is what it is now; who is gone has none.
 * Source: docs/audit.md "entries".
 */
import { sql } from 'kysely'
import type { Records } from '../stores/recordsDatabase.ts'

export interface PeopleNames {
  of(ids: readonly string[]): Promise<ReadonlyMap<string, string>>
  idsOf(name: string): Promise<readonly string[]>
}

const MAX = 200

/** Creates the look-up. */
export function createPeopleNames({ db }: Pick<Records, 'db'>): PeopleNames {
  return {
    async of(ids) {
      const wanted = [...new Set(ids)].slice(0, MAX)
      if (wanted.length === 0) return new Map()
      const rows = await db.selectFrom('user').select(['id', 'name']).where('id', 'in', wanted).execute()
      return new Map(rows.map(({ id, name }) => [id, name]))
    },
    async idsOf(name) {
      const { rows } = await sql<{ id: string }>`
        select id from ${sql.table('user')} where lower(name) = ${name.toLowerCase()} or username = ${name.toLowerCase()}
        limit 16`.execute(db)
      return rows.map(({ id }) => id)
    },
  }
}
