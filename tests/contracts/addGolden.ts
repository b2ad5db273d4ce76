/*
 * addGolden: takes new golden fixtures into the manifest and writes their expected form; run by hand after adding files.
 * In: fixtures without an expected form. Out: *.expected.json and new manifest lines, to be read before they are committed.
 * Invariant: append-only: a listed file is never rewritten and never re-hashed.
 * Source: docs/protocol.md "versions".
 */
import { existsSync, writeFileSync } from 'node:fs'
import { decodeFixture, hashTree, listFixtures, MANIFEST_PATH, readManifest } from './goldenFixtures.ts'

for (const fixture of listFixtures()) {
  if (existsSync(fixture.expectedPath)) continue
  const { kind, ...decoded } = decodeFixture(fixture)
  if (kind !== 'message' || !('message' in decoded)) throw new Error(`${fixture.key} is not a message`)
  const expected = { version: decoded.version, flags: decoded.flags, message: decoded.message }
  writeFileSync(fixture.expectedPath, `${JSON.stringify(expected, null, 2)}\n`)
}
const manifest = { ...hashTree(), ...readManifest() }
const sorted = Object.fromEntries(Object.entries(manifest).toSorted(([a], [b]) => (a < b ? -1 : 1)))
writeFileSync(MANIFEST_PATH, `${JSON.stringify(sorted, null, 2)}\n`)
