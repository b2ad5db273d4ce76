import { expect, test } from 'vitest'
import { parseArguments } from '../../../scripts/bench.mjs'

const known = ['codec', 'recovery']

test('runs every benchmark when none is named', () => {
  expect(parseArguments([], known)).toEqual({ names: known, json: null, passed: [] })
})

test('understands the second -- of npm, the file, and flags for the benchmark', () => {
  expect(parseArguments(['recovery', '--kills', '3', '--', '--json', 'out.json'], known)).toEqual({
    names: ['recovery'],
    json: 'out.json',
    passed: ['--kills', '3'],
  })
})

test('names what exists when a benchmark does not', () => {
  expect(() => parseArguments(['codecs'], known)).toThrow('one of codec, recovery')
  expect(() => parseArguments(['--json'], known)).toThrow('--json')
})
