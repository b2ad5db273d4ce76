/*
 * historyProtocol: what the main thread and the two threads of the history say to each other.
 * In: nothing. Out: start data, messages, questions and their answers.
 * Invariant: columns cross as shared tables or as transferred bytes, never as copies of objects; errors cross as code and text.
 * Source: docs/architecture.md "processes and threads".
 */
import type { AlarmPolicy } from '../../lib/alerts/alarmTypes.ts'
import type { AlertRule } from '../../lib/contracts/alerts.ts'
import type { RuleBacktest } from '../../lib/contracts/httpRules.ts'
import type { ReplayDwell, ReplayLanes, ReplayLanesQuery } from '../../lib/contracts/httpLanes.ts'
import type {
  ReplayCoverage,
  ReplayEventsQuery,
  ReplayFlow,
  ReplayFlowQuery,
  ReplayFramesQuery,
  ReplayGap,
  ReplayMoment,
  ReplayState,
  ReplayStateQuery,
} from '../../lib/contracts/httpReplay.ts'
import type { CoverageGap, LiveRecord } from '../../lib/contracts/liveRecords.ts'
import type { RunAnnouncement } from '../ingest/ingestMessages.ts'
import type { FlatSeries } from '../state/historyText.ts'
import type { Grid } from '../state/layerGrid.ts'
import type { MetricSeries } from '../state/livesSeries.ts'
import type { WorkerError } from '../workers/workerProtocol.ts'
import type { MomentTables, RecordedGridRequest, RecordedSeedRequest, RecordedSeriesRequest } from './historyPast.ts'
import type { RecorderCounters } from './historyRecorder.ts'
import type { RetentionBounds } from './retention.ts'

export interface RecorderData {
  readonly root: string
  readonly retention: RetentionBounds
}
export type ToRecorder =
  | { readonly kind: 'run'; readonly run: RunAnnouncement }
  | { readonly kind: 'run-gone'; readonly runId: string }
  /** `batch` counts up; what was written is told back, so that nothing is lost with the thread. */
  | { readonly kind: 'records'; readonly batch: number; readonly records: readonly LiveRecord[] }
  | { readonly kind: 'gap'; readonly runId: string; readonly gap: CoverageGap }
  | { readonly kind: 'began' }
  | { readonly kind: 'stop' }
export type FromRecorder =
  | { readonly kind: 'started' }
  | { readonly kind: 'written'; readonly batch: number }
  | { readonly kind: 'counters'; readonly counters: RecorderCounters }
  | { readonly kind: 'stopped' }

export interface ReaderData {
  readonly root: string
  readonly retention: RetentionBounds
}

/** What the reader may be asked; bytes are transferred. */
export interface HistoryQuestions {
  readonly state: { readonly ask: ReplayStateQuery; readonly answer: ReplayState }
  readonly frames: {
    readonly ask: { readonly run: string | undefined; readonly query: ReplayFramesQuery }
    readonly answer: Uint8Array<ArrayBuffer>
  }
  /** JSON as bytes: a page of records is not worth two copies on the main thread. */
  readonly events: { readonly ask: ReplayEventsQuery; readonly answer: Uint8Array<ArrayBuffer> }
  readonly flow: { readonly ask: ReplayFlowQuery; readonly answer: ReplayFlow }
  readonly lanes: { readonly ask: ReplayLanesQuery; readonly answer: ReplayLanes }
  readonly dwell: { readonly ask: ReplayLanesQuery; readonly answer: ReplayDwell }
  readonly coverage: {
    readonly ask: { readonly run: string | undefined; readonly recorder: RecorderCounters | null }
    readonly answer: ReplayCoverage
  }
  readonly series: {
    readonly ask: RecordedSeriesRequest
    readonly answer: FlatSeries & { readonly gaps: readonly ReplayGap[] }
  }
  readonly 'seed-series': {
    readonly ask: RecordedSeedRequest
    readonly answer: {
      readonly series: readonly MetricSeries[]
      readonly firstMs: number | null
      readonly gaps: readonly ReplayGap[]
    }
  }
  readonly grid: {
    readonly ask: RecordedGridRequest
    readonly answer: { readonly grid: Grid; readonly firstMs: number | null; readonly gaps: readonly ReplayGap[] }
  }
  /** The tables are shared, not copied. */
  readonly moment: {
    readonly ask: { readonly run: string; readonly at: ReplayMoment | undefined }
    readonly answer: MomentTables
  }
  readonly 'bundle-open': {
    readonly ask: {
      readonly run: string | undefined
      readonly from: ReplayMoment | undefined
      readonly to: ReplayMoment | undefined
    }
    readonly answer: {
      readonly id: number
      readonly fileName: string
      readonly runId: string
      readonly fromMs: number
      readonly toMs: number
    }
  }
  /** Null: that was all. */
  readonly 'bundle-next': { readonly ask: { readonly id: number }; readonly answer: Uint8Array<ArrayBuffer> | null }
  readonly 'bundle-close': { readonly ask: { readonly id: number }; readonly answer: null }
  /** `firstMs`: the oldest that is recorded of the run; null when nothing is. */
  readonly 'trial-open': {
    readonly ask: {
      readonly run: string | undefined
      readonly rule: AlertRule
      readonly policy: AlarmPolicy
      readonly fromMs: number
      readonly toMs: number
    }
    readonly answer: { readonly id: number; readonly firstMs: number | null }
  }
  /** Null: not done yet, ask again. */
  readonly 'trial-next': { readonly ask: { readonly id: number }; readonly answer: RuleBacktest | null }
  readonly 'trial-close': { readonly ask: { readonly id: number }; readonly answer: null }
}
export type HistoryQuestion = keyof HistoryQuestions

export type ToReader =
  | { readonly kind: 'ask'; readonly id: number; readonly name: HistoryQuestion; readonly ask: unknown }
  | { readonly kind: 'stop' }
export type FromReader =
  | { readonly kind: 'started' }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown; readonly error: HistoryError | null }

export interface HistoryError extends WorkerError {
  readonly path: string | null
}
