import { expect, test } from 'vitest'
import { alertKeyOf, SHELVE_CHOICES, type AlertPress } from '../../../../components/alerts/alertKeys.ts'

const press = (key: string, change: Partial<AlertPress> = {}): AlertPress => ({
  key,
  isHeld: false,
  inField: false,
  behindDialog: false,
  afterPrefix: false,
  letters: true,
  isShelving: false,
  ...change,
})

test('the keys of the specification do what it says', () => {
  expect(['a', 'A', 'G', 's', 'e', 'o', 'x', 'w', 'z', 'j', 'k'].map((key) => alertKeyOf(press(key)))).toEqual([
    'ack',
    'ack-note',
    'ack-group',
    'shelve',
    'escalate',
    'open',
    'select',
    'changed',
    'undo',
    'down',
    'up',
  ])
  expect(alertKeyOf(press('q'))).toBeNull()
})

test('g a goes to the page and acknowledges nothing; fields, dialogs and held keys keep theirs', () => {
  for (const change of [{ afterPrefix: true }, { inField: true }, { behindDialog: true }, { isHeld: true }])
    expect(alertKeyOf(press('a', change))).toBeNull()
})

test('with single letters off arrows still move', () => {
  expect(alertKeyOf(press('a', { letters: false }))).toBeNull()
  expect(alertKeyOf(press('ArrowDown', { letters: false }))).toBe('down')
})

test('digits choose a duration only while durations are asked for, and Escape leaves them', () => {
  expect(alertKeyOf(press('2'))).toBeNull()
  expect(alertKeyOf(press('2', { isShelving: true }))).toEqual({ shelveFor: 2 })
  expect(alertKeyOf(press('5', { isShelving: true }))).toBeNull()
  expect(alertKeyOf(press('Escape', { isShelving: true }))).toBe('close')
  expect(alertKeyOf(press('Escape'))).toBeNull()
  expect(SHELVE_CHOICES.map(({ minutes }) => minutes)).toEqual([15, 60, 240, null])
})
