/*
 * Layer table row: one seed of a layer: state, the chosen metric, its change, how unusual it is, its age, its pin.
 * In: a stretch of rows, a place among all. Out: a row; a quiet place holder for one that has not arrived.
 * Invariant: unmeasured is a word, never 0; the score says what it is made of.
 * Source: docs/ux.md "pages: layer"; features A17, A18.
 */
'use client'
import Link from 'next/link'
import { useCallback } from 'react'
import type { LayerRows } from '../../lib/contracts/httpLayer.ts'
import { SEED_STATE_ID } from '../../lib/contracts/lifecycleTable.ts'
import type { MetricColumn } from '../../lib/contracts/metrics.ts'
import { differenceOf } from '../../lib/frames/deltaCells.ts'
import { formatChange } from '../../lib/live/formatDelta.ts'
import { formatCount, formatMetric, stateText, unitText } from '../../lib/live/formatValue.ts'
import { StateGlyph } from '../heatmap/StateGlyph.tsx'
import { Ticking } from '../live/Ticking.tsx'
import { SeedValue } from '../provenance/SeedValue.tsx'
import { seedAgeWords } from './layerAge.ts'
import { useShownNow } from './useShownNow.ts'

export interface TableRow {
  readonly seedId: number
  readonly state: LayerRows['rows']['state'][number]
  readonly value: number | null
  readonly base: number | null
  readonly z: number | null
  readonly ticks: number | null
  readonly generation: number | null
  readonly ageMs: number | null
  readonly isPinned: boolean
}

/** The row at a place of the whole list; null while its stretch is not there. */
export function rowAt(data: LayerRows, index: number): TableRow | null {
  const isPinned = index < data.pinned
  const at = isPinned ? index : index - data.first
  const { rows } = data
  const seedId = at < (isPinned ? 0 : data.pinned) ? undefined : rows.seed_id[at]
  const state = rows.state[at]
  if (seedId === undefined || state === undefined) return null
  return {
    seedId,
    state,
    value: rows.value[at] ?? null,
    base: rows.base[at] ?? null,
    z: rows.z[at] ?? null,
    ticks: rows.ticks[at] ?? null,
    generation: rows.generation[at] ?? null,
    ageMs: rows.age_ms[at] ?? null,
    isPinned,
  }
}

function scoreWords(z: number | null): string {
  if (z === null) return 'No score: too few seeds are measured, or all of them agree.'
  return `${Math.abs(z).toFixed(1)} robust deviations ${z < 0 ? 'below' : 'above'} the median of the layer (median absolute deviation).`
}

export function LayerTableRow({
  data,
  metric,
  index,
  isCurrent,
  isSelected,
  hrefOf,
  onPin,
}: {
  readonly data: LayerRows
  readonly metric: MetricColumn
  readonly index: number
  readonly isCurrent: boolean
  readonly isSelected: boolean
  readonly hrefOf: (seedId: number) => string
  readonly onPin: (seedId: number) => void
}) {
  const row = rowAt(data, index)
  const isDelta = data.base !== null
  if (row === null)
    return (
      <tr aria-rowindex={index + 2} className="is-awaited">
        <td colSpan={isDelta ? 9 : 8} className="t3">
          …
        </td>
      </tr>
    )
  const unit = unitText(metric)
  const text = formatMetric(row.value, metric)
  const change = row.value === null || row.base === null ? null : differenceOf(row.value, row.base, metric)
  const name = row.state === 'UNKNOWN' ? 'Unknown' : stateText(row.state)
  return (
    <tr aria-rowindex={index + 2} className={`${isSelected ? 'is-selected' : ''}${row.isPinned ? ' is-pinned' : ''}`}>
      <th scope="row">
        <Link href={hrefOf(row.seedId)} prefetch={false} tabIndex={isCurrent ? 0 : -1}>
          {row.seedId}
        </Link>
      </th>
      <td>
        <StateGlyph state={row.state === 'UNKNOWN' ? 255 : SEED_STATE_ID[row.state]} size={14} /> {name}
      </td>
      <td className="num">
        {row.value === null ? (
          'unmeasured'
        ) : (
          <SeedValue seed={{ layerId: data.layer_id, seedId: row.seedId }} metric={metric.name} label={metric.label}>
            {text}
            {text.endsWith(unit) ? '' : ` ${unit}`}
          </SeedValue>
        )}
      </td>
      {isDelta && <td className="num">{change === null ? 'no counterpart' : formatChange(change, metric)}</td>}
      <td className="num" title={scoreWords(row.z)}>
        {row.z === null ? '–' : `${row.z < 0 ? '−' : '+'}${Math.abs(row.z).toFixed(1)}`}
      </td>
      <td className="num">{row.ticks === null ? '–' : formatCount(row.ticks)}</td>
      <td className="num">{row.generation === null ? '–' : formatCount(row.generation)}</td>
      <td className="num">
        <SeedAge
          ageMs={row.ageMs}
          isObserved={row.state !== 'UNKNOWN' || row.value !== null}
          toldAtMs={data.ages_at_ms}
        />
      </td>
      <td className="pin-cell">
        <button
          type="button"
          className="quiet pin"
          tabIndex={isCurrent ? 0 : -1}
          aria-pressed={row.isPinned}
          aria-label={`${row.isPinned ? 'Unpin' : 'Pin'} seed ${row.seedId}`}
          title={row.isPinned ? 'Unpin (p)' : 'Pin to the top (p)'}
          onClick={() => onPin(row.seedId)}
        >
          {row.isPinned ? '▾' : '▸'}
        </button>
      </td>
    </tr>
  )
}

/** Grows between two answers, and stands while the page is paused. */
function SeedAge({
  ageMs,
  isObserved,
  toldAtMs,
}: {
  readonly ageMs: number | null
  readonly isObserved: boolean
  readonly toldAtMs: number
}) {
  const nowMs = useShownNow()
  const read = useCallback(
    () => seedAgeWords(ageMs, isObserved, toldAtMs, nowMs()),
    [ageMs, isObserved, toldAtMs, nowMs],
  )
  return <Ticking read={read} />
}
