import { expect, test } from 'vitest'
import { stopReadyWords } from '../../../../components/shell/stopReadyWords.ts'
import { givenStatus } from '../../lib/live/liveFixture.ts'

const at_ms = 1_700_000_000_000

test('every layer ready is said with the slowest round trip', () => {
  const words = stopReadyWords(givenStatus({ stop_ready: { ready: 3, of: 3, worst_ms: 4.21, at_ms, elsewhere: null } }))
  expect(words).toMatchObject({ text: '3/3, 4.2 ms', isTrouble: false })
})

test('one layer missing is trouble', () => {
  const words = stopReadyWords(givenStatus({ stop_ready: { ready: 2, of: 3, worst_ms: 41.7, at_ms, elsewhere: null } }))
  expect(words).toMatchObject({ text: '2/3, 42 ms', isTrouble: true })
})

test('a gateway that does not answer is unknown and trouble; a page without a status only waits', () => {
  expect(stopReadyWords(givenStatus({ stop_ready: null }))).toMatchObject({ text: 'unknown', isTrouble: true })
  expect(stopReadyWords(null)).toMatchObject({ text: 'unknown', isTrouble: false })
})

test('no layers are no trouble', () => {
  const words = stopReadyWords(givenStatus({ stop_ready: { ready: 0, of: 0, worst_ms: null, at_ms, elsewhere: null } }))
  expect(words).toMatchObject({ text: 'no layers', isTrouble: false })
})

const elsewhere = {
  layers: 3,
  text: '3 layers belong to another installation (key abcd0123…): this gateway cannot stop them.',
}

test('layers of another installation stand beside those that are ready, and in words behind them', () => {
  const words = stopReadyWords(givenStatus({ stop_ready: { ready: 3, of: 3, worst_ms: 2, at_ms, elsewhere } }))
  expect(words).toMatchObject({ text: '3/3, 2.0 ms · 3 not from here', isTrouble: false })
  expect(words.title).toContain(elsewhere.text)
})

test('when there are no others, the button would stop nothing: that is trouble', () => {
  const words = stopReadyWords(givenStatus({ stop_ready: { ready: 0, of: 0, worst_ms: null, at_ms, elsewhere } }))
  expect(words).toMatchObject({ text: '3 not from here', isTrouble: true })
  expect(words.title).toContain(elsewhere.text)
})
