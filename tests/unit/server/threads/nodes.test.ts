import { expect, test } from 'vitest'
import { HTTP_API } from '../../../../lib/contracts/httpApi.ts'
import { ThreadNode } from '../../../../lib/contracts/httpThreads.ts'
import type { LiveRecord } from '../../../../lib/contracts/liveRecords.ts'
import type { RunDescriptor } from '../../../../lib/contracts/runDescriptor.ts'
import type { TransitionNote } from '../../../../server/ingest/lifeNotes.ts'
import { addStage, moveOn } from '../../../../server/operators/storedCommand.ts'
import { hasTakenEffect, nodesOfCommand } from '../../../../server/threads/commandNodes.ts'
import { nodeOfGap, nodeOfNote, nodesOfRecord } from '../../../../server/threads/recordNodes.ts'
import { goneChange, runChange } from '../../../../server/threads/runChanges.ts'
import { dataOf, toNode, toRow } from '../../../../server/threads/threadNode.ts'
import { command, COMMAND_ID } from './threadFixture.ts'

const stamp = { offset: 1, at_ms: 5_000.4, run_id: 'run-1', entry: { topic: 't', entry_id: '5-0' } }
const told = (record: LiveRecord) => nodesOfRecord(record).map((node) => ThreadNode.parse(toNode(toRow(node))))

test('a draft comes out of its row as it went in, in the shape of the contract', () => {
  const guard = { name: 'patience', value: 1, threshold: 2, passed: false }
  const node = toNode(
    toRow({
      id: 'x',
      atMs: 12.6,
      kind: 'transition',
      text: 'to training',
      runId: 'run-1',
      layerId: 'layer_0',
      seedId: 3,
      generation: 2,
      guards: [guard],
      late: true,
      state: 'TRAINING',
      by: 'policy',
      tone: 'ok',
    }),
  )
  expect(ThreadNode.parse(node)).toMatchObject({
    at_ms: 13,
    guards: [guard],
    late: true,
    state: 'TRAINING',
    by: 'policy',
  })
  expect(dataOf({ data: 'not json' })).toEqual({})
})

test('a command tells each of its moments once, in the order they were written, in the thread it names', () => {
  const held = command()
  const first = nodesOfCommand(held, null)
  expect(first.map(({ kind, text }) => [kind, text])).toEqual([
    ['command', 'layer_0 seed 3 to CULLED (it dips)'],
    ['preview', 'previewed: guard level 1'],
    ['stage', 'held'],
  ])
  expect(first.map(({ ord }) => ord)).toEqual([100, 101, 102])
  expect(new Set(first.map(({ correlationId }) => correlationId))).toEqual(new Set(['alert-7']))
  expect(first[0]).toMatchObject({ isChange: true, layerId: 'layer_0', seedId: 3, generation: 2, causationId: null })
  const issued = moveOn(held, { state: 'ISSUED', stage: 'issued', by: 'server', atMs: 6_000 })!
  expect(nodesOfCommand(issued, held).map(({ text, causationId }) => [text, causationId])).toEqual([
    ['issued', COMMAND_ID],
  ])
  const applied = moveOn(issued, { state: 'APPLIED', stage: 'applied', by: 'layer', text: 'done', atMs: 6_100 })!
  expect(nodesOfCommand(applied, issued)).toEqual([
    expect.objectContaining({ kind: 'outcome', tone: 'ok', text: 'applied: done', state: 'CULLED' }),
  ])
  expect([hasTakenEffect(applied, issued), hasTakenEffect(applied, applied), hasTakenEffect(issued, held)]).toEqual([
    true,
    false,
    false,
  ])
  const verified = addStage(applied, { stage: 'verified', by: 'telemetry', atMs: 6_200 })
  expect(nodesOfCommand(verified, applied).map(({ kind }) => kind)).toEqual(['stage'])
  expect(nodesOfCommand(verified, verified)).toEqual([])
})

test('a grade of the effect is told when its time has come, not before', () => {
  const early = {
    grade: 'too early',
    text: 'later',
    metric: 'health_score',
    expected_delta: 0.1,
    before: 0.5,
    after: null,
    siblings_before: null,
    siblings_after: null,
    siblings: 0,
    at: null,
  } as const
  const waiting = command({ verdict: early })
  expect(nodesOfCommand(waiting, command())).toEqual([])
  const graded = command({ verdict: { ...early, grade: 'helped', after: 0.7, at: '2026-01-01T00:00:00.000Z' } })
  expect(nodesOfCommand(graded, waiting)).toEqual([
    expect.objectContaining({
      kind: 'health',
      tone: 'ok',
      health: [expect.objectContaining({ metric: 'health_score', before: 0.5, after: 0.7 })],
    }),
  ])
})

test('a command of the controller is told by its outcome: issued when its issuer stamped it, answered when it was', () => {
  const [issued, outcome] = told({
    ...stamp,
    kind: 'command',
    layer_id: 'layer_0',
    seed_id: 3,
    command_id: 'c-1',
    command_type: 'LifecycleTransitionCommand',
    outcome: 'rejected',
    code: 'COMMAND_GUARD',
    text: 'not yet',
    issued_ms: 4_900,
    correlation_id: 'intent',
    causation_id: 'c-1',
  })
  expect(issued).toMatchObject({ kind: 'command', at_ms: 4_900, by: 'controller', command_id: 'c-1' })
  expect(outcome).toMatchObject({
    kind: 'outcome',
    tone: 'warn',
    text: 'LifecycleTransition rejected (COMMAND_GUARD): not yet',
  })
})

