/*
 * Heatmap tooltip: the seed or bin under the pointer or the keyboard cursor: value, unit, age, state, distribution, producer.
 * In: a scene and a place. Out: a floating panel, written at most four times a second.
 * Invariant: it describes what is drawn; in a large run the exact value comes from the server and says so.
 * Source: features A7; docs/ux.md "interaction".
 */
'use client'
import { useEffect, useRef, useState } from 'react'
import type { InspectAnswer } from '../../lib/contracts/socketEvents.ts'
import { formatAge, formatCount, formatWithUnit } from '../../lib/live/formatValue.ts'
import { formatChange } from '../../lib/live/formatDelta.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { setPointedSeed } from '../live/pointedSeed.ts'
import { onTick } from '../live/useLiveTopic.ts'
import { countBytes } from './countBytes.ts'
import { readCanvasTheme } from './canvasTheme.ts'
import { alarmOf, colorAt, toCss } from './colorScale.ts'
import {
  activityText,
  ageOfSeed,
  baseValue,
  bytesOf,
  changeOf,
  columnOf,
  valueOf,
  type HeatmapScene,
} from './heatmapScene.ts'
import { StateGlyph } from './StateGlyph.tsx'
import { stateLabel } from './stateGlyph.ts'

export interface TooltipPlace {
  readonly layer: number
  /** Row of the seed that the cell shows. */
  readonly row: number
  readonly from: number
  readonly to: number
  readonly x: number
  readonly y: number
  readonly flipX: boolean
  readonly flipY: boolean
}

const numberOrNull = (value: number): number | null => (Number.isNaN(value) ? null : value)

const CLASSES = 24
const HISTOGRAM = { width: 208, height: 34 } as const

function drawDistribution(canvas: HTMLCanvasElement, scene: HeatmapScene, place: TooltipPlace): string {
  const layer = scene.layers[place.layer]
  const pen = canvas.getContext('2d')
  if (!layer || !pen) return ''
  const ratio = devicePixelRatio
  canvas.width = HISTOGRAM.width * ratio
  canvas.height = HISTOGRAM.height * ratio
  pen.scale(ratio, ratio)
  const theme = readCanvasTheme(document.documentElement)
  const whole = place.to - place.from <= 1
  const from = whole ? 0 : place.from
  const to = whole ? layer.mirror.rows : place.to
  const bytes = bytesOf(scene, layer)
  const { counts, unmeasured } = countBytes(bytes, from, to, CLASSES)
  const most = Math.max(1, ...counts)
  const width = HISTOGRAM.width / CLASSES
  const own = bytes[place.row] ?? 255
  counts.forEach((count, index) => {
    const height = count === 0 ? 0 : Math.max(2, (HISTOGRAM.height - 8) * (count / most))
    pen.fillStyle = toCss(colorAt(theme.name, alarmOf((index + 0.5) / CLASSES, scene.metric.worst)))
    pen.fillRect(index * width, HISTOGRAM.height - 6 - height, width - 1, height)
    pen.strokeStyle = theme.text3
    pen.lineWidth = 0.5
    if (count > 0) pen.strokeRect(index * width + 0.25, HISTOGRAM.height - 6 - height, width - 1.5, height)
  })
  pen.fillStyle = theme.line2
  pen.fillRect(0, HISTOGRAM.height - 6, HISTOGRAM.width, 1)
  if (own !== 255) {
    const x = (own / 255) * HISTOGRAM.width
    pen.fillStyle = theme.text1
    pen.beginPath()
    pen.moveTo(x, HISTOGRAM.height - 5)
    pen.lineTo(x + 4, HISTOGRAM.height)
    pen.lineTo(x - 4, HISTOGRAM.height)
    pen.fill()
  }
  return `${formatCount(to - from)} seeds of ${whole ? 'the layer' : 'this cell'}${unmeasured > 0 ? `, ${formatCount(unmeasured)} unmeasured` : ''}`
}

