import { expect, test } from 'vitest'
import type { RecordDraft } from '../../../../server/ingest/ingestMessages.ts'
import { createSourceWatch } from '../../../../server/workers/sourceWatch.ts'
import { createManualClock } from '../../../support/manualClock.ts'

test('an outage at the source is a cause while it lasts, and one incident at each end', () => {
  const records: RecordDraft[] = []
  const watch = createSourceWatch(createManualClock(), (record) => void records.push(record))
  // A bus that is away is told by who reads it.
  watch.note('publisher outage', { error: { code: 'BUS_UNAVAILABLE', text: 'gone' } })
  expect(watch.causes()).toEqual([])
  const error = { code: 'BUS_REFUSED', text: 'Redis refused: OOM' }
  watch.note('publisher outage', { error })
  watch.note('publisher outage', { error })
  watch.note('trainer lost', {})
  expect(records).toHaveLength(1)
  expect(watch.causes()).toEqual([{ code: 'SOURCE_OUTAGE', text: expect.stringContaining('OOM') }])
  watch.note('publisher recovered', { pending: 31 })
  watch.note('publisher recovered', { pending: 31 })
  expect(watch.causes()).toEqual([])
  expect(records).toMatchObject([
    { code: 'SOURCE_OUTAGE', severity: 'critical', to_ms: null },
    { code: 'SOURCE_OUTAGE', severity: 'warning', text: expect.stringContaining('31 entries') },
  ])
})

test('what repeats is said once in five seconds, with the number held back', async () => {
  const clock = createManualClock()
  const watch = createSourceWatch(clock, () => undefined)
  expect(watch.repeated('a')).toBe(0)
  for (let at = 0; at < 10; at++) expect(watch.repeated('a')).toBeNull()
  expect(watch.repeated('b')).toBe(0)
  await clock.advance(5_000)
  expect(watch.repeated('a')).toBe(10)
})

test('an outage ends with the publisher it belonged to, which can not tell of a recovery any more', () => {
  const records: RecordDraft[] = []
  const watch = createSourceWatch(createManualClock(), (record) => void records.push(record))
  watch.gone()
  watch.note('publisher outage', { error: { code: 'BUS_REFUSED', text: 'Redis refused: NOPERM' } })
  watch.gone()
  watch.gone()
  expect(watch.causes()).toEqual([])
  expect(records).toHaveLength(2)
  expect(records[1]).toMatchObject({ code: 'SOURCE_OUTAGE', severity: 'warning', to_ms: expect.any(Number) })
  watch.note('publisher outage', { error: { code: 'BUS_REFUSED', text: 'Redis refused: NOPERM' } })
  expect(watch.causes()).toHaveLength(1)
})
