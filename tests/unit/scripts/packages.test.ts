import { expect, test } from 'vitest'
import { stampServes, treeMatchesLock } from '../../../scripts/packages.mjs'

const wanted = {
  '': { version: '0.1.0' },
  'node_modules/next': { version: '16.4.6' },
  'node_modules/other-platform': { version: '1.0.0', optional: true },
  'node_modules/vitest': { version: '5.1.1', dev: true },
  'node_modules/playwright': { version: '1.65.1', devOptional: true },
}
const found = (...names: readonly (keyof typeof wanted)[]) =>
  Object.fromEntries(names.map((name) => [name, { version: wanted[name].version }]))

test('a tree made for the product lacks what only tests need, and nothing else', () => {
  const run = found('node_modules/next')
  expect(treeMatchesLock(wanted, run, 'run')).toBe(true)
  expect(treeMatchesLock(wanted, run, 'all')).toBe(false)
  expect(treeMatchesLock(wanted, found('node_modules/vitest', 'node_modules/playwright'), 'run')).toBe(false)
})

test('a tree made for the tests serves both', () => {
  const all = found('node_modules/next', 'node_modules/vitest', 'node_modules/playwright')
  expect(treeMatchesLock(wanted, all, 'all')).toBe(true)
  expect(treeMatchesLock(wanted, all, 'run')).toBe(true)
})

test('another version is never right, needed or not', () => {
  const old = { ...found('node_modules/next'), 'node_modules/vitest': { version: '4.0.0' } }
  expect(treeMatchesLock(wanted, old, 'run')).toBe(false)
})

test('a stamp vouches for its own content and scope, and the larger scope for the smaller', () => {
  expect(stampServes('abc run', 'abc', 'run')).toBe(true)
  expect(stampServes('abc all', 'abc', 'run')).toBe(true)
  expect(stampServes('abc all', 'abc', 'all')).toBe(true)
  expect(stampServes('abc run', 'abc', 'all')).toBe(false)
  expect(stampServes('abc all', 'abd', 'run')).toBe(false)
  expect(stampServes('', 'abc', 'run')).toBe(false)
})
