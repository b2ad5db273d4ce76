/*
 * foreignV2Fixtures: entries of the v2 client as Python wrote them, one file per oddity.
 * In: tests/contracts/foreign-v2/<name>.json with topic, type and bytes. Out: entries ready to read or to publish.
 * Invariant: bytes stay bytes: text is what json.dumps gave, base64 what zlib gave; the files are only ever added to.
 * Source: docs/protocol.md "the v2 client".
 */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const FOREIGN_V2_ROOT = join(import.meta.dirname, 'foreign-v2')

export interface ForeignEntry {
  readonly topic: string
  readonly type: string
  readonly data: Buffer
}

interface FixtureFile {
  readonly about: string
  readonly entries: readonly { topic: string; type: string; text?: string; base64?: string }[]
}

/** Names of every fixture, sorted. */
export function foreignV2Names(): readonly string[] {
  return globSync('*.json', { cwd: FOREIGN_V2_ROOT })
    .map((file) => file.replace(/\.json$/, ''))
    .toSorted()
}

/** Entries of one fixture, in the order they were written. */
export function foreignV2Entries(name: string): readonly ForeignEntry[] {
  const file = JSON.parse(readFileSync(join(FOREIGN_V2_ROOT, `${name}.json`), 'utf8')) as FixtureFile
  return file.entries.map(({ topic, type, text, base64 }) => ({
    topic,
    type,
    data: base64 === undefined ? Buffer.from(text ?? '', 'utf8') : Buffer.from(base64, 'base64'),
  }))
}
