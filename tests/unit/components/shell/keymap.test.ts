import { expect, test } from 'vitest'
import { actionOf, chordOf, KEY_ACTIONS, keyCaps, USUAL_KEYS } from '../../../../components/shell/keymap.ts'
import { refusalOf } from '../../../../components/shell/keyBindings.ts'
import { PAGES } from '../../../../components/live/pageLinks.ts'

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
  ['/', 'search'],
  ['c', 'compose'],
  ['z', 'undo'],
  ['C', 'copy-value'],
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
  expect(actionOf(press('l'), 'g', true)).toBe('go:/')
  expect(actionOf(press('b'), 'g', true)).toBe('go:/bus')
  expect(actionOf(press('m'), 'g', true)).toBe(null)
})

test('single letters and Space do not act in fields, nor when switched off; held keys and Escape do', () => {
  expect(actionOf(press('m', { inField: true }), null, true)).toBe(null)
  expect(actionOf(press('m'), null, false)).toBe(null)
  expect(actionOf(press(' '), null, false)).toBe(null)
  expect(actionOf(press('Escape', { inField: true }), null, false)).toBe('close')
  expect(actionOf(press('t', { ctrl: true, alt: true }), null, false)).toBe('table')
  expect(actionOf(press('t', { ctrl: true }), null, true)).toBe(null)
  expect(actionOf(press('k', { ctrl: true, inField: true }), null, false)).toBe('palette')
  expect(actionOf(press('k', { meta: true }), null, true)).toBe('palette')
})

test('Space presses the control it is on instead of pausing', () => {
  expect(actionOf(press(' ', { onControl: true }), null, true)).toBe(null)
})

test('every page and every action is in the map, and the usual keys do not get in each other’s way', () => {
  for (const { path } of PAGES) expect(USUAL_KEYS.has(`go:${path}`), path).toBe(true)
  expect(new Set(KEY_ACTIONS.map(({ action }) => action)).size).toBe(KEY_ACTIONS.length)
  for (const { action, keys } of KEY_ACTIONS)
    if (keys !== '') expect([action, refusalOf(action, keys, USUAL_KEYS)]).toEqual([action, null])
})

test('chords are written one way: capital letters only with a held key', () => {
  expect(chordOf(press(' '))).toBe('Space')
  expect(chordOf(press('A'))).toBe('A')
  expect(chordOf(press('k', { ctrl: true, alt: true }))).toBe('Ctrl+Alt+K')
  expect(keyCaps('g l')).toEqual(['g', 'l'])
  expect(keyCaps('Ctrl+K')).toEqual(['Ctrl', 'K'])
  expect(keyCaps('+')).toEqual(['+'])
  expect(keyCaps('')).toEqual([])
})
