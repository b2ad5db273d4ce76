/*
 * Split chart: mean time per stage, stacked, one bar per layer or topic (loaded with its page only).
 * In: bars. Out: horizontal bars with a pattern of their own per stage beside the colour; the sum beside the name.
 * Invariant: at most a dozen bars; what is not measured has no part.
 * Source: docs/ux.md "pages: latency"; docs/adr/0001-toolchain.md.
 */
'use client'
import { Bar, BarChart, ResponsiveContainer, XAxis, YAxis } from 'recharts'
import { WAY_STAGES } from '../../lib/contracts/latencyStages.ts'
import { latencyText } from './latencyWords.ts'
import type { SplitBar } from './splitRows.ts'

/** Few bars share the room, many keep their height. */
const BAR_PX = 30
const MAX_BAR_PX = 56
const ROOM_PX = 230

export function SplitChart({ bars }: { readonly bars: readonly SplitBar[] }) {
  const data = bars.map(({ label, means, sumMs }) => ({
    label: `${label}: ${latencyText(sumMs)}`,
    ...Object.fromEntries(WAY_STAGES.map((stage) => [stage, means[stage] ?? 0])),
  }))
  return (
    <ResponsiveContainer
      width="100%"
      height={bars.length * Math.min(MAX_BAR_PX, Math.max(BAR_PX, ROOM_PX / bars.length)) + 34}
    >
      <BarChart
        data={data}
        layout="vertical"
        margin={{ top: 2, right: 18, bottom: 0, left: 4 }}
        barCategoryGap={7}
        accessibilityLayer={false}
      >
        <XAxis
          type="number"
          tickFormatter={latencyText}
          tickLine={false}
          axisLine={{ stroke: 'var(--line-2)' }}
          minTickGap={24}
          tick={{ fontSize: 11, fill: 'var(--t3)' }}
        />
        <YAxis
          type="category"
          dataKey="label"
          width={138}
          interval={0}
          tickLine={false}
          axisLine={false}
          tick={{ fontSize: 12, fill: 'var(--t2)' }}
        />
        {WAY_STAGES.map((stage) => (
          <Bar
            key={stage}
            dataKey={stage}
            stackId="way"
            fill={`var(--stage-${stage})`}
            stroke="var(--panel)"
            isAnimationActive={false}
          />
        ))}
      </BarChart>
    </ResponsiveContainer>
  )
}
