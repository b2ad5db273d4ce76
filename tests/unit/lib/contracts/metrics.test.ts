import { describe, expect, test } from 'vitest'
import { LAYER_COLUMNS, MetricColumn, SEED_COLUMNS } from '../../../../lib/contracts/metrics.ts'
import { columnIndex } from '../../../../lib/contracts/columnIndex.ts'
import { MetricMap, SeedMetrics } from '../../../../lib/contracts/metricMap.ts'

describe.each([
  ['seed', SEED_COLUMNS],
  ['layer', LAYER_COLUMNS],
])('%s columns', (_name, columns) => {
  test('are valid, uniquely named, and have a range that can be drawn', () => {
    expect(new Set(columns.map((column) => column.name)).size).toBe(columns.length)
    for (const column of columns) {
      expect(MetricColumn.safeParse(column).success, column.name).toBe(true)
      expect(column.min, column.name).toBeLessThan(column.max)
      if (column.scale === 'log') expect(column.min, column.name).toBeGreaterThan(0)
      expect(column.help.endsWith('.'), column.name).toBe(true)
    }
  })
})

test('the state id stands first, where every reader looks for it', () => {
  expect(columnIndex(SEED_COLUMNS, 'state')).toBe(0)
  expect(columnIndex(SEED_COLUMNS, 'no_such_column')).toBe(-1)
})

describe('metric maps', () => {
  const firstIssue = (schema: typeof MetricMap | typeof SeedMetrics, value: unknown) =>
    schema.safeParse(value).error?.issues[0]
  test.each([[{}], [{ loss: null }], [{ loss: 0, 'grad.norm/2': -1e-9 }]])('accepts %j', (value) => {
    expect(MetricMap.safeParse(value)).toEqual({ success: true, data: value })
  })
  test.each<[unknown, string[]]>([
    [[], []],
    [null, []],
    [undefined, []],
    [{ loss: '1' }, ['loss']],
    [{ loss: Number.NaN }, ['loss']],
    [{ loss: undefined }, ['loss']],
    [{ '1abc': 1 }, ['1abc']],
    [{ constructor: 1 }, ['constructor']],
    [{ ['x'.repeat(65)]: 1 }, ['x'.repeat(65)]],
    [Object.fromEntries(Array.from({ length: 129 }, (_, i) => [`m${i}`, 0])), []],
  ])('refuses %j at its path', (value, path) => {
    expect(firstIssue(MetricMap, value)?.path).toEqual(path)
  })
  test.each<[unknown, string[]]>([
    [{ '0': { loss: 'x' } }, ['0', 'loss']],
    [{ '01': {} }, ['01']],
    [{ '-1': {} }, ['-1']],
    [{ '0': null }, ['0']],
    [7, []],
  ])('refuses seeds %j at their path', (value, path) => {
    expect(firstIssue(SeedMetrics, value)?.path).toEqual(path)
  })
  test('reports one finding for a flood of bad values', () => {
    const flood = Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [i, { loss: 'x' }]))
    expect(SeedMetrics.safeParse(flood).error?.issues).toHaveLength(1)
  })
})
