/*
 * handle: the one door between the pages that Next compiles and the server that runs them.
 * In: plain questions. Out: plain data, or an AppError that crosses by its code.
 * Invariant: no module instance is shared across this door: it is found by symbol, never imported with state.
 * Source: docs/adr/0002-next-seam.md.
 */
import type { z } from 'zod'
import { AppError } from '../lib/contracts/appError.ts'
import type {
  AuditDetail,
  AuditExportQuery,
  AuditFacets,
  AuditListQuery,
  AuditNote,
  AuditNoted,
  AuditPage,
  AuditSuggestions,
  AuditSuggestQuery,
  AuditVerdict,
} from '../lib/contracts/httpAudit.ts'
import type { LayerGridQuery, LayerRows, LayerRowsQuery, RunBaselineQuery } from '../lib/contracts/httpLayer.ts'
import type {
  DemoChoice,
  FirstAdmin,
  MadeToken,
  NewPerson,
  NewToken,
  PasswordChange,
  Person,
  PersonChange,
  PersonList,
  SessionList,
  SessionView,
  SignIn,
  TokenList,
} from '../lib/contracts/httpAccess.ts'
import type {
  LatencyExemplarQuery,
  LatencyExemplars,
  LatencyQuery,
  LatencyReport,
} from '../lib/contracts/httpLatency.ts'
import type { Backtest, BacktestRequest, LimitSet, LimitWrite } from '../lib/contracts/httpLimits.ts'
import type { ReplayDwell, ReplayLanes, ReplayLanesQuery } from '../lib/contracts/httpLanes.ts'
import type { LoadReport, LoadRequest } from '../lib/contracts/httpLoad.ts'
import type {
  ReplayCoverage,
  ReplayEventsQuery,
  ReplayFlow,
  ReplayFlowQuery,
  ReplayFramesQuery,
  ReplayMoment,
  ReplayState,
  ReplayStateQuery,
} from '../lib/contracts/httpReplay.ts'
import type { RunDetail, RunList, RunPicture, RunPictureQuery, RunQuery } from '../lib/contracts/httpRuns.ts'
import type { ChangeList, ChangesQuery, EntryQuery, LifeStory, ThreadView } from '../lib/contracts/httpThreads.ts'
import type { Vitals } from '../lib/contracts/httpVitals.ts'
import type {
  RawEntry,
  SeedDetail,
  SeedQuery,
  SeedRaw,
  SeedRawQuery,
  SeedSeries,
  SeedSeriesQuery,
} from '../lib/contracts/httpSeed.ts'
import type { AlertsHandle } from './alerts/alertsHandle.ts'
import type { Act } from './audit/actRecorder.ts'
import type { AuditFile } from './audit/auditExport.ts'
import type { Access } from './operators/access.ts'
import type { Operator } from './operators/caller.ts'
import type { OperatorsHandle } from './operators/operatorsHandle.ts'
import type { Subject } from './operators/subject.ts'

export type { Act } from './audit/actRecorder.ts'
export type { Credentials, Subject } from './operators/subject.ts'

const HANDLE = Symbol.for('morphoscope.handle')

export interface Readiness {
  readonly ready: boolean
  readonly mode: 'full' | 'degraded' | 'local-only' | 'stopped'
  readonly causes: readonly { readonly code: string; readonly text: string }[]
  readonly bus: 'redis' | 'kafka' | 'memory'
}

export interface HistoryQuery {
  readonly run?: string | undefined
  readonly metric: string
  readonly fromMs: number | null
  readonly toMs: number | null
  /** Null = as fine as 600 points allow. */
  readonly resolutionMs: number | null
  readonly seed?: number | undefined
}

