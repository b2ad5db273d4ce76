import { describe, expect, test } from 'vitest'
import { askedMoment } from '../../../../components/live/useShownMoment.ts'
import { presentWords } from '../../../../components/replay/presentWords.ts'
import { drawsPast, momentHref, PAGE_PATHS, PAGES } from '../../../../components/live/pageLinks.ts'
import type { PageStore } from '../../../../components/live/pageStore.ts'
import { actOnTime, goLive, goToMoment } from '../../../../components/live/timeActions.ts'
import { createTimeTravel, type Travel } from '../../../../components/live/timeTravel.ts'
import type { ConductorAct, ConductorState } from '../../../../lib/live/conductor.ts'
import { createLiveSession } from '../../../../lib/live/liveSession.ts'
import { createLocalPictures } from '../../../../lib/live/pictures.ts'
import { DEFAULT_PAGE_STATE, type PageState } from '../../../../lib/live/urlState.ts'
import { createManualClock } from '../../../support/manualClock.ts'
import { createFakeSocket, givenHello, givenRun, givenTransition, RUN_ID } from '../../lib/live/liveFixture.ts'

const NOW = 1_700_000_100_000

function givenPage(): PageStore {
  let state: PageState = DEFAULT_PAGE_STATE
  const listeners = new Set<() => void>()
  return {
    get: () => state,
    set(change) {
      state = { ...state, ...change }
      for (const listener of listeners) listener()
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    readLocation: () => undefined,
    pathRead: () => '/',
  }
}

function givenLive() {
  const clock = createManualClock(NOW)
  const pictures = createLocalPictures(clock, (bytes) => bytes)
  const live = createLiveSession({ openSocket: () => createFakeSocket(), clock, chance: () => 0.5, pictures })
  live.store.applyHello(
    givenHello({
      records: {
        kind: 'snapshot',
        epoch: 'e1',
        offset: 1,
        runs: [givenRun({ events: [givenTransition(1, { at_ms: NOW - 30_000 })] })],
        incidents: [],
        because: 'first',
      },
    }),
  )
  live.show(RUN_ID, 'health_score')
  return live
}

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 4; turn++) await Promise.resolve()
}

describe('the address decides', () => {
  function givenTravel() {
    const page = givenPage()
    const live = givenLive()
    const calls: string[] = []
    const travel = { follow: () => calls.push('follow'), stop: () => calls.push('stop') } as unknown as Travel
    const open: (() => void)[] = []
    const time = createTimeTravel(live, page, async () => ({
      startTravel: () => new Promise((resolve) => open.push(() => resolve(travel))),
    }))
    return { page, time, calls, open }
  }

  test('a moment in it loads the past, another moment is followed, none goes back to the present', async () => {
    const { page, time, calls, open } = givenTravel()
    const stop = time.start()
    expect(time.get().kind).toBe('live')
    page.set({ at: '2026-11-26T14:02:11.000Z' })
    expect(time.get().kind).toBe('loading')
    await settle()
    open[0]!()
    await settle()
    expect(time.get().kind).toBe('past')
    page.set({ at: '2026-11-26T14:02:12.000Z' })
    expect(calls).toEqual(['follow'])
    page.set({ at: null })
    expect(time.get().kind).toBe('live')
    expect(calls).toEqual(['follow', 'stop'])
    stop()
  })

  test('a past that comes after it was given up is stopped and never shown', async () => {
    const { page, time, calls, open } = givenTravel()
    time.start()
    page.set({ at: '2026-11-26T14:02:11.000Z' })
    await settle()
    page.set({ at: null })
    open[0]!()
    await settle()
    expect(time.get().kind).toBe('live')
    expect(calls).toEqual(['stop'])
  })

  test('a past that can not be loaded says why and stays a past that is wanted', async () => {
    const page = givenPage()
    const time = createTimeTravel(givenLive(), page, () => Promise.reject(new Error('the page is offline')))
    time.start()
    page.set({ at: '2026-11-26T14:02:11.000Z' })
    await settle()
    expect(time.get()).toEqual({ kind: 'loading', problem: 'the page is offline' })
  })
})

