/*
 * Metric histogram: how the layer's seeds are spread over one metric, with the selected seed marked.
 * In: classes and counts. Out: a small bar chart (loaded only when the inspector opens).
 * Invariant: at most a few dozen bars, redrawn at most once a second: what SVG can carry.
 * Source: docs/adr/0001-toolchain.md; performance notes on chart libraries.
 */
'use client'
import { Bar, BarChart, Cell, ResponsiveContainer, XAxis, YAxis } from 'recharts'

export interface HistogramClass {
  readonly label: string
  readonly count: number
  readonly own: boolean
}

export function MetricHistogram({ classes }: { readonly classes: readonly HistogramClass[] }) {
  return (
    <ResponsiveContainer width="100%" height={120}>
      <BarChart
        data={[...classes]}
        margin={{ top: 6, right: 4, bottom: 0, left: 0 }}
        barCategoryGap={1}
        accessibilityLayer={false}
      >
        <XAxis
          dataKey="label"
          tickLine={false}
          axisLine={false}
          interval="preserveStartEnd"
          minTickGap={40}
          tick={{ fontSize: 11, fill: 'var(--t3)' }}
        />
        <YAxis
          width={28}
          allowDecimals={false}
          tickLine={false}
          axisLine={false}
          tick={{ fontSize: 11, fill: 'var(--t3)' }}
        />
        <Bar dataKey="count" isAnimationActive={false}>
          {classes.map((entry) => (
            <Cell key={entry.label} fill={entry.own ? 'var(--info)' : 'var(--bar)'} />
          ))}
        </Bar>
      </BarChart>
    </ResponsiveContainer>
  )
}
