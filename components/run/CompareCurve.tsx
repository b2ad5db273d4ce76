/*
 * Compare curve: the validation accuracy of one or two runs by step, with the growth marks of each below.
 * In: answers about runs. Out: an SVG on one step axis; the figures stand beside it in words.
 * Invariant: at most 1,000 points a line, thinned to extremes by the server, and the panel says of how many.
 * Source: features A13, A14.
 */
import type { RunDetail, RunMark } from '../../lib/contracts/httpRuns.ts'
import { formatCount } from '../../lib/live/formatValue.ts'
import { linePath, type PathBox } from './stepPath.ts'

const WIDTH = 720
const HEIGHT = 190
const MARKS = 14
const MAX_MARKS = 300
/** How far the axis goes beyond the last common step. */
const BEYOND = 1.5

const KINDS: readonly (readonly [RunMark['kind'], string])[] = [
  ['GERMINATED', 'planted'],
  ['FOSSILIZED', 'fossilised'],
  ['CULLED', 'culled'],
]

function Marks({ run, box, top }: { readonly run: RunDetail; readonly box: PathBox; readonly top: number }) {
  const x = (step: number): number => ((step - box.from) / Math.max(1, box.to - box.from)) * box.width
  return run.marks
    .filter((mark) => mark.step <= box.to)
    .slice(-MAX_MARKS)
    .map((mark, at) => (
      <line
        key={`${mark.step} ${mark.kind} ${at}`}
        className={`mark-${mark.kind.toLowerCase()}`}
        x1={x(mark.step)}
        x2={x(mark.step)}
        y1={mark.kind === 'GERMINATED' ? top + MARKS / 2 : top}
        y2={top + MARKS - 2}
        vectorEffect="non-scaling-stroke"
      />
    ))
}

const counted = (run: RunDetail): string =>
  KINDS.map(([kind, word]) => `${formatCount(run.marks.filter((mark) => mark.kind === kind).length)} ${word}`).join(
    ', ',
  )

export function CompareCurve({ one, other }: { readonly one: RunDetail; readonly other: RunDetail | null }) {
  const runs = other === null ? [one] : [one, other]
  const known = runs.flatMap((run) => run.curve.flatMap((point) => point.val_accuracy ?? []))
  const low = Math.max(0, Math.floor((quantile(known, 0.08) - 0.01) * 20) / 20)
  const high = Math.min(1, Math.ceil((Math.max(0.1, ...known) + 0.005) * 20) / 20)
  const ends = runs.map((run) => run.curve.at(-1)?.step ?? 0)
  // A run that went on for long after the other ended would press what can be compared into a corner.
  const to = Math.max(1, Math.min(Math.max(...ends), Math.round(Math.min(...ends) * BEYOND) || Math.max(...ends)))
  const box: PathBox = { width: WIDTH, height: HEIGHT, from: 0, to, low, high: Math.max(low + 0.05, high) }
  const height = HEIGHT + runs.length * (MARKS + 4)
  return (
    <figure className="compare-curve" aria-label="Validation accuracy of the compared runs by step">
      <div className="compare-plot">
        <svg viewBox={`0 0 ${WIDTH} ${height}`} preserveAspectRatio="none" aria-hidden="true">
          <line className="grid" x1={0} x2={WIDTH} y1={2} y2={2} vectorEffect="non-scaling-stroke" />
          <line className="grid" x1={0} x2={WIDTH} y1={HEIGHT / 2} y2={HEIGHT / 2} vectorEffect="non-scaling-stroke" />
          <line className="grid" x1={0} x2={WIDTH} y1={HEIGHT - 2} y2={HEIGHT - 2} vectorEffect="non-scaling-stroke" />
          {runs.toReversed().map((run) => (
            <path
              key={run.run_id}
              className={run === one ? 'one' : 'other'}
              d={linePath(
                run.curve
                  .filter((point) => point.step <= to)
                  // What lies below the axis is left out of the line, not drawn on its floor.
                  .map((point) => [
                    point.step,
                    point.val_accuracy === null || point.val_accuracy < low ? null : point.val_accuracy,
                  ]),
                box,
              )}
              vectorEffect="non-scaling-stroke"
            />
          ))}
          {runs.map((run, at) => (
            <Marks key={run.run_id} run={run} box={box} top={HEIGHT + 4 + at * (MARKS + 4)} />
          ))}
        </svg>
        <span className="t3 num at-top">{Math.round(box.high * 100)} %</span>
        <span className="t3 num at-floor">{Math.round(box.low * 100)} %</span>
      </div>
      <p className="t3 num step-axis">
        <span>step 0</span>
        <span>step {formatCount(to)}</span>
      </p>
      <figcaption className="t2">
        {runs.map((run) => (
          <span key={run.run_id} className="compare-key">
            <i className={`ln ${run === one ? 'a' : 'c'}`} aria-hidden="true" /> {run.run_id}:{' '}
            {formatCount(run.curve.length)} of {formatCount(run.curve_of)} points; {counted(run)}
            {(run.curve.at(-1)?.step ?? 0) > to
              ? `; it goes on to step ${formatCount(run.curve.at(-1)?.step)}, which is not drawn`
              : ''}
            {run.marks.length < run.marks_of ? ` in the newest ${formatCount(run.marks.length)} marks` : ''}
          </span>
        ))}
      </figcaption>
    </figure>
  )
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(share * (sorted.length - 1))] ?? 0
}
