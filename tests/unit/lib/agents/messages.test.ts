import { expect, test } from 'vitest'
import { toCommandReply, toTrainerCommand } from '../../../../lib/agents/commandMapping.ts'
import { toEventMessage } from '../../../../lib/agents/eventMessages.ts'
import { buildReports } from '../../../../lib/agents/healthReports.ts'
import {
  buildRunDescriptor,
  createRunId,
  isControlled,
  parseControlCurve,
} from '../../../../lib/agents/runDescriptor.ts'
import { Command } from '../../../../lib/contracts/commands.ts'
import { parseMessage } from '../../../../lib/contracts/messageTypes.ts'
import { SEED_COLUMNS } from '../../../../lib/contracts/metrics.ts'
import { RunDescriptor } from '../../../../lib/contracts/runDescriptor.ts'
import { createMessageWriter, encodeJson } from '../../../../lib/telemetry/messageWriter.ts'
import { createTickEncoder } from '../../../../lib/telemetry/tickEncoder.ts'
import { createSpirals } from '../../../../lib/training/dataset.ts'
import { createTrainer } from '../../../../lib/training/trainer.ts'
import type { TrainerEvent } from '../../../../lib/training/trainerTypes.ts'
import { createCommandThreads } from '../../../../lib/agents/commandThreads.ts'
import { transition } from '../../../support/commandBench.ts'
import { createManualClock } from '../../../support/manualClock.ts'

const clock = createManualClock()
const identity = {
  runId: 'digits-s1-abc',
  epoch: 1,
  origin: 'trainer',
  title: 'test',
  expectedIntervalMs: 133,
  controlled: true,
} as const
const context = { topic: '', cursor: '', acceptedAtMs: 0 }

const threads = createCommandThreads()
const at = { seq: 1, step: 20, tick: 1, correlationId: 'c' }
const seed = { layerId: 'layer_1', seedId: 2, generation: 1 }
const guard = { name: 'plateau', value: 1, threshold: null, passed: true }
const EVENTS: readonly TrainerEvent[] = [
  {
    ...at,
    ...seed,
    kind: 'transition',
    fromState: 'DORMANT',
    toState: 'GERMINATED',
    reason: 'be\u202e careful',
    triggeredBy: 'policy',
    forced: false,
    guard,
    guards: [guard],
    blueprintId: 'mlp',
    strategy: 'linear',
    metrics: { health_score: 0.9, alpha: null },
  },
  {
    ...at,
    ...seed,
    kind: 'guard_refused',
    fromState: 'TRAINING',
    toState: 'GRAFTING',
    guard,
    text: 'no',
    triggeredBy: 'operator',
    suppressed: 3,
  },
  {
    ...at,
    ...seed,
    kind: 'guard_refused',
    fromState: 'TRAINING',
    toState: 'GRAFTING',
    guard: null,
    text: 'no',
    triggeredBy: 'operator',
    suppressed: 0,
  },
  ...(['saved', 'restored', 'imported', 'snapshot'] as const).map(
    (action) => ({ ...at, kind: 'checkpoint', action, checkpointId: 'ck-1', bytes: 10, sha256: null }) as const,
  ),
  ...(['injected', 'ended', 'contained'] as const).map(
    (phase) =>
      ({
        ...at,
        kind: 'fault',
        phase,
        faultId: 'f1',
        fault: 'lr_spike',
        layerId: null,
        seedId: null,
        text: 'x',
      }) as const,
  ),
  { ...at, kind: 'governor', action: 'rollback', reason: 'loss', loss: null, snapshotStep: 5, rolledBackSeeds: 2 },
  {
    ...at,
    ...seed,
    kind: 'counterfactual',
    blueprintId: 'mlp',
    accuracyOn: 0.9,
    accuracyOff: 0.8,
    lossOn: 0.1,
    lossOff: 0.2,
    samples: 1_000,
    fromSample: 0,
    b: 4,
    c: 1,
  },
  { ...at, kind: 'evaluation', valLoss: null, valAccuracy: 0.5, trainLoss: 1, trainAccuracy: 0.4, parameters: 1_810 },
  ...(['built', 'updated', 'field_report'] as const).map(
    (action) =>
      ({
        ...at,
        ...seed,
        kind: 'blueprint',
        action,
        blueprintId: 'mlp',
        strategy: 'linear',
        parameters: 42,
        outcome: 'CULLED',
        contribution: null,
        totalImprovement: 0.1,
        ticksLived: 9,
      }) as const,
  ),
  ...(['halted', 'resumed', 'frozen', 'unfrozen'] as const).map(
    (action) => ({ ...at, kind: 'control', action, layerId: null, seedId: null }) as const,
  ),
]

