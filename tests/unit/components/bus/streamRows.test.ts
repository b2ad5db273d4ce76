import { expect, test } from 'vitest'
import { ageOrUnknown, countOrUnknown, rateText, streamRows } from '../../../../components/bus/streamRows.ts'

const stream = (topic: string) => ({
  topic,
  entries: 3,
  entries_per_s: 1,
  age_ms: 100,
  lag: null,
  lost: null,
  duplicates: null,
})

test('streams come by topic, whatever the order of the answer', () => {
  const rows = streamRows([stream('kasmina.run'), stream('kasmina.dead'), stream('kasmina.event.layer.a')], '')
  expect(rows.map(({ topic }) => topic)).toEqual(['kasmina.dead', 'kasmina.event.layer.a', 'kasmina.run'])
})

test('every searched word has to be in the topic, in any case', () => {
  const all = [stream('kasmina.event.layer.a'), stream('kasmina.ack.layer.a'), stream('kasmina.run')]
  expect(streamRows(all, ' LAYER ack ').map(({ topic }) => topic)).toEqual(['kasmina.ack.layer.a'])
  expect(streamRows(all, 'nothing')).toEqual([])
})

test('what is not known is said so, and a zero stays a zero', () => {
  expect([countOrUnknown(null), countOrUnknown(0)]).toEqual(['unknown', '0'])
  expect([ageOrUnknown(null), ageOrUnknown(0)]).toEqual(['unknown', '0.0 s ago'])
  expect([rateText(0), rateText(20.25)]).toEqual(['0.0', '20.3'])
})
