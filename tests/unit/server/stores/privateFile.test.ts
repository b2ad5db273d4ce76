/*
 * privateFile: the records are read by their owner alone.
 * In: new and old database files. Out: their modes.
 * Invariant: also what SQLite puts beside the file; what can not be changed does not stop the opening.
 * Source: docs/adr/0009-records-database.md.
 */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makePrivate } from '../../../../server/stores/privateFile.ts'
import { openRecords } from '../../../../server/stores/recordsDatabase.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'morphoscope-private-'))
  // As an installer may have left it: the folder protects nothing.
  chmodSync(folder, 0o755)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const modes = () =>
  Object.fromEntries(readdirSync(folder).map((name) => [name, statSync(path.join(folder, name)).mode & 0o777]))
const PRIVATE = { 'm.db': 0o600, 'm.db-wal': 0o600, 'm.db-shm': 0o600 }

test('a new database and what lies beside it is private', async () => {
  const records = await openRecords(`sqlite:${folder}/m.db`)
  expect(modes()).toEqual(PRIVATE)
  await records.close()
})

test('one that everybody could read is private from the next opening, also what lies beside it', async () => {
  const first = await openRecords(`sqlite:${folder}/m.db`)
  for (const name of readdirSync(folder)) chmodSync(path.join(folder, name), 0o644)
  const second = await openRecords(`sqlite:${folder}/m.db`)
  expect(modes()).toEqual(PRIVATE)
  await second.close()
  await first.close()
})

test('what is written in it stays', () => {
  writeFileSync(path.join(folder, 'm.db'), 'kept', { mode: 0o644 })
  makePrivate(path.join(folder, 'm.db'))
  expect(statSync(path.join(folder, 'm.db')).size).toBe(4)
  expect(modes()).toEqual({ 'm.db': 0o600 })
})

test('what can not be changed is let be', () => {
  expect(() => makePrivate(path.join(folder, 'no', 'such', 'folder'))).not.toThrow()
  expect(() => makePrivate('/dev/null/m.db')).not.toThrow()
})

test('an address that is no file is still told as such', async () => {
  mkdirSync(path.join(folder, 'm.db'))
  await expect(openRecords(`sqlite:${folder}/m.db`)).rejects.toMatchObject({ code: 'STATE_STORAGE' })
})
