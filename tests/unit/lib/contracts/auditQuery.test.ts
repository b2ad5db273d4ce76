import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  AUDIT_TOKENS,
  parseAuditQuery,
  resolveMoment,
  writeAuditTerm,
  type AuditTerm,
} from '../../../../lib/contracts/auditQuery.ts'

const terms = (line: string): readonly AuditTerm[] => {
  const parsed = parseAuditQuery(line)
  if (!parsed.ok) throw new Error(parsed.problem.text)
  return parsed.terms
}
const problem = (line: string) => {
  const parsed = parseAuditQuery(line)
  return parsed.ok ? null : parsed.problem
}

test('reads tokens, several values, a star, minus, quotes and free text, each with its place', () => {
  expect(terms('actor:demo-1,demo-2 -action:command.* "loss: spike" gone')).toEqual([
    {
      token: 'actor',
      negated: false,
      values: [
        { text: 'demo-1', prefix: false },
        { text: 'demo-2', prefix: false },
      ],
      at: 0,
      length: 19,
    },
    { token: 'action', negated: true, values: [{ text: 'command.', prefix: true }], at: 20, length: 17 },
    { token: null, negated: false, values: [{ text: 'loss: spike', prefix: false }], at: 38, length: 13 },
    { token: null, negated: false, values: [{ text: 'gone', prefix: false }], at: 52, length: 4 },
  ])
  expect(terms('since:2h corr:x by:me target:layer_3').map((term) => term.token)).toEqual([
    'after',
    'correlation',
    'actor',
    'object',
  ])
  expect(terms('object:"a, b"')[0]!.values).toEqual([{ text: 'a, b', prefix: false }])
  expect(terms('   ')).toEqual([])
})

test('says what is wrong, where, and what is accepted', () => {
  expect(problem('outcome:done acter:demo-1')).toMatchObject({ at: 13, length: 6 })
  expect(problem('acter:demo-1')!.text).toContain('there is no token "acter:"; accepted are actor: action:')
  expect(problem('x outcome:maybe')).toMatchObject({ at: 2, length: 13 })
  expect(problem('outcome:maybe')!.text).toContain('intent, done, failed, denied, unknown')
  expect(problem('actor:')!.text).toContain('as in actor:demo-1')
  expect(problem('a "b c')).toMatchObject({ at: 2 })
  expect(problem('level:7')!.text).toContain('0 to 4')
  expect(problem('seed:x')!.text).toContain('layer/number')
  expect(problem('after:yesterday')!.text).toContain('2026-01-31T14:02')
  expect(problem('-before:2h')!.text).toContain('no minus')
  expect(problem('layer:a*')!.text).toContain('whole values')
  expect(problem('x'.repeat(501))).toMatchObject({ at: 500, length: 1 })
  expect(problem(Array.from({ length: 25 }, () => 'x').join(' '))!.text).toContain('at most 24 terms')
})

test('every token is documented with an example that is understood', () => {
  for (const { name, example } of AUDIT_TOKENS) expect(terms(example.replace('…', ''))[0]!.token).toBe(name)
})

test('a moment spans what was said of it: a day, a minute, a second, an age', () => {
  const nowMs = Date.parse('2026-03-04T05:06:07Z')
  const span = (text: string) => {
    const { fromMs, toMs } = resolveMoment(text, nowMs)!
    return [new Date(fromMs).toISOString(), toMs - fromMs]
  }
  expect(span('2026-01-31')).toEqual(['2026-01-31T00:00:00.000Z', 86_400_000])
  expect(span('2026-01-31T14:02')).toEqual(['2026-01-31T14:02:00.000Z', 60_000])
  expect(span('2026-01-31T14:02:09Z')).toEqual(['2026-01-31T14:02:09.000Z', 1_000])
  expect(span('14:02')).toEqual(['2026-03-04T14:02:00.000Z', 60_000])
  expect(span('2h')).toEqual(['2026-03-04T03:06:07.000Z', 1])
  expect(span(String(nowMs))).toEqual(['2026-03-04T05:06:07.000Z', 1])
  for (const text of ['', '2026-13-01', '25:00', '2026-01-31T14', 'now']) expect(resolveMoment(text, nowMs)).toBeNull()
})

test('whatever is typed is read or refused with a place inside it, and what was read is written so that it is read the same', () => {
  const line = fc.oneof(
    fc.string({ maxLength: 80 }),
    fc
      .array(fc.constantFrom('actor:', 'action:command.*', 'outcome:denied', '-', '"', ' ', 'a b', 'level:>=3', ','), {
        maxLength: 12,
      })
      .map((parts) => parts.join('')),
  )
  fc.assert(
    fc.property(line, (text) => {
      const parsed = parseAuditQuery(text)
      if (!parsed.ok) {
        expect(parsed.problem.at).toBeLessThanOrEqual(text.length)
        return
      }
      const plain = ({ token, negated, values }: AuditTerm) => ({ token, negated, values })
      const again = parseAuditQuery(parsed.terms.map(writeAuditTerm).join(' '))
      expect(again.ok && again.terms.map(plain)).toEqual(parsed.terms.map(plain))
    }),
    { numRuns: 2_000 },
  )
})
