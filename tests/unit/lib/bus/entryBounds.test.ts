import { expect, test } from 'vitest'
import { assertMessage, entryBytes, MAX_ENTRY_BYTES } from '../../../../lib/bus/entryBounds.ts'
import type { BusMessage } from '../../../../lib/bus/messageBus.ts'
import { isAppError } from '../../../../lib/contracts/appError.ts'

const base: BusMessage = { type: 'Note', data: new Uint8Array(10) }
const pathOf = (message: unknown): unknown => {
  try {
    assertMessage(message as BusMessage, 1_000)
    return 'accepted'
  } catch (error) {
    return isAppError(error) ? `${error.code} ${String(error.context['path'])}` : error
  }
}

test('names the field that is over its bound', () => {
  expect(pathOf(base)).toBe('accepted')
  expect(pathOf({ ...base, type: 'x'.repeat(129) })).toBe('CONTRACT_INVALID type')
  expect(pathOf({ ...base, type: 7 })).toBe('CONTRACT_INVALID type')
  expect(pathOf({ ...base, src: 'x'.repeat(257) })).toBe('CONTRACT_INVALID src')
  expect(pathOf({ ...base, sig: 'x'.repeat(513) })).toBe('CONTRACT_INVALID sig')
  expect(pathOf({ ...base, epoch: 1.5 })).toBe('CONTRACT_INVALID epoch')
  expect(pathOf({ ...base, seq: Number.NaN })).toBe('CONTRACT_INVALID seq')
  expect(pathOf({ ...base, enc: 'gzip' })).toBe('CONTRACT_INVALID enc')
  expect(pathOf({ ...base, data: 'text' })).toBe('CONTRACT_INVALID data')
  expect(pathOf({ ...base, data: new Uint8Array(1_000) })).toBe('BUS_TOO_LARGE data')
})

test('counts payload and text fields', () => {
  expect(entryBytes({ ...base, src: 'abc' })).toBe(10 + 4 + 3 + 48)
  expect(MAX_ENTRY_BYTES).toBe(1_048_576)
})
