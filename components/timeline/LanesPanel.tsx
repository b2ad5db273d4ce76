/*
 * LanesPanel: what happened when: alerts, commands, transitions, trouble and health over one axis, with the record's gaps over them.
 * In: binned counts of the window, gaps, the moment. Out: a picture to press and drag on; the same as a table.
 * Invariant: the picture says its scale; a bin of the table holds the numbers that are drawn; a gap names its cause.
 * Source: docs/ux.md "pages: timeline"; features B5, B6.
 */
'use client'
import { useCallback, useEffect } from 'react'
import type { ReplayLanes } from '../../lib/contracts/httpLanes.ts'
import type { Bounds } from '../../lib/live/conductor.ts'
import type { ReplayPlayer } from '../../lib/live/replayPlayer.ts'
import type { PastGap } from '../../lib/live/replaySource.ts'
import { formatAge, formatCount, formatUtc } from '../../lib/live/formatValue.ts'
import { gapWords } from '../replay/gapWords.ts'
import { ScrollRegion } from '../ui/ScrollRegion.tsx'
import { drawLanes, LANES, LANES_HEIGHT } from './drawLanes.ts'
import type { TimelineWindow } from './timelineWindow.ts'
import { useCanvas, type Draw } from './useCanvas.ts'
import { useTimePointer } from './useTimePointer.ts'

const TABLE_ROWS = 60

interface Props {
  readonly lanes: ReplayLanes
  readonly gaps: readonly PastGap[]
  readonly stretch: Bounds
  /** Null while the present is shown. */
  readonly player: ReplayPlayer | null
  readonly table: boolean
  readonly onMoment: (ms: number) => void
  readonly onWindow: (window: TimelineWindow) => void
}

export function LanesPanel({ lanes, gaps, stretch, player, table, onMoment, onWindow }: Props) {
  const pointer = useTimePointer({ fromMs: lanes.from_ms, toMs: lanes.to_ms }, { onMoment, onWindow })
  const { span, pointedMs } = pointer
  const draw = useCallback<Draw>(
    (pen, theme, sheet) => drawLanes(pen, theme, sheet, { lanes, gaps, momentMs: player?.get().atMs ?? null, span }),
    [lanes, gaps, player, span],
  )
  const { canvas, ask } = useCanvas(draw)
  useEffect(() => player?.subscribe(ask), [player, ask])
  const inside = gaps.filter((gap) => gap.toMs > stretch.fromMs && gap.fromMs < stretch.toMs)
  if (table) return <LanesTable lanes={lanes} gaps={inside} onMoment={onMoment} />
  return (
    <>
      <figure
        className="timeline-picture"
        aria-label={`What happened from ${formatUtc(lanes.from_ms)} to ${formatUtc(lanes.to_ms)} UTC: ${LANES.map(({ key, label }) => `${label.toLowerCase()} ${formatCount(sumOf(lanes, key))}`).join(', ')}; ${inside.length} gaps. The same is in the table.`}
        style={{ height: LANES_HEIGHT }}
        {...pointer.handlers}
      >
        <canvas ref={canvas} aria-hidden="true" />
      </figure>
      <p className="timeline-reading t2">
        {pointedMs === null ? restWords(lanes, inside) : binWords(lanes, pointedMs)}
      </p>
    </>
  )
}

const sumOf = (lanes: ReplayLanes, key: keyof ReplayLanes['counts']): number =>
  (lanes.counts[key] ?? []).reduce((sum, count) => sum + count, 0)

function restWords(lanes: ReplayLanes, gaps: readonly PastGap[]): string {
  const said = gaps.length === 0 ? 'No gap' : `${gaps.length} gaps, the last: ${gapWords(gaps.at(-1)!)}`
  return `A bar is ${formatAge(lanes.bin_ms)}; each lane has its own scale, by the square root. Press to go to a moment, drag to choose a stretch. ${said}.`
}

/** Says what lies in the bin of a moment. */
export function binWords(lanes: ReplayLanes, ms: number): string {
  const at = Math.min(lanes.t_ms.length - 1, Math.max(0, Math.floor((ms - lanes.from_ms) / Math.max(1, lanes.bin_ms))))
  const counted = LANES.flatMap(({ key, label }) => {
    const count = lanes.counts[key]?.[at] ?? 0
    return count === 0 ? [] : [`${label.toLowerCase()} ${formatCount(count)}`]
  })
  const health = lanes.health?.middle[at]
  const words = counted.length === 0 ? 'nothing happened' : counted.join(', ')
  return `${formatUtc(lanes.t_ms[at] ?? ms)} UTC, ${formatAge(lanes.bin_ms)}: ${words}${health === null || health === undefined ? ', no telemetry' : `, health ${health.toFixed(2)}`}`
}

function LanesTable({
  lanes,
  gaps,
  onMoment,
}: {
  readonly lanes: ReplayLanes
  readonly gaps: readonly PastGap[]
  readonly onMoment: (ms: number) => void
}) {
  const busy = lanes.t_ms
    .map((ms, at) => ({ ms, at, sum: LANES.reduce((sum, { key }) => sum + (lanes.counts[key]?.[at] ?? 0), 0) }))
    .filter(({ sum }) => sum > 0)
  const shown = busy.slice(-TABLE_ROWS)
  return (
    <ScrollRegion className="latency-scroll timeline-scroll" label="What happened, as a table">
      <table>
        <caption className="visually-hidden">
          Events by time, {formatAge(lanes.bin_ms)} a row; rows without any are left out
        </caption>
        <thead>
          <tr>
            <th scope="col">From, UTC</th>
            {LANES.map(({ key, label }) => (
              <th key={key} scope="col" className="num">
                {label}
              </th>
            ))}
            <th scope="col" className="num">
              Health
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map(({ ms, at }) => (
            <tr key={ms}>
              <th scope="row">
                <button type="button" className="link" onClick={() => onMoment(ms)}>
                  {formatUtc(ms)}
                </button>
              </th>
              {LANES.map(({ key }) => (
                <td key={key} className="num">
                  {formatCount(lanes.counts[key]?.[at] ?? 0)}
                </td>
              ))}
              <td className="num">{lanes.health?.middle[at]?.toFixed(2) ?? '–'}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {shown.length < busy.length && (
        <p className="t3">
          The newest {formatCount(shown.length)} of {formatCount(busy.length)} rows; a shorter stretch shows the others.
        </p>
      )}
      {gaps.length > 0 && (
        <ul className="timeline-gaps" aria-label="Gaps">
          {gaps.map((gap) => (
            <li key={`${gap.fromMs} ${gap.cause}`}>{gapWords(gap)}</li>
          ))}
        </ul>
      )}
    </ScrollRegion>
  )
}
