/*
 * Gradient panel: does learning reach every seed? A matrix of seeds and gradient metrics, and the same in words.
 * In: the live pictures of the shown run. Out: a canvas, a reading under the pointer, the seeds beyond a limit, a hidden table.
 * Invariant: drawn at most twice a second; what does not fit is cut worst first, and said.
 * Source: docs/ux.md "pages: run", "accessibility".
 */
'use client'
import Link from 'next/link'
import { useEffect, useRef, useState, type PointerEvent } from 'react'
import { formatCount } from '../../lib/live/formatValue.ts'
import type { RunView } from '../../lib/live/recordLog.ts'
import { onThemeChange, readCanvasTheme } from '../heatmap/canvasTheme.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { hrefOf, PAGE_PATHS } from '../live/pageLinks.ts'
import { useLiveTopic, usePageState } from '../live/useLiveTopic.ts'
import { Panel } from '../ui/Panel.tsx'
import { cellAt, drawGradients, HEAD_HEIGHT, matrixFrame, ROW_HEIGHT, seedsThatFit } from './drawGradients.ts'
import { gradientMatrix, type GradientRow } from './gradientCells.ts'
import { gradientText } from './gradientWords.ts'

const EVERY_MS = 500
const LISTED = 6
const TABLE_ROWS = 24

