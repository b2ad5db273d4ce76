import { expect, test } from 'vitest'
import type { BlueprintNote } from '../../../../server/ingest/lifeNotes.ts'
import { createLivesBook } from '../../../../server/state/livesBook.ts'

const note = (run: string, seed: number, at: number): BlueprintNote => ({
  kind: 'blueprint',
  run_id: run,
  layer_id: 'layer_0',
  seed_id: seed,
  at_ms: at,
  step: null,
  tick: null,
  generation: null,
  entry: null,
  blueprint_id: 'affine',
  strategy: null,
  parameters: null,
})
const many = (run: string, count: number) => Array.from({ length: count }, (_, at) => note(run, at % 2, at))

test('gives the notes of one seed in the order they came', () => {
  const book = createLivesBook()
  book.note(many('a', 5))
  expect(book.ofSeed('a', 'layer_0', 1).map((one) => one.at_ms)).toEqual([1, 3])
  expect(book.ofSeed('a', 'layer_9', 1)).toEqual([])
  expect(book.isComplete('a')).toBe(true)
})

test('over the bound the largest run gives up its oldest notes, and that is remembered', () => {
  const book = createLivesBook(100)
  book.note(many('small', 10))
  book.note(many('large', 200))
  expect(book.ofRun('small')).toHaveLength(10)
  expect(book.ofRun('small').length + book.ofRun('large').length).toBeLessThanOrEqual(100)
  expect(book.ofRun('large').at(-1)!.at_ms).toBe(199)
  expect([book.isComplete('small'), book.isComplete('large')]).toEqual([true, false])
})

test('what was forgotten leaves room, also when there are more runs than places', () => {
  const book = createLivesBook(100)
  for (let run = 0; run < 70; run++) book.note([note(`run-${run}`, 0, run)])
  expect(book.ofRun('run-0')).toEqual([])
  expect(book.ofRun('run-69')).toHaveLength(1)
  book.forget('run-69')
  book.note(many('new', 30))
  expect(book.isComplete('new')).toBe(true)
  book.clear()
  expect(book.ofRun('new')).toEqual([])
  book.note(many('again', 100))
  expect(book.ofRun('again')).toHaveLength(100)
})
