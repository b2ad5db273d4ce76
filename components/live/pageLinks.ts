/*
 * Page links: the addresses of the pages, and how a link carries what is selected.
 * In: a path and the page state. Out: hrefs; what a path itself selects.
 * Invariant: a link keeps run, metric, mode and selection; the parts of a path are escaped once and read back the same.
 * Source: docs/ux.md "one selection, everywhere"; features H7.
 */
import { toSearch, type PageState, type SeedRef } from '../../lib/live/urlState.ts'
import { atText } from '../../lib/live/conductor.ts'
import type { IconName } from '../ui/Icon.tsx'

export interface PageLink {
  readonly path: string
  readonly label: string
  readonly icon: IconName
  /** Key after `g`. */
  readonly key: string
}

export const PAGES: readonly PageLink[] = Object.freeze([
  { path: '/', label: 'Live', icon: 'live', key: 'l' },
  { path: '/layers', label: 'Layers', icon: 'layers', key: 'y' },
  { path: '/run', label: 'Run', icon: 'curve', key: 'o' },
  { path: '/timeline', label: 'Timeline', icon: 'timeline', key: 't' },
  { path: '/alerts', label: 'Alerts', icon: 'bell', key: 'a' },
  { path: '/commands', label: 'Commands', icon: 'command', key: 'c' },
  { path: '/bus', label: 'Bus', icon: 'bus', key: 'b' },
  { path: '/latency', label: 'Latency', icon: 'latency', key: 'n' },
  { path: '/rules', label: 'Rules', icon: 'rules', key: 'r' },
  { path: '/audit', label: 'Audit', icon: 'audit', key: 'u' },
])

export const PAGE_PATHS = Object.freeze({
  layer: (layerId: string): string => `/layers/${encodeURIComponent(layerId)}`,
  seed: ({ layerId, seedId }: SeedRef): string => `/layers/${encodeURIComponent(layerId)}/seeds/${seedId}`,
})

const decode = (text: string): string | null => {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}

/** The layer a path names; null when it names none. */
export function layerOfPath(path: string): string | null {
  const found = /^\/layers\/([^/]+)/.exec(path)?.[1]
  return found === undefined ? null : decode(found)
}

/** The seed a path names; null when it names none. */
export function seedOfPath(path: string): SeedRef | null {
  const found = /^\/layers\/[^/]+\/seeds\/(\d{1,8})$/.exec(path)
  const layerId = layerOfPath(path)
  return found?.[1] === undefined || layerId === null ? null : { layerId, seedId: Number(found[1]) }
}

/** Pages that draw frames; the others ask the server for few of them, or none. */
export function drawsFrames(path: string): boolean {
  return path === '/' || path === '/run' || path === '/timeline' || layerOfPath(path) !== null
}

/** A link to the moment of a run, on the page that shows it whole. */
export function momentHref(state: PageState, runId: string | null, atMs: number): string {
  return hrefOf('/', { ...state, runId, at: atText(atMs), speed: null })
}

/** Pages that can show a moment of the past; the others show the present, and say so. */
export function drawsPast(path: string): boolean {
  return path === '/layers' || drawsFrames(path)
}

/** Writes a link to a page that keeps what is selected; what the path itself says is not said twice. */
export function hrefOf(path: string, state: PageState): string {
  const shown = seedOfPath(path)
  const same = shown && state.selection?.layerId === shown.layerId && state.selection.seedId === shown.seedId
  return `${path}${toSearch(same ? { ...state, selection: null } : state)}`
}