/** What is told of runs as a whole; rooms of their own add to it. */
export interface CoreHandle {
  readonly live: () => { readonly live: true; readonly uptime_s: number; readonly pid: number }
  readonly ready: () => Readiness
  readonly overview: () => Readonly<Record<string, unknown>>
  /** @throws STATE_NOT_FOUND for an unknown run */
  readonly layers: (run?: string) => Readonly<Record<string, unknown>>
  /** JSON in pieces: a layer of 65,536 seeds is 30 MB of text. @throws STATE_NOT_FOUND, before the first piece */
  readonly layer: (layerId: string, run?: string) => AsyncIterable<string>
  /** @throws STATE_NOT_FOUND, CONTRACT_INVALID */
  /** The JSON of LayerHistory in pieces. @throws STATE_NOT_FOUND, CONTRACT_INVALID before the first of them */
  readonly history: (layerId: string, query: HistoryQuery) => Promise<AsyncIterable<string>>
  readonly bus: () => Readonly<Record<string, unknown>>
  readonly metrics: () => Promise<{ readonly contentType: string; readonly body: string }>
}

/** One seed: what it is, its lives, its series, the entries behind it. All throw STATE_NOT_FOUND. */
export interface SeedHandle {
  /** @throws BUS_UNAVAILABLE when a moment is asked for and the record can not be read */
  readonly seed: (layerId: string, seedId: number, query: z.infer<typeof SeedQuery>) => Promise<SeedDetail>
  /** @throws CONTRACT_INVALID */
  readonly seedSeries: (layerId: string, seedId: number, query: z.infer<typeof SeedSeriesQuery>) => Promise<SeedSeries>
  /** @throws BUS_UNAVAILABLE, BUS_TIMEOUT */
  readonly seedRaw: (layerId: string, seedId: number, query: z.infer<typeof SeedRawQuery>) => Promise<SeedRaw>
}

/** A layer's page. All throw STATE_NOT_FOUND. Bytes are a JSON head with planes of numbers behind it. */
export interface LayerHandle {
  readonly layerRows: (layerId: string, query: LayerRowsQuery) => Promise<LayerRows>
  readonly layerGrid: (layerId: string, query: LayerGridQuery) => Promise<Uint8Array<ArrayBuffer>>
  readonly runBaseline: (runId: string, query: z.infer<typeof RunBaselineQuery>) => Promise<Uint8Array<ArrayBuffer>>
}

export interface LimitsHandle {
  readonly limits: () => LimitSet
  /** @throws STATE_CONFLICT, STATE_STORAGE */
  readonly setLimits: (write: LimitWrite, caller: Caller) => Promise<LimitSet>
  /** @throws STATE_NOT_FOUND */
  readonly backtestLimits: (request: BacktestRequest) => Promise<Backtest>
}

/** Whole runs, live and recorded. */
export interface RunsHandle {
  readonly runs: () => Promise<RunList>
  /** @throws STATE_NOT_FOUND */
  readonly run: (runId: string, query: z.infer<typeof RunQuery>) => Promise<RunDetail>
  /** @throws STATE_NOT_FOUND, CONTRACT_INVALID */
  readonly runPicture: (runId: string, query: z.infer<typeof RunPictureQuery>) => Promise<RunPicture>
}

/** The recorded past. All throw STATE_NOT_FOUND for a run that is not kept. */
export interface ReplayHandle {
  readonly replay: (query: ReplayStateQuery) => Promise<ReplayState>
  /** @throws CONTRACT_INVALID */
  readonly replayFrames: (query: ReplayFramesQuery) => Promise<Uint8Array<ArrayBuffer>>
  /** JSON as bytes. @throws CONTRACT_INVALID */
  readonly replayEvents: (query: ReplayEventsQuery) => Promise<Uint8Array<ArrayBuffer>>
  readonly replayCoverage: (run: string | undefined) => Promise<ReplayCoverage>
  /** @throws CONTRACT_INVALID */
  readonly replayFlow: (query: ReplayFlowQuery) => Promise<ReplayFlow>
  /** @throws CONTRACT_INVALID */
  readonly replayLanes: (query: ReplayLanesQuery) => Promise<ReplayLanes>
  /** @throws CONTRACT_INVALID */
  readonly replayDwell: (query: ReplayLanesQuery) => Promise<ReplayDwell>
  /** Written down in the audit trail before the first byte leaves. @throws CONTRACT_INVALID, STATE_STORAGE */
  readonly replayBundle: (
    query: {
      readonly run?: string | undefined
      readonly from?: ReplayMoment | undefined
      readonly to?: ReplayMoment | undefined
    },
    caller: Caller,
  ) => Promise<{ readonly fileName: string; readonly pieces: AsyncIterable<Uint8Array<ArrayBuffer>> }>
}

