/*
 * alertSignals: what the watch beside the ingest tells the engine, and what the engine tells the watch.
 * In: nothing. Out: the unions, and the fingerprint of a place.
 * Invariant: plain data, batched; a signal is a fact about a condition, never a decision about its alarm.
 * Source: docs/alerts.md "how it works".
 */
import type { AlertRule, AlertSeverityName } from '../../lib/contracts/alerts.ts'

/** What a condition is about; `what` tells apart what run, layer and seed do not: a blueprint, a topic, a kind of message. */
export interface SignalPlace {
  readonly runId: string | null
  readonly layerId: string | null
  readonly seedId: number | null
  readonly what: string | null
}

export interface RaiseSignal {
  readonly on: 'raise'
  readonly rule: string
  readonly place: SignalPlace
  readonly atMs: number
  readonly severity: AlertSeverityName
  readonly text: string
  readonly metric: string | null
  readonly unit: string | null
  readonly value: number | null
  readonly threshold: number | null
  readonly correlationId: string | null
}

export type AlertSignal =
  | RaiseSignal
  | { readonly on: 'clear'; readonly rule: string; readonly place: SignalPlace; readonly atMs: number }
  /** A value that is worse than any since it was raised. */
  | { readonly on: 'worst'; readonly rule: string; readonly place: SignalPlace; readonly value: number }
  /** A layer tells nothing any more, or again. */
  | { readonly on: 'silent' | 'heard'; readonly runId: string; readonly layerId: string; readonly atMs: number }

/** That the watch runs, and what it costs. */
export interface WatchBeat {
  readonly atMs: number
  /** Evaluations of one layer, and sweeps. */
  readonly ticks: number
  readonly longestMs: number
  readonly meanMs: number
  /** What is not watched, in words. */
  readonly limits: readonly string[]
}

/** What is open when the watch starts: it goes on from there, and clears what it sees is over. */
export interface OpenCondition {
  readonly rule: string
  readonly place: SignalPlace
  readonly severity: AlertSeverityName
}

export interface WatchOrder {
  readonly rules: readonly AlertRule[]
  readonly open: readonly OpenCondition[]
  /** Events accepted before this moment were seen by an engine before this one: they are remembered, not told again. */
  readonly seenMs: number
}

/** Names a condition across restarts. */
export function fingerprintOf(rule: string, { runId, layerId, seedId, what }: SignalPlace): string {
  return [rule, runId ?? '', layerId ?? '', seedId ?? '', what ?? ''].join('|')
}

/** Reads a fingerprint back. */
export function placeOf(fingerprint: string): SignalPlace {
  const [, runId = '', layerId = '', seedId = '', ...what] = fingerprint.split('|')
  const whatText = what.join('|')
  return {
    runId: runId === '' ? null : runId,
    layerId: layerId === '' ? null : layerId,
    seedId: seedId === '' ? null : Number(seedId),
    what: whatText === '' ? null : whatText,
  }
}
