/*
 * Asked place: about which moment and place "What changed?" asks, from what has the focus, is pointed at, or is selected.
 * In: the focused element, pointed moment and seed, selection, the clock of the server. Out: a place with its moment; its address.
 * Invariant: what is nearest to the hand wins: focus, then pointer, then selection, then the whole run now.
 * Source: docs/ux.md "what changed".
 */
import type { SeedRef } from '../../lib/live/urlState.ts'
import type { PointedMoment } from '../live/pointedMoment.ts'

export interface AskedPlace {
  /** Server time, Unix ms; null: now. */
  readonly atMs: number | null
  readonly layerId: string | null
  readonly seedId: number | null
  readonly runId: string | null
}

export interface Pointing {
  /** Data of the nearest element that says which moment it is about. */
  readonly focused: Readonly<Record<string, string | undefined>> | null
  readonly moment: PointedMoment | null
  readonly seed: SeedRef | null
  readonly selection: SeedRef | null
  readonly runId: string | null
  /** The moment a pause stands at. */
  readonly pausedMs: number | null
}

const numberOf = (text: string | undefined): number | null => {
  const value = Number(text)
  return text === undefined || text === '' || !Number.isFinite(value) ? null : value
}

/** Decides what is asked about. */
export function askedPlace({ focused, moment, seed, selection, runId, pausedMs }: Pointing): AskedPlace {
  if (focused !== null)
    return {
      atMs: numberOf(focused['momentAt']) ?? pausedMs,
      layerId: focused['momentLayer'] ?? null,
      seedId: focused['momentLayer'] === undefined ? null : numberOf(focused['momentSeed']),
      runId: focused['momentRun'] ?? runId,
    }
  if (moment !== null) return { ...moment, runId }
  const place = seed ?? selection
  return { atMs: pausedMs, layerId: place?.layerId ?? null, seedId: place?.seedId ?? null, runId }
}

/** Attributes by which an element says which moment and place it is about. */
export function momentData(place: Partial<AskedPlace>): Readonly<Record<string, string>> {
  const { atMs = null, layerId = null, seedId = null, runId = null } = place
  return {
    'data-moment': '',
    ...(atMs === null ? {} : { 'data-moment-at': String(Math.round(atMs)) }),
    ...(layerId === null ? {} : { 'data-moment-layer': layerId }),
    ...(layerId === null || seedId === null ? {} : { 'data-moment-seed': String(seedId) }),
    ...(runId === null ? {} : { 'data-moment-run': runId }),
  }
}

/** The address of the answer. */
export function changesUrl({ atMs, layerId, seedId, runId }: AskedPlace, beforeS: number): string {
  const query = new URLSearchParams()
  if (atMs !== null) query.set('at', String(Math.round(atMs)))
  if (layerId !== null) query.set('layer', layerId)
  if (layerId !== null && seedId !== null) query.set('seed', String(seedId))
  if (runId !== null) query.set('run', runId)
  query.set('before_s', String(beforeS))
  return `/api/changes?${query.toString()}`
}
