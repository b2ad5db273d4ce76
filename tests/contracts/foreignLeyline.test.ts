import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { parseSafeJson } from '../../lib/bus/safeJson.ts'
import { isAppError } from '../../lib/contracts/appError.ts'
import { createLeylineAdapter, type LeylineAdapter, type LeylineOutcome } from '../../lib/compat/leyline/adapter.ts'
import { readRecord } from '../../lib/compat/leyline/records.ts'

const FOLDER = path.join(import.meta.dirname, 'foreign-leyline')

const linesOf = (name: string): readonly string[] =>
  readFileSync(path.join(FOLDER, `${name}.jsonl`), 'utf8')
    .split('\n')
    .filter((line) => line !== '')

const adaptAll = (name: string, adapter: LeylineAdapter = createLeylineAdapter()): LeylineOutcome[] =>
  linesOf(name).map((line) => adapter.adapt(readRecord(parseSafeJson(Buffer.from(line)).value)))

const itemsOf = (name: string, adapter?: LeylineAdapter) => adaptAll(name, adapter).flatMap((outcome) => outcome.items)

const messagesOf = (name: string, adapter?: LeylineAdapter) =>
  itemsOf(name, adapter).flatMap((item) => (item.kind === 'run' ? [] : [item.message]))

const pathsOf = (name: string): unknown[] =>
  linesOf(name).map((line) => {
    try {
      createLeylineAdapter().adapt(readRecord(parseSafeJson(Buffer.from(line)).value))
      return null
    } catch (error) {
      return isAppError(error) ? error.context['path'] : error
    }
  })

test('every fixture is adapted or refused by path; none surprises', () => {
  const names = globSync('*.jsonl', { cwd: FOLDER }).map((file) => file.replace(/\.jsonl$/, ''))
  const refused = ['stage-unknown', 'field-refused', 'not-json']
  expect(names.length).toBeGreaterThanOrEqual(13)
  for (const name of names) {
    if (refused.includes(name)) expect(pathsOf(name), name).not.toContain(null)
    else expect(adaptAll(name).length, name).toBeGreaterThan(0)
  }
})

test('a start names the run, one layer per environment and row', () => {
  expect(itemsOf('life-to-fossilized')[0]).toMatchObject({
    kind: 'run',
    run: {
      runId: 'leyline-A-00000001',
      title: 'cifar_baseline (leyline)',
      hostParameters: 120_000,
      seed: 42,
      layers: [
        { layer_id: 'env0:r0', seeds: 2 },
        { layer_id: 'env0:r1', seeds: 1 },
        { layer_id: 'env1:r0', seeds: 2 },
        { layer_id: 'env1:r1', seeds: 1 },
      ],
    },
  })
})

test('a life is told by names, with the native name beside it and edges judged by the native table', () => {
  const moves = itemsOf('life-to-fossilized').flatMap((item) =>
    item.kind === 'event' && item.message.message_type === 'StateTransitionEvent' ? [{ ...item, ...item.message }] : [],
  )
  expect(moves.map(({ from_state, to_state, legal }) => [from_state, to_state, legal])).toEqual([
    ['DORMANT', 'GERMINATED', true],
    ['GERMINATED', 'TRAINING', true],
    ['TRAINING', 'GRAFTING', true],
    ['GRAFTING', 'EVALUATING', true],
    ['EVALUATING', 'FOSSILIZED', true],
  ])
  expect(moves[2]).toMatchObject({
    layer_id: 'env0:r0',
    seed_id: 1,
    native_state: 'BLENDING',
    lifecycle_scheme: 'leyline-0.2',
    native_slot_id: 'r0c1',
    guard: { name: 'G2', value: 2, threshold: 3, passed: true },
  })
})

