import { expect, test } from 'vitest'
import { bindKeys, readBindings, refusalOf, resetBindings } from '../../../../components/shell/keyBindings.ts'
import { actionOf, USUAL_KEYS } from '../../../../components/shell/keymap.ts'

function createStore(text: string | null = null) {
  let kept = text
  return {
    getItem: () => kept,
    setItem: (_key: string, value: string) => void (kept = value),
    removeItem: () => void (kept = null),
    text: () => kept,
  }
}

test('a chosen key acts, the old one no longer, and the choice outlives the page', () => {
  const store = createStore()
  expect(bindKeys(store, 'metric', 'x')).toBe(null)
  const bindings = readBindings(createStore(store.text()))
  const press = { ctrl: false, alt: false, meta: false, inField: false, onControl: false }
  expect(actionOf({ ...press, key: 'x' }, null, true, bindings)).toBe('metric')
  expect(actionOf({ ...press, key: 'm' }, null, true, bindings)).toBe(null)
})

test('a key that is taken is refused with the words of what has it, and nothing changes', () => {
  const store = createStore()
  expect(bindKeys(store, 'metric', 't')).toContain('Theme')
  expect(bindKeys(store, 'metric', 'g')).toContain('g l')
  expect(bindKeys(store, 'metric', 't x')).toContain('alone')
  expect(bindKeys(store, 'metric', 'Enter')).toContain('Enter')
  expect(bindKeys(store, 'metric', 'Ctrl+W')).toContain('browser')
  expect(bindKeys(store, 'metric', 'a b c')).toContain('two after each other')
  expect(bindKeys(store, 'help', '')).toContain('without a key')
  expect(store.text()).toBe(null)
})

test('two actions can exchange their keys in three steps, and the exchange is read back whole', () => {
  const store = createStore()
  expect(bindKeys(store, 'metric', 'x')).toBe(null)
  expect(bindKeys(store, 'theme', 'm')).toBe(null)
  expect(bindKeys(store, 'metric', 't')).toBe(null)
  expect(readBindings(store).get('metric')).toBe('t')
  expect(readBindings(store).get('theme')).toBe('m')
})

test('a key can be taken away; the usual key leaves nothing in the store; reset brings all back', () => {
  const store = createStore()
  expect(bindKeys(store, 'pause', '')).toBe(null)
  expect(readBindings(store).get('pause')).toBe('')
  expect(bindKeys(store, 'pause', 'Space')).toBe(null)
  expect(store.text()).toBe(null)
  bindKeys(store, 'pause', 'p')
  expect(resetBindings(store)).toBe(null)
  expect(readBindings(store)).toEqual(USUAL_KEYS)
})

test.each([
  '{',
  'null',
  '[1]',
  '{"metric":7}',
  '{"nothing":"x"}',
  '{"metric":"t"}',
  '{"metric":"Escape"}',
  '{"__proto__":"x"}',
])('what a damaged or clashing store says is not taken: %s', (text) => {
  expect(readBindings(createStore(text))).toEqual(USUAL_KEYS)
})

test('a store that refuses says so instead of failing', () => {
  const store = {
    getItem: () => null,
    setItem: () => {
      throw new Error('full')
    },
    removeItem: () => undefined,
  }
  expect(bindKeys(store, 'metric', 'x')).toContain('keeps nothing')
  expect(refusalOf('metric', 'm', USUAL_KEYS)).toBe(null)
})
