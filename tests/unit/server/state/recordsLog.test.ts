import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { RecordDraft } from '../../../../server/ingest/ingestMessages.ts'
import { createRecordsLog, type ResumePoint } from '../../../../server/state/recordsLog.ts'

const draft = (n: number): RecordDraft => ({
  kind: 'incident',
  at_ms: n,
  run_id: null,
  code: 'X',
  severity: 'info',
  text: String(n),
  lost: null,
  from_ms: null,
  to_ms: null,
})

const open = (kept = 20, maxDelta = 10) =>
  createRecordsLog({ epoch: 'e1', kept, maxDelta, snapshot: () => ({ runs: [], incidents: [] }) })

test('numbers are contiguous from 1, and a batch goes out with the numbers it was kept under', () => {
  const log = open()
  expect(log.append([draft(1), draft(2)]).map((record) => record.offset)).toEqual([1, 2])
  expect(log.append([]).length).toBe(0)
  expect(log.append([draft(3)])[0]!.offset).toBe(3)
  expect(log.offset()).toBe(3)
})

test('a client that resumes at any moment, with any losses of its line, ends with every record once or a fresh start', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ add: fc.nat(15), listen: fc.boolean() }), { minLength: 1, maxLength: 40 }),
      (steps) => {
        const log = open()
        let have: number[] = []
        let from: ResumePoint | null = null
        let total = 0
        for (const { add, listen } of steps) {
          log.append(Array.from({ length: add }, () => draft(++total)))
          if (!listen) continue
          const answer = log.resume(from)
          if (answer.kind === 'snapshot') {
            // A snapshot carries no records of its own: what it replaces is gone.
            expect('records' in answer).toBe(false)
            have = Array.from({ length: answer.offset }, (_, at) => at + 1)
          } else {
            expect('runs' in answer).toBe(false)
            expect(answer.from).toBe(have.length)
            have.push(...answer.records.map((record) => record.offset))
          }
          expect(have).toEqual(Array.from({ length: total }, (_, at) => at + 1))
          from = { epoch: 'e1', offset: have.length }
        }
      },
    ),
  )
})

test('says why it starts anew', () => {
  const log = open()
  log.append(Array.from({ length: 30 }, (_, at) => draft(at)))
  expect(log.resume(null)).toMatchObject({ kind: 'snapshot', because: 'first', offset: 30 })
  expect(log.resume({ epoch: 'e0', offset: 30 })).toMatchObject({ because: 'epoch' })
  expect(log.resume({ epoch: 'e1', offset: 31 })).toMatchObject({ because: 'epoch' })
  expect(log.resume({ epoch: 'e1', offset: 5 })).toMatchObject({ because: 'too-old' })
  expect(log.resume({ epoch: 'e1', offset: 15 })).toMatchObject({ because: 'overflow' })
  expect(log.resume({ epoch: 'e1', offset: 30 })).toEqual({ kind: 'delta', epoch: 'e1', from: 30, records: [] })
})
