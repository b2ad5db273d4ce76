/*
 * Hooks between the live store and React: topics at most four times a second, page state at once, texts without rendering.
 * In: store topics, the page store, a shared tick. Out: re-renders that are few, and text nodes that change without any.
 * Invariant: telemetry never causes a render per frame.
 * Source: docs/adr/0004-columns-on-the-hot-path.md.
 */
'use client'
import { useCallback, useEffect, useReducer, useRef, useSyncExternalStore } from 'react'
import type { LiveSession } from '../../lib/live/liveSession.ts'
import type { LiveTopic } from '../../lib/live/liveStore.ts'
import type { PageState } from '../../lib/live/urlState.ts'
import { DEFAULT_PAGE_STATE } from '../../lib/live/urlState.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { useLive } from './LiveProvider.tsx'
import { pageTurns } from './pageTurns.ts'

const TICK_MS = 250
/** What arrives has its own frame of the screen: what is rendered because of it comes in a later one. */
const NEXT_FRAME_MS = 17

/** Renders again when one of the topics changed, at most once per `everyMs`. */
export function useLiveTopic(topics: readonly LiveTopic[], everyMs = TICK_MS): void {
  const { session } = useLive()
  const [, render] = useReducer((count: number) => count + 1, 0)
  const key = topics.join(' ')
  useEffect(() => {
    let cancel: (() => void) | null = null
    let lastMs = Number.NEGATIVE_INFINITY
    const onChange = (): void => {
      if (cancel) return
      const waitMs = Math.max(NEXT_FRAME_MS, everyMs - (systemClock.monotonicMs() - lastMs))
      cancel = systemClock.after(waitMs, () => {
        // One status makes half the page say something new: each panel does so in a frame of its own.
        let served = false
        const giveBack = pageTurns.take(() => {
          served = true
          cancel = null
          lastMs = systemClock.monotonicMs()
          render()
        })
        if (!served) cancel = giveBack
      })
    }
    const undo = (key.split(' ') as LiveTopic[]).map((topic) => session.store.topics.subscribe(topic, onChange))
    onChange()
    return () => {
      cancel?.()
      for (const unsubscribe of undo) unsubscribe()
    }
  }, [session, key, everyMs])
}

/** Reads something small of the session; renders again only when it has become something else. */
export function useLiveValue<T extends string | number | boolean | null>(
  topics: readonly LiveTopic[],
  read: (session: LiveSession) => T,
): T {
  const { session } = useLive()
  const key = topics.join(' ')
  const subscribe = useCallback(
    (listener: () => void) => {
      const undo = (key.split(' ') as LiveTopic[]).map((topic) => session.store.topics.subscribe(topic, listener))
      return () => {
        for (const unsubscribe of undo) unsubscribe()
      }
    },
    [session, key],
  )
  const value = (): T => read(session)
  return useSyncExternalStore(subscribe, value, value)
}

/** Reads the page state; renders when it changes. */
export function usePageState(): PageState {
  const { page } = useLive()
  return useSyncExternalStore(
    (listener) => page.subscribe(listener),
    () => page.get(),
    () => DEFAULT_PAGE_STATE,
  )
}

const tickers = new Set<() => void>()
let stopTicker: (() => void) | null = null

/** Calls back four times a second while the tab is visible, in a frame in which nothing renders. One timer serves the whole page. */
export function onTick(callback: () => void): () => void {
  tickers.add(callback)
  let isAwaited = false
  stopTicker ??= systemClock.every(TICK_MS, () => {
    if (document.hidden || isAwaited) return
    isAwaited = true
    pageTurns.take(() => {
      isAwaited = false
      for (const tick of tickers) tick()
    })
  })
  return () => {
    tickers.delete(callback)
    if (tickers.size === 0) {
      stopTicker?.()
      stopTicker = null
    }
  }
}

/** Renders again when `read` gives another key; looked at on every tick. */
export function useTickKey(read: () => string): void {
  const [, render] = useReducer((count: number) => count + 1, 0)
  const latest = useRef(read)
  useEffect(() => {
    latest.current = read
  })
  useEffect(() => {
    let key = latest.current()
    return onTick(() => {
      const next = latest.current()
      if (next === key) return
      key = next
      render()
    })
  }, [])
}
