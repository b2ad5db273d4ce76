/*
 * AppShell: the frame around every page: header, navigation, conductor, inspector, help; one session for all of them.
 * In: the page of the route. Out: the whole document body.
 * Invariant: going from page to page never reconnects; one selection, kept in the URL; pages that draw no frames ask for few or none.
 * Source: docs/ux.md "global frame"; features H1, H7.
 */
'use client'
import { usePathname, useRouter, useSearchParams } from 'next/navigation'
import { Suspense, useCallback, useEffect, useState, type ReactNode } from 'react'
import { defaultMetric, nextChoice } from '../heatmap/metricChoice.ts'
import { Inspector } from '../inspector/Inspector.tsx'
import { LiveProvider, useLive } from '../live/LiveProvider.tsx'
import { drawsFrames, hrefOf, PAGE_PATHS, seedOfPath } from '../live/pageLinks.ts'
import { useLiveTopic, usePageState } from '../live/useLiveTopic.ts'
import { QueryRoot } from '../records/QueryRoot.tsx'
import { Icon } from '../ui/Icon.tsx'
import { Conductor } from './Conductor.tsx'
import { Header } from './Header.tsx'
import { HelpDialog } from './HelpDialog.tsx'
import { GO_PAGES, type PageAction } from './keymap.ts'
import { Nav } from './Nav.tsx'
import { currentTheme, nextTheme, setTheme } from './theme.ts'
import { useKeyboard } from './useKeyboard.ts'

export function AppShell({ children }: { readonly children: ReactNode }) {
  return (
    <LiveProvider>
      <QueryRoot>
        <Suspense>
          <LocationReader />
        </Suspense>
        <Frame>{children}</Frame>
      </QueryRoot>
    </LiveProvider>
  )
}

/** Takes over what a link says; alone, because reading the query string suspends while a page is rendered on the server. */
function LocationReader() {
  const { page } = useLive()
  const pathname = usePathname()
  const search = useSearchParams().toString()
  useEffect(() => page.readLocation(), [page, pathname, search])
  return null
}

/** Keeps the shown run and metric in step with the URL; without one, the newest trainer run and the first metric. */
function useShownRun(): void {
  const { session } = useLive()
  const { runId, metric } = usePageState()
  useLiveTopic(['runs'], 50)
  const runs = [...session.store.log.runs.values()]
  const trainers = runs.filter((run) => run.descriptor.origin === 'trainer')
  const newest = (trainers.length > 0 ? trainers : runs).toSorted((a, b) => b.firstSeenMs - a.firstSeenMs)[0]
  const wanted = runs.find((run) => run.descriptor.run_id === runId) ?? newest
  const wantedId = wanted?.descriptor.run_id
  const columns = wanted?.descriptor.seed_columns ?? []
  const known = columns.some((column) => column.name === metric)
  const wantedMetric = known ? metric : defaultMetric(columns)
  useEffect(() => {
    if (wantedId !== undefined && wantedMetric !== null) session.show(wantedId, wantedMetric)
  })
}

/** On a seed's own page the path is the selection: choosing another seed goes to its page. */
function useSeedPath(): void {
  const { page } = useLive()
  const router = useRouter()
  const pathname = usePathname()
  const { selection } = usePageState()
  useEffect(() => {
    const shown = seedOfPath(pathname)
    // The page state follows the address within this turn; only a choice made since then leads elsewhere.
    if (!shown || !selection || seedOfPath(location.pathname) === null) return
    if (shown.layerId === selection.layerId && shown.seedId === selection.seedId) return
    if (page.pathRead() !== pathname) return
    router.replace(hrefOf(PAGE_PATHS.seed(selection), page.get()))
  }, [page, router, pathname, selection])
}

function useActions(): {
  readonly act: (action: PageAction) => void
  readonly help: boolean
  readonly setHelp: (open: boolean) => void
  readonly notice: string
  readonly setNotice: (text: string) => void
} {
  const { session, page } = useLive()
  const router = useRouter()
  const [help, setHelp] = useState(false)
  const [notice, setNotice] = useState('')
  const act = useCallback(
    (action: PageAction): void => {
      const state = page.get()
      const { store } = session
      switch (action) {
        case 'go-live-page':
        case 'go-layers':
        case 'go-run':
        case 'go-bus':
          router.push(hrefOf(GO_PAGES[action], state))
          document.getElementById('main')?.focus()
          break
        case 'help':
          setHelp((open) => !open)
          break
        case 'metric': {
          const run = store.run()
          if (run) page.set(nextChoice(run.descriptor.seed_columns, store.view?.metric.name ?? null, state.mode))
          break
        }
        case 'theme':
          setTheme(nextTheme(currentTheme()))
          break
        case 'pause':
          session.setPaused(store.pause === null)
          break
        case 'go-live':
          session.setPaused(false)
          break
        case 'inspector': {
          const first = store.run()?.descriptor.layers[0]
          const target = state.selection ?? (first ? { layerId: first.layer_id, seedId: 0 } : null)
          page.set({ inspector: !state.inspector, selection: target })
          break
        }
        case 'copy-link': {
          const shown = store.view
          if (shown) page.set({ runId: shown.runId, metric: shown.metric.name })
          const link = location.href
          const copied = navigator.clipboard?.writeText(link) ?? Promise.reject(new Error('no clipboard'))
          copied.then(
            () => setNotice('Link copied'),
            () => setNotice(`Copy this link: ${link}`),
          )
          break
        }
        case 'table':
          page.set({ table: !state.table })
          break
        case 'focus-heatmap':
          document.querySelector<HTMLElement>('[role=grid]')?.focus()
          break
        case 'close':
          setHelp(false)
          setNotice('')
          if (state.inspector) page.set({ inspector: false })
          break
        default: {
          const never: never = action
          return never
        }
      }
    },
    [page, router, session],
  )
  return { act, help, setHelp, notice, setNotice }
}

function Frame({ children }: { readonly children: ReactNode }) {
  const { session } = useLive()
  const pathname = usePathname()
  const { selection, inspector } = usePageState()
  const { act, help, setHelp, notice, setNotice } = useActions()
  useLiveTopic(['runs', 'view', 'status', 'pause'], 100)
  useShownRun()
  useSeedPath()
  useKeyboard(act)
  useEffect(() => session.setWatching(drawsFrames(pathname)), [session, pathname])
  const closeHelp = useCallback(() => setHelp(false), [setHelp])

  const run = session.store.run()
  const environment = session.store.status?.environment ?? 'unknown'
  const open = inspector && selection !== null && run !== null
  return (
    <div
      className={`app frame-${environment.toLowerCase()}${session.store.pause ? ' is-paused' : ''}${open ? ' with-inspector' : ''}`}
    >
      <a className="skip" href="#main">
        Skip to the page
      </a>
      <Header onHelp={() => setHelp(true)} />
      <Nav />
      {children}
      <Inspector />
      <div className="stop-place" aria-hidden="true" />
      <Conductor />
      <HelpDialog open={help} onClose={closeHelp} />
      <output className="toast" hidden={notice === ''}>
        {notice}
        {notice !== '' && (
          <button type="button" className="icon-button" aria-label="Dismiss" onClick={() => setNotice('')}>
            <Icon name="close" size={12} />
          </button>
        )}
      </output>
    </div>
  )
}
