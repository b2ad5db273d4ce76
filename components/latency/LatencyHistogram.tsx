/*
 * Latency histogram: the outline of the buckets with the lines of percentiles and objective (loaded with its page only).
 * In: one stage, bounds. Out: one stepped path and a handful of lines; a click gives the bucket under the pointer.
 * Invariant: redrawn at most when an answer arrives; lines stand at their exact place between the bounds of their bucket.
 * Source: docs/ux.md "pages: latency"; docs/adr/0001-toolchain.md.
 */
'use client'
import type { MouseEvent } from 'react'
import {
  Area,
  AreaChart,
  CartesianGrid,
  ReferenceArea,
  ReferenceLine,
  ResponsiveContainer,
  Tooltip,
  XAxis,
  YAxis,
} from 'recharts'
import type { LatencyStageReport } from '../../lib/contracts/httpLatency.ts'
import { formatCount, formatPercent } from '../../lib/live/formatValue.ts'
import { outlineOf } from './histogramRows.ts'
import { axisTicks, placeOf, spanText } from './latencyWords.ts'

const AXIS_PX = 46
const RIGHT_PX = 14
const TICK = { fontSize: 11, fill: 'var(--t3)' }
/** From bottom to top, so that labels of lines that stand close do not cover each other. */
const LINES = [
  ['p50', 'p50_ms', 44],
  ['p95', 'p95_ms', 31],
  ['p99', 'p99_ms', 18],
  ['max', 'max_ms', 5],
] as const

interface Props {
  readonly told: LatencyStageReport
  readonly bounds: readonly number[]
  readonly targetMs: number
  readonly cumulative: boolean
  readonly chosen: readonly [number, number] | null
  readonly onBucket: (bucket: number) => void
}

export function LatencyHistogram({ told, bounds, targetMs, cumulative, chosen, onBucket }: Props) {
  const size = bounds.length - 1
  const ticks = axisTicks(bounds)
  const data = outlineOf(told, size, cumulative)
  const labels = new Map(ticks.map((tick) => [tick.at, tick.label]))
  const valueText = (value: number): string => (cumulative ? formatPercent(value) : formatCount(value))
  /** From the pointer itself: a tap has no bucket under it before. */
  const choose = (event: MouseEvent<HTMLDivElement>): void => {
    const box = event.currentTarget.getBoundingClientRect()
    const share = (event.clientX - box.left - AXIS_PX) / Math.max(1, box.width - AXIS_PX - RIGHT_PX)
    if (share >= 0 && share < 1) onBucket(Math.floor(share * size))
  }
  return (
    // The table of buckets is the way of the keyboard.
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-static-element-interactions
    <div onClick={choose}>
      <ResponsiveContainer width="100%" height={264}>
        <AreaChart data={[...data]} margin={{ top: 8, right: RIGHT_PX, bottom: 0, left: 0 }} accessibilityLayer={false}>
          <CartesianGrid stroke="var(--line)" vertical={false} />
          <XAxis
            type="number"
            dataKey="at"
            domain={[0, size]}
            ticks={ticks.map((tick) => tick.at)}
            tickFormatter={(at: number) => labels.get(at) ?? ''}
            tickLine={false}
            axisLine={{ stroke: 'var(--line-2)' }}
            minTickGap={12}
            tick={TICK}
          />
          <YAxis
            width={AXIS_PX}
            allowDecimals={cumulative}
            domain={cumulative ? [0, 1] : [0, 'auto']}
            tickFormatter={valueText}
            tickLine={false}
            axisLine={false}
            tick={TICK}
          />
          <Tooltip
            isAnimationActive={false}
            cursor={{ stroke: 'var(--t3)', strokeDasharray: '2 2' }}
            content={({ active, payload }) => {
              const point = payload[0]?.payload as { readonly at: number; readonly count: number } | undefined
              if (!active || point === undefined) return null
              const at = Math.min(size - 1, point.at)
              return (
                <div className="latency-tip">
                  {spanText(at, at, bounds)}
                  <b>
                    {cumulative ? `${formatPercent(point.count)} up to here` : `${formatCount(point.count)} messages`}
                  </b>
                </div>
              )
            }}
          />
          {chosen !== null && (
            <ReferenceArea
              x1={chosen[0]}
              x2={chosen[1] + 1}
              fill="var(--focus)"
              fillOpacity={0.28}
              ifOverflow="visible"
            />
          )}
          <Area
            type="stepAfter"
            dataKey="count"
            stroke="var(--info)"
            strokeWidth={1.5}
            fill="var(--info)"
            fillOpacity={0.26}
            isAnimationActive={false}
            activeDot={false}
          />
          <ReferenceLine x={placeOf(targetMs, bounds)} stroke="var(--warn)" strokeDasharray="6 3" strokeWidth={1.5} />
          {LINES.map(([name, key, dy]) => {
            const ms = told[key]
            if (ms === null) return null
            const place = placeOf(ms, bounds)
            return (
              <ReferenceLine
                key={name}
                x={place}
                stroke="var(--t2)"
                strokeDasharray={name === 'max' ? '1 3' : name === 'p99' ? '4 2' : '2 2'}
                label={{
                  value: name,
                  position: place > size * 0.9 ? 'insideTopRight' : 'insideTopLeft',
                  dy,
                  fontSize: 11,
                  fill: 'var(--t1)',
                }}
              />
            )
          })}
        </AreaChart>
      </ResponsiveContainer>
    </div>
  )
}
