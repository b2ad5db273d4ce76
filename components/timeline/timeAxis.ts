/*
 * Time axis: places of moments on a picture, and round moments to write under it.
 * In: a stretch, a width, room at the left for names. Out: x of a moment and back; ticks.
 * Invariant: all pictures of the timeline share one axis, so that what happened together stands together.
 * Source: docs/ux.md "pages: timeline".
 */
import type { Bounds } from '../../lib/live/conductor.ts'
import { formatUtc } from '../../lib/live/formatValue.ts'

export interface TimeAxis extends Bounds {
  readonly left: number
  readonly right: number
}

const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200, 86_400]
const MARGIN_PX = 14
const PER_TICK_PX = 96

/** Room at the left for the names of lanes; none where the picture is narrow. */
export function timeAxis(stretch: Bounds, width: number): TimeAxis {
  return { ...stretch, left: width < 560 ? MARGIN_PX : 112, right: Math.max(MARGIN_PX + 1, width - MARGIN_PX) }
}

export function xOf({ fromMs, toMs, left, right }: TimeAxis, ms: number): number {
  return left + ((ms - fromMs) / Math.max(1, toMs - fromMs)) * (right - left)
}

/** The moment at a place, inside the stretch. */
export function msAt({ fromMs, toMs, left, right }: TimeAxis, x: number): number {
  const share = Math.min(1, Math.max(0, (x - left) / Math.max(1, right - left)))
  return fromMs + share * (toMs - fromMs)
}

/** Round moments with enough room for their words. */
export function axisTicks(axis: TimeAxis): readonly { readonly ms: number; readonly text: string }[] {
  const most = Math.max(1, Math.floor((axis.right - axis.left) / PER_TICK_PX))
  const spanS = (axis.toMs - axis.fromMs) / 1_000
  const stepMs = (STEPS_S.find((step) => spanS / step <= most) ?? 86_400) * 1_000
  const ticks = []
  for (let ms = Math.ceil(axis.fromMs / stepMs) * stepMs; ms <= axis.toMs; ms += stepMs)
    ticks.push({ ms, text: stepMs >= 60_000 ? formatUtc(ms).slice(0, 5) : formatUtc(ms) })
  return ticks
}