export function HeatmapTooltip({
  place,
  scene,
}: {
  readonly place: TooltipPlace
  readonly scene: () => HeatmapScene | null
}) {
  const { session } = useLive()
  const canvas = useRef<HTMLCanvasElement>(null)
  const ageText = useRef<HTMLSpanElement>(null)
  const valueText = useRef<HTMLSpanElement>(null)
  const scopeText = useRef<HTMLSpanElement>(null)
  const [answer, setAnswer] = useState<InspectAnswer | null>(null)
  const now = scene()
  const layer = now?.layers[place.layer]
  const layerId = layer?.layerId
  const quantised = layer?.mirror.precision === 'cells'
  const exact = answer?.layer_id === layerId && answer?.seed_id === place.row ? answer : null

  useEffect(() => {
    if (!quantised || layerId === undefined) return undefined
    let current = true
    const cancel = systemClock.after(120, () => {
      const run = session.store.run()
      if (!run) return
      void session.client
        .inspect({ run_id: run.descriptor.run_id, layer_id: layerId, seed_id: place.row })
        .then((answer) => (current && answer.ok ? setAnswer(answer.value) : undefined))
    })
    return () => {
      current = false
      cancel()
    }
  }, [session, quantised, layerId, place.row])

  useEffect(() => {
    const write = (): void => {
      const fresh = scene()
      const target = fresh?.layers[place.layer]
      if (!fresh || !target || !canvas.current) return
      const scope = drawDistribution(canvas.current, fresh, place)
      if (scopeText.current) scopeText.current.textContent = scope
      const age = ageOfSeed(target, place.row)
      if (ageText.current) ageText.current.textContent = `${formatAge(age.ageMs)}, ${age.freshness}`
      const value = exact?.metrics[fresh.metric.name] ?? valueOf(fresh, target, place.row)
      if (valueText.current)
        valueText.current.textContent = value === null ? 'unmeasured' : formatWithUnit(value, fresh.metric)
    }
    write()
    return onTick(write)
  }, [place, scene, exact])

  useEffect(() => {
    setPointedSeed(layerId === undefined ? null : { layerId, seedId: place.row })
    return () => setPointedSeed(null)
  }, [layerId, place.row])

  if (!now || !layer) return null
  const state = layer.mirror.state[place.row] ?? 255
  const bin = place.to - place.from > 1
  const blueprintTicks = columnOf(now, layer, place.row, 'ticks_in_state')
  return (
    <div
      className={`tooltip${place.flipX ? ' flip-x' : ''}${place.flipY ? ' flip-y' : ''}`}
      style={{ left: place.x, top: place.y }}
      role="presentation"
    >
      <div className="tooltip-head">
        <StateGlyph state={state} size={16} />
        <b>
          {layer.layerId} / {bin ? `${formatCount(place.from)} to ${formatCount(place.to - 1)}` : place.row}
        </b>
      </div>
      <div className="t2">
        {bin
          ? `${now.base === null ? 'worst' : 'greatest difference'} of ${place.to - place.from} seeds: seed ${formatCount(place.row)}, `
          : ''}
        {stateLabel(state)}
        {blueprintTicks === null ? '' : ` for ${formatCount(blueprintTicks)} ticks`}
      </div>
      <dl>
        <dt>{now.metric.label}</dt>
        <dd>
          <span ref={valueText} className="strong" />
          {quantised && !exact ? ' (to 1/254)' : ''}
        </dd>
        {now.base !== null && (
          <>
            <dt>before</dt>
            <dd>{formatWithUnit(numberOrNull(baseValue(now.base, layer.layerId, place.row)), now.metric)}</dd>
            <dt>change</dt>
            <dd className="strong">
              {changeOf(now, layer, place.row) === null
                ? 'no counterpart'
                : formatChange(changeOf(now, layer, place.row), now.metric)}
            </dd>
          </>
        )}
        <dt>age</dt>
        <dd>
          <span ref={ageText} />
        </dd>
        {activityText(now, layer, place.row) !== '' && !quantised && (
          <>
            <dt>doing</dt>
            <dd>{activityText(now, layer, place.row)}</dd>
          </>
        )}
        <dt>producer</dt>
        <dd className="mono">{exact?.producer ?? now.descriptor.telemetry_src}</dd>
      </dl>
      <canvas ref={canvas} className="tooltip-histogram" aria-hidden="true" />
      <div className="t3">
        <span ref={scopeText} />
      </div>
      <div className="t3 wide">
        <kbd>C</kbd> copies the value with its provenance
      </div>
    </div>
  )
}
