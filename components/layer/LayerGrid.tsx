/*
 * Layer grid: the past of a layer's seeds on a canvas, values and states side by side, with pointer and keyboard cursor.
 * In: a picture of the past, the selected seed. Out: pixels; rows opened and picked, seeds selected, opened and pinned.
 * Invariant: drawn only when something changed; every cell is reachable by keyboard and read out in words; nothing moves under the
 * pointer, because the order is held while it is here.
 * Source: docs/ux.md "pages: layer", "keyboard map"; features A3, A4, A9.
 */
'use client'
import {
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
  type CSSProperties,
  type KeyboardEvent,
  type PointerEvent,
} from 'react'
import type { MetricColumn } from '../../lib/contracts/metrics.ts'
import { setPointedMoment } from '../live/pointedMoment.ts'
import { pagePerformance } from '../live/selfPerformance.ts'
import type { PickHow } from '../ops/selectionStore.ts'
import { onThemeChange, readCanvasTheme, type CanvasTheme } from '../heatmap/canvasTheme.ts'
import { createGridRenderer, type GridRenderer } from './drawGrid.ts'
import { GridTooltip } from './GridTooltip.tsx'
import { cellWords } from './gridWords.ts'
import { hitGrid, layoutGrid, stepGrid, type GridLayout, type GridPlace, type GridStep } from './gridLayout.ts'
import type { GridPicture } from './gridPicture.ts'
import type { HoldHandlers } from '../ui/useHoldStill.ts'
import { RowOverlay } from './RowOverlay.tsx'
import { useRowPick, type RowSpan } from './useRowPick.ts'

const STEPS: Readonly<Record<string, GridStep>> = {
  ArrowUp: 'up',
  k: 'up',
  ArrowDown: 'down',
  j: 'down',
  ArrowLeft: 'left',
  h: 'left',
  ArrowRight: 'right',
  l: 'right',
  Home: 'home',
  End: 'end',
  PageUp: 'pageUp',
  PageDown: 'pageDown',
}

interface Props {
  readonly label: string
  readonly picture: GridPicture | null
  /** Rows there will be at most: few of them take less room, before the first picture as after it. */
  readonly seeds: number
  readonly metric: MetricColumn
  readonly isPresent: boolean
  readonly mode: 'value' | 'state'
  readonly selectedRow: number | null
  /** Reported whenever the place for the canvas changes. */
  readonly onSize: (width: number, height: number) => void
  readonly onSelect: (row: number) => void
  /** Enter or a double click: a row of many is opened, a single seed gets its page. */
  readonly onOpen: (row: number) => void
  readonly onPin: (row: number) => void
  /** A stretch of rows to pick, to let go of, or each the other way round. */
  readonly onPick: (span: RowSpan, how: PickHow) => void
  /** Rows that are picked, ascending. */
  readonly picked: readonly number[]
  /** Esc: one level up; false when there is none. */
  readonly onUp: () => boolean
  /** One for grid and table: they stand in one order. */
  readonly still: HoldHandlers
}

