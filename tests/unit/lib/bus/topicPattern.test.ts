import { expect, test } from 'vitest'
import fc from 'fast-check'
import { isTopic, parseTopicPattern } from '../../../../lib/bus/topicPattern.ts'

const segment = fc.stringMatching(/^[a-c_:-]{1,3}$/)

test('matches as the sentence says: plus is one segment, hash is one or more', () => {
  const plus = parseTopicPattern('kasmina.telemetry.layer.+.health')
  expect(plus.matches('kasmina.telemetry.layer.layer_0.health')).toBe(true)
  expect(plus.matches('kasmina.telemetry.layer.layer_0.seeds')).toBe(false)
  expect(plus.matches('kasmina.telemetry.layer.a.b.health')).toBe(false)
  const hash = parseTopicPattern('kasmina.#')
  expect([
    hash.matches('kasmina'),
    hash.matches('kasmina.a'),
    hash.matches('kasmina.a.b'),
    hash.matches('x.a'),
  ]).toEqual([false, true, true, false])
  expect(parseTopicPattern('#').matches('anything.at.all')).toBe(true)
  expect(parseTopicPattern('+').matches('one')).toBe(true)
  expect(parseTopicPattern('a.b').wildcard).toBe(false)
})

test('agrees with a regular expression made from the pattern', () => {
  const patterns = fc.tuple(fc.array(fc.oneof(segment, fc.constant('+')), { minLength: 1, maxLength: 4 }), fc.boolean())
  fc.assert(
    fc.property(patterns, fc.array(segment, { minLength: 1, maxLength: 6 }), ([parts, open], topicParts) => {
      const text = [...parts, ...(open ? ['#'] : [])].join('.')
      const source = parts.map((part) => (part === '+' ? '[^.]+' : part)).join('\\.')
      const model = new RegExp(`^${source}${open ? '(\\.[^.]+)+' : ''}$`)
      const topic = topicParts.join('.')
      expect(parseTopicPattern(text).matches(topic)).toBe(model.test(topic))
    }),
  )
})

test('takes nothing that could become a hostile key or an endless name', () => {
  for (const bad of ['', '.a', 'a.', 'a..b', '__proto__', 'a.prototype', 'a/b', 'a b', 'é', 'x'.repeat(513)]) {
    expect(isTopic(bad), bad).toBe(false)
    expect(() => parseTopicPattern(bad), bad).toThrowError(/is not a topic/)
  }
  for (const bad of ['a.#.b', '##', 'a.+b', '#.a', 'constructor.+']) expect(() => parseTopicPattern(bad), bad).toThrow()
  for (const bad of [null, undefined, 5, {}]) expect(isTopic(bad)).toBe(false)
})
