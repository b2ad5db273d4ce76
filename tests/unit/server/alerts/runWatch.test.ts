import { expect, test } from 'vitest'
import { SHIPPED_RULES } from '../../../../lib/alerts/shippedRules.ts'
import type { AlertRule } from '../../../../lib/contracts/alerts.ts'
import type { AnyMessage } from '../../../../lib/contracts/messageTypes.ts'
import { SEED_COLUMNS } from '../../../../lib/contracts/metrics.ts'
import { TABLE_META } from '../../../../lib/frames/seedTable.ts'
import type { AlertSignal, OpenCondition } from '../../../../server/alerts/alertSignals.ts'
import { createRunWatch } from '../../../../server/alerts/runWatch.ts'
import { createRunTable, noteReport } from '../../../../server/ingest/runTable.ts'
import { buildRun } from '../runFixture.ts'

function world(open: readonly OpenCondition[] = [], rules: readonly AlertRule[] = SHIPPED_RULES) {
  const table = createRunTable({ historySeconds: 10, onRun: () => undefined, onGone: () => undefined })
  const { run } = table.announce({ ...buildRun({ layers: 1, rows: 4 }), origin: 'trainer' }, 0)
  const signals: AlertSignal[] = []
  const watch = createRunWatch({ run, rules, open, emit: (signal) => signals.push(signal), takeRows: () => true })
  let tick = 0
  return {
    watch,
    take: () =>
      signals
        .splice(0)
        .flatMap((signal) => ('rule' in signal ? [`${signal.on} ${signal.rule} ${signal.place.seedId ?? 'run'}`] : [])),
    tick(values: Readonly<Record<string, number>>): void {
      tick++
      const one = run.tables[0]!
      SEED_COLUMNS.forEach(({ name }, column) => {
        if (name in values) one.seeds.fill(values[name]!, column * 4, column * 4 + 1)
      })
      one.meta[TABLE_META.tick] = tick
      noteReport(run, 0, tick * 1_000)
      watch.look(tick * 1_000)
    },
  }
}

const evaluation = (valLoss: number): AnyMessage =>
  ({ message_type: 'EvaluationEvent', val_loss: valLoss, val_accuracy: null, train_accuracy: null }) as AnyMessage
const place = (seedId: number | null) => ({
  runId: 'run-1',
  layerId: seedId === null ? null : 'layer_0',
  seedId,
  what: null,
})

test('what was open before this watch began clears here, once it is seen to be over', () => {
  const it = world([{ rule: 'dead_chunk', place: place(0), severity: 'warning' }])
  for (let tick = 0; tick < 9; tick++) it.tick({ dead_node_ratio: 0 })
  expect(it.take()).toEqual([])
  it.tick({ dead_node_ratio: 0 })
  expect(it.take()).toEqual(['clear dead_chunk 0'])
})

test('replayed evaluations are remembered without a word, and what still holds is told once the run reports', () => {
  const it = world()
  for (const loss of [1, 1.2, 1.2, 1.2]) it.watch.onMessage(evaluation(loss), 1, true)
  expect(it.take()).toEqual([])
  it.watch.settle(2)
  expect(it.take()).toEqual(['raise loss_degradation run'])
  for (const loss of [1, 1, 1]) it.watch.onMessage(evaluation(loss), 3, false)
  expect(it.take()).toEqual(['clear loss_degradation run'])
})

test('an open condition of a run is not cleared before enough was seen to know', () => {
  const it = world([{ rule: 'loss_degradation', place: place(null), severity: 'warning' }])
  it.watch.settle(1)
  it.watch.onMessage(evaluation(1), 2, false)
  expect(it.take()).toEqual([])
  it.watch.onMessage(evaluation(1), 3, false)
  it.watch.onMessage(evaluation(1), 4, false)
  expect(it.take()).toEqual(['clear loss_degradation run'])
})

test('a rule that is changed goes on with what it had raised; one that is gone says nothing more', () => {
  const it = world()
  for (let tick = 0; tick < 3; tick++) it.tick({ dead_node_ratio: 1 })
  expect(it.take()).toEqual(['raise dead_chunk 0'])
  const changed = SHIPPED_RULES.map((rule) =>
    rule.id === 'dead_chunk' ? { ...rule, version: 1, params: { ...rule.params, clear_ticks: 2 } } : rule,
  )
  it.watch.setRules(changed, [])
  it.tick({ dead_node_ratio: 0 })
  it.tick({ dead_node_ratio: 0 })
  expect(it.take()).toEqual(['clear dead_chunk 0'])
  it.watch.setRules([], [])
  for (let tick = 0; tick < 5; tick++) it.tick({ dead_node_ratio: 1 })
  expect(it.take()).toEqual([])
})

test('not a number is raised by the words of a guard, and clears after twenty clean ticks', () => {
  const it = world()
  const contained = {
    message_type: 'StateTransitionEvent',
    layer_id: 'layer_0',
    seed_id: 2,
    from_state: 'TRAINING',
    to_state: 'ROLLED_BACK',
    triggered_by: 'guard',
    reason: 'module weights are not finite',
    guard: { name: 'non_finite', value: null, threshold: null, passed: false },
    success: true,
  } as unknown as AnyMessage
  it.watch.onMessage(contained, 1, false)
  expect(it.take()).toContain('raise non_finite 2')
  for (let tick = 0; tick < 19; tick++) it.tick({ dead_node_ratio: 0 })
  expect(it.take().filter((word) => word.includes('non_finite'))).toEqual([])
  it.tick({ dead_node_ratio: 0 })
  expect(it.take()).toContain('clear non_finite 2')
})