export function LayerGrid(props: Props) {
  const { label, picture, metric, mode, selectedRow, isPresent, onSize } = props
  const box = useRef<HTMLDivElement>(null)
  const canvas = useRef<HTMLCanvasElement>(null)
  const renderer = useRef<GridRenderer | null>(null)
  const theme = useRef<CanvasTheme | null>(null)
  const asked = useRef(0)
  const [size, setSize] = useState({ width: 0, height: 0 })
  const [scrolled, setScrolled] = useState(0)
  const [hover, setHover] = useState<GridPlace | null>(null)
  const [cursor, setCursor] = useState<GridPlace | null>(null)
  const { still } = props
  const rows = picture?.head.rows ?? 0
  const columns = picture?.head.columns ?? 1

  useEffect(() => {
    const element = box.current
    if (element === null) return undefined
    const measure = (): void => {
      const { clientWidth: width, clientHeight: height } = element
      setSize((before) => (before.width === width && before.height === height ? before : { width, height }))
    }
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    measure()
    return () => observer.disconnect()
  }, [])
  const layout: GridLayout | null = useMemo(
    () => (size.width === 0 ? null : layoutGrid(size.width, size.height, { rows, columns }, mode)),
    [size, rows, columns, mode],
  )
  const plotWidth = layout?.panes[0]?.width ?? 0
  useEffect(() => {
    if (plotWidth > 0) onSize(plotWidth, size.height)
  }, [plotWidth, size, onSize])

  const draw = useCallback((): void => {
    const element = canvas.current
    if (element === null || layout === null || document.hidden) return
    const ratio = devicePixelRatio
    const [width, height] = [Math.round(layout.width * ratio), Math.round(layout.height * ratio)]
    if (element.width !== width) element.width = width
    if (element.height !== height) element.height = height
    const pen = element.getContext('2d')
    if (pen === null) return
    const startedMs = performance.now()
    pen.setTransform(ratio, 0, 0, ratio, 0, 0)
    if (picture === null) return pen.clearRect(0, 0, layout.width, layout.height)
    theme.current ??= readCanvasTheme(document.documentElement)
    renderer.current ??= createGridRenderer()
    renderer.current.draw(pen, theme.current, layout, { picture, metric, hover, cursor, selectedRow, isPresent }, ratio)
    pagePerformance.record(startedMs, performance.now() - startedMs)
  }, [layout, picture, metric, hover, cursor, selectedRow, isPresent])
  useEffect(() => {
    const frame = requestAnimationFrame(draw)
    asked.current = frame
    return () => cancelAnimationFrame(frame)
  }, [draw])
  useEffect(() => {
    const onVisible = (): void => draw()
    document.addEventListener('visibilitychange', onVisible)
    const undo = onThemeChange(() => {
      theme.current = null
      draw()
    })
    return () => {
      document.removeEventListener('visibilitychange', onVisible)
      undo()
    }
  }, [draw])

  const placeOf = (event: PointerEvent | React.MouseEvent): GridPlace | null => {
    const element = canvas.current
    if (element === null || layout === null) return null
    const bounds = element.getBoundingClientRect()
    return hitGrid(layout, event.clientX - bounds.left, event.clientY - bounds.top)
  }
  const picking = useRowPick({
    onPick: props.onPick,
    focus: () => {
      box.current?.focus()
      const from = cursor ?? { row: Math.max(0, Math.min(rows - 1, selectedRow ?? 0)), column: columns - 1 }
      setCursor(from)
      return from.row
    },
  })
  /** The row nearest to a pointer: a drag may leave the plot. */
  const rowNear = (event: PointerEvent): number => {
    const top = canvas.current?.getBoundingClientRect().top ?? 0
    const row = layout === null ? 0 : Math.floor((event.clientY - top - layout.top) / layout.rowPx)
    return Math.max(0, Math.min(rows - 1, row))
  }
  const scrollTo = ({ row }: GridPlace): void => {
    const element = box.current
    if (element === null || layout === null) return
    const y = layout.top + row * layout.rowPx
    if (y - layout.top < element.scrollTop) element.scrollTop = y - layout.top
    else if (y + layout.rowPx > element.scrollTop + element.clientHeight)
      element.scrollTop = y + layout.rowPx - element.clientHeight
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    if (picture === null || rows === 0 || event.ctrlKey || event.altKey || event.metaKey) return
    const step = STEPS[event.key]
    const from = cursor ?? { row: Math.min(rows - 1, selectedRow ?? 0), column: columns - 1 }
    const used = (): void => {
      event.preventDefault()
      event.stopPropagation()
    }
    if (picking.onKey(event.key, from.row)) return used()
    if (step !== undefined) {
      used()
      const next = cursor === null ? from : stepGrid({ rows, columns }, from, step)
      setCursor(next)
      picking.onCursor(next.row)
      scrollTo(next)
      props.onSelect(next.row)
    } else if (event.key === 'Enter') {
      used()
      props.onOpen(from.row)
      setCursor(null)
    } else if (event.key === 'p') {
      used()
      props.onPin(from.row)
    } else if (event.key === 'Escape') {
      if (props.onUp() || cursor !== null) used()
      setCursor(null)
    }
  }
  const shown = hover ?? cursor
  useEffect(() => {
    const place = hover ?? cursor
    if (picture === null || place === null || place.row >= rows) return undefined
    const { head } = picture
    const one = picture.seedsOf(place.row).count === 1
    setPointedMoment({
      atMs: head.from_ms + (place.column + 1) * head.bucket_ms,
      layerId: head.layer_id,
      seedId: one ? (head.seed_id[place.row] ?? null) : null,
    })
    return () => setPointedMoment(null)
  }, [picture, hover, cursor, rows])
  const words = picture === null || cursor === null ? '' : cellWords(picture, metric, cursor)
  return (
    <div className="layer-grid-area">
      <div
        ref={box}
        className={picture === null ? 'layer-grid is-awaited' : 'layer-grid'}
        style={{ '--rows': Math.max(1, props.seeds) } as CSSProperties}
        role="grid"
        tabIndex={0}
        aria-label={label}
        aria-rowcount={rows}
        aria-colcount={columns}
        aria-activedescendant={words === '' ? undefined : 'layer-grid-cursor'}
        onKeyDown={onKeyDown}
        onScroll={(event) => setScrolled(event.currentTarget.scrollTop)}
        onPointerEnter={still.onPointerEnter}
        onPointerDown={(event) => rows > 0 && picking.onPointerDown(event, placeOf(event)?.row ?? null)}
        onPointerUp={(event) => picking.onPointerUp(event)}
        onPointerCancel={() => picking.onPointerCancel()}
        onPointerMove={(event) => {
          picking.onPointerMove(event, rowNear(event))
          if (event.pointerType === 'touch') return
          const place = placeOf(event)
          if (place?.row !== hover?.row || place?.column !== hover?.column) setHover(place)
        }}
        onPointerLeave={() => {
          setHover(null)
          still.onPointerLeave()
        }}
        onFocus={still.onFocus}
        onBlur={(event) => {
          setCursor(null)
          still.onBlur(event)
        }}
        onClick={(event) => {
          const place = placeOf(event)
          // With Shift held it was a pick.
          if (place === null || picture === null || event.shiftKey) return
          if (picture.seedsOf(place.row).count > 1) {
            setHover(null)
            props.onOpen(place.row)
          } else props.onSelect(place.row)
        }}
        onDoubleClick={(event) => {
          const place = placeOf(event)
          if (place !== null && picture?.seedsOf(place.row).count === 1) props.onOpen(place.row)
        }}
      >
        <canvas
          ref={canvas}
          className="layer-grid-canvas"
          aria-hidden="true"
          style={{ width: layout?.width ?? 0, height: layout?.height ?? 0 }}
        />
        {layout !== null && (props.picked.length > 0 || picking.span !== null) && (
          <RowOverlay layout={layout} picked={props.picked} span={picking.span} />
        )}
        {/* A virtual grid: of the drawn rows and cells only the cursor's exists as an element. */}
        {/* oxlint-disable-next-line jsx-a11y/prefer-tag-over-role */}
        <div role="row" aria-rowindex={(cursor?.row ?? 0) + 1} className="visually-hidden">
          {/* oxlint-disable-next-line jsx-a11y/prefer-tag-over-role */}
          <span role="gridcell" id="layer-grid-cursor" aria-colindex={(cursor?.column ?? 0) + 1} aria-selected="true">
            {words}
          </span>
        </div>
      </div>
      <div className="visually-hidden" aria-live="polite">
        {words}
      </div>
      <div className="visually-hidden" aria-live="polite">
        {picking.said}
      </div>
      {picking.isByKey && <p className="pick-hint">↑ ↓ extend, Space toggles, Enter takes, Esc leaves</p>}
      {shown !== null && layout !== null && picture !== null && shown.row < rows && (
        <GridTooltip picture={picture} metric={metric} place={shown} layout={layout} scroll={scrolled} />
      )}
    </div>
  )
}
