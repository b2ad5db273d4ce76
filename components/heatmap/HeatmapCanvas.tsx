/*
 * Heatmap canvas: the layer x seed grid, laid out here and drawn by the page's worker, with pointer, crosshair and a keyboard cursor.
 * In: the live session, page state. Out: looks for who draws; selection, opened seeds, picked seeds.
 * Invariant: this thread touches no pixel; nothing is drawn while the tab is hidden; every cell is reachable by keyboard and read out.
 * Source: docs/adr/0004-columns-on-the-hot-path.md; docs/ux.md "other page notes"; features A2, A19.
 */
'use client'
import {
  lazy,
  Suspense,
  useCallback,
  useEffect,
  useRef,
  useState,
  useSyncExternalStore,
  type KeyboardEvent,
  type PointerEvent,
} from 'react'
import { formatAge, formatWithUnit } from '../../lib/live/formatValue.ts'
import { formatChange } from '../../lib/live/formatDelta.ts'
import type { PageState } from '../../lib/live/urlState.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { pagePerformance } from '../live/selfPerformance.ts'
import { usePageState } from '../live/useLiveTopic.ts'
import { useSelection } from '../ops/selectionStore.ts'
import { ageFacts, buildScene, runFacts } from './buildScene.ts'
import { nearestCell } from './cellRange.ts'
import { onThemeChange, readCanvasTheme, type CanvasTheme } from './canvasTheme.ts'
import {
  cellRect,
  hitTest,
  layoutHeatmap,
  moveInGrid,
  seedRange,
  type CellPlace,
  type GridMove,
  type HeatmapLayout,
} from './heatmapLayout.ts'
import { HeatmapTooltip, type TooltipPlace } from './HeatmapTooltip.tsx'
import { ageOfSeed, changeOf, shownRow, valueOf, type HeatmapScene, type SceneBase } from './heatmapScene.ts'
import { stateLabel } from './stateGlyph.ts'
import { useMapPick } from './useMapPick.ts'

// Nobody picks on most visits.
const PickOverlay = lazy(() => import('./PickOverlay.tsx'))

const MOVES: Readonly<Record<string, GridMove>> = {
  ArrowLeft: 'left',
  h: 'left',
  ArrowRight: 'right',
  l: 'right',
  ArrowUp: 'up',
  k: 'up',
  ArrowDown: 'down',
  j: 'down',
  Home: 'home',
  End: 'end',
  PageUp: 'first',
  PageDown: 'last',
}

/** The clocks' distance may move this far before whoever draws is told. */
const OFFSET_MS = 20

const samePlace = (a: CellPlace | null, b: CellPlace | null): boolean =>
  a?.layer === b?.layer && a?.column === b?.column

interface Surface {
  draw(): void
  /** What is compared with has changed. */
  compare(): void
  readonly layout: HeatmapLayout | null
}

