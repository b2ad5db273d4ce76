/*
 * Golden wire fixtures: every message type, in every version that can be read, byte for byte as it was published.
 * In: tests/contracts/golden, golden-manifest.json, refusals.json. Out: proof that old publishers are still understood.
 * Invariant: append-only; a new version adds files, an old file never changes.
 * Source: docs/protocol.md "versions".
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isAppError } from '../../lib/contracts/appError.ts'
import { encodeMessage, decodeEntry } from '../../lib/bus/codec.ts'
import { MESSAGE_NAMES } from '../../lib/contracts/envelope.ts'
import { type AnyMessageInput, MESSAGE_TYPES, parseMessage } from '../../lib/contracts/messageTypes.ts'
import { decodeFixture, hashTree, listFixtures, readManifest } from './goldenFixtures.ts'

interface Refusal {
  readonly name: string
  readonly type: string
  readonly value: unknown
  readonly code: string
  readonly path: string
}

const fixtures = listFixtures()
const refusals = JSON.parse(readFileSync(join(import.meta.dirname, 'refusals.json'), 'utf8')) as readonly Refusal[]
const context = { topic: 'kasmina.run', cursor: '1-0', acceptedAtMs: 1_769_500_800_000 }

describe('golden fixtures', () => {
  test('no listed fixture was changed, removed or left out of the manifest', () => {
    // A difference here means an old wire form was edited. Add a new file and run tests/contracts/addGolden.ts instead.
    expect(hashTree()).toEqual(readManifest())
  })

  test.each(MESSAGE_NAMES)('%s has a fixture for every major that can be read', (name) => {
    const majors = new Set(fixtures.filter((f) => f.type === name).map((f) => Number(f.version.split('.')[0])))
    expect([...majors].toSorted((a, b) => a - b)).toEqual([...MESSAGE_TYPES[name].majors])
  })

  test.each(fixtures.map((fixture) => [fixture.key, fixture] as const))(
    'reads %s as it always did',
    (_key, fixture) => {
      const decoded = decodeFixture(fixture)
      const expected = JSON.parse(readFileSync(fixture.expectedPath, 'utf8')) as Record<string, unknown>
      if (decoded.kind !== 'message') throw new Error('not a message')
      const { version, flags, message } = decoded
      expect(JSON.parse(JSON.stringify({ version, flags, message }))).toEqual(expected)
    },
  )

  test.each(fixtures.map((fixture) => [fixture.key, fixture] as const))(
    '%s survives being sent again',
    (_key, fixture) => {
      const decoded = decodeFixture(fixture)
      if (decoded.kind !== 'message') throw new Error('not a message')
      const again = encodeMessage(decoded.message as AnyMessageInput)
      const { type } = decoded
      const parsed = parseMessage(type, JSON.parse(new TextDecoder().decode(again.data)), context)
      expect(parsed.message).toEqual(decoded.message)
    },
  )
})

describe('refusals', () => {
  test.each(refusals.map((refusal) => [refusal.name, refusal] as const))('%s', (_name, refusal) => {
    let thrown: unknown = null
    try {
      parseMessage(refusal.type, refusal.value, context)
    } catch (error) {
      thrown = error
    }
    if (!isAppError(thrown)) throw new Error(`expected ${refusal.code}, got ${String(thrown)}`)
    expect({ code: thrown.code, path: thrown.context['path'] }).toEqual({ code: refusal.code, path: refusal.path })
  })

  test('a refused command still says which message it was, so that it can be answered', () => {
    const value = { message_id: '00000000-0000-4000-8000-0000000000aa', version: '2.0', message_type: 'NoOp' }
    expect(() => parseMessage('NoOp', value, context)).toThrow(
      expect.objectContaining({ context: expect.objectContaining({ messageId: value.message_id, type: 'NoOp' }) }),
    )
  })

  test('an entry without a type is read by the type inside it', () => {
    const probe = fixtures.find((f) => f.key === 'NoOp/2.0/probe')
    if (probe === undefined) throw new Error('fixture missing')
    const entry = {
      topic: 'kasmina.control.layer.layer_0',
      type: '',
      data: probe.bytes,
      cursor: '1-0',
      acceptedAtMs: 1,
    }
    expect(decodeEntry(entry).type).toBe('NoOp')
  })
})
