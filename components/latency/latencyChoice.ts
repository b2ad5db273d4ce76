/*
 * latencyChoice: what of latency is looked at: stage, window, layer, topic; and what is chosen for exemplars.
 * In: the hash of the address. Out: the choice, its address, the addresses of the API.
 * Invariant: a copied link opens the same choice; what is malformed in a link is ignored.
 * Source: docs/ux.md "pages: latency"; features H7.
 */
'use client'
import { useEffect, useState } from 'react'
import {
  LATENCY_STAGES,
  LATENCY_TOPICS,
  type LatencyStage,
  type LatencyTopic,
} from '../../lib/contracts/latencyStages.ts'
import { isWireId } from '../../lib/contracts/wireIdText.ts'

export const WINDOWS = [
  [60, '1 min'],
  [300, '5 min'],
  [900, '15 min'],
] as const

export interface LatencyChoice {
  readonly stage: LatencyStage
  readonly windowS: number
  readonly layer: string | null
  readonly topic: LatencyTopic | null
}

/** A span of buckets, of time, or both, whose messages are looked for. */
export interface ExemplarSpan {
  readonly low: number | null
  readonly high: number | null
  readonly fromMs: number | null
  readonly toMs: number | null
}
export const WHOLE_SPAN: ExemplarSpan = Object.freeze({ low: null, high: null, fromMs: null, toMs: null })

export const DEFAULT_CHOICE: LatencyChoice = Object.freeze({ stage: 'total', windowS: 300, layer: null, topic: null })

const among = <T extends string>(all: readonly T[], value: string | null): T | null =>
  all.find((one) => one === value) ?? null

/** Parses the hash of an address; never throws. */
export function parseChoice(hash: string): LatencyChoice {
  const query = new URLSearchParams(hash.replace(/^#/, ''))
  const windowS = Number(query.get('window'))
  const layer = query.get('layer')
  return {
    stage: among(LATENCY_STAGES, query.get('stage')) ?? DEFAULT_CHOICE.stage,
    windowS: WINDOWS.some(([seconds]) => seconds === windowS) ? windowS : DEFAULT_CHOICE.windowS,
    layer: layer !== null && isWireId(layer) ? layer : null,
    topic: among(LATENCY_TOPICS, query.get('topic')),
  }
}

/** Writes the hash of a choice, without what is default; empty or starting with "#". */
export function toHash({ stage, windowS, layer, topic }: LatencyChoice): string {
  const query = new URLSearchParams()
  if (stage !== DEFAULT_CHOICE.stage) query.set('stage', stage)
  if (windowS !== DEFAULT_CHOICE.windowS) query.set('window', String(windowS))
  if (layer !== null) query.set('layer', layer)
  if (topic !== null) query.set('topic', topic)
  const text = query.toString()
  return text === '' ? '' : `#${text}`
}

function queryOf({ stage, windowS, layer, topic }: LatencyChoice, runId: string | null): URLSearchParams {
  const query = new URLSearchParams({ stage, window: String(windowS) })
  if (layer !== null) query.set('layer', layer)
  if (topic !== null) query.set('topic', topic)
  if (runId !== null) query.set('run', runId)
  return query
}

/** Address of the report of a choice; null run = all runs together. */
export function reportUrl(choice: LatencyChoice, runId: string | null): string {
  return `/api/latency?${queryOf(choice, runId).toString()}`
}

/** Address of the exemplars of a span. */
export function exemplarsUrl(choice: LatencyChoice, runId: string | null, span: ExemplarSpan): string {
  const query = queryOf(choice, runId)
  if (span.low !== null) query.set('low', String(span.low))
  if (span.high !== null) query.set('high', String(span.high))
  if (span.fromMs !== null) query.set('from', String(Math.floor(span.fromMs)))
  if (span.toMs !== null) query.set('to', String(Math.floor(span.toMs)))
  return `/api/latency/exemplars?${query.toString()}`
}

/** The choice of this page, kept in its address. */
export function useLatencyChoice(): readonly [LatencyChoice, (change: Partial<LatencyChoice>) => void] {
  const [choice, setChoice] = useState(DEFAULT_CHOICE)
  useEffect(() => {
    const read = (): void => setChoice(parseChoice(location.hash))
    read()
    addEventListener('hashchange', read)
    return () => removeEventListener('hashchange', read)
  }, [])
  const choose = (change: Partial<LatencyChoice>): void => {
    const next = { ...choice, ...change }
    setChoice(next)
    history.replaceState(history.state, '', location.pathname + location.search + toHash(next))
  }
  return [choice, choose]
}