export function GradientPanel({ run }: { readonly run: RunView }) {
  const { session, live } = useLive()
  useLiveTopic(['frames', 'view', 'pause', 'connection'], EVERY_MS)
  const state = usePageState()
  const canvas = useRef<HTMLCanvasElement>(null)
  const box = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(0)
  const [reading, setReading] = useState('')
  const [theme, setTheme] = useState(0)
  const mirrors = session.store.mirrors().filter((mirror) => mirror.frame > 0)
  const matrix = gradientMatrix(session.store.mirrors(), run.descriptor)
  const seen = mirrors.length > 0
  const fits = width === 0 ? matrix.rows.length : seedsThatFit(width, run.descriptor.layers.length)
  const worst = new Set(matrix.rows.toSorted((a, b) => b.alarm - a.alarm).slice(0, fits))
  const rows = matrix.rows.filter((row) => worst.has(row))
  const frame = matrixFrame(rows, width)
  const isOld = session.client.connection.kind !== 'live'
  const flagged = matrix.rows.filter((row) => row.alarm > 0).toSorted((a, b) => b.alarm - a.alarm)
  const height = HEAD_HEIGHT + matrix.columns.length * ROW_HEIGHT
  const hasCells = seen && rows.length > 0 && matrix.columns.length > 0

  useEffect(() => {
    const parent = box.current
    if (parent === null) return undefined
    const measure = (): void => setWidth(parent.clientWidth)
    const observer = new ResizeObserver(measure)
    observer.observe(parent)
    measure()
    return () => observer.disconnect()
  }, [hasCells])
  useEffect(() => onThemeChange(() => setTheme((count) => count + 1)), [])
  useEffect(() => {
    const element = canvas.current
    const pen = element?.getContext('2d')
    if (!element || !pen || width === 0) return
    const ratio = devicePixelRatio
    element.width = Math.round(width * ratio)
    element.height = Math.round(height * ratio)
    element.style.width = `${width}px`
    element.style.height = `${height}px`
    pen.setTransform(ratio, 0, 0, ratio, 0, 0)
    drawGradients(pen, readCanvasTheme(document.documentElement), { columns: matrix.columns, rows }, frame, {
      ratio,
      old: isOld,
    })
  }, [matrix, rows, frame, width, height, isOld, theme])

  const onPointerMove = (event: PointerEvent<HTMLDivElement>): void => {
    const bounds = event.currentTarget.getBoundingClientRect()
    const at = cellAt(frame, matrix.columns.length, event.clientX - bounds.left, event.clientY - bounds.top)
    const row = at === null ? undefined : rows[at.row]
    const cell = at === null ? undefined : row?.cells[at.column]
    setReading(
      at === null || row === undefined || cell === undefined
        ? ''
        : `${row.layerId}/${row.seedId} · ${matrix.columns[at.column]!.label} ${gradientText(cell.value, cell)}`,
    )
  }
  const words = (row: GradientRow): string =>
    row.cells
      .flatMap((cell, at) =>
        cell.verdict === 'fine' || cell.verdict === 'unknown'
          ? []
          : [`${matrix.columns[at]!.label.toLowerCase()} ${gradientText(cell.value, cell)}`],
      )
      .join('; ')
  const { counts } = matrix
  const empty =
    matrix.columns.length === 0
      ? 'This publisher tells no gradients.'
      : matrix.rows.length === 0
        ? 'This run has too many seeds for all their columns to be sent: the page of a layer shows its gradients.'
        : 'No picture of this run has arrived yet.'
  return (
    <Panel
      title="Gradient health"
      className="run-gradients"
      hint={
        !hasCells
          ? ''
          : reading !== ''
            ? reading
            : `${session === live ? 'now' : 'then'}: ${counts.exploding} exploding, ${counts.vanishing} vanishing, ${counts.weak} weak, ${counts.unknown} not measured${rows.length < matrix.rows.length ? `; the worst ${formatCount(rows.length)} of ${formatCount(matrix.rows.length)} seeds` : ''}`
      }
      state={hasCells ? 'ready' : 'empty'}
      message={empty}
    >
      {hasCells && (
        <>
          <div className="gradient-grid">
            <ul aria-label="Metrics, from above">
              {matrix.columns.map((column) => (
                <li key={column.name} title={column.help}>
                  {column.label}
                </li>
              ))}
            </ul>
            <div
              ref={box}
              className="gradient-canvas"
              onPointerMove={onPointerMove}
              onPointerLeave={() => setReading('')}
            >
              <canvas ref={canvas} aria-hidden="true" />
            </div>
          </div>
          <div className="gradient-words">
            {flagged.length === 0 ? (
              <p className="t2">No measured gradient is beyond a limit.</p>
            ) : (
              <ul>
                {flagged.slice(0, LISTED).map((row) => {
                  const selection = { layerId: row.layerId, seedId: row.seedId }
                  return (
                    <li key={`${row.layerId} ${row.seedId}`}>
                      <Link href={hrefOf(PAGE_PATHS.seed(selection), { ...state, selection })} prefetch={false}>
                        {row.layerId}/{row.seedId}
                      </Link>{' '}
                      <span className="t2">{words(row)}</span>
                    </li>
                  )
                })}
                {flagged.length > LISTED && (
                  <li className="t3">and {formatCount(flagged.length - LISTED)} more seeds beyond a limit</li>
                )}
              </ul>
            )}
            <p className="t3">
              ▼ vanishing, ∨ weak, ▲ exploding, dotted not measured. One look, not a verdict over time.
              {matrix.missing.length > 0 && ` Not told by this run: ${matrix.missing.join(', ')}.`}
            </p>
          </div>
          <div className="visually-hidden">
            <table>
              <caption>Gradients of the seeds, the worst first</caption>
              <thead>
                <tr>
                  <th scope="col">Seed</th>
                  {matrix.columns.map((column) => (
                    <th key={column.name} scope="col">
                      {column.label}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {matrix.rows
                  .toSorted((a, b) => b.alarm - a.alarm)
                  .slice(0, TABLE_ROWS)
                  .map((row) => (
                    <tr key={`${row.layerId} ${row.seedId}`}>
                      <th scope="row">
                        {row.layerId}/{row.seedId}
                      </th>
                      {row.cells.map((cell, at) => (
                        <td key={matrix.columns[at]!.name}>{gradientText(cell.value, cell)}</td>
                      ))}
                    </tr>
                  ))}
              </tbody>
            </table>
          </div>
        </>
      )}
    </Panel>
  )
}
