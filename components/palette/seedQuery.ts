/*
 * Seed query: reads "layer_0/12", "layer_0 12" or "12" as places, among millions of seeds without listing one.
 * In: the query, the layers of a run. Out: the first few places, and how many there are.
 * Invariant: work grows with the number of layers, never with the number of seeds; a place that does not exist is not offered.
 * Source: docs/ux.md "command palette"; features A19, H2.
 */
import type { SeedRef } from '../../lib/live/urlState.ts'
import { scoreOf } from './scoreOf.ts'

interface FoundSeed extends SeedRef {
  readonly score: number
}

const PLACE = /^(?:(.*?)\s*[/:# ]\s*)?(\d{1,8})$/

/** Finds the places a query may mean. */
export function findSeeds(
  query: string,
  layers: readonly { readonly layer_id: string; readonly seeds: number }[],
  limit: number,
): { readonly entries: readonly FoundSeed[]; readonly of: number } {
  const parts = PLACE.exec(query.trim())
  if (parts?.[2] === undefined) return { entries: [], of: 0 }
  const seedId = Number(parts[2])
  const name = (parts[1] ?? '').trim()
  const found: FoundSeed[] = []
  let of = 0
  for (const { layer_id: layerId, seeds } of layers) {
    if (seedId >= seeds) continue
    const fit = name === '' ? 50 : scoreOf(layerId, name)
    if (fit === 0) continue
    of++
    found.push({ layerId, seedId, score: fit })
  }
  return { entries: found.toSorted((a, b) => b.score - a.score).slice(0, limit), of }
}
