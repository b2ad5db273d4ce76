/*
 * Cause words: kinds, latencies and gaps of threads in words and marks, the same on every page.
 * In: nodes, edges, gaps. Out: short text; the icon beside it.
 * Invariant: a latency that clocks contradict is said to be unknown, never shown as 0.
 * Source: docs/ux.md "causal thread".
 */
import type { HealthReading, ThreadEdge, ThreadKind, ThreadNode } from '../../lib/contracts/httpThreads.ts'
import type { CoverageGap } from '../../lib/contracts/liveRecords.ts'
import { formatAge, formatCount, formatNumber, formatPercent, UNKNOWN_TEXT } from '../../lib/live/formatValue.ts'
import type { IconName } from '../ui/Icon.tsx'

const KINDS: Readonly<Record<ThreadKind, readonly [string, IconName]>> = {
  alert: ['Alert', 'warning'],
  evidence: ['Evidence', 'curve'],
  ack: ['Acknowledged', 'user'],
  preview: ['Preview', 'search'],
  approval: ['Approval', 'user'],
  command: ['Command', 'command'],
  stage: ['Stage', 'clock'],
  outcome: ['Outcome', 'command'],
  transition: ['Transition', 'seed'],
  refusal: ['Guard refused', 'seed'],
  fault: ['Fault', 'bolt'],
  health: ['Health', 'curve'],
  cleared: ['Cleared', 'info'],
  checkpoint: ['Checkpoint', 'disk'],
  blueprint: ['Blueprint', 'seed'],
  incident: ['Incident', 'bus'],
  run: ['Run', 'live'],
  change: ['Settings', 'info'],
}

export const kindWord = (kind: ThreadKind): string => KINDS[kind][0]
export const kindIcon = (kind: ThreadKind): IconName => KINDS[kind][1]

/** Writes a latency: 132 ms, 4.2 s, 2 m 05 s. */
export function latencyText(ms: number | null): string {
  if (ms === null) return 'two clocks contradict each other'
  return ms < 1_000 ? `${formatCount(Math.round(ms))} ms` : formatAge(ms)
}

/** Says how an edge leads into a node; `follows`: it begins at the node right above. */
export function edgeText(edge: ThreadEdge, from: Pick<ThreadNode, 'kind' | 'text'>, follows: boolean): string {
  if (edge.kind === 'overlap')
    return edge.latency_ms === null ? 'at work beside' : `at work beside, from ${latencyText(edge.latency_ms)} before`
  const after = edge.latency_ms === null ? latencyText(null) : `${latencyText(edge.latency_ms)} later`
  const source = follows ? '' : ` than ${kindWord(from.kind).toLowerCase()} “${shorten(from.text)}”`
  if (edge.kind === 'cause') return `caused, ${after}${source}`
  return `${after}${source}`
}

const shorten = (text: string): string => (text.length > 40 ? `${text.slice(0, 39)}…` : text)

const GAPS: Readonly<Record<CoverageGap['cause'], string>> = {
  bus_down: 'the bus was away',
  producer_silent: 'the producer was silent',
  lost: 'reports never arrived',
  server_restart: 'this server was not running',
  not_recorded: 'nothing was recorded',
  damaged: 'the record is damaged',
}

/** Says what a gap is and what it cost. */
export function gapText(gap: CoverageGap): string {
  const lost = gap.lost === null || gap.lost === 0 ? '' : `, ${formatCount(gap.lost)} lost`
  return `No telemetry for ${formatAge(gap.to_ms - gap.from_ms)}: ${GAPS[gap.cause]}${lost}`
}

const METRIC_WORDS: Readonly<Record<string, string>> = { val_accuracy: 'Validation accuracy', health_score: 'Health' }

/** Names the metric of a reading. */
export const metricWord = (metric: string): string => METRIC_WORDS[metric] ?? metric.replaceAll('_', ' ')

const valueOf = (value: number | null, unit: string): string =>
  value === null ? 'unmeasured' : unit === 'fraction' ? formatPercent(value) : formatNumber(value)

/** Writes a reading before and after, with the difference. */
export function readingText({ before, after, unit }: HealthReading): string {
  const change = before === null || after === null ? null : after - before
  const scaled =
    change === null ? UNKNOWN_TEXT : unit === 'fraction' ? `${(change * 100).toFixed(1)} pp` : formatNumber(change)
  const signed = change !== null && change > 0 ? `+${scaled}` : scaled.replace('-', '−')
  return `${valueOf(before, unit)} to ${valueOf(after, unit)}${change === null ? '' : ` (${signed})`}`
}

/** UTC with milliseconds: threads are about small differences. */
export function momentText(atMs: number): string {
  return new Date(atMs).toISOString().slice(11, 23)
}
