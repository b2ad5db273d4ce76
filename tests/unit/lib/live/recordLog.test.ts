import { expect, test } from 'vitest'
import { createRecordLog, toCoverageGap, type IncidentRecord } from '../../../../lib/live/recordLog.ts'
import { givenEvaluation, givenRun, givenTransition, RUN_ID } from './liveFixture.ts'

const incident = (offset: number): IncidentRecord => ({
  kind: 'incident',
  offset,
  at_ms: 2_000,
  run_id: null,
  code: 'BUS_DOWN',
  severity: 'warning',
  text: 'away',
  lost: 0,
  from_ms: 1_000,
  to_ms: 2_000,
})

const given = () => {
  const log = createRecordLog()
  log.applyResume({ kind: 'snapshot', epoch: 'e1', offset: 4, runs: [givenRun()], incidents: [], because: 'first' })
  return log
}

test('appends contiguous records to their run and moves the offset', () => {
  const log = given()
  expect(log.applyBatch('e1', [givenTransition(5), givenEvaluation(6, 100, 0.8)])).toBe('ok')
  expect(log.offset).toBe(6)
  expect(log.runs.get(RUN_ID)).toMatchObject({ transitionsTotal: 1 })
  expect(log.runs.get(RUN_ID)?.curve).toHaveLength(1)
  expect(log.runs.get(RUN_ID)?.events).toHaveLength(1)
})

test('a jump in offsets is a hole; what came before it is kept and counted once', () => {
  const log = given()
  expect(log.applyBatch('e1', [givenTransition(5), givenTransition(7)])).toBe('hole')
  expect(log.offset).toBe(5)
  log.applyResume({ kind: 'delta', epoch: 'e1', from: 5, records: [givenTransition(6), givenTransition(7)] })
  expect(log.applyBatch('e1', [givenTransition(7), givenTransition(8)])).toBe('ok')
  expect(log.runs.get(RUN_ID)?.events.map((record) => record.offset)).toEqual([5, 6, 7, 8])
})

test('records of another epoch are a hole', () => {
  expect(given().applyBatch('e2', [givenTransition(5)])).toBe('hole')
})

test('a snapshot replaces everything', () => {
  const log = given()
  log.applyBatch('e1', [givenTransition(5)])
  log.applyResume({ kind: 'snapshot', epoch: 'e2', offset: 1, runs: [givenRun()], incidents: [], because: 'epoch' })
  expect(log.epoch).toBe('e2')
  expect(log.offset).toBe(1)
  expect(log.runs.get(RUN_ID)?.events).toHaveLength(0)
})

test('an incident with an interval becomes a gap of every run it concerns', () => {
  const log = given()
  log.applyBatch('e1', [incident(5)])
  expect(log.runs.get(RUN_ID)?.gaps).toEqual([{ from_ms: 1_000, to_ms: 2_000, cause: 'bus_down', lost: 0 }])
  expect(toCoverageGap({ ...incident(1), lost: 3 })).toMatchObject({ cause: 'lost', lost: 3 })
  expect(toCoverageGap({ ...incident(1), to_ms: null })).toBe(null)
})

test('a descriptor sent again keeps the history that is known', () => {
  const log = given()
  log.applyBatch('e1', [givenTransition(5)])
  log.applyRun(givenRun())
  expect(log.runs.get(RUN_ID)?.events).toHaveLength(1)
})
