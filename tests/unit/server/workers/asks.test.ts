import { expect, test } from 'vitest'
import { createAsks } from '../../../../server/workers/asks.ts'
import type { ToWorker } from '../../../../server/workers/workerProtocol.ts'
import { createManualClock } from '../../../support/manualClock.ts'

function setUp() {
  const clock = createManualClock()
  const posted: Extract<ToWorker, { kind: 'ask' }>[] = []
  const asks = createAsks({ clock, post: (message) => message.kind === 'ask' && posted.push(message) })
  return { clock, posted, asks, ask: () => asks.ask('seed-entries', {} as never) }
}

test('each question gets its own answer, whatever the order', async () => {
  const { posted, asks, ask } = setUp()
  const [first, second] = [ask(), ask()]
  asks.settle({ kind: 'answer', id: posted[1]!.id, value: 'b', error: null })
  asks.settle({ kind: 'answer', id: posted[0]!.id, value: 'a', error: null })
  expect(await Promise.all([first, second])).toEqual(['a', 'b'])
})

test('an error keeps its code, an unknown code becomes INTERNAL', async () => {
  const { posted, asks, ask } = setUp()
  const known = ask()
  asks.settle({ kind: 'answer', id: posted[0]!.id, value: null, error: { code: 'BUS_UNAVAILABLE', text: 'down' } })
  await expect(known).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE', message: 'down' })
  const other = ask()
  asks.settle({ kind: 'answer', id: posted[1]!.id, value: null, error: { code: 'toString', text: 'x' } })
  await expect(other).rejects.toMatchObject({ code: 'INTERNAL' })
})

test('no answer in time, a thread that ends, and too many open questions are errors, never nothing', async () => {
  const { clock, posted, asks, ask } = setUp()
  const late = expect(ask()).rejects.toMatchObject({ code: 'BUS_TIMEOUT' })
  await clock.advance(5_001)
  await late
  // The answer that comes after all is nobody's.
  asks.settle({ kind: 'answer', id: posted[0]!.id, value: 'late', error: null })
  const open = Array.from({ length: 64 }, () => expect(ask()).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' }))
  await expect(ask()).rejects.toMatchObject({ code: 'GUARD_RATE' })
  asks.lost()
  await Promise.all(open)
})