/** Causes: threads, changes, lives. */
export interface ThreadsHandle {
  /** @throws STATE_NOT_FOUND when it is not retained, BUS_UNAVAILABLE, BUS_TIMEOUT */
  readonly entry: (query: EntryQuery) => Promise<RawEntry>
  /** @throws STATE_NOT_FOUND, STATE_STORAGE */
  readonly thread: (id: string) => Promise<ThreadView>
  /** @throws STATE_NOT_FOUND for a layer nobody reported, STATE_STORAGE */
  readonly changes: (query: ChangesQuery) => Promise<ChangeList>
  /** @throws STATE_NOT_FOUND, STATE_STORAGE */
  readonly life: (layerId: string, seedId: number, generation: number, run?: string) => Promise<LifeStory>
}

/** Who asks, and whether they may. */
export interface AccessHandle {
  readonly access: Pick<Access, 'authorize' | 'identify' | 'report'>
}

export interface SessionAnswer {
  readonly view: SessionView
  /** Set-Cookie lines. */
  readonly cookies: readonly string[]
}

/** Who acts, where they are, and what their browser shows. */
export interface Caller {
  readonly subject: Subject
  readonly address: string
  readonly cookie: string | null
}

/** Who a caller is, and how they become somebody or nobody. */
export interface SessionHandle {
  readonly session: (subject: Subject) => SessionView
  /** @throws GUARD_CREDENTIALS, GUARD_RATE, STATE_NOT_FOUND */
  readonly signIn: (given: SignIn, caller: Caller) => Promise<SessionAnswer>
  readonly signOut: (caller: Caller) => Promise<SessionAnswer>
  /** @throws STATE_NOT_FOUND */
  readonly chooseDemoOperator: (choice: DemoChoice, caller: Caller) => Promise<SessionAnswer>
  /** @throws GUARD_CODE, GUARD_RATE, STATE_NOT_FOUND */
  readonly firstAdmin: (given: FirstAdmin, caller: Caller) => Promise<SessionAnswer>
  /** @throws GUARD_CREDENTIALS, GUARD_RATE, STATE_CONFLICT */
  readonly changePassword: (given: PasswordChange, caller: Caller) => Promise<SessionAnswer>
  /** @throws STATE_NOT_FOUND */
  readonly startOidc: () => Promise<{ readonly url: string; readonly cookies: readonly string[] }>
  /** @throws STATE_NOT_FOUND */
  readonly oidcCallback: (request: Request, caller: Caller) => Promise<Response>
}

/** People, sessions and tokens, for administrators. All throw STATE_NOT_FOUND for what is not there. */
export interface PeopleHandle {
  readonly users: () => Promise<z.infer<typeof PersonList>>
  /** @throws STATE_CONFLICT */
  readonly createUser: (person: NewPerson, caller: Caller) => Promise<Person>
  /** @throws STATE_CONFLICT */
  readonly changeUser: (id: string, change: PersonChange, caller: Caller) => Promise<Person>
  /** @throws STATE_CONFLICT */
  readonly removeUser: (id: string, caller: Caller) => Promise<z.infer<typeof PersonList>>
  readonly sessions: (caller: Caller) => Promise<z.infer<typeof SessionList>>
  readonly endSession: (id: string, caller: Caller) => Promise<z.infer<typeof SessionList>>
  readonly tokens: () => Promise<z.infer<typeof TokenList>>
  readonly createToken: (wanted: NewToken, caller: Caller) => Promise<MadeToken>
  readonly revokeToken: (id: string, caller: Caller) => Promise<z.infer<typeof TokenList>>
}

