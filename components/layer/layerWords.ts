/*
 * Layer words: the small sentences and choices of a layer's page.
 * In: heads of its answers, page state. Out: how many points of how many, which moment is compared with, the row of a seed, pins.
 * Invariant: thinning and binning are said whenever they happen; pins keep their order and their bound.
 * Source: docs/ux.md "pages: layer"; features A6, A13.
 */
import type { BaselineFound, LayerGridHead, LayerRows } from '../../lib/contracts/httpLayer.ts'
import { formatCount, formatUtc } from '../../lib/live/formatValue.ts'
import type { GridPicture } from './gridPicture.ts'

const MAX_PINS = 32

/** Says how the past is put together: buckets, "n of m points", worst of how many. */
export function pointsWords(head: LayerGridHead, seconds: number): string {
  const used = head.ticks.filter((ticks) => ticks > 0).length
  const bucket = `${head.bucket_ms / 1_000} s`
  const shown = Math.round((head.columns * head.bucket_ms) / 60_000)
  const worst = head.bin_size > 1 ? `, worst of ${formatCount(head.bin_size)} seeds per row` : ''
  const rest = shown * 60 < seconds ? `, the rest of ${seconds / 60} min follows` : ''
  const marked =
    head.marks_of > head.marks.length
      ? `, the newest ${formatCount(head.marks.length)} of ${formatCount(head.marks_of)} events marked`
      : ''
  return `last ${shown} min, ${formatCount(used)} of ${formatCount(head.of)} points: least and greatest of each ${bucket}${worst}${marked}${rest}`
}

/** Says of a page that is paused, or shows the past, which moment its rows are of. */
export function pausedWords(
  data: Pick<LayerRows, 'as_of_ms' | 'server_ms' | 'past'>,
  isPaused: boolean,
  isPast = false,
): string {
  if (data.as_of_ms !== null)
    return `, as of ${formatUtc(data.as_of_ms)} UTC${data.past.kept === 'buckets' ? ', values to 1/254 of their range' : ''}`
  if (isPast) return isPaused ? ', nothing of it had been recorded by this moment' : ''
  // Answered before the pause, or of a moment that is not kept.
  return isPaused ? `, values of ${formatUtc(data.server_ms)} UTC: nothing of the paused moment is kept` : ''
}

/** Says which moment was found to compare with. */
export function baseWords(base: BaselineFound | null, asked: string): string {
  if (base === null) return asked
  if (base.source === 'none') return `${asked}: ${base.none_because ?? 'not kept'}`
  const at = base.at_ms === null ? '' : `${formatUtc(base.at_ms)} UTC`
  const step = base.step === null ? '' : `step ${formatCount(base.step)}`
  const run = asked.startsWith('run ') ? `${asked}, ` : ''
  return `${run}${[at, step].filter(Boolean).join(', ')}`
}

/** The row of cells that holds a seed; null while it can not be told: in a bin only its first seed is known. */
export function selectedRowOf(picture: GridPicture | null, seedId: number | null): number | null {
  if (picture === null || seedId === null) return null
  const row = picture.head.seed_id.indexOf(seedId)
  return row < 0 ? null : row
}

/** Pins a seed, or lets it go; the oldest gives way when there are too many. */
export function togglePin(pins: readonly number[], seedId: number): readonly number[] {
  if (pins.includes(seedId)) return pins.filter((pin) => pin !== seedId)
  return [...pins, seedId].slice(-MAX_PINS)
}