test('every trainer event becomes one message that the contract accepts', () => {
  const writer = createMessageWriter('trainer-x', clock)
  for (const event of EVENTS) {
    const { type, layerId, body } = toEventMessage(event, 'run-1', threads)
    const placed = type === 'PerformanceAlert' ? { layer_id: layerId ?? 'layer_0', ...body } : body
    const wire: unknown = JSON.parse(new TextDecoder().decode(encodeJson(writer.compose(type, placed))))
    expect(parseMessage(type, wire, context).type, event.kind).toBe(type)
  }
})

test('a transition keeps who, why, guard, life and cause', () => {
  const { layerId, body } = toEventMessage(EVENTS[0] as TrainerEvent, 'run-1', threads)
  expect(layerId).toBe('layer_1')
  expect(body).toMatchObject({
    seed_id: 2,
    generation: 1,
    from_state: 'DORMANT',
    to_state: 'GERMINATED',
    triggered_by: 'policy',
    guard,
    correlation_id: 'c',
    causation_id: 'c',
    run_id: 'run-1',
    step: 20,
    tick: 1,
    reason: 'be  careful',
  })
})

test('commands are translated with their expectation and parameters; bad parameters are refused by name', () => {
  const parse = (overrides: Record<string, unknown>) => Command.parse(transition(overrides))
  const parameters = { blueprint_id: 'mlp', grafting_strategy: 'linear', ramp_ticks: 30, checkpoint_id: 'ck' }
  const expectation = { from_state: 'DORMANT', generation: 2 }
  expect(toTrainerCommand(parse({ parameters, expect: expectation, issued_by: 'controller' }))).toMatchObject({
    type: 'transition',
    layerId: 'layer_0',
    seedId: 1,
    targetState: 'GERMINATED',
    triggeredBy: 'policy',
    force: false,
    expect: { fromState: 'DORMANT', generation: 2 },
    blueprintId: 'mlp',
    graftingStrategy: 'linear',
    rampTicks: 30,
    checkpointId: 'ck',
  })
  expect(toTrainerCommand(parse({}))).toMatchObject({ triggeredBy: 'operator', expect: null })
  for (const [name, value] of [
    ['ramp_ticks', 0],
    ['ramp_ticks', '20'],
    ['ramp_ticks', 1_001],
    ['blueprint_id', 7],
    ['blueprint_id', ''],
    ['checkpoint_id', 'x'.repeat(129)],
  ] as const) {
    let path: unknown
    try {
      toTrainerCommand(parse({ parameters: { [name]: value } }))
    } catch (error) {
      path = (error as { context: { path: string } }).context.path
    }
    expect(path).toBe(`parameters.${name}`)
  }
  expect(() => toTrainerCommand(parse({ message_type: 'EmergencyStopCommand' }))).toThrow(/no matter of the mailbox/)
})

test('a trainer record becomes a reply that names the first command when it is a repeat', () => {
  const record = { commandId: 'a', entry: 't 1', step: 40, tick: 2, executionMs: 1 }
  const result = {
    status: 'rejected',
    code: 'COMMAND_GUARD',
    text: 'no',
    state: 'TRAINING',
    generation: 1,
    guard,
  } as const
  expect(toCommandReply({ ...record, outcome: { kind: 'done', result } }, true)).toMatchObject({
    kind: 'rejected',
    code: 'COMMAND_GUARD',
    state: 'TRAINING',
    details: { guard },
    first: { commandId: 'a', entry: 't 1' },
  })
  expect(toCommandReply({ ...record, outcome: { kind: 'expired' } }, false)).toMatchObject({
    kind: 'expired',
    first: null,
  })
  expect(toCommandReply({ ...record, outcome: { kind: 'failed', text: 'x' } }, false)).toMatchObject({
    kind: 'failed',
    code: 'INTERNAL',
  })
})