export function HeatmapCanvas({
  large,
  onLayout,
  base,
}: {
  readonly large: boolean
  readonly onLayout: (layout: HeatmapLayout) => void
  /** What is compared with; null draws values. */
  readonly base: SceneBase | null
}) {
  const { session, page, thread } = useLive()
  const drawnBy = useSyncExternalStore(thread.subscribe, thread.drawnBy, () => 'nobody' as const)
  const pageState = usePageState()
  const scroller = useRef<HTMLDivElement>(null)
  const spacer = useRef<HTMLDivElement>(null)
  const surface = useRef<Surface | null>(null)
  const hover = useRef<CellPlace | null>(null)
  const cursor = useRef<CellPlace | null>(null)
  const state = useRef<PageState>(pageState)
  const compared = useRef<SceneBase | null>(base)
  const [tip, setTip] = useState<TooltipPlace | null>(null)
  const [words, setWords] = useState('')
  const [at, setAt] = useState<CellPlace>({ layer: 0, column: 0 })
  const [focused, setFocused] = useState(false)
  const [laid, setLaid] = useState<HeatmapLayout | null>(null)
  const [said, setSaid] = useState('')
  const hasPicked = useSelection().count > 0

  const scene = useCallback(
    (): HeatmapScene | null =>
      buildScene(session, state.current, { cursor: cursor.current, hover: hover.current }, compared.current),
    [session],
  )

  useEffect(() => {
    compared.current = base
    surface.current?.compare()
  }, [base])

  useEffect(() => {
    state.current = pageState
    const layout = surface.current?.layout
    const run = session.store.run()
    const selection = pageState.selection
    const layer = run?.descriptor.layers.findIndex((candidate) => candidate.layer_id === selection?.layerId) ?? -1
    cursor.current =
      selection && layout && layer >= 0 ? { layer, column: Math.floor(selection.seedId / layout.binSize) } : null
    surface.current?.draw()
  }, [pageState, session])

  useEffect(() => {
    const box = scroller.current
    if (!box || drawnBy === 'nobody') return undefined
    // A canvas is handed over once and for all: each time somebody begins to draw, it gets a new one.
    const element = document.createElement('canvas')
    element.className = 'heatmap-canvas'
    element.setAttribute('aria-hidden', 'true')
    const stage = thread.open(element, (tookMs, painted) => {
      pagePerformance.record(performance.now(), tookMs)
      // What a page could not tell is not told later: the server counts what it hears.
      if (painted && session.client.connection.kind === 'live') void session.client.paint(painted)
    })
    if (!stage) return undefined
    box.prepend(element)
    let theme: CanvasTheme = readCanvasTheme(document.documentElement)
    let layout: HeatmapLayout | null = null
    let asked = 0
    let toldOffsetMs = 0
    const resize = (): void => {
      const run = session.store.run()
      const { clientWidth: width, clientHeight: height } = box
      if (!run || width === 0) return
      element.style.width = `${width}px`
      element.style.height = `${height}px`
      layout = layoutHeatmap(
        width,
        height,
        run.descriptor.layers.map((layer) => layer.seeds),
        large,
      )
      if (spacer.current) spacer.current.style.height = `${Math.max(0, layout.top + layout.contentHeight - height)}px`
      onLayout(layout)
      setLaid(layout)
      // The selection of a shared link is known before the layout is.
      const selection = state.current.selection
      const index = run.descriptor.layers.findIndex((candidate) => candidate.layer_id === selection?.layerId)
      if (selection && index >= 0)
        cursor.current = { layer: index, column: Math.floor(selection.seedId / layout.binSize) }
    }
    /** Says how it is to look now; who draws does the rest, and draws by itself when pictures change. */
    const show = (): void => {
      asked = 0
      if (!layout) resize()
      if (!layout) return
      const { client, store } = session
      toldOffsetMs = client.serverNowMs() - systemClock.wallMs()
      stage.receive({
        kind: 'look',
        look: {
          layout,
          theme,
          ratio: devicePixelRatio,
          scrollTop: box.scrollTop,
          mode: state.current.mode,
          cursor: cursor.current,
          hover: hover.current,
          offsetMs: toldOffsetMs,
          pausedMs: store.pause?.atMs ?? null,
          hidden: document.hidden,
        },
      })
    }
    const draw = (): void => {
      asked ||= requestAnimationFrame(show)
    }
    const tellRun = (): void => stage.receive({ kind: 'run', facts: runFacts(session) })
    const tellAges = (): void => {
      stage.receive({ kind: 'ages', facts: ageFacts(session) })
      // Ages are counted over there, on the server's clock as it is known here.
      if (Math.abs(session.client.serverNowMs() - systemClock.wallMs() - toldOffsetMs) > OFFSET_MS) draw()
    }
    const compare = (): void => stage.receive({ kind: 'base', base: compared.current })
    const showView = (): void => {
      tellRun()
      tellAges()
      compare()
      resize()
      show()
    }
    surface.current = {
      draw,
      compare,
      get layout() {
        return layout
      },
    }
    const observer = new ResizeObserver(() => {
      resize()
      show()
    })
    observer.observe(box)
    const undo = [
      session.store.topics.subscribe('view', showView),
      session.store.topics.subscribe('runs', showView),
      session.store.topics.subscribe('pause', () => {
        tellAges()
        show()
      }),
      session.store.topics.subscribe('status', tellAges),
      onThemeChange(() => {
        theme = readCanvasTheme(document.documentElement)
        draw()
      }),
    ]
    const onScroll = (): void => draw()
    box.addEventListener('scroll', onScroll, { passive: true })
    // At once: a hidden tab is given no frame to say so in.
    document.addEventListener('visibilitychange', show)
    showView()
    return () => {
      observer.disconnect()
      cancelAnimationFrame(asked)
      box.removeEventListener('scroll', onScroll)
      document.removeEventListener('visibilitychange', show)
      for (const cancel of undo) cancel()
      surface.current = null
      stage.drop()
      element.remove()
    }
  }, [session, thread, drawnBy, large, onLayout])

  const describe = useCallback(
    (place: CellPlace): string => {
      const current = scene()
      const layer = current?.layers[place.layer]
      const layout = surface.current?.layout
      if (!current || !layer || !layout) return ''
      const row = shownRow(current, layer, ...seedRange(layout, place))
      const value = valueOf(current, layer, row)
      const text = value === null ? 'unmeasured' : formatWithUnit(value, current.metric)
      const age = ageOfSeed(layer, row)
      const change =
        current.base === null
          ? ''
          : `, ${changeOf(current, layer, row) === null ? 'no counterpart' : `changed by ${formatChange(changeOf(current, layer, row), current.metric)}`}`
      return `${layer.layerId}, seed ${row}: ${stateLabel(layer.mirror.state[row] ?? 255)}, ${current.metric.label} ${text}${change}, ${age.freshness}, ${formatAge(age.ageMs)} old`
    },
    [scene],
  )

  const showTip = (place: CellPlace | null): void => {
    const shown = surface.current
    const box = scroller.current
    const current = scene()
    const layer = place && current?.layers[place.layer]
    if (!place || !layer || !shown?.layout || !box) return setTip(null)
    const rect = cellRect(shown.layout, place, box.scrollTop)
    const [from, to] = seedRange(shown.layout, place)
    const right = rect.x + rect.width + 256 <= shown.layout.width
    // Room on neither side, as on a phone: above the cell, within the width.
    const narrow = !right && rect.x < 256
    const flipX = !right && !narrow
    const flipY = narrow || rect.y + 230 > shown.layout.height
    setTip({
      layer: place.layer,
      row: shownRow(current, layer, from, to),
      from,
      to,
      flipX,
      flipY,
      x: narrow
        ? Math.max(0, Math.min(rect.x, shown.layout.width - 236))
        : flipX
          ? rect.x - 8
          : rect.x + rect.width + 8,
      y: narrow ? rect.y - 8 : flipY ? Math.min(rect.y + rect.height, shown.layout.height) : Math.max(0, rect.y),
    })
  }

  const picking = useMapPick({
    layout: () => surface.current?.layout ?? null,
    layerIds: () => session.store.run()?.descriptor.layers.map((layer) => layer.layer_id) ?? [],
    focus: () => {
      scroller.current?.focus()
      const place = cursor.current ?? { layer: 0, column: 0 }
      if (!cursor.current) select(place, false)
      return place
    },
    say: setSaid,
  })

  /** The cell under a pointer, and the nearest one; null before there is a layout. */
  const placesOf = (event: PointerEvent | React.MouseEvent) => {
    const box = scroller.current
    const layout = surface.current?.layout
    if (!box || !layout) return null
    const bounds = box.getBoundingClientRect()
    const [x, y] = [event.clientX - bounds.left, event.clientY - bounds.top]
    return { hit: hitTest(layout, x, y, box.scrollTop), near: nearestCell(layout, x, y, box.scrollTop) }
  }

  const onPointerMove = (event: PointerEvent): void => {
    const places = placesOf(event)
    if (places === null) return
    picking.onPointerMove(event, places.near)
    if (event.pointerType === 'touch') return
    const place = places.hit
    if (samePlace(place, hover.current)) return
    hover.current = place
    showTip(place)
    surface.current?.draw()
  }
  const onPointerLeave = (): void => {
    hover.current = null
    setTip(null)
    surface.current?.draw()
  }

  const select = (place: CellPlace, inspector: boolean): void => {
    const current = scene()
    const layer = current?.layers[place.layer]
    const layout = surface.current?.layout
    if (!layer || !layout) return
    cursor.current = place
    setAt(place)
    page.set({
      selection: { layerId: layer.layerId, seedId: shownRow(current, layer, ...seedRange(layout, place)) },
      ...(inspector ? { inspector: true } : {}),
    })
    setWords(describe(place))
  }

  const onClick = (event: PointerEvent | React.MouseEvent): void => {
    // With Shift held it was a pick.
    const place = event.shiftKey ? null : placesOf(event)?.hit
    if (place) select(place, true)
  }

  const onKeyDown = (event: KeyboardEvent): void => {
    const layout = surface.current?.layout
    if (!layout || event.ctrlKey || event.altKey || event.metaKey) return
    const from = cursor.current ?? { layer: 0, column: 0 }
    if (picking.onKey(event.key, from)) {
      event.preventDefault()
      event.stopPropagation()
      return
    }
    const move = MOVES[event.key]
    if (move) {
      event.preventDefault()
      event.stopPropagation()
      const next = cursor.current ? moveInGrid(layout, from, move) : from
      select(next, false)
      picking.onCursor(next)
      showTip(next)
      scrollTo(next, layout)
    } else if (event.key === 'Enter') {
      event.preventDefault()
      select(from, true)
    } else if (event.key === 'Escape' && (tip || cursor.current)) {
      event.stopPropagation()
      setTip(null)
      cursor.current = null
      page.set({ selection: null, inspector: false })
    }
  }

  const scrollTo = (place: CellPlace, layout: HeatmapLayout): void => {
    const box = scroller.current
    if (!box || layout.kind === 'cells') return
    const rect = cellRect(layout, place, box.scrollTop)
    if (rect.y < layout.top) box.scrollTop += rect.y - layout.top
    else if (rect.y + rect.height > layout.height) box.scrollTop += rect.y + rect.height - layout.height
  }

  const run = session.store.run()
  return (
    <div className="heatmap-area" onPointerMove={onPointerMove} onPointerLeave={onPointerLeave}>
      <div
        ref={scroller}
        className="heatmap-scroller"
        role="grid"
        tabIndex={0}
        aria-label="Seeds by layer. Arrow keys move, Enter opens the inspector, v picks seeds."
        aria-rowcount={run?.descriptor.layers.length ?? 0}
        aria-colcount={Math.max(0, ...(run?.descriptor.layers.map((layer) => layer.seeds) ?? []))}
        aria-activedescendant={focused && words !== '' ? 'heatmap-cursor' : undefined}
        onClick={onClick}
        onPointerDown={(event) => picking.onPointerDown(event, placesOf(event)?.hit ?? null)}
        onPointerUp={(event) => picking.onPointerUp(event)}
        onPointerCancel={() => picking.onPointerCancel()}
        onKeyDown={onKeyDown}
        onFocus={() => {
          setFocused(true)
          const place = cursor.current ?? { layer: 0, column: 0 }
          setWords(describe(place))
        }}
        onBlur={() => {
          setFocused(false)
          setTip(null)
        }}
      >
        <div ref={spacer} aria-hidden="true" />
        {/* A virtual grid: of the drawn rows and cells only the cursor's exists as an element. */}
        {/* oxlint-disable-next-line jsx-a11y/prefer-tag-over-role */}
        <div role="row" aria-rowindex={at.layer + 1} className="visually-hidden">
          {/* oxlint-disable-next-line jsx-a11y/prefer-tag-over-role */}
          <span role="gridcell" id="heatmap-cursor" aria-colindex={at.column + 1} aria-selected="true">
            {words}
          </span>
        </div>
      </div>
      <div className="visually-hidden" aria-live="polite">
        {focused ? words : ''}
      </div>
      <div className="visually-hidden" aria-live="polite">
        {said}
      </div>
      {laid !== null && (hasPicked || picking.range !== null) && (
        <Suspense fallback={null}>
          <PickOverlay
            layout={laid}
            layerIds={run?.descriptor.layers.map((layer) => layer.layer_id) ?? []}
            scroller={scroller}
            range={picking.range}
          />
        </Suspense>
      )}
      {picking.isByKey && <p className="pick-hint">Arrows extend, Space toggles, Enter takes, Esc leaves</p>}
      {tip && <HeatmapTooltip place={tip} scene={scene} />}
    </div>
  )
}
