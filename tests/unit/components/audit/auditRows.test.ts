import { expect, test } from 'vitest'
import { auditHash, DEFAULT_AUDIT_ADDRESS, parseAuditAddress } from '../../../../components/audit/auditAddress.ts'
import { sentenceOf, termOf, whatOf, withoutPart, withTerm } from '../../../../components/audit/auditWords.ts'
import { groupRows } from '../../../../components/audit/groupRows.ts'
import { AUDIT_ACTS } from '../../../../lib/contracts/auditActs.ts'
import { parseAuditQuery } from '../../../../lib/contracts/auditQuery.ts'
import type { AuditItem } from '../../../../lib/contracts/httpAudit.ts'

const item = (seq: number, more: Partial<AuditItem> = {}): AuditItem => ({
  seq,
  at: new Date(1_800_000_000_000 + seq * 1_000).toISOString(),
  actor: 'demo-1',
  actor_name: null,
  roles: ['operator'],
  method: 'demo',
  action: 'command.intent',
  object: { type: 'LifecycleTransitionCommand', id: '0f0f0f0f-0000-4000-8000-000000000000' },
  outcome: 'intent',
  error_code: null,
  reason: null,
  layer_id: 'layer_3',
  seed_id: 17,
  level: 1,
  command_id: null,
  correlation_id: null,
  approvers: [],
  clock_back_ms: null,
  hash: '0'.repeat(64),
  prev_hash: '0'.repeat(64),
  ...more,
})

test('entries of one thread stand under the newest of them, every entry once, days between', () => {
  const items = [
    item(9, { correlation_id: 'a' }),
    item(8),
    item(7, { correlation_id: 'a' }),
    item(6, { correlation_id: 'b' }),
    item(5, { at: '2026-01-01T00:00:00.000Z' }),
  ]
  const rows = groupRows(items, false)
  expect(rows.map((row) => (row.kind === 'entry' ? row.item.seq : row.kind))).toEqual([
    'day',
    'thread',
    9,
    7,
    8,
    6,
    'day',
    5,
  ])
  expect(groupRows(items, true).flatMap((row) => (row.kind === 'entry' ? [row.item.seq] : []))).toEqual([9, 8, 7, 6, 5])
  expect(new Set(rows.map(({ key }) => key)).size).toBe(rows.length)
})

test('an entry reads as a sentence, and a refusal never like a deed', () => {
  expect(sentenceOf(item(1))).toBe('demo-1 commanded LifecycleTransitionCommand on layer_3/17')
  expect(sentenceOf(item(1, { outcome: 'denied', error_code: 'COMMAND_HALTED', actor_name: 'Ada' }))).toBe(
    'Ada commanded LifecycleTransitionCommand on layer_3/17, and was refused (COMMAND_HALTED)',
  )
  expect(sentenceOf(item(1, { action: 'person.change', outcome: 'intent' }))).toContain('was about to act')
  expect(sentenceOf(item(1, { action: 'something.new', layer_id: null }))).toContain('did something.new to')
  expect(whatOf(item(1, { layer_id: null }))).toBe('LifecycleTransitionCommand 0f0f0f0f')
  for (const [name, { did }] of Object.entries(AUDIT_ACTS)) {
    expect(name).toMatch(/^[a-z]+\.[a-z-]+$/)
    expect(did.length).toBeGreaterThan(2)
  }
})

test('the value of any cell is a term that is understood, added once and taken away again', () => {
  for (const column of ['at', 'actor', 'action', 'object', 'outcome'] as const) {
    const term = termOf(item(1, { actor: 'a b, "c"' }), column)
    expect(parseAuditQuery(term)).toMatchObject({ ok: true, terms: [{ negated: false }] })
  }
  expect(withTerm('outcome:done', 'actor:x')).toBe('outcome:done actor:x')
  expect(withTerm('outcome:done actor:x', 'actor:x')).toBe('outcome:done actor:x')
  expect(withoutPart('outcome:done actor:x text', 13, 7)).toBe('outcome:done text')
})

test('the address carries query, grouping and entry, and a number alone is an entry', () => {
  for (const address of [
    DEFAULT_AUDIT_ADDRESS,
    { query: 'actor:"a b" -x', flat: true, entry: 12 },
    { query: '', flat: false, entry: 0 },
  ])
    expect(parseAuditAddress(auditHash(address))).toEqual(address)
  expect(parseAuditAddress('#123')).toEqual({ query: '', flat: false, entry: 123 })
  expect(parseAuditAddress('#entry=x&flat=2')).toEqual(DEFAULT_AUDIT_ADDRESS)
})
