import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ReplyWindow } from '../../../../../../lib/bus/drivers/redis/replyWindow.ts'
import { createValueReader } from '../../../../../../lib/bus/drivers/redis/valueReader.ts'

type Value = string | number | null | readonly Value[]

const encode = (value: Value): string => {
  if (value === null) return '$-1\r\n'
  if (typeof value === 'number') return `:${value}\r\n`
  if (typeof value === 'string') return `$${Buffer.byteLength(value)}\r\n${value}\r\n`
  return `*${value.length}\r\n${value.map(encode).join('')}`
}
const plain = (reply: unknown): unknown =>
  Buffer.isBuffer(reply) ? reply.toString() : Array.isArray(reply) ? reply.map(plain) : reply

/** Feeds the text in pieces of `size` bytes and collects every reply. */
function readAll(text: string, size: number): unknown[] {
  const window = new ReplyWindow()
  const read = createValueReader(window)
  const replies: unknown[] = []
  const bytes = Buffer.from(text)
  for (let from = 0; from < bytes.length;) {
    const target = window.target(false)
    const taken = Math.min(size, target.length, bytes.length - from)
    bytes.copy(target, 0, from, from + taken)
    window.end += taken
    from += taken
    while (window.start < window.end && window.end >= window.need) {
      const reply = read()
      if (reply === undefined) break
      replies.push(reply)
    }
  }
  return replies
}

const { value } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string({ maxLength: 30, unit: 'grapheme' }),
    fc.integer(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 5 }),
  ),
}))

test('values read the same wherever they are cut, one behind the other', () => {
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 4 }), fc.integer({ min: 1, max: 50 }), (sent, size) => {
      expect(readAll(sent.map(encode).join(''), size).map(plain)).toEqual(sent)
    }),
  )
})

test('status lines, refusals and nested ones', () => {
  const replies = readAll('+OK\r\n-WRONGPASS no\r\n*2\r\n+a\r\n-ERR inside\r\n*0\r\n*-1\r\n', 3)
  expect(replies.map((reply) => (reply instanceof Error ? `${reply.name} ${reply.message}` : plain(reply)))).toEqual([
    'OK',
    'ReplyError WRONGPASS no',
    ['a', 'ERR inside'],
    [],
    null,
  ])
})

test('long strings are let by: XINFO is read for its ids, not for the entries it carries', () => {
  const info = [
    'length',
    2,
    'first-entry',
    ['1-0', ['data', 'x'.repeat(3_000_000)]],
    'last-entry',
    ['2-0', ['data', 'y'.repeat(5_000)]],
  ]
  expect(readAll(encode(info) + encode(7), 65_536).map(plain)).toEqual([
    ['length', 2, 'first-entry', ['1-0', ['data', '']], 'last-entry', ['2-0', ['data', '']]],
    7,
  ])
})

test.each(['?x\r\n', '*70000\r\n', '$1x\r\n', '*1\r\n'.repeat(12), `+${'x'.repeat(140_000)}`])(
  'what no server of ours sends is refused: %j',
  (text) => {
    expect(() => readAll(text, 30_000)).toThrow('Protocol error')
  },
)
