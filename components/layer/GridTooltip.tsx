/*
 * Grid tooltip: what the cell under the pointer or the keyboard cursor of a layer's grid says.
 * In: a picture, a cell, the layout. Out: a floating panel beside the cell, inside the canvas.
 * Invariant: the same facts as the sentence for screen readers; it never takes the pointer.
 * Source: docs/ux.md "pages: layer"; features A7.
 */
'use client'
import type { MetricColumn } from '../../lib/contracts/metrics.ts'
import { StateGlyph } from '../heatmap/StateGlyph.tsx'
import { stateLabel } from '../heatmap/stateGlyph.ts'
import { columnX, type GridLayout, type GridPlace } from './gridLayout.ts'
import type { GridPicture } from './gridPicture.ts'
import { cellFacts } from './gridWords.ts'

const WIDTH = 236

export function GridTooltip({
  picture,
  metric,
  place,
  layout,
  scroll,
}: {
  readonly picture: GridPicture
  readonly metric: MetricColumn
  readonly place: GridPlace
  readonly layout: GridLayout
  readonly scroll: number
}) {
  const facts = cellFacts(picture, metric, place)
  const pane = layout.panes[0]
  if (pane === undefined) return null
  const x = columnX(layout, pane, place.column)
  const left = x + 14 + WIDTH <= layout.width ? x + 14 : Math.max(0, x - WIDTH - 14)
  const top = layout.top + (place.row + 1) * layout.rowPx - scroll + 6
  const { bin_size: binSize, base } = picture.head
  return (
    <div className="tooltip" style={{ left, top }} role="presentation">
      <div className="tooltip-head">
        <StateGlyph state={facts.state} size={16} />
        <b>{facts.name}</b>
      </div>
      <div className="t2">
        {stateLabel(facts.state)}
        {binSize > 1 && place.row >= picture.head.pinned ? ', the state that most needs a look' : ''}
      </div>
      <div className="t2">{facts.time}</div>
      {facts.nothing === null ? (
        <dl>
          <dt>{base === null ? metric.label : `${metric.label}, change`}</dt>
          <dd className="strong">{facts.shown}</dd>
          <dt>least, greatest</dt>
          <dd>
            {facts.least}, {facts.greatest}
          </dd>
          <dt>newest</dt>
          <dd>{facts.newest}</dd>
        </dl>
      ) : (
        <div className="strong">{facts.nothing}</div>
      )}
      {facts.marks.map((mark) => (
        <div key={mark} className="t2">
          {mark}
        </div>
      ))}
      <div className="t3">values to 1/254 of the display range</div>
    </div>
  )
}
