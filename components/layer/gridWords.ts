/*
 * Grid words: what a cell of the layer's grid says: which seeds, when, which values and states, and why there is nothing.
 * In: a picture, a cell. Out: facts for the tooltip and one sentence for screen readers.
 * Invariant: least, greatest and newest are named as such; unmeasured, no counterpart and a gap are three different sentences.
 * Source: docs/ux.md "pages: layer"; features A7, A13.
 */
import type { MetricColumn } from '../../lib/contracts/metrics.ts'
import { deltaOfByte } from '../../lib/frames/deltaCells.ts'
import { dequantize, UNMEASURED_CELL } from '../../lib/frames/quantize.ts'
import { formatChange } from '../../lib/live/formatDelta.ts'
import { formatCount, formatUtc, formatWithUnit } from '../../lib/live/formatValue.ts'
import { stateLabel } from '../heatmap/stateGlyph.ts'
import type { GridPlace } from './gridLayout.ts'
import { gapWords, type GridPicture } from './gridPicture.ts'

export interface CellFacts {
  readonly name: string
  readonly time: string
  readonly state: number
  /** Why there is no value; null when there is one. */
  readonly nothing: string | null
  readonly shown: string
  readonly least: string
  readonly greatest: string
  readonly newest: string
  readonly marks: readonly string[]
}

/** Writes one byte of the grid: a value, or a difference. */
export function byteText(byte: number, metric: MetricColumn, isDelta: boolean): string {
  if (byte === UNMEASURED_CELL) return isDelta ? 'no counterpart' : 'unmeasured'
  if (!isDelta) return formatWithUnit(dequantize(byte, metric), metric)
  const change = deltaOfByte(byte, metric)
  return `${formatChange(change, metric)}${change?.clipped === true ? ' or more' : ''}`
}

/** Gathers what a cell says. */
export function cellFacts(picture: GridPicture, metric: MetricColumn, { row, column }: GridPlace): CellFacts {
  const { head } = picture
  const at = row * head.columns + column
  const { count } = picture.seedsOf(row)
  const isDelta = head.base !== null
  const gap = picture.gaps.find(({ from, to }) => column >= from && column < to)
  const byte = picture.shown(row, column)
  const beginMs = head.from_ms + column * head.bucket_ms
  const marks = head.marks.filter(
    (mark) => mark.row === row && mark.at_ms >= beginMs - head.bucket_ms && mark.at_ms < beginMs + 2 * head.bucket_ms,
  )
  const text = (value: number | undefined) => byteText(value ?? UNMEASURED_CELL, metric, isDelta)
  const first = formatCount(head.seed_id[row] ?? null)
  return {
    name: count === 1 ? `seed ${first}` : `${formatCount(count)} seeds, the first is ${first}`,
    time: `${formatUtc(beginMs)} to ${formatUtc(beginMs + head.bucket_ms)} UTC`,
    state: picture.state[at] ?? 254,
    nothing:
      gap !== undefined
        ? gapWords(gap)
        : byte === UNMEASURED_CELL
          ? isDelta
            ? 'no counterpart, or unmeasured'
            : 'unmeasured'
          : null,
    shown: text(byte),
    least: text(picture.low[at]),
    greatest: text(picture.high[at]),
    newest: text(picture.last[at]),
    marks: marks.slice(0, 4).map((mark) => `${mark.kind} at ${formatUtc(mark.at_ms)}: ${mark.text}`),
  }
}

/** Says a cell in one sentence. */
export function cellWords(picture: GridPicture, metric: MetricColumn, place: GridPlace): string {
  const facts = cellFacts(picture, metric, place)
  const value = facts.nothing ?? `${metric.label} ${facts.shown}, least ${facts.least}, greatest ${facts.greatest}`
  const marks = facts.marks.length === 0 ? '' : `; ${facts.marks.join('; ')}`
  return `${facts.name}, ${facts.time}: ${stateLabel(facts.state)}, ${value}${marks}`
}
