/*
 * Pointed things: what the keys w and v act on: the focused element first, then what the pointer is over, then the selection.
 * In: the session, the page state, the document. Out: a place with its moment; a value.
 * Invariant: reads only; nothing is guessed: without anything pointed at, w asks about the whole run now and v about nothing.
 * Source: docs/ux.md "keyboard map", "what changed", "number provenance".
 */
import type { LiveSession } from '../../lib/live/liveSession.ts'
import type { PageState } from '../../lib/live/urlState.ts'
import { askedPlace, type AskedPlace } from '../causes/askedPlace.ts'
import { pointedMoment } from '../live/pointedMoment.ts'
import { pointedSeed } from '../live/pointedSeed.ts'
import { valueOfElement, type ValueRef } from '../provenance/valueRef.ts'

/** Tells which moment and place are pointed at. */
export function pointedPlace(session: LiveSession, state: PageState): AskedPlace {
  const focused = document.activeElement?.closest<HTMLElement>('[data-moment]') ?? null
  return askedPlace({
    focused: focused?.dataset ?? null,
    moment: pointedMoment(),
    seed: pointedSeed(),
    selection: state.selection,
    runId: session.store.run()?.descriptor.run_id ?? state.runId,
    pausedMs: session.store.pause?.atMs ?? null,
  })
}

/** Tells which value is pointed at; null when none is. */
export function pointedValue(session: LiveSession, state: PageState): ValueRef | null {
  const focused = valueOfElement(document.activeElement)
  if (focused !== null) return focused
  const seed = pointedSeed() ?? state.selection
  const metric = session.store.view?.metric.name
  return seed === null || metric === undefined ? null : { kind: 'seed', ...seed, metric }
}
