/*
 * swipe: what a finger's way on a row means.
 * In: what it meant so far, the way since it came down, px. Out: nothing yet, a scroll, a swipe that is near or far enough.
 * Invariant: decided once by the first ten pixels: a way that began down or up never becomes a swipe.
 * Source: docs/ux.md "pages: alerts".
 */
export interface Swipe {
  readonly px: number
  readonly kind: 'none' | 'scroll' | 'near' | 'far'
}

const DECIDED_AFTER_PX = 10
/** From here on letting go acknowledges. */
export const FAR_PX = 96
const MOST_PX = 140

/** Goes on from `before` with a finger at (dx, dy) from where it came down. */
export function swipeState(before: Swipe, dx: number, dy: number): Swipe {
  if (before.kind === 'scroll') return before
  if (before.kind === 'none') {
    if (Math.max(Math.abs(dx), Math.abs(dy)) < DECIDED_AFTER_PX) return before
    if (dx < Math.abs(dy) * 1.5) return { px: 0, kind: 'scroll' }
  }
  const px = Math.min(MOST_PX, Math.max(0, dx))
  return { px, kind: px >= FAR_PX ? 'far' : 'near' }
}
