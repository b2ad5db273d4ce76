/*
 * useBaseline: the moment that the whole picture is compared with, for the heatmap of all layers.
 * In: run, metric and baseline of the page state. Out: cells and values by layer, and words on which moment it is.
 * Invariant: while paused the distance in time, and the step of another run, are those of the paused moment; a baseline of another metric or run is never used.
 * Source: docs/ux.md "delta mode"; features A5, B8.
 */
'use client'
import { useMemo } from 'react'
import { baselineText, parseBaseline } from '../../lib/contracts/baselineWords.ts'
import type { RunBaselineHead } from '../../lib/contracts/httpLayer.ts'
import { baselineCells } from '../../lib/frames/deltaCells.ts'
import { formatCount, formatUtc } from '../../lib/live/formatValue.ts'
import { totalSeeds } from '../../lib/live/liveStore.ts'
import type { SceneBase } from '../heatmap/heatmapScene.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { useLiveTopic, usePageState } from '../live/useLiveTopic.ts'
import { useBytes } from '../records/useBytes.ts'

export interface Baseline {
  /** Null while delta is off, and until the first answer. */
  readonly base: SceneBase | null
  /** Delta is on: what is not there yet must not be drawn as a value. */
  readonly isOn: boolean
  readonly words: string
}

const ASK_EVERY_MS = 2_000
/** A large run is hundreds of kilobytes. */
const ASK_LARGE_EVERY_MS = 5_000
const LARGE = 4_096

/** What is compared with while nothing is known of the moment: every cell is without a counterpart. */
const NOTHING: SceneBase = { key: 'none', layers: new Map() }

const momentWords = (layers: RunBaselineHead['layers']): string => {
  const known = layers.filter((layer) => layer.source !== 'none')
  if (known.length === 0) return layers[0]?.none_because ?? 'Nothing to compare with is kept.'
  const times = known.flatMap((layer) => layer.at_ms ?? [])
  const steps = known.flatMap((layer) => layer.step ?? [])
  const at = times.length === 0 ? '' : `${formatUtc(Math.max(...times))} UTC`
  const step = steps.length === 0 ? '' : `step ${formatCount(Math.max(...steps))}`
  const missing = layers.length - known.length
  const from = known[0]!.source === 'recording' ? ' of its recording' : ''
  return `${[at, step].filter(Boolean).join(', ')}${from}${missing > 0 ? `; ${formatCount(missing)} layers have no counterpart` : ''}`
}

export function useBaseline(): Baseline {
  const { session } = useLive()
  const { delta, mode } = usePageState()
  useLiveTopic(['view', 'pause', 'runs'], 250)
  const { view, pause } = session.store
  const run = session.store.run()
  const asked = delta === null || mode === 'state' ? null : parseBaseline(delta)
  const base =
    asked?.kind === 'ago' && pause !== null
      ? ({ kind: 'at', atMs: Math.round(pause.atMs - asked.seconds * 1_000) } as const)
      : asked
  const metric = view?.metric ?? null
  // Another run is compared at the step at which this page stands.
  const at = base?.kind === 'run' && pause !== null ? `&at=${Math.round(pause.atMs)}` : ''
  const url =
    base === null || view === null
      ? null
      : `/api/runs/${encodeURIComponent(view.runId)}/baseline?metric=${view.metric.name}&base=${encodeURIComponent(baselineText(base))}${at}`
  const isMoving = base !== null && base.kind !== 'at' && pause === null
  const large = run !== null && totalSeeds(run) > LARGE
  const { data, problem } = useBytes<RunBaselineHead>(url, isMoving ? (large ? ASK_LARGE_EVERY_MS : ASK_EVERY_MS) : 0)
  return useMemo((): Baseline => {
    if (url === null || metric === null || view === null) return { base: null, isOn: false, words: '' }
    if (data === null || data.head.metric !== metric.name || data.head.run_id !== view.runId)
      return {
        base: NOTHING,
        isOn: true,
        words: problem === null ? 'being fetched' : `${problem.text} (${problem.code})`,
      }
    const { layers } = data.head
    const parts = new Map<string, { readonly cells: Uint8Array; readonly values: Float32Array }>()
    let from = 0
    for (const layer of layers) {
      if (layer.rows === 0) continue
      const values = new Float32Array(data.body, from, layer.rows)
      parts.set(layer.layer_id, { values, cells: baselineCells(values, metric, layer.rows) })
      from += layer.rows * 4
    }
    return {
      isOn: true,
      words: `${momentWords(layers)}${problem === null ? '' : `; ${problem.text}`}`,
      base: { key: `${layers.map((layer) => layer.at_ms ?? layer.source).join(' ')} ${url}`, layers: parts },
    }
  }, [url, metric, view, data, problem])
}
