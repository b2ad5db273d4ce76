import { expect, test } from 'vitest'
import { actionOf } from '../../../../components/shell/keymap.ts'

const press = (key: string, change = {}) => ({
  key,
  ctrl: false,
  alt: false,
  meta: false,
  inField: false,
  onControl: false,
  ...change,
})

test.each([
  ['?', 'help'],
  ['m', 'metric'],
  ['t', 'theme'],
  [' ', 'pause'],
  ['i', 'inspector'],
  ['y', 'copy-link'],
  ['n', 'go-live'],
  ['g', 'prefix'],
  ['x', null],
])('%s does %s', (key, action) => expect(actionOf(press(key), null, true)).toBe(action))

test('g then l goes to the live page; g then anything else does nothing', () => {
  expect(actionOf(press('l'), 'g', true)).toBe('go-live-page')
  expect(actionOf(press('m'), 'g', true)).toBe(null)
})

test('single letters and Space do not act in fields, nor when switched off', () => {
  expect(actionOf(press('m', { inField: true }), null, true)).toBe(null)
  expect(actionOf(press('m'), null, false)).toBe(null)
  expect(actionOf(press(' '), null, false)).toBe(null)
  expect(actionOf(press('Escape', { inField: true }), null, false)).toBe('close')
  expect(actionOf(press('t', { ctrl: true, alt: true }), null, false)).toBe('table')
  expect(actionOf(press('t', { ctrl: true }), null, true)).toBe(null)
})

test('Space presses the control it is on instead of pausing', () => {
  expect(actionOf(press(' ', { onControl: true }), null, true)).toBe(null)
})