/** What server, threads, Redis and producers use. */
export interface VitalsHandle {
  readonly vitals: () => Promise<Vitals>
}

/** The generated load that pages may start in demo mode. */
export interface LoadHandle {
  readonly load: () => LoadReport
  /** @throws GUARD_DEMO_ONLY, STATE_CONFLICT, BUS_UNAVAILABLE */
  readonly startLoad: (request: LoadRequest) => Promise<LoadReport>
  /** @throws GUARD_DEMO_ONLY, BUS_UNAVAILABLE */
  readonly stopLoad: () => Promise<LoadReport>
}

export interface LatencyHandle {
  readonly latency: (query: LatencyQuery) => Promise<LatencyReport>
  readonly latencyExemplars: (query: LatencyExemplarQuery) => Promise<LatencyExemplars>
}

/** What was done, by whom: for auditors. All throw STATE_STORAGE when the records can not be read. */
export interface AuditHandle {
  /** @throws CONTRACT_INVALID naming the place in the query */
  readonly auditPage: (query: AuditListQuery, caller: Caller) => Promise<AuditPage>
  /** @throws CONTRACT_INVALID */
  readonly auditFacets: (query: { readonly query: string }, caller: Caller) => Promise<AuditFacets>
  readonly auditSuggest: (query: AuditSuggestQuery) => Promise<AuditSuggestions>
  /** @throws STATE_NOT_FOUND */
  readonly auditEntry: (path: { readonly seq: number }, caller: Caller) => Promise<AuditDetail>
  readonly auditVerdict: () => AuditVerdict
  readonly verifyAudit: (caller: Caller) => Promise<AuditVerdict>
  /** @throws CONTRACT_INVALID */
  readonly auditExport: (query: AuditExportQuery, caller: Caller) => Promise<AuditFile>
  readonly auditNote: (note: AuditNote, caller: Caller) => Promise<AuditNoted>
}

/** Acts that no room behind the door writes down itself. */
export interface ActsHandle {
  /** @throws STATE_STORAGE before the work, and what the work throws */
  readonly perform: <T>(caller: Caller, act: Act, work: () => T | Promise<T>) => Promise<T>
}

/** The command plane behind its door. */
export interface CommandHandle {
  readonly operators: OperatorsHandle
  /** Who asks, as the command plane knows them; `userAgent` and `site` tell by what. */
  readonly callerOf: (
    subject: Subject,
    by: { readonly userAgent: string | null; readonly site: string | null },
  ) => Operator
}

export interface Handle
  extends
    CoreHandle,
    SeedHandle,
    LayerHandle,
    LimitsHandle,
    RunsHandle,
    ReplayHandle,
    ThreadsHandle,
    AccessHandle,
    SessionHandle,
    PeopleHandle,
    LoadHandle,
    LatencyHandle,
    VitalsHandle,
    AlertsHandle,
    AuditHandle,
    ActsHandle,
    CommandHandle {}

type Global = typeof globalThis & { [HANDLE]?: Handle }

/** Publishes the handle for this process; returns its undo. */
export function publishHandle(handle: Handle): () => void {
  const place = globalThis as Global
  place[HANDLE] = handle
  return () => {
    if (place[HANDLE] === handle) delete place[HANDLE]
  }
}

/** @throws BUS_UNAVAILABLE while the server is starting or stopping. */
export function getHandle(): Handle {
  const handle = (globalThis as Global)[HANDLE]
  if (handle === undefined) throw new AppError('BUS_UNAVAILABLE', 'the server is not running behind these pages')
  return handle
}
