/*
 * useBaselinePicture: one metric of every seed of a run at a moment, to take differences from.
 * In: a run, live or recorded, a metric, a step or nothing for its newest. Out: values by layer, and which moment they are of.
 * Invariant: unmeasured is NaN, so that a difference with it is unmeasured too; a failure is words, and the former picture stays.
 * Source: features A5; docs/protocol.md "runs and recordings".
 */
'use client'
import { useMemo } from 'react'
import type { RunPicture } from '../../lib/contracts/httpRuns.ts'
import { useApi, type ApiProblem } from '../records/useApi.ts'

export interface BaselinePicture {
  readonly step: number | null
  readonly atMs: number | null
  readonly unit: string
  valueOf(layerId: string, seedId: number): number
  readonly layers: RunPicture['layers']
}

export function useBaselinePicture(
  runId: string | null,
  metric: string | null,
  step: number | null,
): { readonly picture: BaselinePicture | null; readonly problem: ApiProblem | null } {
  const query = `metric=${metric ?? ''}${step === null ? '' : `&step=${step}`}`
  const { data, problem } = useApi<RunPicture>(
    runId === null || metric === null ? null : `/api/runs/${encodeURIComponent(runId)}/picture?${query}`,
    { keepWhileChanging: true },
  )
  const picture = useMemo((): BaselinePicture | null => {
    // A picture of another run or metric, kept while the new one comes, is not a baseline of this one.
    if (data === null || data.run_id !== runId || data.metric !== metric) return null
    const byLayer = new Map(data.layers.map((layer) => [layer.layer_id, layer.values]))
    return {
      step: data.step,
      atMs: data.at_ms,
      unit: data.unit,
      layers: data.layers,
      valueOf: (layerId, seedId) => byLayer.get(layerId)?.[seedId] ?? Number.NaN,
    }
  }, [data, runId, metric])
  return { picture, problem }
}
