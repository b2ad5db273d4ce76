/*
 * RiverPanel: the lifecycle river: how many seeds were in each state over the window.
 * In: exact counts, the moment. Out: a picture to press and drag on, read out by bin; the same as a table.
 * Invariant: counts come from transitions one by one; when some were not recorded, it says how many places do not fit.
 * Source: docs/ux.md "lifecycle river".
 */
'use client'
import { useEffect, useMemo, useState, type PointerEvent } from 'react'
import type { ReplayFlow } from '../../lib/contracts/httpReplay.ts'
import type { ReplayPlayer } from '../../lib/live/replayPlayer.ts'
import type { PastGap } from '../../lib/live/replaySource.ts'
import { formatCount, formatUtc, stateText } from '../../lib/live/formatValue.ts'
import { StateGlyph } from '../heatmap/StateGlyph.tsx'
import { ScrollRegion } from '../ui/ScrollRegion.tsx'
import { bandAt, binAt, drawRiver, riverOf, type River } from './drawRiver.ts'
import type { TimelineWindow } from './timelineWindow.ts'
import { useCanvas, type Draw } from './useCanvas.ts'
import { useTimePointer } from './useTimePointer.ts'

const HEIGHT = 240
const AXIS_PX = 20
const TABLE_ROWS = 24

interface Props {
  readonly flow: ReplayFlow
  readonly gaps: readonly PastGap[]
  readonly player: ReplayPlayer | null
  readonly table: boolean
  readonly onMoment: (ms: number) => void
  readonly onWindow: (window: TimelineWindow) => void
}

export function RiverPanel({ flow, gaps, player, table, onMoment, onWindow }: Props) {
  const river = useMemo(() => riverOf(flow), [flow])
  const pointer = useTimePointer(river, { onMoment, onWindow })
  const [share, setShare] = useState<number | null>(null)
  const { span, pointedMs } = pointer
  const band = pointedMs === null || share === null ? null : bandAt(river, binAt(river, pointedMs), share)
  const pointed = band?.state ?? null
  const draw: Draw = (pen, theme, sheet) =>
    drawRiver(pen, theme, sheet, river, { gaps, span, pointed, momentMs: player?.get().atMs ?? null })
  const { canvas, ask } = useCanvas(draw)
  useEffect(() => player?.subscribe(ask), [player, ask])
  const onPointerMove = (event: PointerEvent<HTMLElement>): void => {
    const box = event.currentTarget.getBoundingClientRect()
    setShare(1 - (event.clientY - box.top) / Math.max(1, box.height - AXIS_PX))
    pointer.handlers.onPointerMove(event)
  }
  if (table) return <RiverTable river={river} />
  return (
    <>
      <figure
        className="timeline-picture"
        style={{ height: HEIGHT }}
        aria-label={`Seeds by state over time: at the end ${riverWords(river, river.t_ms.length - 1)}. The same is in the table.`}
        {...pointer.handlers}
        onPointerMove={onPointerMove}
      >
        <canvas ref={canvas} aria-hidden="true" />
      </figure>
      <p className="timeline-reading t2">
        {pointedMs === null
          ? `Now at the end: ${riverWords(river, river.t_ms.length - 1)}.`
          : `${formatUtc(pointedMs)} UTC: ${band === null ? '' : `${stateText(band.state)} ${formatCount(band.counts[binAt(river, pointedMs)] ?? 0)}; `}${riverWords(river, binAt(river, pointedMs))}`}
      </p>
    </>
  )
}

/** Says how many seeds are in each state in a bin, most numerous first. */
export function riverWords({ bands }: Pick<River, 'bands'>, bin: number): string {
  return bands
    .map(({ state, counts }) => ({ state, n: counts[bin] ?? 0 }))
    .filter(({ n }) => n > 0)
    .toSorted((a, b) => b.n - a.n)
    .map(({ state, n }) => `${formatCount(n)} ${stateText(state).toLowerCase()}`)
    .join(', ')
}

function RiverTable({ river }: { readonly river: River }) {
  const every = Math.max(1, Math.ceil(river.t_ms.length / TABLE_ROWS))
  const rows = river.t_ms.flatMap((ms, at) => (at % every === 0 ? [{ ms, at }] : []))
  return (
    <ScrollRegion className="latency-scroll timeline-scroll" label="Seeds by state, as a table">
      <table>
        <caption className="visually-hidden">Seeds in each state at the end of each stretch of time</caption>
        <thead>
          <tr>
            <th scope="col">UTC</th>
            {river.bands.map(({ state, byte }) => (
              <th key={state} scope="col" className="num">
                <StateGlyph state={byte} size={12} /> {stateText(state)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ ms, at }) => (
            <tr key={ms}>
              <th scope="row">{formatUtc(ms)}</th>
              {river.bands.map(({ state, counts }) => (
                <td key={state} className="num">
                  {formatCount(counts[at] ?? 0)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {every > 1 && (
        <p className="t3">
          Every {formatCount(every)}th of {formatCount(river.t_ms.length)} moments.
        </p>
      )}
    </ScrollRegion>
  )
}
