import { expect, test } from 'vitest'
import { isAppError } from '../../../../lib/contracts/appError.ts'
import { baselineText, parseBaseline } from '../../../../lib/contracts/baselineWords.ts'
import { decodeHeaded, encodeHeaded } from '../../../../lib/frames/headedBytes.ts'

test('a head and its planes come back as they were, on a border that any array can lie on', () => {
  for (const name of ['', 'ä', 'abcdefg']) {
    const bytes = encodeHeaded({ name }, [Float32Array.of(1.5, Number.NaN), Uint8Array.of(7)])
    const { head, body } = decodeHeaded(bytes.buffer)
    expect(head).toEqual({ name })
    expect([...new Float32Array(body, 0, 2)]).toEqual([1.5, Number.NaN])
    expect([...new Uint8Array(body, 8)]).toEqual([7])
  }
})

test.each([[new Uint8Array(2)], [Uint8Array.of(255, 255, 255, 255, 1)], [Uint8Array.of(1, 0, 0, 0, 120, 0, 0, 0)]])(
  'bytes whose head does not fit are refused (%#)',
  (bytes) => {
    let refused: unknown = null
    try {
      decodeHeaded(bytes.buffer)
    } catch (error) {
      refused = error
    }
    expect(isAppError(refused, 'CONTRACT_FRAME')).toBe(true)
  },
)

test('a baseline is read from its text and written back; anything else is none', () => {
  for (const text of ['ago-300', 'at-1700000000000', 'run-growth-1:a'])
    expect(baselineText(parseBaseline(text)!)).toBe(text)
  for (const text of ['', 'ago-', 'ago-0', 'ago-99999999', 'at--5', 'run-', 'run-a b', 'then-5', 'ago-1.5'])
    expect(parseBaseline(text)).toBeNull()
})
