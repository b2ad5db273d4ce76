import { expect, test } from 'vitest'
import { judgeReader, type StreamState } from '../../../../../../lib/bus/drivers/redis/streamState.ts'

const state = (more: Partial<StreamState>): StreamState => ({
  exists: true,
  length: 10,
  added: 10,
  firstId: '1-0',
  lastId: '10-0',
  ...more,
})

test('a reader inside the retained range has lost nothing', () => {
  expect(judgeReader(state({}), '5-0', 5)).toEqual({ kind: 'ok', readCount: 5 })
  expect(judgeReader(state({ length: 6, firstId: '5-0' }), '4-0', 4)).toEqual({ kind: 'ok', readCount: 4 })
})

test('what trimming took before the reader came is counted exactly', () => {
  const trimmed = state({ length: 3, firstId: '8-0' })
  expect(judgeReader(trimmed, '4-0', 4)).toEqual({ kind: 'trimmed', missing: 3, readCount: 7 })
  expect(judgeReader(trimmed, '4-0', null)).toEqual({ kind: 'trimmed', missing: null, readCount: 7 })
  expect(judgeReader(state({ length: 0, firstId: null }), '4-0', 4)).toEqual({
    kind: 'trimmed',
    missing: 6,
    readCount: 10,
  })
})

test('a stream that lost its memory is recognised, in any form', () => {
  expect(judgeReader(state({ added: 2, length: 2, firstId: '20-0', lastId: '21-0' }), '9-0', 9).kind).toBe('recreated')
  const grown = state({ added: 12, length: 12, firstId: '20-0', lastId: '40-0' })
  expect(judgeReader(grown, '9-0', 9)).toEqual({ kind: 'recreated', cursor: '9-0', readCount: 0 })
  const absent: StreamState = { exists: false, length: 0, added: 0, firstId: null, lastId: '0-0' }
  expect(judgeReader(absent, '9-0', 9)).toMatchObject({ kind: 'recreated', cursor: '0-0' })
  expect(judgeReader(state({ lastId: '3-0' }), '9-0', null)).toMatchObject({ kind: 'recreated', cursor: '3-0' })
})

test('an old server that does not count is believed, not guessed about', () => {
  expect(judgeReader(state({ added: null, firstId: '8-0' }), '4-0', null)).toEqual({ kind: 'ok', readCount: null })
})
