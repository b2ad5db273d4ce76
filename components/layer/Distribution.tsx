/*
 * Distribution: how one metric is spread over all seeds of a layer, with its median and the limits that are set for it.
 * In: counts per class, the limits. Out: a small histogram; a class is read by pointer or arrows, and narrows the list when pressed.
 * Invariant: classes are equal parts of the fixed display range, on the metric's scale; what lies beyond it is said; unmeasured is counted apart.
 * Source: docs/ux.md "pages: layer", "limits"; features A7, A8.
 */
'use client'
import { useState, type KeyboardEvent } from 'react'
import type { LayerRows } from '../../lib/contracts/httpLayer.ts'
import type { MetricLimit } from '../../lib/contracts/httpLimits.ts'
import type { MetricColumn } from '../../lib/contracts/metrics.ts'
import { CELL_STEPS, dequantize } from '../../lib/frames/quantize.ts'
import { formatCount, formatMetric, formatPercent, unitText } from '../../lib/live/formatValue.ts'
import { positionOf } from '../heatmap/positionOf.ts'

const WIDTH = 400
const HEIGHT = 96
const BANDS = [
  ['alarm_low', 'alarm below'],
  ['warn_low', 'warning below'],
  ['warn_high', 'warning above'],
  ['alarm_high', 'alarm above'],
] as const

interface Props {
  readonly distribution: LayerRows['distribution']
  readonly metric: MetricColumn
  readonly limit: MetricLimit | null
  readonly onRange: (min: number, max: number) => void
}

/** The value at a share of the display range. */
const valueAt = (share: number, metric: MetricColumn): number => dequantize(Math.round(share * CELL_STEPS), metric) ?? 0

export function Distribution({ distribution, metric, limit, onRange }: Props) {
  const [at, setAt] = useState<number | null>(null)
  const { counts, measured, unmeasured, median, below, above } = distribution
  const most = Math.max(1, ...counts)
  const width = WIDTH / Math.max(1, counts.length)
  const unit = unitText(metric)
  const x = (value: number): number => positionOf(value, metric) * WIDTH
  const range = (index: number): readonly [number, number] => [
    valueAt(index / counts.length, metric),
    valueAt((index + 1) / counts.length, metric),
  ]
  const words = (index: number): string => {
    const [from, to] = range(index)
    const count = counts[index] ?? 0
    return `${formatMetric(from, metric)} to ${formatMetric(to, metric)}${unit === '' ? '' : ` ${unit}`}: ${formatCount(count)} seeds, ${formatPercent(measured === 0 ? 0 : count / measured)}`
  }
  const narrow = (index: number): void => {
    const [from, to] = range(index)
    // The outermost classes hold what lies beyond the range as well.
    onRange(
      index === 0 && below > 0 ? (distribution.least ?? from) : from,
      index === counts.length - 1 && above > 0 ? (distribution.greatest ?? to) : to,
    )
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowLeft: -1, h: -1, ArrowRight: 1, l: 1 }[event.key]
    if (step !== undefined) setAt((before) => Math.min(counts.length - 1, Math.max(0, (before ?? 0) + step)))
    else if (event.key === 'Enter' && at !== null) narrow(at)
    else return
    event.preventDefault()
    event.stopPropagation()
  }
  const said = [
    `${formatCount(measured)} measured`,
    unmeasured > 0 ? `${formatCount(unmeasured)} unmeasured` : null,
    median === null ? null : `median ${formatMetric(median, metric)}${unit === '' ? '' : ` ${unit}`}`,
    below + above > 0 ? `${formatCount(below + above)} beyond the range` : null,
  ].filter((part) => part !== null)
  const bands = limit === null ? [] : BANDS.filter(([band]) => limit[band] !== null)
  return (
    <div className="distribution">
      <div
        // A drawing whose classes are read one after the other; an input could not hold it.
        // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role
        role="slider"
        tabIndex={0}
        aria-label={`Distribution of ${metric.label}: ${said.join(', ')}. Arrows read a class, Enter lists its seeds.`}
        aria-valuemin={1}
        aria-valuemax={counts.length}
        aria-valuenow={(at ?? 0) + 1}
        aria-valuetext={at === null ? 'no class chosen' : words(at)}
        onKeyDown={onKeyDown}
        onBlur={() => setAt(null)}
        onPointerLeave={() => setAt(null)}
        onPointerMove={(event) => {
          const bounds = event.currentTarget.getBoundingClientRect()
          const share = (event.clientX - bounds.left) / Math.max(1, bounds.width)
          setAt(Math.min(counts.length - 1, Math.max(0, Math.floor(share * counts.length))))
        }}
        onClick={() => at !== null && narrow(at)}
      >
        <svg viewBox={`0 0 ${WIDTH} ${HEIGHT + 6}`} preserveAspectRatio="none" aria-hidden="true">
          {limit?.warn_low != null && (
            <rect className="band-warn" x={0} y={0} width={x(limit.warn_low)} height={HEIGHT} />
          )}
          {limit?.alarm_low != null && (
            <rect className="band-alarm" x={0} y={0} width={x(limit.alarm_low)} height={HEIGHT} />
          )}
          {limit?.warn_high != null && (
            <rect
              className="band-warn"
              x={x(limit.warn_high)}
              y={0}
              width={WIDTH - x(limit.warn_high)}
              height={HEIGHT}
            />
          )}
          {limit?.alarm_high != null && (
            <rect
              className="band-alarm"
              x={x(limit.alarm_high)}
              y={0}
              width={WIDTH - x(limit.alarm_high)}
              height={HEIGHT}
            />
          )}
          {counts.map((count, index) => {
            const height = count === 0 ? 0 : Math.max(2, (count / most) * (HEIGHT - 4))
            return (
              <rect
                // A class is its place: there is nothing else to tell it by.
                // oxlint-disable-next-line react/no-array-index-key
                key={index}
                className={index === at ? 'bar is-at' : 'bar'}
                x={index * width + 0.5}
                y={HEIGHT - height}
                width={Math.max(1, width - 1)}
                height={height}
              />
            )
          })}
          <rect className="base" x={0} y={HEIGHT} width={WIDTH} height={1} />
          {median !== null && (
            <rect className="median" x={Math.min(WIDTH - 2, x(median))} y={0} width={2} height={HEIGHT + 6} />
          )}
        </svg>
      </div>
      <div className="distribution-ends t3">
        <span>{formatMetric(metric.min, metric)}</span>
        <span>{metric.scale === 'log' ? 'log' : ''}</span>
        <span>{formatMetric(metric.max, metric)}</span>
      </div>
      <p className="t2 distribution-words">{at === null ? said.join(', ') : words(at)}</p>
      {bands.length > 0 && limit !== null && (
        <p className="t3">{bands.map(([band, text]) => `${text} ${formatMetric(limit[band], metric)}`).join(', ')}</p>
      )}
    </div>
  )
}
