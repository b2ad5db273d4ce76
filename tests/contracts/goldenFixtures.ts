/*
 * goldenFixtures: finds the golden files of the message contract and decodes them the way the bus does.
 * In: tests/contracts/golden/<Type>/<version>/<name>.json. Out: fixtures with bytes, hash and expected form.
 * Invariant: a fixture is read as raw bytes, never through JSON.parse, so Python's NaN stays what it was.
 * Source: docs/protocol.md "versions".
 */
import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeEntry, type DecodedEntry } from '../../lib/bus/codec.ts'
import { MESSAGE_TYPES, isMessageName } from '../../lib/contracts/messageTypes.ts'
import { topicName, TOPICS } from '../../lib/contracts/topics.ts'

export const GOLDEN_ROOT = join(import.meta.dirname, 'golden')
export const MANIFEST_PATH = join(import.meta.dirname, 'golden-manifest.json')

export interface GoldenFixture {
  /** Type/version/name, the key in the manifest. */
  readonly key: string
  readonly type: string
  readonly version: string
  readonly bytes: Uint8Array
  readonly expectedPath: string
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** Lists every fixture, sorted by key. */
export function listFixtures(): readonly GoldenFixture[] {
  return globSync('*/*/*.json', { cwd: GOLDEN_ROOT })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => !file.endsWith('.expected.json'))
    .toSorted()
    .map((file) => {
      const [type = '', version = ''] = file.split('/')
      const path = join(GOLDEN_ROOT, file)
      return {
        key: file.replace(/\.json$/, ''),
        type,
        version,
        bytes: readFileSync(path),
        expectedPath: path.replace(/\.json$/, '.expected.json'),
      }
    })
}

/** Hashes every file of the golden tree by its path inside it. */
export function hashTree(): Readonly<Record<string, string>> {
  const files = globSync('*/*/*.json', { cwd: GOLDEN_ROOT }).toSorted()
  return Object.fromEntries(
    files.map((file) => [file.replaceAll('\\', '/'), sha256(readFileSync(join(GOLDEN_ROOT, file)))]),
  )
}

/** Reads the manifest; empty before the first fixture was added. */
export function readManifest(): Readonly<Record<string, string>> {
  return existsSync(MANIFEST_PATH) ? (JSON.parse(readFileSync(MANIFEST_PATH, 'utf8')) as Record<string, string>) : {}
}

/** Decodes a fixture as an entry of the first topic its type may travel on; 1.0 comes without an encoding, as it does live. */
export function decodeFixture(fixture: GoldenFixture): DecodedEntry {
  if (!isMessageName(fixture.type)) throw new Error(`no such type: ${fixture.type}`)
  const family = MESSAGE_TYPES[fixture.type].families[0]
  if (family === undefined) throw new Error(`${fixture.type} travels nowhere`)
  const topic = topicName(family, TOPICS[family].pattern.includes('{') ? 'layer_0' : undefined)
  return decodeEntry({
    topic,
    type: fixture.type,
    data: fixture.bytes,
    src: 'fixture-source',
    cursor: '1769500800000-0',
    acceptedAtMs: 1_769_500_800_000,
    ...(fixture.version.startsWith('1.') ? {} : { enc: 'json' as const }),
  })
}
