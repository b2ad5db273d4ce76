/*
 * Live fixture: a run descriptor, a status and a socket that a test drives by hand.
 * In: overrides. Out: values that satisfy the contracts, and a fake server end.
 * Invariant: the socket answers only when the test says so; nothing happens on its own.
 * Source: lib/contracts/socketEvents.ts.
 */
import type { LiveRecord, LiveStatus, RunSnapshot } from '../../../../lib/contracts/liveRecords.ts'
import { LAYER_COLUMNS, SEED_COLUMNS } from '../../../../lib/contracts/metrics.ts'
import type { RunDescriptor } from '../../../../lib/contracts/runDescriptor.ts'
import type { HelloAnswer } from '../../../../lib/contracts/socketEvents.ts'
import { LIVE_PROTOCOL } from '../../../../lib/contracts/socketNames.ts'
import type { RunView } from '../../../../lib/live/recordLog.ts'
import type { LiveSocket } from '../../../../lib/live/liveClient.ts'

export const RUN_ID = 'digits-s1-test'

export const givenDescriptor = (change: Partial<RunDescriptor> = {}): RunDescriptor => ({
  message_id: '7b0c3c0e-5d0b-4a3c-9a53-0f0a4d1f4a11',
  timestamp: 1_700_000_000,
  source: 'test',
  version: '2.0',
  message_type: 'RunDescriptor',
  metadata: {},
  run_id: RUN_ID,
  origin: 'trainer',
  title: 'digits',
  telemetry_src: 'trainer-test',
  epoch: 1,
  schema_id: 1,
  layers: [
    { layer_id: 'layer_0', seeds: 2 },
    { layer_id: 'layer_1', seeds: 2 },
  ],
  seed_columns: [...SEED_COLUMNS],
  layer_columns: [...LAYER_COLUMNS],
  blueprints: [],
  seed: 1,
  steps_per_tick: 20,
  expected_interval_ms: 250,
  dataset: { name: 'digits', sha256: null, samples: 1, split: '' },
  architecture: '',
  host_parameters: 1_810,
  config: {},
  faults_allowed: false,
  control_curve: null,
  ...change,
})

export const givenRun = (change: Partial<RunSnapshot> = {}): RunSnapshot => ({
  descriptor: givenDescriptor(),
  first_seen_ms: 1_700_000_000_000,
  curve: [],
  events: [],
  gaps: [],
  transitions_total: 0,
  ...change,
})

export const givenStatus = (change: Partial<LiveStatus> = {}): LiveStatus => ({
  server_ms: 1_700_000_000_000,
  epoch: 'e1',
  offset: 0,
  environment: 'DEMO',
  mode: 'full',
  bus: {
    driver: 'memory',
    state: 'up',
    since_ms: 1_700_000_000_000,
    cause: null,
    address: 'in-process',
    patterns: [],
    last_check_ms: 1_700_000_000_000,
    reports_per_s: 0,
    lost: 0,
    duplicates: 0,
    refused: { total: 0, by_reason: {} },
    topics: 0,
  },
  layers: [],
  viewers: 1,
  frames_skipped: 0,
  trainer: 'running',
  event_loop_p99_ms: null,
  stop_ready: null,
  ...change,
})

export const givenTransition = (
  offset: number,
  change: Partial<Extract<LiveRecord, { kind: 'transition' }>> = {},
): Extract<LiveRecord, { kind: 'transition' }> => ({
  kind: 'transition',
  offset,
  at_ms: 1_700_000_000_000 + offset,
  run_id: RUN_ID,
  layer_id: 'layer_0',
  seed_id: 0,
  from_state: 'DORMANT',
  to_state: 'GERMINATED',
  reason: 'plateau',
  triggered_by: 'policy',
  guard: null,
  step: 100,
  tick: 5,
  generation: 1,
  blueprint_id: 'gated',
  correlation_id: null,
  legal: true,
  ...change,
})

export const givenEvaluation = (
  offset: number,
  step: number,
  valAccuracy: number | null,
  atMs = 1_700_000_000_000 + step,
) =>
  ({
    kind: 'evaluation',
    offset,
    at_ms: atMs,
    run_id: RUN_ID,
    step,
    val_accuracy: valAccuracy,
    val_loss: null,
    train_accuracy: null,
    train_loss: null,
    parameters: 1_810,
  }) satisfies LiveRecord

export const givenHello = (change: Partial<HelloAnswer> = {}): HelloAnswer => ({
  protocol: LIVE_PROTOCOL,
  server_ms: 1_700_000_000_000,
  status: givenStatus(),
  records: { kind: 'snapshot', epoch: 'e1', offset: 0, runs: [givenRun()], incidents: [], because: 'first' },
  ...change,
})

export interface FakeSocket extends LiveSocket {
  readonly asked: { readonly event: string; readonly request: unknown; readonly ack: (answer: unknown) => void }[]
  connects: number
  /** Plays an event of the server. */
  play(event: string, ...values: unknown[]): void
  /** Answers the newest open question of this event. */
  answer(event: string, answer: unknown): void
}

export const createFakeSocket = (): FakeSocket => {
  const handlers = new Map<string, (...values: unknown[]) => void>()
  const socket: FakeSocket = {
    asked: [],
    connects: 0,
    on: (event, handler) => void handlers.set(event, handler),
    emit(event, ...values) {
      const ack = values.at(-1) as (answer: unknown) => void
      socket.asked.push({ event, request: values[0], ack })
    },
    connect() {
      socket.connects += 1
    },
    disconnect: () => undefined,
    play: (event, ...values) => handlers.get(event)?.(...values),
    answer: (event, answer) => socket.asked.findLast((question) => question.event === event)?.ack(answer),
  }
  return socket
}

export const givenRunView = (descriptor: RunDescriptor = givenDescriptor()): RunView => ({
  descriptor,
  firstSeenMs: 1_700_000_000_000,
  curve: [],
  events: [],
  gaps: [],
  transitionsTotal: 0,
})
