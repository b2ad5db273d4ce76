import { expect, test } from 'vitest'
import { countBlueprints } from '../../../../components/run/blueprintTable.ts'
import type { LiveRecord } from '../../../../lib/contracts/liveRecords.ts'

type Transition = Extract<LiveRecord, { kind: 'transition' }>
const step = (blueprint: string | null, from: Transition['from_state'], to: Transition['to_state']): Transition => ({
  kind: 'transition',
  offset: 1,
  at_ms: 1,
  run_id: 'run',
  layer_id: 'layer_0',
  seed_id: 0,
  from_state: from,
  to_state: to,
  reason: '',
  triggered_by: 'policy',
  guard: null,
  step: null,
  tick: null,
  generation: null,
  blueprint_id: blueprint,
  correlation_id: null,
  legal: true,
})

test('tries and ends are counted by blueprint, deaths by the state they came in; a reset is no end', () => {
  const rows = countBlueprints(
    [
      step('mlp', 'DORMANT', 'GERMINATED'),
      step('mlp', 'TRAINING', 'CULLED'),
      step('mlp', 'CULLED', 'DORMANT'),
      step('mlp', 'DORMANT', 'GERMINATED'),
      step('mlp', 'FINE_TUNING', 'FOSSILIZED'),
      step('strange', 'EVALUATING', 'CULLED'),
      step(null, 'DORMANT', 'GERMINATED'),
    ],
    [
      { blueprint_id: 'affine', index: 1, parameters: 0, note: 'scale and shift' },
      { blueprint_id: 'mlp', index: 2, parameters: 4_778, note: '' },
    ],
  )
  expect(rows.map((row) => row.blueprintId)).toEqual(['affine', 'mlp', 'strange'])
  expect(rows[0]).toMatchObject({ parameters: null, tries: 0, fossilised: 0, culled: 0 })
  expect(rows[1]).toMatchObject({ parameters: 4_778, tries: 2, fossilised: 1, culled: 1, culledFrom: { TRAINING: 1 } })
  expect(rows[2]).toMatchObject({ parameters: null, tries: 0, culled: 1, culledFrom: { EVALUATING: 1 } })
})
