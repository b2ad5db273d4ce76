/*
 * Picture delta: every seed of one run minus the same seed of another, at the same step.
 * In: two runs, a metric, a step. Out: a table of signed differences, layer by layer.
 * Invariant: both moments are said, because pictures are kept every few seconds only; unmeasured on one side is no difference.
 * Source: features A5.
 */
'use client'
import { colourable, defaultMetric } from '../heatmap/metricChoice.ts'
import type { MetricColumn } from '../../lib/contracts/metrics.ts'
import { formatCount, formatMetric, unitText } from '../../lib/live/formatValue.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { usePageState } from '../live/useLiveTopic.ts'
import { ScrollRegion } from '../ui/ScrollRegion.tsx'
import type { RunNames } from './compareRuns.ts'
import { useBaselinePicture } from './useBaselinePicture.ts'

const MAX_SEEDS = 32
const MAX_LAYERS = 24

export function PictureDelta({
  one,
  other,
  names,
  step,
  columns,
}: {
  readonly one: string
  readonly other: string
  readonly names: RunNames
  readonly step: number
  readonly columns: readonly MetricColumn[]
}) {
  const { page } = useLive()
  const state = usePageState()
  const choices = colourable(columns)
  const column =
    choices.find((entry) => entry.name === state.metric) ??
    choices.find((entry) => entry.name === defaultMetric(columns)) ??
    choices[0]
  const here = useBaselinePicture(one, column?.name ?? null, step)
  const there = useBaselinePicture(other, column?.name ?? null, step)
  if (column === undefined) return null
  const problem = here.problem ?? there.problem
  const shared = (here.picture?.layers ?? [])
    .filter((layer) => there.picture?.layers.some((entry) => entry.layer_id === layer.layer_id) === true)
    .slice(0, MAX_LAYERS)
  const seeds = Math.min(MAX_SEEDS, Math.max(0, ...shared.map((layer) => layer.values.length)))
  const unit = unitText(column)
  const signed = (value: number): string => {
    if (!Number.isFinite(value)) return '–'
    const size = formatMetric(Math.abs(value), { ...column, min: 0 })
    // What rounds to nothing has no direction.
    return /[1-9]/.test(size) ? `${value > 0 ? '+' : '−'}${size}` : size
  }
  return (
    <div className="picture-delta">
      <p className="t2">
        <label>
          Seed by seed,{' '}
          <select value={column.name} onChange={(event) => page.set({ metric: event.target.value })}>
            {choices.map((entry) => (
              <option key={entry.name} value={entry.name}>
                {entry.label}
              </option>
            ))}
          </select>
        </label>{' '}
        {here.picture !== null && there.picture !== null
          ? `${names.one} at step ${formatCount(here.picture.step)} minus ${names.other} at step ${formatCount(there.picture.step)}${unit === '' ? '' : `, ${unit}`}`
          : problem === null
            ? 'is being fetched …'
            : ''}
      </p>
      {problem !== null && (
        <p className="t2">
          {problem.text} ({problem.code})
        </p>
      )}
      {here.picture !== null && there.picture !== null && shared.length === 0 && (
        <p className="t2">The two runs have no layer of the same name.</p>
      )}
      {shared.length > 0 && (
        <ScrollRegion label="Difference of each seed" className="page-table">
          <table>
            <thead>
              <tr>
                <th scope="col">Layer</th>
                {Array.from({ length: seeds }, (_, seed) => (
                  <th key={seed} scope="col" className="num">
                    seed {seed}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {shared.map((layer) => (
                <tr key={layer.layer_id}>
                  <th scope="row">{layer.layer_id}</th>
                  {Array.from({ length: seeds }, (_, seed) => {
                    const difference =
                      (here.picture?.valueOf(layer.layer_id, seed) ?? Number.NaN) -
                      (there.picture?.valueOf(layer.layer_id, seed) ?? Number.NaN)
                    return (
                      <td key={seed} className="num">
                        {signed(difference)}
                      </td>
                    )
                  })}
                </tr>
              ))}
            </tbody>
          </table>
          {shared.some((layer) => layer.values.length > seeds) && (
            <p className="t3">the first {seeds} seeds of each layer</p>
          )}
        </ScrollRegion>
      )}
    </div>
  )
}
