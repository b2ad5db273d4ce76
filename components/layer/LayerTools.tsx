/*
 * Layer tools: order, filter and window of a layer's page, and how many seeds they leave.
 * In: the view of the address, counts of the layer. Out: another view.
 * Invariant: what a filter hides is counted beside it; text that can not be understood is said so and changes nothing.
 * Source: docs/ux.md "pages: layer"; features A6.
 */
'use client'
import { useState, type ReactNode } from 'react'
import type { LayerRows } from '../../lib/contracts/httpLayer.ts'
import type { SortKey } from '../../lib/contracts/layerSorts.ts'
import { SEED_STATES, SEED_STATE_ID } from '../../lib/contracts/lifecycleTable.ts'
import type { MetricColumn } from '../../lib/contracts/metrics.ts'
import { formatCount, stateText } from '../../lib/live/formatValue.ts'
import { StateGlyph } from '../heatmap/StateGlyph.tsx'
import { DEFAULT_LAYER_VIEW, isFiltered, parseIds, UNUSUAL, WINDOWS_S, type LayerView } from './layerView.ts'

interface Props {
  readonly view: LayerView
  readonly data: LayerRows | null
  readonly metric: MetricColumn
  readonly isDelta: boolean
  readonly isHeld: boolean
  readonly onView: (view: LayerView) => void
  readonly onUnpin: () => void
  readonly children?: ReactNode
}

export function LayerTools({ view, data, metric, isDelta, isHeld, onView, onUnpin, children }: Props) {
  const orders: readonly (readonly [SortKey, string])[] = [
    ['seed', 'seed'],
    ['state', 'state'],
    ['value', metric.label.toLowerCase()],
    ...(metric.name === 'health_score' ? [] : [['health', 'health'] as const]),
    ['z', 'beside its siblings (z)'],
    ['ticks', 'dwell: ticks in state'],
    ...(isDelta || view.sort === 'delta' ? [['delta', 'change'] as const] : []),
    ['similar', 'similar past'],
  ]
  const states = [...SEED_STATES, 'UNKNOWN' as const].filter(
    (state) => (data?.states[state] ?? 0) > 0 || view.states.includes(state),
  )
  const toggle = (state: string): void =>
    onView({
      ...view,
      states: view.states.includes(state) ? view.states.filter((one) => one !== state) : [...view.states, state],
    })
  const { sort, down } = view
  return (
    <div className="layer-tools">
      <label>
        Order{' '}
        <select
          value={sort}
          onChange={(event) => {
            const next = orders.find(([key]) => key === event.target.value)?.[0] ?? 'seed'
            onView({ ...view, sort: next, down: next !== 'seed' && next !== 'similar' })
          }}
        >
          {orders.map(([key, label]) => (
            <option key={key} value={key}>
              {label}
            </option>
          ))}
        </select>
      </label>
      <button
        type="button"
        className="quiet"
        aria-label={`Direction: ${down ? 'greatest first' : 'least first'}`}
        onClick={() => onView({ ...view, down: !down })}
      >
        {down ? '↓' : '↑'}
      </button>
      <fieldset className="state-filter" aria-label="Only these states">
        {states.map((state) => (
          <button
            key={state}
            type="button"
            className="quiet"
            aria-pressed={view.states.includes(state)}
            aria-label={`Only ${state === 'UNKNOWN' ? 'unknown' : stateText(state)}: ${formatCount(data?.states[state] ?? 0)}`}
            title={state === 'UNKNOWN' ? 'Unknown' : stateText(state)}
            onClick={() => toggle(state)}
          >
            <StateGlyph state={state === 'UNKNOWN' ? 255 : SEED_STATE_ID[state]} size={14} />{' '}
            {formatCount(data?.states[state] ?? 0)}
          </button>
        ))}
      </fieldset>
      <span className="range-filter">
        <Field
          label={`Least ${metric.label}`}
          placeholder="min"
          text={view.min === null ? '' : String(Number(view.min.toPrecision(4)))}
          read={readNumber}
          onRead={(min) => onView({ ...view, min })}
        />
        <span className="t3">to</span>
        <Field
          label={`Greatest ${metric.label}`}
          placeholder="max"
          text={view.max === null ? '' : String(Number(view.max.toPrecision(4)))}
          read={readNumber}
          onRead={(max) => onView({ ...view, max })}
        />
      </span>
      <Field
        label="Only these seeds, as 3,17,40-59"
        placeholder="seeds: 3,40-59"
        wide
        text={view.ids}
        read={(text) => parseIds(text) ?? undefined}
        onRead={(ids) => onView({ ...view, ids })}
      />
      <button
        type="button"
        className="quiet"
        aria-pressed={view.unusual}
        title={`At least ${UNUSUAL} robust deviations from the median of the layer`}
        onClick={() => onView({ ...view, unusual: !view.unusual })}
      >
        |z| ≥ {UNUSUAL}
      </button>
      <fieldset className="segments" aria-label="Window">
        {WINDOWS_S.map((seconds) => (
          <button
            key={seconds}
            type="button"
            aria-pressed={view.seconds === seconds}
            onClick={() => onView({ ...view, seconds })}
          >
            {seconds / 60} min
          </button>
        ))}
      </fieldset>
      {children}
      <span className="grow" />
      <output className="t2 layer-count">
        {data === null
          ? ''
          : isFiltered(view)
            ? `${formatCount(data.matching)} of ${formatCount(data.total)} seeds match`
            : `${formatCount(data.total)} seeds`}
        {data !== null && data.pinned > 0 ? `, ${formatCount(data.pinned)} pinned` : ''}
        {isHeld ? ', order held' : ''}
      </output>
      {isFiltered(view) && (
        <button
          type="button"
          className="quiet"
          onClick={() => onView({ ...DEFAULT_LAYER_VIEW, sort, down, seconds: view.seconds })}
        >
          Clear filter
        </button>
      )}
      {data !== null && data.pinned > 0 && (
        <button type="button" className="quiet" onClick={onUnpin}>
          Unpin all
        </button>
      )}
    </div>
  )
}

/** Empty is no bound; undefined is no number. */
const readNumber = (text: string): number | null | undefined => {
  const plain = text.trim().replace(',', '.')
  if (plain === '') return null
  const value = Number(plain)
  return Number.isFinite(value) ? value : undefined
}

/** A short field that is read when it is left or on Enter. */
function Field<T>({
  label,
  placeholder,
  text,
  wide = false,
  read,
  onRead,
}: {
  readonly label: string
  readonly placeholder: string
  readonly text: string
  readonly wide?: boolean
  /** Undefined: not understood. */
  readonly read: (text: string) => T | undefined
  readonly onRead: (value: T) => void
}) {
  const [typed, setTyped] = useState<string | null>(null)
  const isBad = typed !== null && read(typed) === undefined
  const commit = (): void => {
    if (typed === null) return
    const value = read(typed)
    if (value === undefined) return
    setTyped(null)
    if (typed !== text) onRead(value)
  }
  return (
    <input
      className={`search${wide ? ' wide-field' : ' narrow-field'}`}
      aria-label={label}
      aria-invalid={isBad}
      title={isBad ? `"${typed}" is not understood. ${label}` : label}
      placeholder={placeholder}
      value={typed ?? text}
      onChange={(event) => setTyped(event.target.value)}
      onBlur={commit}
      onKeyDown={(event) => {
        if (event.key === 'Enter') commit()
        if (event.key === 'Escape') setTyped(null)
      }}
    />
  )
}
