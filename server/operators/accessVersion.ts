/*
 * accessVersion: a number in the database that grows with each change of people, sessions or tokens, whichever node made it.
 * In: the records. Out: the number, and how it is raised.
 * Invariant: raised after the change it stands for is on the disk, so that who sees the number sees the change.
 * Source: docs/adr/0011-access.md.
 */
import type { Records } from '../stores/recordsDatabase.ts'

/** Opens the number. */
export function createAccessVersion({ db }: Records) {
  return {
    async version(): Promise<number> {
      const row = await db.selectFrom('access_version').select('version').where('id', '=', 1).executeTakeFirst()
      return row?.version ?? 0
    },
    async raiseVersion(): Promise<void> {
      await db
        .insertInto('access_version')
        .values({ id: 1, version: 1 })
        .onConflict((conflict) =>
          conflict.column('id').doUpdateSet((of) => ({ version: of('access_version.version', '+', 1) })),
        )
        .execute()
    },
  }
}
