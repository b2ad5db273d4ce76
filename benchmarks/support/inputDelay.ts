/*
 * inputDelay: how long presses and keys waited for a page, as the browser itself says.
 * In: a page that is about to be opened. Out: milliseconds from the press to its first listener, and to the next picture.
 * Invariant: the Event Timing entries of the browser judge everything of 16 ms and more, which is all they hold; what was shorter is
 * read from the event's own time stamp in the first listener of the window, and never makes an entry smaller.
 * Source: docs/performance.md "alert storm"; w3.org/TR/event-timing.
 */
import type { Page } from '@playwright/test'

export interface Inputs {
  /** ms from the press to the first listener, one per event. */
  readonly delays: readonly number[]
  /** ms from the press to the picture after it, of those of 16 ms and more. */
  readonly durations: readonly number[]
  /** Events that the browser counted, whatever they took. */
  readonly counted: number
  /** Where the longest ones were: their kind, delay and duration, ms. */
  readonly worst: readonly string[]
}

interface Kept {
  delays: number[]
  entries: { readonly name: string; readonly delay: number; readonly took: number; readonly busy: number }[]
  counted: number
}
type Watched = typeof globalThis & { morphoscopeInputs?: Kept }

/** Presses that a person makes; moves and hovers are not waited for. */
const KINDS = ['keydown', 'pointerdown', 'click'] as const

/** Watches every document that the page opens from now on. */
export async function watchInputs(page: Page): Promise<void> {
  await page.addInitScript((kinds: readonly string[]) => {
    const kept: Kept = { delays: [], entries: [], counted: 0 }
    ;(globalThis as Watched).morphoscopeInputs = kept
    for (const kind of kinds)
      addEventListener(
        kind,
        (event) => {
          if (!event.isTrusted) return
          kept.counted++
          kept.delays.push(Math.max(0, performance.now() - event.timeStamp))
        },
        true,
      )
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as PerformanceEventTiming[]) {
        if (!kinds.includes(entry.name)) continue
        const { name, startTime, processingStart, processingEnd, duration } = entry
        kept.entries.push({
          name,
          delay: processingStart - startTime,
          took: duration,
          busy: processingEnd - processingStart,
        })
      }
    }).observe({ type: 'event', durationThreshold: 16, buffered: true } as PerformanceObserverInit)
  }, KINDS)
}

/** Takes what was seen since the last call. */
export async function takeInputs(page: Page): Promise<Inputs> {
  const { delays, entries, counted } = await page.evaluate(() => {
    const kept = (globalThis as Watched).morphoscopeInputs
    if (kept === undefined) throw new Error('nobody watches the inputs of this page')
    return {
      delays: kept.delays.splice(0),
      entries: kept.entries.splice(0),
      counted: [kept.counted, (kept.counted = 0)][0] ?? 0,
    }
  })
  // An entry is of one of the events that the listener saw: the longest of both lists are the same events, and the longer of both words counts.
  const byEntry = entries.map((entry) => entry.delay).toSorted((a, b) => b - a)
  const bySelf = delays.toSorted((a, b) => b - a)
  const words = (entry: Kept['entries'][number]): string =>
    `${entry.name}: ${entry.delay.toFixed(1)} ms to its listener, ${entry.busy.toFixed(1)} in listeners, ${entry.took.toFixed(0)} to the picture`
  return {
    delays: bySelf.map((delay, at) => Math.max(delay, byEntry[at] ?? 0)),
    durations: entries.map((entry) => entry.took),
    counted,
    worst: entries
      .toSorted((a, b) => b.delay - a.delay)
      .slice(0, 3)
      .map(words),
  }
}
