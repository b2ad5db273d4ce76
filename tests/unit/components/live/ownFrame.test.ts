import { expect, test } from 'vitest'
import { createTurns } from '../../../../components/live/ownFrame.ts'
import { createManualClock } from '../../../support/manualClock.ts'

const given = () => {
  const clock = createManualClock()
  const done: string[] = []
  const turns = createTurns(clock)
  return { clock, done, turns, take: (name: string) => turns.take(() => void done.push(name)) }
}

test('who comes alone is served at once; who comes together takes turns, a frame apart, in order', async () => {
  const { clock, done, take } = given()
  for (const name of ['a', 'b', 'c']) take(name)
  expect(done).toEqual(['a'])
  await clock.advance(17)
  expect(done).toEqual(['a', 'b'])
  await clock.advance(17)
  expect(done).toEqual(['a', 'b', 'c'])
  await clock.advance(100)
  take('d')
  expect(done).toEqual(['a', 'b', 'c', 'd'])
})

test('a turn that was given back is not taken, and holds nobody up', async () => {
  const { clock, done, take } = given()
  take('a')
  const undo = take('b')
  take('c')
  undo()
  await clock.advance(17)
  expect(done).toEqual(['a', 'c'])
})

test('a callback that asks again goes to the end', async () => {
  const { clock, done } = given()
  const turns = createTurns(clock)
  turns.take(() => {
    done.push('first')
    turns.take(() => void done.push('again'))
  })
  turns.take(() => void done.push('second'))
  await clock.advance(17)
  await clock.advance(17)
  expect(done).toEqual(['first', 'again', 'second'])
})

test('held turns wait, in order, for the release; also one that was scheduled before', async () => {
  const { clock, done, turns, take } = given()
  take('a')
  take('b')
  turns.hold(1_000)
  take('c')
  await clock.advance(500)
  expect(done).toEqual(['a'])
  turns.release()
  await clock.advance(0)
  expect(done).toEqual(['a', 'b'])
  await clock.advance(17)
  expect(done).toEqual(['a', 'b', 'c'])
})

test('a hold that nobody releases ends by itself', async () => {
  const { clock, done, turns, take } = given()
  turns.hold(1_000)
  take('a')
  await clock.advance(999)
  expect(done).toEqual([])
  await clock.advance(1)
  expect(done).toEqual(['a'])
})
