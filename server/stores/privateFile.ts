/*
 * privateFile: the file of a database, and the two that SQLite puts beside it, for their owner alone.
 * In: a path. Out: nothing.
 * Invariant: never throws: where modes can not be set (another owner, another kind of disk) the database opens as it did before.
 * Source: docs/adr/0009-records-database.md.
 */
import { chmodSync, closeSync, openSync } from 'node:fs'

const PRIVATE_FILE = 0o600

/** To be called before SQLite opens the file: what it makes beside it (-wal, -shm) gets the mode of the file. */
export function makePrivate(file: string): void {
  try {
    // Only a file that is not there is opened: to close one that is in use would drop the locks SQLite holds in this process.
    closeSync(openSync(file, 'wx', PRIVATE_FILE))
  } catch {
    // It is there, or SQLite will say better what is wrong.
  }
  for (const one of [file, `${file}-wal`, `${file}-shm`]) {
    try {
      chmodSync(one, PRIVATE_FILE)
    } catch {
      // It is not there, or belongs to somebody else.
    }
  }
}
