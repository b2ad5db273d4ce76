/*
 * Host curve panel: did growing help? The chart, its reading under the pointer, and the same in words and a table.
 * In: curve and event records of the shown run. Out: canvas, legend, hidden table.
 * Invariant: says how many of how many points are drawn; the control is always labelled as recorded.
 * Source: features A13, B6; docs/ux.md "accessibility".
 */
'use client'
import { useCallback, useEffect, useRef, useState, type PointerEvent } from 'react'
import { formatCount, formatPercent } from '../../lib/live/formatValue.ts'
import { buildHostCurve, controlAt, type HostCurve } from '../../lib/live/hostCurve.ts'
import { onThemeChange, readCanvasTheme } from '../heatmap/canvasTheme.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { useLiveTopic } from '../live/useLiveTopic.ts'
import { curveFrame, drawHostCurve, stepToX, xToStep } from './drawHostCurve.ts'

const POINTS = 1_200
const TABLE_ROWS = 24
const LISTED_MARKS = 200

export function HostCurvePanel() {
  const { session } = useLive()
  useLiveTopic(['records', 'view', 'pause'], 500)
  const canvas = useRef<HTMLCanvasElement>(null)
  const box = useRef<HTMLDivElement>(null)
  const hover = useRef<number | null>(null)
  const [reading, setReading] = useState('')

  const build = useCallback((): HostCurve | null => {
    const run = session.store.run()
    if (!run) return null
    const limit = session.store.pause?.offset ?? Number.POSITIVE_INFINITY
    return buildHostCurve(
      {
        curve: run.curve.filter((record) => record.offset <= limit),
        events: session.store.events(),
        gaps: session.store.gaps(),
        control: run.descriptor.control_curve,
      },
      POINTS,
    )
  }, [session])

  useEffect(() => {
    const element = canvas.current
    const parent = box.current
    const pen = element?.getContext('2d')
    if (!element || !parent || !pen) return undefined
    let asked = 0
    const paint = (): void => {
      asked = 0
      const curve = build()
      const { clientWidth: width, clientHeight: height } = parent
      if (!curve || width === 0 || height === 0) return
      const ratio = devicePixelRatio
      if (element.width !== Math.round(width * ratio) || element.height !== Math.round(height * ratio)) {
        element.width = Math.round(width * ratio)
        element.height = Math.round(height * ratio)
        element.style.width = `${width}px`
        element.style.height = `${height}px`
      }
      pen.setTransform(ratio, 0, 0, ratio, 0, 0)
      const old = session.client.connection.kind !== 'live' || session.store.status?.bus.state !== 'up'
      drawHostCurve(pen, readCanvasTheme(document.documentElement), curve, curveFrame(width, height), {
        ratio,
        hoverStep: hover.current,
        old,
      })
    }
    const draw = (): void => {
      asked ||= requestAnimationFrame(paint)
    }
    const observer = new ResizeObserver(paint)
    observer.observe(parent)
    const { topics } = session.store
    const undo = (['records', 'view', 'pause', 'connection'] as const).map((topic) => topics.subscribe(topic, draw))
    undo.push(onThemeChange(draw))
    parent.addEventListener('curve:draw', draw)
    draw()
    return () => {
      observer.disconnect()
      cancelAnimationFrame(asked)
      parent.removeEventListener('curve:draw', draw)
      for (const cancel of undo) cancel()
    }
  }, [session, build])

  const onPointerMove = (event: PointerEvent<HTMLDivElement>): void => {
    const curve = build()
    const parent = box.current
    if (!curve || !parent) return
    const bounds = parent.getBoundingClientRect()
    const frame = curveFrame(parent.clientWidth, parent.clientHeight)
    const x = event.clientX - bounds.left
    const step = xToStep(curve, frame, x)
    const nearest = curve.validation.reduce<(typeof curve.validation)[number] | null>(
      (best, point) => (best === null || Math.abs(point.step - step) < Math.abs(best.step - step) ? point : best),
      null,
    )
    const marks = curve.marks.filter((mark) => Math.abs(stepToX(curve, frame, mark.step) - x) < 6).slice(-3)
    hover.current = nearest?.step ?? null
    const control = nearest ? controlAt(session.store.run()?.descriptor.control_curve ?? null, nearest.step) : null
    const parts = nearest
      ? [
          `step ${formatCount(nearest.step)}: ${formatPercent(nearest.value)}`,
          ...(control === null ? [] : [`no growth, recorded: ${formatPercent(control)}`]),
          ...marks.map((mark) => mark.text),
        ]
      : []
    setReading(parts.join(' · '))
    parent.dispatchEvent(new Event('curve:draw'))
  }
  const onPointerLeave = (): void => {
    hover.current = null
    setReading('')
    box.current?.dispatchEvent(new Event('curve:draw'))
  }

  const curve = build()
  const run = session.store.run()
  if (!curve || !run) return null
  const last = curve.validation.findLast((point) => point.value !== null)
  const empty = run.curve.length === 0
  return (
    <section className="panel panel-curve" aria-labelledby="curve">
      <div className="panel-head">
        <h2 id="curve" tabIndex={-1}>
          Did growing help?
        </h2>
        <span className="sub">
          {reading === ''
            ? empty
              ? 'no evaluation has been reported yet'
              : `accuracy from ${Math.round(curve.accuracy[0] * 100)} %, ${formatCount(curve.shown)} of ${formatCount(curve.of)} points`
            : reading}
        </span>
        <span className="grow" />
        <span className="line-keys wide">
          <span>
            <i className="ln a" aria-hidden="true" /> validation
          </span>
          <span>
            <i className="ln b" aria-hidden="true" /> training
          </span>
          {run.descriptor.control_curve && (
            <span>
              <i className="ln c" aria-hidden="true" /> no growth, recorded
              {curve.controlEnded === null ? '' : ` to step ${formatCount(curve.controlEnded)}`}
            </span>
          )}
        </span>
      </div>
      <figure
        className="curve-area"
        aria-label={
          last
            ? `Validation accuracy by step, ${formatPercent(last.value)} at step ${formatCount(last.step)}; ${curve.marks.length} growth marks`
            : 'Validation accuracy by step, nothing measured yet'
        }
      >
        <div ref={box} className="fill" onPointerMove={onPointerMove} onPointerLeave={onPointerLeave}>
          <canvas ref={canvas} aria-hidden="true" />
        </div>
      </figure>
      <CurveTable curve={curve} />
    </section>
  )
}

function CurveTable({ curve }: { readonly curve: HostCurve }) {
  return (
    <div className="visually-hidden">
      <table>
        <caption>Last evaluations of the host</caption>
        <thead>
          <tr>
            <th scope="col">Step</th>
            <th scope="col">Validation accuracy</th>
          </tr>
        </thead>
        <tbody>
          {curve.validation.slice(-TABLE_ROWS).map((point) => (
            <tr key={point.step}>
              <td>{formatCount(point.step)}</td>
              <td>{formatPercent(point.value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <ul aria-label="Growth marks">
        {curve.marks.slice(-LISTED_MARKS).map((mark) => (
          <li key={`${mark.step} ${mark.text}`}>
            step {formatCount(mark.step)}: {mark.text}
          </li>
        ))}
      </ul>
    </div>
  )
}