test('percent becomes fraction; what was not measured is null, also where its writer could only say 0', () => {
  const snapshots = messagesOf('life-to-fossilized').filter((one) => one.message_type === 'SeedMetricsSnapshot')
  expect(snapshots[0]).toMatchObject({ blueprint_id: 'conv_light', metrics: { grad_ratio: null, alpha: 0 } })
  expect(snapshots[1]).toMatchObject({ metrics: { grad_ratio: 0.4, accuracy_delta: 0.0075, alpha: null } })
  expect(snapshots.at(-1)).toMatchObject({
    lifecycle_state: 'FOSSILIZED',
    metrics: { performance_delta: 0.0225, total_improvement: 0.015 },
  })
  const [evaluation, seed] = messagesOf('epoch-completed')
  expect(evaluation).toMatchObject({ val_accuracy: 0.815, train_accuracy: 0.85, step: 20 })
  expect(seed).toMatchObject({ layer_id: 'env0:r0', seed_id: 0, metrics: { seed_grad_norm: null, grad_ratio: null } })
})

test('pruned is culled, by the governor rolled back; what follows keeps its native name', () => {
  const culled = messagesOf('pruned-by-policy').filter((one) => one.message_type === 'StateTransitionEvent')
  expect(culled.map((one) => [one.to_state, one.triggered_by])).toEqual([
    ['TRAINING', 'unknown'],
    ['CULLED', 'policy'],
    ['CULLED', 'unknown'],
  ])
  expect(culled[2]).toMatchObject({ native_state: 'EMBARGOED', reason: '(PRUNED to EMBARGOED)' })
  const rolled = itemsOf('pruned-by-governor')
  const alert = rolled.find((item) => item.kind === 'event' && item.message.message_type === 'PerformanceAlert')
  expect(alert).toMatchObject({
    text: 'loss exploded; rolled back',
    message: {
      alert_type: 'governor_rollback',
      severity: 'critical',
      metric_value: 9.5,
      threshold: 3,
      layer_id: 'env1',
    },
  })
  expect(rolled.at(-1)).toMatchObject({ message: { to_state: 'ROLLED_BACK', triggered_by: 'governor' } })
})

test('a stage that is none costs only its seed; a field that fails is named', () => {
  const [outcome] = adaptAll('epoch-completed')
  expect(outcome?.refusals.map((error) => error.context['path'])).toEqual(['data.seeds.r1c0.stage'])
  expect(pathsOf('stage-unknown')).toEqual(['data.from_stage'])
  expect(pathsOf('field-refused')).toEqual(['data.val_accuracy', 'data.slot_id'])
})

test('an environment that was not filled in is never shown as a number', () => {
  const messages = messagesOf('env-not-filled-in')
  expect(messages).toHaveLength(2)
  for (const message of messages)
    expect(message).toMatchObject({ layer_id: 'env-unassigned:r0', seed_id: 2, native_env_id: null })
})

test('an older record never replaces a newer one; a contribution is the accuracy that its seed is worth', () => {
  const adapter = createLeylineAdapter()
  adaptAll('life-to-fossilized', adapter)
  adaptAll('epoch-completed', adapter)
  expect(messagesOf('counterfactual', adapter)).toMatchObject([
    { seed_id: 1, lifecycle_state: 'FOSSILIZED', metrics: { performance_delta: 0.08 } },
    { seed_id: 0, lifecycle_state: 'TRAINING', metrics: { performance_delta: 0.02 } },
  ])
  const [newer, older] = adaptAll('overtaken', adapter)
  expect(newer).toMatchObject({ overtaken: false, items: [{ kind: 'event' }, { kind: 'snapshot' }] })
  expect(older).toEqual({ items: [], refusals: [], opaque: false, overtaken: true })
})

test('remarks keep their severity, types that are not drawn stay opaque, a lost number is null', () => {
  expect(messagesOf('annotations')).toMatchObject([
    { alert_type: 'plateau_detected', severity: 'info', layer_id: 'all', metric_value: 0.001 },
    { alert_type: 'tamiyo_initiated', severity: 'info', layer_id: 'env0', metric_value: 0.7 },
    { alert_type: 'performance_degradation', severity: 'warning', metric_value: 0.6, threshold: 0.8 },
    { alert_type: 'numerical_instability_detected', severity: 'critical', metric_name: '' },
  ])
  expect(adaptAll('opaque').map((outcome) => outcome.opaque)).toEqual([true, true])
  expect(messagesOf('non-finite')).toMatchObject([{ val_accuracy: 0.5, val_loss: null }])
})