test('the run descriptor of a real trainer passes its schema and tells whether the controller may act', () => {
  const trainer = createTrainer({ seed: 1 }, createSpirals(1))
  const run = buildRunDescriptor(trainer.describe(), identity, null, clock)
  const parsed = RunDescriptor.parse(JSON.parse(JSON.stringify(run)))
  expect(parsed.telemetry_src).toBe('trainer-digits-s1-abc')
  expect(isControlled(parsed)).toBe(true)
  expect(isControlled({ ...parsed, origin: 'load-generator' })).toBe(false)
  expect(isControlled(buildRunDescriptor(trainer.describe(), { ...identity, controlled: false }, null, clock))).toBe(
    false,
  )
  expect(createRunId(4, clock)).toMatch(/^digits-s4-[0-9a-z]+$/)
})

test('a control curve is read from both file forms and refused when it is neither', () => {
  const points = [{ step: 100, val_accuracy: 0.5, val_loss: null }]
  expect(parseControlCurve(JSON.stringify(points))).toEqual(points)
  expect(parseControlCurve(JSON.stringify({ points, note: 'recorded' }))).toEqual(points)
  for (const text of ['', '{}', '[{"step":-1}]', 'null'])
    expect(() => parseControlCurve(text)).toThrow(/list of points/)
})

test('health reports carry the numbers of the frames, null for unmeasured, and only live seeds as snapshots', () => {
  const trainer = createTrainer({ seed: 1 }, createSpirals(1))
  const run = buildRunDescriptor(trainer.describe(), identity, null, clock)
  const seedsPerLayer = run.layers.map((layer) => layer.seeds)
  const encoder = createTickEncoder({
    schemaId: run.schema_id,
    seedsPerLayer,
    seedColumns: run.seed_columns.length,
    layerColumns: run.layer_columns.length,
  })
  const tick = new Uint8Array(encoder.tickBytes)
  const columns = new Float32Array(run.seed_columns.length * 4).fill(Number.NaN)
  const put = (name: string, row: number, value: number): void => {
    columns[SEED_COLUMNS.findIndex((column) => column.name === name) * 4 + row] = value
  }
  ;[0, 2, 7, 8].forEach((state, row) => put('state', row, state))
  put('generation', 1, 3)
  put('blueprint', 1, run.blueprints[0]?.index ?? 0)
  put('health_score', 1, 0.5)
  const head = { seq: 1, step: 20, tick: 1, publishedAtS: 1_000, flags: 0, windowMs: 500 }
  let offset = 0
  for (const layer of seedsPerLayer.keys())
    offset = encoder.encodeLayer(
      tick,
      offset,
      layer,
      head,
      columns,
      new Float32Array(run.layer_columns.length).fill(Number.NaN),
    )
  const reports = buildReports(tick, run)
  expect(reports.map((report) => report.layerId)).toEqual(['layer_0', 'layer_1', 'layer_2'])
  const writer = createMessageWriter('x', clock)
  const health = parseMessage(
    'LayerHealthReport',
    JSON.parse(JSON.stringify(writer.compose('LayerHealthReport', reports[0]?.health ?? {}))),
    context,
  )
  expect(health.message).toMatchObject({ total_seeds: 4, active_seeds: 1, telemetry_window: [999.5, 1_000] })
  const metrics = (health.message as unknown as { health_metrics: Record<string, Record<string, number | null>> })
    .health_metrics
  expect([metrics['1']?.['health_score'], metrics['0']?.['health_score'], metrics['1']?.['lifecycle_state']]).toEqual([
    0.5,
    null,
    2,
  ])
  expect(reports[0]?.liveSeeds.length).toBe(1)
  const snapshot = parseMessage(
    'SeedMetricsSnapshot',
    JSON.parse(JSON.stringify(writer.compose('SeedMetricsSnapshot', reports[0]?.liveSeeds[0] ?? {}))),
    context,
  )
  expect(snapshot.message).toMatchObject({
    seed_id: 1,
    lifecycle_state: 'TRAINING',
    generation: 3,
    blueprint_id: run.blueprints[0]?.blueprint_id,
  })
})
