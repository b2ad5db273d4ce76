import { expect, test } from 'vitest'
import { shownAnswer, standsWords } from '../../../../components/records/shownAnswer.ts'

const before = { data: ['a row'], atMs: Date.UTC(2026, 0, 2, 3, 4, 5) }

test('the last answer stays, marked as one to a former question, while a new question has none or fails', () => {
  expect(shownAnswer(null, before, true)).toEqual({ ...before, isFormer: true })
  const now = { data: ['another'], atMs: 7 }
  expect(shownAnswer(now, before, true)).toEqual({ ...now, isFormer: false })
})

test('where it is not asked for, an answer to another question is not shown', () => {
  expect(shownAnswer(null, before, false)).toEqual({ data: null, atMs: null, isFormer: false })
  expect(shownAnswer(null, null, true)).toEqual({ data: null, atMs: null, isFormer: false })
})

test('beside a failure it is said of when, and of which question, the shown answer is', () => {
  expect(standsWords(shownAnswer(null, before, true))).toBe(
    ' Shown is the last answer there was, of 03:04:05 UTC, to the question before.',
  )
  expect(standsWords(shownAnswer(before, null, true))).toBe(' Shown is that of 03:04:05 UTC.')
  expect(standsWords(shownAnswer(null, null, true))).toBe('')
})
