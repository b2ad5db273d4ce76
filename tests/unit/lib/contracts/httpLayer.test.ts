import { expect, test } from 'vitest'
import { LayerRowsQuery } from '../../../../lib/contracts/httpLayer.ts'

const minOf = (min: string): unknown => {
  const parsed = LayerRowsQuery.safeParse({ metric: 'health_score', min })
  return parsed.success ? parsed.data.min : 'refused'
}

test('the bound of any class of a distribution is taken as it is written', () => {
  for (let edge = 0; edge <= 254; edge++) expect(minOf(String(edge / 254))).toBe(edge / 254)
  for (const value of [-0.1 - 0.2, 1e-7, 1.234567890123456e-6, 1e21, -1.5e300]) expect(minOf(String(value))).toBe(value)
})

test('what is no finite number is refused', () => {
  for (const text of ['', 'abc', '1,5', 'NaN', 'Infinity', '1e999', '0x10', '1'.repeat(400)])
    expect(minOf(text)).toBe('refused')
})
