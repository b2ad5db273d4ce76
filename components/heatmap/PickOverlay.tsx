/*
 * PickOverlay: which cells of the map are picked, and the rectangle that is being drawn.
 * In: the choice, the layout, how far the map is scrolled. Out: outlines over the canvas; no fill, so that values stay readable.
 * Invariant: touches no data and takes no press; a bin of which only a part is picked is dashed.
 * Source: docs/ux.md "bulk", "visual tokens" (selected: an outline, never a fill).
 */
'use client'
import { useEffect, useState, type RefObject } from 'react'
import { useSelection } from '../ops/selectionStore.ts'
import { pickedRuns, spanOf, type CellRange, type PickedRun } from './cellRange.ts'
import { cellRect, columnsOf, type HeatmapLayout } from './heatmapLayout.ts'

interface Props {
  readonly layout: HeatmapLayout
  readonly layerIds: readonly string[]
  readonly scroller: RefObject<HTMLElement | null>
  readonly range: CellRange | null
}

export default function PickOverlay({ layout, layerIds, scroller, range }: Props) {
  const picked = useSelection()
  const [scrollTop, setScrollTop] = useState(0)
  useEffect(() => {
    const box = scroller.current
    if (box === null) return undefined
    const read = (): void => setScrollTop(box.scrollTop)
    read()
    box.addEventListener('scroll', read, { passive: true })
    return () => box.removeEventListener('scroll', read)
  }, [scroller])
  const boxOf = (layer: number, from: number, to: number): string => {
    const a = cellRect(layout, { layer, column: from }, scrollTop)
    const b = cellRect(layout, { layer, column: to - 1 }, scrollTop)
    return `M${a.x + 1} ${a.y + 1}H${b.x + b.width - 1}V${a.y + a.height - 1}H${a.x + 1}Z`
  }
  const inSight = ({ layer }: PickedRun): boolean => {
    const { y, height } = cellRect(layout, { layer, column: 0 }, scrollTop)
    return y + height > layout.top - 1 && y < layout.height
  }
  const runs = pickedRuns(layout, layerIds, picked.layers).filter(inSight)
  const path = (whole: boolean): string =>
    runs
      .filter((run) => run.whole === whole)
      .map(({ layer, from, to }) => boxOf(layer, from, to))
      .join('')
  return (
    <svg className="pick-overlay" width={layout.width} height={layout.height} aria-hidden="true">
      <path className="is-whole" d={path(true)} />
      <path className="is-part" d={path(false)} />
      {range !== null && <path className="is-drawn" d={rangePath(layout, range, boxOf)} />}
    </svg>
  )
}

/** The rectangle as one outline per layer: layers may end before it does. */
function rangePath(
  layout: HeatmapLayout,
  range: CellRange,
  boxOf: (layer: number, from: number, to: number) => string,
): string {
  const { layers, columns } = spanOf(range)
  let path = ''
  for (let layer = layers[0]; layer <= layers[1]; layer++) {
    const to = Math.min(columns[1] + 1, columnsOf(layout, layer))
    if (to > columns[0]) path += boxOf(layer, columns[0], to)
  }
  return path
}
