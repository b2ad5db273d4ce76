/*
 * selectionStore: the seeds picked for a command to many: by the map's rectangle or by key, across pages of this tab.
 * In: seeds to add, take away, or all. Out: them by layer, to subscribers; them as a query.
 * Invariant: bounded by the most a command may name; what was picked stays until it is cleared, and is counted where it shows.
 * Source: docs/ux.md "bulk"; features E16.
 */
'use client'
import { useSyncExternalStore } from 'react'
import type { SeedQuery } from '../../lib/contracts/commandDraft.ts'
import { COMMAND_LIMITS } from '../../lib/contracts/commandLimits.ts'

export interface Picked {
  readonly count: number
  readonly layers: readonly { readonly layerId: string; readonly seedIds: readonly number[] }[]
}

const EMPTY: Picked = Object.freeze({ count: 0, layers: [] })
let picked = EMPTY
const listeners = new Set<() => void>()

const put = (next: Picked): void => {
  picked = next
  for (const listener of listeners) listener()
}

/** Makes the picture of a choice: layers in order of their names, seeds ascending. */
export function toPicked(byLayer: ReadonlyMap<string, ReadonlySet<number>>): Picked {
  let left = COMMAND_LIMITS.maxTargets as number
  const layers = [...byLayer]
    .filter(([, seeds]) => seeds.size > 0)
    .toSorted(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
    .map(([layerId, seeds]) => {
      const seedIds = [...seeds].toSorted((a, b) => a - b).slice(0, left)
      left -= seedIds.length
      return { layerId, seedIds }
    })
    .filter((layer) => layer.seedIds.length > 0)
  return { layers, count: layers.reduce((sum, layer) => sum + layer.seedIds.length, 0) }
}

const toMap = (): Map<string, Set<number>> =>
  new Map(picked.layers.map(({ layerId, seedIds }) => [layerId, new Set(seedIds)]))

export type PickHow = 'add' | 'remove' | 'toggle'
export type SeedLists = Picked['layers']

/** Adds seeds, takes them away, or each the other way round. */
export function pickSeeds(lists: SeedLists, how: PickHow): void {
  const next = toMap()
  for (const { layerId, seedIds } of lists) {
    const seeds = next.get(layerId) ?? new Set<number>()
    for (const seedId of seedIds) {
      if (how === 'remove' || (how === 'toggle' && seeds.has(seedId))) seeds.delete(seedId)
      else seeds.add(seedId)
    }
    next.set(layerId, seeds)
  }
  put(toPicked(next))
}

/** The choice as a query that can be narrowed further. */
export const toSeedQuery = ({ layers }: Picked): SeedQuery => ({
  seeds: layers.map(({ layerId, seedIds }) => ({ layer_id: layerId, seed_ids: [...seedIds] })),
})

/** Forgets all of them. */
export function clearPicked(): void {
  put(EMPTY)
}

/** Tells what is picked now. */
export const readPicked = (): Picked => picked

/** Reads the choice; renders when it changes. */
export function useSelection(): Picked {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    readPicked,
    () => EMPTY,
  )
}
