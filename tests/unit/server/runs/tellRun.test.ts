import { expect, test } from 'vitest'
import { RunDetail, type RunPoint } from '../../../../lib/contracts/httpRuns.ts'
import type { LiveRecord } from '../../../../lib/contracts/liveRecords.ts'
import type { LifeNote, TransitionNote } from '../../../../server/ingest/lifeNotes.ts'
import { countBlueprints, once, tellRun, thinCurve } from '../../../../server/runs/tellRun.ts'
import { buildRun } from '../runFixture.ts'

const base = { run_id: 'run-1', layer_id: 'layer_0', seed_id: 0, generation: 1, entry: null } as const

const go = (
  from: TransitionNote['from_state'],
  to: TransitionNote['to_state'],
  step: number,
  blueprint: string | null = 'bypass',
): TransitionNote => ({
  ...base,
  kind: 'transition',
  at_ms: step,
  step,
  tick: step,
  from_state: from,
  to_state: to,
  reason: '',
  triggered_by: 'policy',
  guard: null,
  guards: [],
  forced: null,
  correlation_id: null,
  legal: true,
  blueprint_id: blueprint,
  strategy: null,
})
const reading = (step: number): LifeNote => ({
  ...base,
  kind: 'reading',
  at_ms: step,
  step,
  tick: step,
  samples: 400,
  accuracy_on: 0.9,
  accuracy_off: 0.88,
  loss_delta: null,
  discordant: [12, 4],
})
const evaluation = (step: number, parameters: number | null, accuracy: number | null = 0.5): LiveRecord => ({
  kind: 'evaluation',
  offset: step,
  at_ms: step,
  run_id: 'run-1',
  step,
  val_accuracy: accuracy,
  val_loss: null,
  train_accuracy: null,
  train_loss: null,
  parameters,
})

test('parameter steps, growth marks and the lives that were read; a thing told twice counts once', () => {
  const notes = [go('DORMANT', 'GERMINATED', 10), go('GERMINATED', 'TRAINING', 20), reading(30), reading(40)]
  const told = tellRun({
    descriptor: buildRun(),
    firstSeenMs: 1,
    records: [evaluation(10, 100), evaluation(20, 100), evaluation(30, 180), evaluation(40, null), evaluation(30, 180)],
    notes: [...notes, ...notes],
    complete: true,
  })
  expect(told.parameter_steps).toEqual([
    { step: 10, parameters: 100, delta: 0 },
    { step: 30, parameters: 180, delta: 80 },
  ])
  expect(told.marks).toMatchObject([{ step: 10, kind: 'GERMINATED', seed_id: 0 }])
  expect(told).toMatchObject({ curve_of: 4, transitions: 2, lives_of: 1, newest_ms: 40, static_comparator: null })
  expect(told.lives).toMatchObject([{ layer_id: 'layer_0', generation: 1, end: null, reads_of: 2 }])
  expect(told.lives[0]!.reads.at(-1)).toMatchObject({ samples: 400, method: 'paired' })
  RunDetail.parse({
    ...told,
    keeping: 'live',
    problem: null,
    server_ms: 50,
    pictures: { count: 0, first_step: null, last_step: null, none_because: 'none' },
  })
})

test('a run of which nothing is known is told as unknown, not as zero', () => {
  const told = tellRun({ descriptor: buildRun(), firstSeenMs: 1, records: [], notes: [], complete: true })
  expect(told).toMatchObject({ newest_ms: null, curve: [], lives: [], parameter_steps: [], control: null })
})

test('blueprints are counted by how their lives ended; one the run never announced has its own row', () => {
  const rows = countBlueprints(
    [
      go('DORMANT', 'GERMINATED', 1),
      go('TRAINING', 'CULLED', 2),
      go('CULLED', 'DORMANT', 3),
      go('DORMANT', 'GERMINATED', 4, 'surprise'),
      go('EVALUATING', 'FOSSILIZED', 5, 'surprise'),
      go('DORMANT', 'GERMINATED', 6, null),
    ],
    [{ blueprint_id: 'bypass', index: 1, parameters: 0, note: 'a way around' }],
  )
  expect(rows).toEqual([
    {
      blueprint_id: 'bypass',
      parameters: null,
      note: 'a way around',
      tried: 1,
      fossilised: 0,
      culled: 1,
      cancelled: 0,
      rolled_back: 0,
      culled_from: { TRAINING: 1 },
    },
    expect.objectContaining({ blueprint_id: 'surprise', tried: 1, fossilised: 1, culled: 0 }),
  ])
})

test('thinning keeps the least, the greatest and the last, and never more than asked', () => {
  const points = Array.from({ length: 997 }, (_, step): RunPoint => {
    const accuracy = step === 400 ? 0.01 : step === 401 ? 0.99 : 0.5
    return { step, at_ms: step, val_accuracy: accuracy, val_loss: null, train_accuracy: null, parameters: null }
  })
  for (const limit of [0, 1, 3, 4, 10, 100, 996, 997]) {
    const kept = thinCurve(points, limit)
    expect(kept.length).toBeLessThanOrEqual(limit)
    expect(kept.map((point) => point.step)).toEqual(kept.map((point) => point.step).toSorted((a, b) => a - b))
    if (limit > 0) expect(kept.at(-1)!.step).toBe(996)
    if (limit > 3) expect(kept.map((point) => point.step)).toEqual(expect.arrayContaining([400, 401]))
  }
  expect(thinCurve(points, 997)).toBe(points)
})

test('equal notes of different entries are two, of one entry one', () => {
  const entry = { topic: 't', entry_id: '1-0' }
  expect(
    once([
      { ...reading(1), entry },
      { ...reading(1), entry },
    ]),
  ).toHaveLength(1)
  expect(
    once([
      { ...reading(1), entry },
      { ...reading(1), entry: { topic: 't', entry_id: '2-0' } },
    ]),
  ).toHaveLength(2)
})
