/*
 * The HTTP contract of causes: one causal thread, what changed before a moment, one life with everything that touched it.
 * In: zod. Out: ThreadView, ChangeList, LifeStory, their queries and routes.
 * Invariant: what is not kept (any more) is said with its date, never passed off as nothing; a latency is null where two clocks contradict.
 * Source: docs/protocol.md "threads"; docs/ux.md "causal thread", "what changed", "life page".
 */
import { z } from 'zod'
import { Count, Moment, Reading, RunFilter, SeedPath, SeedStateName } from './httpShapes.ts'
import { Finite, LayerId, Prose, RunId, SeedId, Step } from './ids.ts'
import { CoverageGap, EntryRef, GuardReading } from './liveRecords.ts'
import { RawEntry, SeedLife } from './httpSeed.ts'

export const THREAD_KINDS = [
  'alert',
  'evidence',
  'ack',
  'preview',
  'approval',
  'command',
  'stage',
  'outcome',
  'transition',
  'refusal',
  'fault',
  'health',
  'cleared',
  'checkpoint',
  'blueprint',
  'incident',
  'run',
  'change',
] as const
export const ThreadKind = z.enum(THREAD_KINDS)
export type ThreadKind = z.infer<typeof ThreadKind>

/** A reading before and after the moment a thread turns on; null = unmeasured. */
export const HealthReading = z.object({
  metric: z.string().max(64),
  unit: z.string().max(32),
  before: Reading,
  before_ms: Reading,
  after: Reading,
  after_ms: Reading,
})
export type HealthReading = z.infer<typeof HealthReading>

/** The values an alert was raised from. */
export const EvidenceWindow = z.object({
  metric: z.string().max(64).nullable(),
  unit: z.string().max(32).nullable(),
  trigger: Reading,
  worst: Reading,
  live: Reading,
  threshold: Reading,
  t_ms: z.array(Finite).max(1_024),
  v: z.array(Reading).max(1_024),
})
export type EvidenceWindow = z.infer<typeof EvidenceWindow>

export const ThreadNode = z.object({
  id: z.string().max(512),
  kind: ThreadKind,
  at: z.iso.datetime(),
  at_ms: Finite,
  /** End of what lasts; null of what is over at once or still goes on. */
  until_ms: Reading,
  text: Prose,
  tone: z.enum(['plain', 'ok', 'warn', 'crit']),
  run_id: RunId.nullable(),
  layer_id: LayerId.nullable(),
  seed_id: SeedId.nullable(),
  generation: Count.nullable(),
  step: Step.nullable(),
  /** Who or what did it. */
  by: z.string().max(256).nullable(),
  command_id: z.string().max(128).nullable(),
  /** State the seed is in from here on. */
  state: SeedStateName.nullable(),
  guards: z.array(GuardReading).max(32),
  health: z.array(HealthReading).max(8),
  evidence: EvidenceWindow.nullable(),
  entry: EntryRef.nullable(),
  /** It came after what its source said later. */
  late: z.boolean(),
  /** member: carries the thread's id. overlap: it does not, but was at work in the same place at the time. */
  relation: z.enum(['member', 'overlap']),
  /** A page of this server, or null. */
  link: z.string().max(1_024).nullable(),
})
export type ThreadNode = z.infer<typeof ThreadNode>

export const ThreadEdge = z.object({
  from: z.string().max(512),
  to: z.string().max(512),
  /** Null where the clocks of both ends contradict each other. */
  latency_ms: Reading,
  /** cause: one names the other. then: only the order is known. overlap: both at the same time. */
  kind: z.enum(['cause', 'then', 'overlap']),
})
export type ThreadEdge = z.infer<typeof ThreadEdge>

/** How far back the index goes and what it lost. */
export const IndexState = z.object({
  /** The oldest that is kept, Unix ms; null when nothing is. */
  since_ms: Reading,
  /** Nodes that could not be kept since the server began. */
  lost: Count,
  waiting: Count,
})
export type IndexState = z.infer<typeof IndexState>

export const ThreadView = z.object({
  id: z.string().max(128),
  title: Prose,
  from_ms: Finite,
  to_ms: Finite,
  run_id: RunId.nullable(),
  layer_id: LayerId.nullable(),
  seed_id: SeedId.nullable(),
  nodes: z.array(ThreadNode).max(2_048),
  edges: z.array(ThreadEdge).max(4_096),
  gaps: z.array(CoverageGap).max(256),
  /** Members there are; more than `nodes` holds means that the middle was left out. */
  of: Count,
  index: IndexState,
})
export type ThreadView = z.infer<typeof ThreadView>

const Seconds = z
  .string()
  .regex(/^\d{1,5}$/, 'seconds')
  .transform(Number)
  .pipe(z.int().min(1).max(86_400))