test('a fault and its end are one thread, whether or not the publisher names one', () => {
  const fault = {
    ...stamp,
    kind: 'fault',
    layer_id: null,
    seed_id: null,
    fault_id: 'noise',
    text: 'x',
    step: 9,
  } as const
  const nodes = [
    nodesOfRecord({ ...fault, action: 'injected' })[0]!,
    nodesOfRecord({ ...fault, action: 'cleared', entry: { topic: 't', entry_id: '6-0' } })[0]!,
  ]
  expect(nodes.map(({ correlationId, ends }) => [correlationId, ends])).toEqual([
    ['fault:noise', false],
    ['fault:noise', true],
  ])
  expect(nodes[0]!.id).not.toBe(nodes[1]!.id)
})

test('incidents, alerts, checkpoints, runs and changes have the shape of the contract; curves are not kept here', () => {
  const incident = {
    ...stamp,
    kind: 'incident',
    code: 'BUS_OUTAGE',
    severity: 'critical',
    text: 'away',
    lost: 3,
    from_ms: 4_000,
    to_ms: 5_000,
  } as const
  expect(told(incident)).toEqual([
    expect.objectContaining({ at_ms: 4_000, until_ms: 5_000, tone: 'crit', by: 'BUS_OUTAGE', link: '/bus' }),
  ])
  expect(told({ ...stamp, kind: 'alert', layer_id: 'layer_0', severity: 'warning', text: 'low' })).toHaveLength(1)
  expect(told({ ...stamp, kind: 'checkpoint', layer_id: null, checkpoint_id: 'c', bytes: 1, step: 4 })).toHaveLength(1)
  expect(told({ ...stamp, kind: 'change', what: 'run.gone', by: 'src', text: 'bye' })).toEqual([
    expect.objectContaining({ kind: 'run', tone: 'warn', link: '/run?run=run-1' }),
  ])
  expect(told({ ...stamp, kind: 'change', what: 'limits', by: 'ada', text: 'v2' })).toHaveLength(1)
  const evaluation = { val_accuracy: 1, val_loss: 1, train_accuracy: 1, train_loss: 1, parameters: 1, step: 1 }
  expect(told({ ...stamp, kind: 'evaluation', ...evaluation })).toEqual([])
})

const note: TransitionNote = {
  kind: 'transition',
  run_id: 'run-1',
  layer_id: 'layer_0',
  seed_id: 3,
  at_ms: 5_000,
  step: 100,
  tick: 5,
  generation: 2,
  entry: { topic: 't', entry_id: '5-0' },
  from_state: 'TRAINING',
  to_state: 'CULLED',
  reason: 'no gain',
  triggered_by: 'operator',
  guard: null,
  guards: [],
  forced: false,
  correlation_id: 'alert-7',
  causation_id: COMMAND_ID,
  legal: true,
  blueprint_id: null,
  strategy: null,
}

test('a transition carries thread, command and the whole note; an operator command stands for its transition among changes', () => {
  const node = nodeOfNote(note)!
  expect(node).toMatchObject({
    correlationId: 'alert-7',
    causationId: COMMAND_ID,
    commandId: COMMAND_ID,
    isChange: false,
  })
  expect(dataOf(toRow(node)).note).toEqual(note)
  expect(nodeOfNote({ ...note, triggered_by: 'policy' })).toMatchObject({ isChange: true })
  // Publishers of the older dialect put the command into the correlation id.
  expect(nodeOfNote({ ...note, causation_id: null, correlation_id: 'c-9' })).toMatchObject({ commandId: 'c-9' })
})

test('a gap is kept with its cause and what it cost', () => {
  const node = nodeOfGap('run-1', { from_ms: 1_000, to_ms: 3_500, cause: 'bus_down', lost: 4 })
  expect(node).toMatchObject({ text: 'no telemetry for 2.5 s: the bus was away, 4 lost', untilMs: 3_500 })
})

test('an announcement is told once: new, started anew, other columns; repeated it is nothing', () => {
  const run = {
    run_id: 'run-1',
    title: 'Digits',
    origin: 'trainer',
    layers: [{}, {}],
    source: 's',
    telemetry_src: 'src',
    epoch: 1,
    schema_id: 10,
  } as never as RunDescriptor
  const known = (descriptor: RunDescriptor, gone = false) => ({ descriptor, firstSeenMs: 7, gone })
  expect(runChange(undefined, known(run), 9)).toMatchObject([
    { what: 'run.announced', at_ms: 7, correlation_id: 'run:run-1' },
  ])
  expect(runChange(run, known(run), 9)).toEqual([])
  expect(runChange(run, known({ ...run, epoch: 2 }), 9)).toMatchObject([{ what: 'run.restarted', at_ms: 9 }])
  expect(runChange(run, known({ ...run, schema_id: 11 }), 9)).toMatchObject([
    { what: 'run.schema', text: expect.stringMatching(/a to b/) },
  ])
  expect(goneChange(known(run), true, 1)).toMatchObject([{ what: 'run.gone' }])
  expect(goneChange(known(run, true), false, 1)).toMatchObject([{ what: 'run.back' }])
  expect([...goneChange(known(run), false, 1), ...goneChange(undefined, true, 1)]).toEqual([])
})

test('the routes of threads are in the contract', () => {
  expect([HTTP_API.thread.path, HTTP_API.changes.path]).toEqual(['/api/threads/{id}', '/api/changes'])
})
