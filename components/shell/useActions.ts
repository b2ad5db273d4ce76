/*
 * useActions: what each action of the keymap does to the session, the page and the overlays.
 * In: actions, from keys, menus and the palette. Out: changes; one overlay at most; a short notice.
 * Invariant: keys, menus and palette do the same thing through the same function.
 * Source: docs/ux.md "keyboard map"; features H1, H2, H7.
 */
'use client'
import { useRouter } from 'next/navigation'
import { useCallback, useMemo, useState } from 'react'
import { toggleDelta } from '../delta/deltaChoice.ts'
import { nextChoice } from '../heatmap/metricChoice.ts'
import { PICK_EVENT } from '../heatmap/useMapPick.ts'
import { COMPOSE_EVENT } from '../inspector/SeedCommands.tsx'
import { useLive } from '../live/LiveProvider.tsx'
import { hrefOf } from '../live/pageLinks.ts'
import { pointedSeed } from '../live/pointedSeed.ts'
import { clearPicked, readPicked } from '../ops/selectionStore.ts'
import { actOnTime } from '../live/timeActions.ts'
import { useUndo } from '../ops/useUndo.ts'
import { pointedPlace, pointedValue } from './pointedThings.ts'
import { COPY_IN_PAST, copySeedValue } from '../provenance/copySeedValue.ts'
import type { PageAction } from './keymap.ts'
import type { Overlay, Shell } from './ShellContext.tsx'
import { currentTheme, nextTheme, setTheme } from './theme.ts'

export interface Actions {
  readonly shell: Shell
  /** `id` is another at every opening: the same overlay opened again begins anew. */
  readonly open: { readonly overlay: Overlay; readonly id: number } | null
  /** Closes that opening, if it is still the one: a dialog tells its end late, when the next may be open already. */
  readonly close: (id: number) => void
  readonly notice: string
}

let openings = 0

/** Tells whether a dialog is open in front of the page. */
function hasDialog(): boolean {
  return document.querySelector('dialog[open]') !== null
}

/** Binds the actions to the session, the router and the overlays of the frame. */
export function useActions(): Actions {
  const { session, page, live, time } = useLive()
  const router = useRouter()
  const [open, setOpen] = useState<Actions['open']>(null)
  const [notice, say] = useState('')
  const undo = useUndo(say)
  const show = useCallback((next: Overlay | null): void => {
    openings += 1
    const id = openings
    setOpen(next === null ? null : { overlay: next, id })
  }, [])
  const close = useCallback((id: number): void => {
    setOpen((now) => (now?.id === id ? null : now))
  }, [])
  const copyLink = useCallback((): void => {
    const shown = session.store.view
    if (shown) page.set({ runId: shown.runId, metric: shown.metric.name })
    const link = location.href
    const copied = navigator.clipboard?.writeText(link) ?? Promise.reject(new Error('no clipboard'))
    copied.then(
      () => say('Link copied'),
      () => say(`Copy this link: ${link}`),
    )
  }, [page, session])

  const copyValue = useCallback((): void => {
    const seed = pointedSeed() ?? page.get().selection
    const [descriptor, metric] = [session.store.run()?.descriptor, session.store.view?.metric.name]
    if (seed === null || !descriptor || metric === undefined)
      return say('Point at a seed or select one first: its value is copied then.')
    const wanted = { seed, descriptor, metric, nowMs: session.client.serverNowMs(), origin: location.origin }
    if (session !== live) return say(COPY_IN_PAST)
    void copySeedValue(wanted).then(say)
  }, [page, session, live])

  const act = useCallback(
    (action: PageAction): void => {
      const state = page.get()
      const { store } = session
      if (action.startsWith('go:')) {
        router.push(hrefOf(action.slice(3), state))
        document.getElementById('main')?.focus()
        return
      }
      switch (action) {
        case 'palette':
        case 'search':
          return show({ kind: 'palette', mode: action === 'search' ? 'search' : 'all' })
        case 'help':
        case 'load':
        case 'save-view':
          return show({ kind: action })
        case 'glossary':
          return show({ kind: 'glossary', term: null })
        case 'metric': {
          const run = store.run()
          if (run) page.set(nextChoice(run.descriptor.seed_columns, store.view?.metric.name ?? null, state.mode))
          return
        }
        case 'delta':
          return page.set(toggleDelta(state.delta))
        case 'theme':
          return setTheme(nextTheme(currentTheme()))
        case 'pause':
        case 'go-live':
        case 'event-back':
        case 'event-on':
        case 'tick-back':
        case 'tick-on':
        case 'jump-back':
        case 'jump-on':
        case 'slower':
        case 'faster':
        case 'reverse':
          return actOnTime(action, { time, page, live, say })
        case 'inspector': {
          const first = store.run()?.descriptor.layers[0]
          const target = state.selection ?? (first ? { layerId: first.layer_id, seedId: 0 } : null)
          return page.set({ inspector: !state.inspector, selection: target })
        }
        case 'compose': {
          // Many picked seeds are composed for together; without a choice nobody's seed is taken for the one that is meant.
          if (readPicked().count > 0) return router.push('/commands#new')
          const target = state.selection ?? pointedSeed()
          if (target === null) {
            document.querySelector<HTMLElement>('[role=grid]')?.focus()
            return say('For which seed? Choose one with the arrows or a press, then press c again.')
          }
          page.set({ inspector: true, selection: target })
          dispatchEvent(new Event(COMPOSE_EVENT))
          return
        }
        case 'what-changed':
          return show({ kind: 'changes', place: pointedPlace(session, state) })
        case 'origin': {
          const value = pointedValue(session, state)
          return value === null
            ? say('Focus a value, or point at a seed: where it comes from is shown then.')
            : show({ kind: 'origin', value })
        }
        case 'pick':
          if (document.querySelector('[role=grid]') === null)
            return say('Seeds are picked on the map of the Live page or of a layer; there is none here.')
          return void dispatchEvent(new Event(PICK_EVENT))
        case 'undo':
          return undo()
        case 'copy-link':
          return copyLink()
        case 'copy-value':
          return copyValue()
        case 'table':
          return page.set({ table: !state.table })
        case 'focus-heatmap':
          return document.querySelector<HTMLElement>('[role=grid]')?.focus()
        case 'close':
          // One Escape closes one thing: an open dialog closes itself.
          if (hasDialog()) return
          say('')
          if (state.inspector) return page.set({ inspector: false })
          if (readPicked().count > 0) clearPicked()
      }
    },
    [page, router, session, live, time, show, copyLink, copyValue, undo],
  )
  const shell = useMemo<Shell>(() => ({ act, show, say }), [act, show])
  return { shell, open, close, notice }
}
