/* The seed under pointer or cursor right now, for keys that act on it; null when there is none. */
import type { SeedRef } from '../../lib/live/urlState.ts'

let pointed: SeedRef | null = null

/** Says which seed is pointed at. */
export function setPointedSeed(seed: SeedRef | null): void {
  pointed = seed
}

/** Tells which seed is pointed at. */
export function pointedSeed(): SeedRef | null {
  return pointed
}
