/*
 * The codec: round trips, the hostile corpus, and that every refusal is an AppError with its code.
 * In: tests/support/hostileCorpus.ts. Out: proof that nothing on the bus can crash a reader.
 * Invariant: expected code for each entry, nothing else thrown, Object.prototype untouched, no entry takes long.
 * Source: docs/protocol.md "bounds".
 */
import { describe, expect, test } from 'vitest'
import { decodeEntry, encodeMessage, readPackedFrames } from '../../../../lib/bus/codec.ts'
import { isAppError } from '../../../../lib/contracts/appError.ts'
import type { MessageInput } from '../../../../lib/contracts/messageTypes.ts'
import { hostileCorpus, type HostileEntry, toDelivery } from '../../../support/hostileCorpus.ts'
import { validFrame } from '../../../support/hostileFrames.ts'

const corpus = hostileCorpus()
/** A hang guard, far above what any entry needs on a busy machine. */
const GUARD_MS = 5_000

function outcomeOf(entry: HostileEntry): string {
  try {
    decodeEntry(toDelivery(entry))
    return 'accepted'
  } catch (error) {
    return isAppError(error) ? error.code : `threw ${String(error)}`
  }
}

describe('hostile corpus', () => {
  test('has over 200 entries with distinct names', () => {
    expect(corpus.length).toBeGreaterThan(200)
    expect(new Set(corpus.map((entry) => entry.name)).size).toBe(corpus.length)
  })

  test.each(corpus.map((entry) => [entry.name, entry] as const))('%s', (_name, entry) => {
    const started = performance.now()
    expect(outcomeOf(entry)).toBe(entry.expectReason)
    expect(performance.now() - started).toBeLessThan(GUARD_MS)
    expect(Reflect.ownKeys(Object.prototype)).not.toContain('polluted')
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  test('every refusal names a path', () => {
    for (const entry of corpus.filter((one) => one.expectReason !== 'accepted')) {
      let path: unknown
      try {
        decodeEntry(toDelivery(entry))
      } catch (error) {
        path = isAppError(error) ? error.context['path'] : undefined
      }
      expect(path, entry.name).toBeTypeOf('string')
      expect(path, entry.name).toMatch(/^[A-Za-z0-9_:.?-]{0,200}$/)
    }
  })
})

const heartbeat: MessageInput<'Heartbeat'> = {
  message_id: '00000000-0000-4000-8000-000000000001',
  timestamp: 1_769_500_800.5,
  source: 'test',
  version: '2.0',
  message_type: 'Heartbeat',
  service_id: 'trainer-1',
  uptime_seconds: 3,
}
const around = { topic: 'kasmina.service', cursor: '1-0', acceptedAtMs: 1 }

describe('encodeMessage', () => {
  test.each(['json', 'json+zlib', 'json+zstd'] as const)('round-trips a message as %s with defaults filled', (enc) => {
    const message = encodeMessage(heartbeat, { enc, src: 'trainer-1', epoch: 1, seq: 2 })
    const decoded = decodeEntry({ ...around, ...message })
    expect(message).toMatchObject({ type: 'Heartbeat', enc, src: 'trainer-1', epoch: 1, seq: 2 })
    expect(decoded).toMatchObject({
      kind: 'message',
      version: '2.0',
      message: { ...heartbeat, status: 'healthy', load: {} },
    })
  })

  test('writes a non-finite reading as null, never as a number', () => {
    const message = encodeMessage({ ...heartbeat, metrics: { loss: Number.NaN } })
    expect(decodeEntry({ ...around, ...message })).toMatchObject({ message: { metrics: { loss: null } } })
  })

  test('refuses to publish what no reader would accept', () => {
    expect(() => encodeMessage({ ...heartbeat, uptime_seconds: -1 })).toThrow(
      expect.objectContaining({ code: 'CONTRACT_INVALID' }),
    )
  })
})

describe('packed frames', () => {
  test('gives every header with its offset', () => {
    const one = validFrame()
    const bytes = new Uint8Array(one.length * 3)
    for (const i of [0, 1, 2]) bytes.set(one, i * one.length)
    expect(readPackedFrames(bytes).map((frame) => frame.offset)).toEqual([0, one.length, one.length * 2])
  })

  test('reports Python floats that JSON can not say as flags, up to a bound', () => {
    const flood = `{"message_id":"${heartbeat.message_id}","timestamp":1,"source":"s","version":"2.0","message_type":"Heartbeat",
      "service_id":"s","uptime_seconds":1,"metadata":{"a":[${Array(1_000).fill('NaN').join(',')}]}}`
    const decoded = decodeEntry({ ...around, type: 'Heartbeat', enc: 'json', data: new TextEncoder().encode(flood) })
    if (decoded.kind !== 'message') throw new Error('not a message')
    expect(decoded.flagCount).toBe(1_000)
    expect(decoded.flags).toHaveLength(256)
    expect(decoded.flags[0]).toEqual({ path: 'metadata.a.0', kind: 'nan' })
  })
})
