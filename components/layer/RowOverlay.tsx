/*
 * RowOverlay: which rows of a layer's grid are picked, and the stretch that is being drawn.
 * In: the layout, which rows, a stretch. Out: outlines over the canvas, which scroll with it.
 * Invariant: takes no press; a row of many seeds is marked by its first one.
 * Source: docs/ux.md "bulk", "visual tokens".
 */
import type { GridLayout } from './gridLayout.ts'
import { orderedSpan, type RowSpan } from './useRowPick.ts'

export function RowOverlay({
  layout,
  picked,
  span,
}: {
  readonly layout: GridLayout
  readonly picked: readonly number[]
  readonly span: RowSpan | null
}) {
  const boxOf = (from: number, to: number): string => {
    const y = layout.top + from * layout.rowPx
    return `M${layout.left + 1} ${y + 0.5}H${layout.width - 1}V${y + (to - from + 1) * layout.rowPx - 0.5}H${layout.left + 1}Z`
  }
  const drawn = span === null ? null : orderedSpan(span)
  return (
    <svg className="pick-overlay" width={layout.width} height={layout.height} aria-hidden="true">
      <path
        className="is-whole"
        d={spansOf(picked)
          .map(({ from, to }) => boxOf(from, to))
          .join('')}
      />
      {drawn !== null && <path className="is-drawn" d={boxOf(drawn.from, drawn.to)} />}
    </svg>
  )
}

/** Joins neighbours. */
export function spansOf(rows: readonly number[]): RowSpan[] {
  const spans: RowSpan[] = []
  for (const row of rows) {
    const last = spans.at(-1)
    if (last?.to === row - 1) spans[spans.length - 1] = { from: last.from, to: row }
    else spans.push({ from: row, to: row })
  }
  return spans
}