describe('keys', () => {
  test('step back from the present into the past, at the run that is shown, and say so where there is nothing after it', () => {
    const page = givenPage()
    const live = givenLive()
    const said: string[] = []
    const parts = {
      page,
      live,
      say: (text: string) => said.push(text),
      time: createTimeTravel(live, page, () => Promise.reject(new Error('unused'))),
    }
    actOnTime('jump-back', parts)
    expect(page.get()).toMatchObject({ runId: RUN_ID, at: new Date(NOW - 10_000).toISOString(), speed: null })
    actOnTime('event-back', parts)
    expect(page.get().at).toBe(new Date(NOW - 30_000).toISOString())
    actOnTime('tick-on', parts)
    expect(said).toEqual(['This is the present: step back to look at the past.'])
    actOnTime('pause', parts)
    expect(live.store.pause).not.toBe(null)
    actOnTime('go-live', parts)
    expect(live.store.pause).toBe(null)
    expect(page.get().at).toBe(null)
  })

  test('in the past they act on the player and on nothing of the present', () => {
    const page = givenPage()
    const live = givenLive()
    const acts: unknown[] = []
    const said: string[] = []
    let state: ConductorState = { kind: 'fixed', atMs: NOW, end: false, speed: 1, reverse: false }
    const player = {
      get: () => ({ state }),
      act: (act: ConductorAct) => acts.push(act),
      stepEvent: (back: boolean) => acts.push(`event ${back}`),
      stepTick: (back: boolean) => acts.push(`tick ${back}`),
    }
    const time = {
      get: () => ({ kind: 'past' as const, travel: { player } as unknown as Travel }),
      subscribe: () => () => undefined,
      start: () => () => undefined,
    }
    const act = (action: Parameters<typeof actOnTime>[0]): void =>
      actOnTime(action, { page, live, time, say: (text) => said.push(text) })
    for (const action of ['pause', 'event-back', 'tick-on', 'jump-on', 'faster', 'reverse'] as const) act(action)
    state = { kind: 'replay', fromMs: NOW, sinceMs: 0, speed: 64, reverse: true }
    for (const action of ['pause', 'faster'] as const) act(action)
    expect(acts).toEqual([
      { kind: 'play' },
      'event true',
      'tick false',
      { kind: 'shift', byMs: 10_000 },
      { kind: 'speed', speed: 2 },
      { kind: 'reverse' },
      { kind: 'stand' },
      { kind: 'speed', speed: 64 },
    ])
    expect(said).toEqual(['Speed 2×', 'Backwards', 'Speed 64×'])
    expect(live.store.pause).toBe(null)
  })
})

test('a link to a moment is absolute: run, moment, on the page that shows it whole', () => {
  const page = givenPage()
  const live = givenLive()
  goToMoment({ page, live }, NOW)
  expect(momentHref(DEFAULT_PAGE_STATE, RUN_ID, NOW)).toBe(
    `/?run=${RUN_ID}&at=${encodeURIComponent(new Date(NOW).toISOString())}`,
  )
  goLive({ page, live })
  expect(page.get().at).toBe(null)
  expect(PAGES.filter(({ path }) => drawsPast(path)).map(({ path }) => path)).toEqual([
    '/',
    '/layers',
    '/run',
    '/timeline',
  ])
  expect(drawsPast(PAGE_PATHS.layer('layer 0'))).toBe(true)
  expect(drawsPast(PAGE_PATHS.seed({ layerId: 'layer_0', seedId: 3 }))).toBe(true)
})

test('a page that can not show the past says why, each in its own words', () => {
  const others = PAGES.map(({ path }) => path).filter((path) => !drawsPast(path))
  const words = [...others, '/threads/abc', '/admin'].map(presentWords)
  expect(new Set(words).size).toBe(words.length)
  expect(words).not.toContain(presentWords('/nothing'))
})

test('a moment that stands is asked about exactly; one that moves once a second of watching, at any speed', () => {
  const pace = { speed: 1, reverse: false } as const
  expect(askedMoment(5, { kind: 'fixed', atMs: NOW + 0.4, end: false, ...pace })).toBe(NOW)
  for (const speed of [0.25, 1, 64] as const) {
    const moves = { kind: 'replay', fromMs: NOW, sinceMs: 0, speed, reverse: false } as const
    // Ten seconds of watching, drawn fifteen times a second.
    const asked = Array.from({ length: 150 }, (_, frame) => askedMoment(NOW + (frame / 15) * 1_000 * speed, moves))
    expect(new Set(asked).size).toBeLessThanOrEqual(11)
    expect(asked.every((at, frame) => at <= NOW + (frame / 15) * 1_000 * speed)).toBe(true)
  }
})
