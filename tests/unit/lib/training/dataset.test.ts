import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { isAppError } from '../../../../lib/contracts/appError.ts'
import { createSpirals, fillBatch, parseDigits } from '../../../../lib/training/dataset.ts'
import { createRng } from '../../../../lib/training/rng.ts'
import { givenDigits } from '../../../support/trainingFixture.ts'

const packed = () => readFileSync(new URL('../../../../assets/digits/digits-14x14.bin.br', import.meta.url))
const refusal = (bytes: Uint8Array): unknown => {
  try {
    parseDigits(bytes)
  } catch (error) {
    return error
  }
  return null
}

test('the digits are ten thousand, in range, split 6,000/2,000/2,000 without overlap of rows', () => {
  const digits = givenDigits()
  expect([digits.samples, digits.train.n, digits.val.n, digits.test.n]).toEqual([10_000, 6_000, 2_000, 2_000])
  expect(digits.sha256).toBe('be202e963a3dc04aee32c0a92b606920c5af2ad25b4d531e531e81935de93a25')
  const counts = Array.from({ length: 10 }, () => 0)
  for (const split of [digits.train, digits.val, digits.test]) for (const label of split.y) counts[label]!++
  expect(Math.min(...counts)).toBeGreaterThan(800)
  expect(digits.train.x.every((v) => v >= 0 && v <= 1)).toBe(true)
})

test('damaged, cut or foreign bytes are refused by code', () => {
  const good = packed()
  for (const bad of [
    new Uint8Array(0),
    good.subarray(0, 1_000),
    new TextEncoder().encode('MSDG but no header at all'),
  ]) {
    expect(isAppError(refusal(bad), 'CONTRACT_INVALID')).toBe(true)
  }
})

test('a batch is drawn from the training split and shifted by at most one pixel', () => {
  const digits = givenDigits()
  const x = new Float32Array(8 * digits.dims)
  const y = new Uint8Array(8)
  fillBatch(digits, createRng(1), x, y, 8, 1)
  const again = new Float32Array(x.length)
  fillBatch(digits, createRng(1), again, y, 8, 1)
  expect(again).toEqual(x)
  const still = new Float32Array(x.length)
  fillBatch(digits, createRng(1), still, y, 8, 0)
  const rows = new Set(
    Array.from({ length: digits.train.n }, (_, i) => digits.train.x.subarray(i * 196, (i + 1) * 196).join()),
  )
  expect(rows.has(still.subarray(0, 196).join())).toBe(true)
})

test('spirals are the same for a seed and different for another', () => {
  expect(createSpirals(1).train.x).toEqual(createSpirals(1).train.x)
  expect(createSpirals(1).train.x).not.toEqual(createSpirals(2).train.x)
})
