import { expect, test } from 'vitest'
import { SEED_COLUMNS } from '../../../../lib/contracts/metrics.ts'
import { columnIndex } from '../../../../lib/contracts/columnIndex.ts'
import { EXACT_MAX_SEEDS } from '../../../../lib/contracts/socketNames.ts'
import { encodeViewFrame } from '../../../../lib/frames/viewFrame.ts'
import { mirrorValue } from '../../../../lib/frames/layerMirror.ts'
import { createLiveStore, toShownView } from '../../../../lib/live/liveStore.ts'
import { createLocalPictures } from '../../../../lib/live/pictures.ts'
import { systemClock } from '../../../../lib/primitives/clock.ts'
import { givenDescriptor, givenHello, givenRunView, givenTransition, RUN_ID } from './liveFixture.ts'

const HEALTH = columnIndex(SEED_COLUMNS, 'health_score')
const COLUMNS = SEED_COLUMNS.length

const frameOf = (options: {
  layer?: number
  classId?: number
  frame?: number
  health?: number
  state?: number
  ingestMs?: number
}) => {
  const { layer = 0, classId = 1, frame = 1, health = 0.5, state = 2, ingestMs = 1_700_000_000_500 } = options
  const picture = new Float32Array(2 * COLUMNS).fill(Number.NaN)
  for (const row of [0, 1]) {
    picture[row] = state
    picture[HEALTH * 2 + row] = health
  }
  return encodeViewFrame(
    {
      classId,
      runIndex: 0,
      layer,
      frame,
      step: 20,
      tick: 1,
      ingestMs,
      serverMs: ingestMs,
      rows: 2,
      columnCount: COLUMNS,
      binSize: 1,
      precision: 'exact',
      sourceFlags: 0,
    },
    new Uint8Array(picture.buffer),
    null,
  )
}

/** No time passes: every frame is applied at once. */
const unhurried = { ...systemClock, monotonicMs: () => 0 }

const given = () => {
  const store = createLiveStore(createLocalPictures(unhurried, (bytes) => bytes))
  store.applyHello(givenHello())
  store.setView(toShownView(givenRunView(), 'health_score', EXACT_MAX_SEEDS))
  store.setViewClass(1)
  return store
}

const healthOf = (store: ReturnType<typeof given>) => {
  const mirror = store.mirrors()[0]
  return mirror ? mirrorValue(mirror, HEALTH, 0) : Number.NaN
}

test('before any frame a seed is never reported, and its value is unmeasured, not zero', () => {
  const store = given()
  expect(store.mirrors()[0]?.state[0]).toBe(254)
  expect(healthOf(store)).toBeNaN()
  expect(store.ingestMs(0)).toBe(null)
})

test('applies frames of the current class only', () => {
  const store = given()
  store.applyFrames(frameOf({ classId: 1, health: 0.5 }))
  store.applyFrames(frameOf({ classId: 9, frame: 2, health: 0.1 }))
  expect(healthOf(store)).toBeCloseTo(0.5)
  expect(store.mirrors()[0]?.state[0]).toBe(2)
})

test('a frame that overtakes the answer to the view is not lost', () => {
  const store = given()
  store.setViewClass(null)
  store.applyFrames(frameOf({ classId: 2, health: 0.7 }))
  expect(healthOf(store)).toBeNaN()
  store.setViewClass(2)
  expect(healthOf(store)).toBeCloseTo(0.7)
})

test('malformed bytes keep the old picture and are counted', () => {
  const store = given()
  store.applyFrames(frameOf({ health: 0.5 }))
  store.applyFrames(new Uint8Array([1, 2, 3]))
  expect(healthOf(store)).toBeCloseTo(0.5)
  expect(store.framesLost).toBe(1)
})

test('pausing freezes the picture, counts what waits, and going on shows the latest', () => {
  const store = given()
  store.applyFrames(frameOf({ health: 0.5 }))
  store.setPaused(true, 1_700_000_001_000)
  store.applyFrames(frameOf({ frame: 2, health: 0.9 }))
  store.applyFrames(frameOf({ frame: 3, health: 0.95 }))
  store.applyRecords({ epoch: 'e1', records: [givenTransition(1)] })
  expect(healthOf(store)).toBeCloseTo(0.5)
  expect(store.pause?.waitingFrames).toBe(2)
  expect(store.events()).toHaveLength(0)
  store.setPaused(false, 1_700_000_002_000)
  expect(healthOf(store)).toBeCloseTo(0.95)
  expect(store.events()).toHaveLength(1)
})

test('samples a series for small runs at most once a second', () => {
  const store = given()
  for (let n = 0; n < 5; n++)
    store.applyFrames(frameOf({ frame: n + 1, ingestMs: 1_700_000_000_000 + n * 400, health: n / 10 }))
  expect(store.series(0)?.length).toBe(2)
})

test('a run beyond the exact bound is asked for as cells, and gets no series', () => {
  const big = givenDescriptor({ layers: [{ layer_id: 'l', seeds: 5_000 }] })
  const view = toShownView(givenRunView(big), 'health_score', EXACT_MAX_SEEDS)
  expect(view).toMatchObject({ precision: 'cells', runId: RUN_ID })
  expect(toShownView(givenRunView(big), 'no_such_metric', EXACT_MAX_SEEDS)).toBe(null)
})
