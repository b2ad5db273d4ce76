import { expect, test } from 'vitest'
import { deleteView, readViews, saveView } from '../../../../components/shell/savedViews.ts'

function createStore(text: string | null = null) {
  let kept = text
  return { getItem: () => kept, setItem: (_key: string, value: string) => void (kept = value) }
}

test('views are kept newest first; the same name is replaced; deleting forgets one', () => {
  const store = createStore()
  expect(saveView(store, { name: ' first ', href: '/?metric=alpha' })).toBe(null)
  expect(saveView(store, { name: 'second', href: '/bus' })).toBe(null)
  expect(saveView(store, { name: 'first', href: '/run#x' })).toBe(null)
  expect(readViews(store)).toEqual([
    { name: 'first', href: '/run#x' },
    { name: 'second', href: '/bus' },
  ])
  deleteView(store, 'first')
  deleteView(store, 'never there')
  expect(readViews(store)).toEqual([{ name: 'second', href: '/bus' }])
})

test.each(['https://evil.example/', '//evil.example', '/\\evil.example', 'javascript:alert(1)'])(
  'an address of another site is neither kept nor read: %s',
  (href) => {
    const store = createStore()
    expect(saveView(store, { name: 'x', href })).toContain('this server')
    expect(readViews(createStore(JSON.stringify([{ name: 'x', href }])))).toEqual([])
  },
)

test('no name, too long a name and the 51st view are refused with words', () => {
  const store = createStore()
  expect(saveView(store, { name: '  ', href: '/' })).toContain('needs a name')
  expect(saveView(store, { name: 'x'.repeat(61), href: '/' })).toContain('60')
  for (let at = 0; at < 50; at++) expect(saveView(store, { name: `view ${at}`, href: '/' })).toBe(null)
  expect(saveView(store, { name: 'one more', href: '/' })).toContain('50')
  expect(saveView(store, { name: 'view 3', href: '/bus' })).toBe(null)
})

test.each(['{', 'null', '{"name":"x"}', '[1,null,{"name":"","href":"/"}]'])('damage is an empty list: %s', (text) =>
  expect(readViews(createStore(text))).toEqual([]),
)
