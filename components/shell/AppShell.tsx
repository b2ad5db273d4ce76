/*
 * AppShell: the frame around every page: header, navigation, conductor, inspector, overlays; one session for all of them.
 * In: the page of the route. Out: the whole document body.
 * Invariant: going from page to page never reconnects; one selection, kept in the URL; pages that draw no frames ask for few or none.
 * Source: docs/ux.md "global frame"; features H1, H7.
 */
'use client'
import { usePathname, useRouter, useSearchParams } from 'next/navigation'
import { lazy, Suspense, useEffect, type ReactNode } from 'react'
import { SessionWatch } from '../access/SessionWatch.tsx'
import { defaultMetric } from '../heatmap/metricChoice.ts'
import { Inspector } from '../inspector/Inspector.tsx'
import { LiveProvider, useLive, useTime } from '../live/LiveProvider.tsx'
import { drawsFrames, hrefOf, PAGE_PATHS, seedOfPath } from '../live/pageLinks.ts'
import { newestRun } from '../live/shownRun.ts'
import { useLiveTopic, useLiveValue, usePageState } from '../live/useLiveTopic.ts'
import { useAltClick } from '../provenance/useAltClick.ts'
import { OpsProvider } from '../ops/OpsProvider.tsx'
import { useSelection } from '../ops/selectionStore.ts'
import { QueryRoot } from '../records/QueryRoot.tsx'
import { Icon } from '../ui/Icon.tsx'
import { Conductor } from './Conductor.tsx'
import { Header } from './Header.tsx'
import { Nav } from './Nav.tsx'
import { ShellContext, type Overlay } from './ShellContext.tsx'
import { useActions } from './useActions.ts'
import { useKeyboard } from './useKeyboard.ts'

// Opened by a key or a press: none of them is in the first load of a page.
const CommandPalette = lazy(async () => ({
  default: (await import('../palette/CommandPalette.tsx')).CommandPalette,
}))
const SelectionBar = lazy(() => import('../ops/SelectionBar.tsx'))
const HelpDialog = lazy(async () => ({ default: (await import('./HelpDialog.tsx')).HelpDialog }))
const ViewDialog = lazy(async () => ({ default: (await import('./ViewDialog.tsx')).ViewDialog }))
const LoadDialog = lazy(async () => ({ default: (await import('../load/LoadDialog.tsx')).LoadDialog }))
const GlossaryDialog = lazy(async () => ({
  default: (await import('../glossary/GlossaryDialog.tsx')).GlossaryDialog,
}))

const ChangesDrawer = lazy(async () => ({ default: (await import('../causes/ChangesDrawer.tsx')).ChangesDrawer }))
const OriginDialog = lazy(async () => ({ default: (await import('../provenance/OriginDialog.tsx')).OriginDialog }))

export function AppShell({ children }: { readonly children: ReactNode }) {
  return (
    <LiveProvider>
      <QueryRoot>
        <Suspense>
          <LocationReader />
          <SessionWatch />
        </Suspense>
        <OpsProvider>
          <Frame>{children}</Frame>
        </OpsProvider>
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
  const wanted = session.store.log.runs.get(runId ?? '') ?? newestRun(session.store.log.runs) ?? undefined
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

function Frame({ children }: { readonly children: ReactNode }) {
  const { session } = useLive()
  const pathname = usePathname()
  const { selection, inspector } = usePageState()
  const { shell, open: opened, close, notice } = useActions()
  // What is around the page renders by itself: the frame only when its own looks change.
  const environment = useLiveValue(['status'], ({ store }) => store.status?.environment ?? 'unknown')
  const paused = useLiveValue(['pause'], ({ store }) => store.pause !== null)
  const hasRun = useLiveValue(['runs', 'view'], ({ store }) => store.run() !== null)
  const time = useTime()
  const hasPicked = useSelection().count > 0
  useShownRun()
  useSeedPath()
  useKeyboard(shell.act)
  useAltClick(shell.show)
  useEffect(() => session.setWatching(drawsFrames(pathname)), [session, pathname])

  const open = inspector && selection !== null && hasRun
  return (
    <ShellContext value={shell}>
      <div
        className={`app frame-${environment.toLowerCase()}${time.kind !== 'live' ? ' is-replay' : paused ? ' is-paused' : ''}${open ? ' with-inspector' : ''}`}
      >
        <a className="skip" href="#main">
          Skip to the page
        </a>
        <Header />
        <Nav />
        {children}
        <Inspector />
        <div className="stop-place" aria-hidden="true" />
        <Conductor />
        {hasPicked && (
          <Suspense>
            <SelectionBar />
          </Suspense>
        )}
        {opened && (
          <Suspense>
            <OverlayView key={opened.id} overlay={opened.overlay} onClose={() => close(opened.id)} />
          </Suspense>
        )}
        <output className="toast" hidden={notice === ''}>
          {notice}
          {notice !== '' && (
            <button type="button" className="icon-button" aria-label="Dismiss" onClick={() => shell.say('')}>
              <Icon name="close" size={12} />
            </button>
          )}
        </output>
      </div>
    </ShellContext>
  )
}

function OverlayView({ overlay, onClose }: { readonly overlay: Overlay; readonly onClose: () => void }) {
  switch (overlay.kind) {
    case 'palette':
      return <CommandPalette mode={overlay.mode} onClose={onClose} />
    case 'help':
      return <HelpDialog onClose={onClose} />
    case 'glossary':
      return <GlossaryDialog term={overlay.term} onClose={onClose} />
    case 'save-view':
      return <ViewDialog onClose={onClose} />
    case 'load':
      return <LoadDialog onClose={onClose} />
    case 'changes':
      return <ChangesDrawer place={overlay.place} onClose={onClose} />
    case 'origin':
      return <OriginDialog value={overlay.value} onClose={onClose} />
  }
}