export const ChangesQuery = RunFilter.extend({
  /** Absent: now. */
  at: Moment.optional(),
  layer: LayerId.optional(),
  seed: SeedPath.shape.seed.optional(),
  /** How far before that moment is looked; absent: 600. */
  before_s: Seconds.optional(),
}).refine(({ seed, layer }) => seed === undefined || layer !== undefined, {
  message: 'a seed is named together with its layer',
  path: ['seed'],
})
export type ChangesQuery = z.infer<typeof ChangesQuery>

export const OVERLAPS = ['seed', 'layer', 'run', 'installation', 'elsewhere'] as const

export const ChangeItem = z.object({
  id: z.string().max(512),
  kind: ThreadKind,
  at: z.iso.datetime(),
  at_ms: Finite,
  text: Prose,
  /** One line that says why it stands where it stands. */
  evidence: Prose,
  tone: ThreadNode.shape.tone,
  /** How much of the asked place it touches. */
  overlap: z.enum(OVERLAPS),
  /** It had not ended at the asked moment. */
  ongoing: z.boolean(),
  /** Milliseconds before the asked moment; 0 for what was going on. */
  distance_ms: Finite.min(0),
  score: Finite.min(0),
  by: z.string().max(256).nullable(),
  layer_id: LayerId.nullable(),
  seed_id: SeedId.nullable(),
  /** Its thread; null when it has none. */
  thread: z.string().max(128).nullable(),
  link: z.string().max(1_024).nullable(),
})
export type ChangeItem = z.infer<typeof ChangeItem>

export const ChangeList = z.object({
  at: z.iso.datetime(),
  at_ms: Finite,
  from_ms: Finite,
  run_id: RunId.nullable(),
  layer_id: LayerId.nullable(),
  seed_id: SeedId.nullable(),
  changes: z.array(ChangeItem).max(100),
  of: Count,
  gaps: z.array(CoverageGap).max(64),
  index: IndexState,
})
export type ChangeList = z.infer<typeof ChangeList>

export const LifePath = SeedPath.extend({
  generation: z
    .string()
    .regex(/^(0|[1-9]\d{0,8})$/, 'a generation as decimal text')
    .transform(Number)
    .pipe(z.int().min(0)),
})

export const LifeStory = z.object({
  run_id: RunId,
  layer_id: LayerId,
  seed_id: SeedId,
  generation: Count,
  life: SeedLife,
  /** Generations of this slot before and after, as far as they are known. */
  previous: Count.nullable(),
  next: Count.nullable(),
  /** live: from what this server heard since its start. kept: from the index alone, without contribution readings. */
  source: z.enum(['live', 'kept']),
  /** Oldest first: guards, commands, alerts, checkpoints, faults, incidents. */
  nodes: z.array(ThreadNode).max(2_048),
  of: Count,
  gaps: z.array(CoverageGap).max(256),
  index: IndexState,
})
export type LifeStory = z.infer<typeof LifeStory>

/** One entry of the bus by its place. */
export const EntryQuery = z.object({
  topic: z.string().regex(/^[A-Za-z0-9_.:-]{1,512}$/, 'a topic'),
  entry: z.string().regex(/^\d{1,16}-\d{1,20}$/, 'an entry id as the bus gives it: time-number'),
})
export type EntryQuery = z.infer<typeof EntryQuery>

/** Threads are named by their publishers: any line of text of 1 to 128 characters. */
export const ThreadPath = z.object({
  id: z
    .string()
    .min(1)
    .max(128)
    // eslint-disable-next-line no-control-regex -- exactly these can not stand in an id
    .regex(/^[^\u0000-\u001f\u007f]+$/, 'an id without control characters'),
})

const JSON_TYPE = 'application/json'
export const THREAD_ROUTES = Object.freeze({
  thread: {
    method: 'GET',
    path: '/api/threads/{id}',
    permission: 'viewer',
    summary:
      'One causal thread: everything that carries its id, in order, each edge with its latency; gaps with their cause.',
    params: ThreadPath,
    query: z.object({}),
    output: ThreadView,
    contentType: JSON_TYPE,
    problems: [404, 422, 503],
  },
  changes: {
    method: 'GET',
    path: '/api/changes',
    permission: 'viewer',
    summary: 'What changed before a moment, ranked by how much of the place it touches and how near it was.',
    params: z.object({}),
    query: ChangesQuery,
    output: ChangeList,
    contentType: JSON_TYPE,
    problems: [422, 503],
  },
  entry: {
    method: 'GET',
    path: '/api/entries',
    permission: 'viewer',
    summary: 'One entry of the bus by topic and id, as it lies there, with the result of its check.',
    params: z.object({}),
    query: EntryQuery,
    output: RawEntry,
    contentType: JSON_TYPE,
    problems: [404, 422, 503],
  },
  life: {
    method: 'GET',
    path: '/api/layers/{layer}/seeds/{seed}/lives/{generation}',
    permission: 'viewer',
    summary: 'One life: its states, every guard that was evaluated, its commands, alerts, checkpoints and faults.',
    params: LifePath,
    query: RunFilter,
    output: LifeStory,
    contentType: JSON_TYPE,
    problems: [404, 422, 503],
  },
} as const)
