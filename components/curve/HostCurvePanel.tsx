/*
 * Host curve panel: did growing help? The chart, its reading under the pointer, and the same in words and a table.
 * In: curve and event records of the shown run. Out: canvas, legend, hidden table.
 * Invariant: says how many of how many points are drawn; the control is always labelled as recorded.
 * Source: features A13, B6; docs/ux.md "accessibility".
 */
'use client'
import { useCallback, useEffect, useRef, useState, type KeyboardEvent, type PointerEvent } from 'react'
import { formatCount, formatPercent, formatUtc } from '../../lib/live/formatValue.ts'
import { buildHostCurve, controlAt, type HostCurve } from '../../lib/live/hostCurve.ts'
import type { EvaluationRecord } from '../../lib/live/recordLog.ts'
import { onThemeChange, readCanvasTheme } from '../heatmap/canvasTheme.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { setPointedMoment } from '../live/pointedMoment.ts'
import { useLiveTopic } from '../live/useLiveTopic.ts'
import { evaluationOrigin } from '../provenance/evaluationOrigin.ts'
import { originData } from '../provenance/valueRef.ts'
import { useShell } from '../shell/ShellContext.tsx'
import { curveFrame, drawHostCurve, stepToX, xToStep } from './drawHostCurve.ts'

const POINTS = 1_200
const TABLE_ROWS = 24
const LISTED_MARKS = 200

/** The validation nearest to a step; null when there is none. */
function nearestTo(records: readonly EvaluationRecord[], step: number): EvaluationRecord | null {
  return records.reduce<EvaluationRecord | null>(
    (best, record) => (best === null || Math.abs(record.step - step) < Math.abs(best.step - step) ? record : best),
    null,
  )
}

export function HostCurvePanel() {
  const { session } = useLive()
  useLiveTopic(['records', 'view', 'pause'], 500)
  const canvas = useRef<HTMLCanvasElement>(null)
  const box = useRef<HTMLDivElement>(null)
  const hover = useRef<number | null>(null)
  const [reading, setReading] = useState('')
  const [pinned, setPinned] = useState<EvaluationRecord | null>(null)
  const pinnedStep = useRef<number | null>(null)
  const { show } = useShell()

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
        hoverStep: hover.current ?? pinnedStep.current,
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

  /** The evaluations that are drawn, oldest first. */
  const evaluations = useCallback((): readonly EvaluationRecord[] => {
    const limit = session.store.pause?.offset ?? Number.POSITIVE_INFINITY
    return (session.store.run()?.curve ?? []).filter((record) => record.offset <= limit && record.val_accuracy !== null)
  }, [session])
  const read = (step: number, x: number | null): EvaluationRecord | null => {
    const curve = build()
    const parent = box.current
    if (!curve || !parent) return null
    const frame = curveFrame(parent.clientWidth, parent.clientHeight)
    const nearest = nearestTo(evaluations(), step)
    const markX = x ?? stepToX(curve, frame, step)
    const marks = curve.marks.filter((mark) => Math.abs(stepToX(curve, frame, mark.step) - markX) < 6).slice(-3)
    const control = nearest ? controlAt(session.store.run()?.descriptor.control_curve ?? null, nearest.step) : null
    const parts = nearest
      ? [
          `step ${formatCount(nearest.step)}: ${formatPercent(nearest.val_accuracy)}`,
          ...(control === null ? [] : [`no growth, recorded: ${formatPercent(control)}`]),
          ...marks.map((mark) => mark.text),
        ]
      : []
    setReading(parts.join(' · '))
    parent.dispatchEvent(new Event('curve:draw'))
    return nearest
  }
  const pointAt = (record: EvaluationRecord | null): void =>
    setPointedMoment(record === null ? null : { atMs: record.at_ms, layerId: null, seedId: null })
  const pin = (record: EvaluationRecord | null): void => {
    setPinned(record)
    pinnedStep.current = record?.step ?? null
    pointAt(record)
    box.current?.dispatchEvent(new Event('curve:draw'))
  }
  useEffect(() => () => setPointedMoment(null), [])

  const onPointerMove = (event: PointerEvent<HTMLDivElement>): void => {
    const curve = build()
    const parent = box.current
    if (!curve || !parent) return
    const x = event.clientX - parent.getBoundingClientRect().left
    const nearest = read(xToStep(curve, curveFrame(parent.clientWidth, parent.clientHeight), x), x)
    hover.current = nearest?.step ?? null
    pointAt(nearest)
  }
  const onPointerLeave = (): void => {
    hover.current = null
    pointAt(pinned)
    setReading('')
    box.current?.dispatchEvent(new Event('curve:draw'))
  }
  /** Arrows go from validation to validation, as the pointer does. */
  const onKeyDown = (event: KeyboardEvent): void => {
    const by = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -1e9, End: 1e9 }[event.key]
    const points = evaluations()
    if (by === undefined || points.length === 0) return
    event.preventDefault()
    event.stopPropagation()
    const from = pinned === null ? points.length : points.findIndex((record) => record.step === pinned.step)
    const next = points[Math.min(points.length - 1, Math.max(0, from + by))] ?? null
    pin(next)
    if (next !== null) read(next.step, null)
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
        <button
          type="button"
          onClick={() =>
            show({
              kind: 'changes',
              place: { atMs: pinned?.at_ms ?? null, layerId: null, seedId: null, runId: run.descriptor.run_id },
            })
          }
        >
          {pinned === null ? 'What changed?' : `What changed before ${formatUtc(pinned.at_ms)}?`}
        </button>
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
        <div
          ref={box}
          className="fill"
          // A drawing whose points are read one after the other; an input could not hold it.
          // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role
          role="slider"
          tabIndex={0}
          aria-label="Validations of the host. Arrows read them, w asks what changed before one."
          aria-valuemin={curve.steps[0]}
          aria-valuemax={curve.steps[1]}
          aria-valuenow={pinned?.step ?? curve.steps[1]}
          aria-valuetext={
            pinned === null
              ? 'none chosen'
              : `step ${formatCount(pinned.step)}, ${formatUtc(pinned.at_ms)} UTC: ${formatPercent(pinned.val_accuracy)}`
          }
          {...(pinned === null ? {} : originData(evaluationOrigin(pinned)))}
          onPointerMove={onPointerMove}
          onPointerLeave={onPointerLeave}
          onKeyDown={onKeyDown}
          onClick={() => hover.current !== null && pin(nearestTo(evaluations(), hover.current))}
        >
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
