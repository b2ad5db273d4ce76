import { expect, test } from 'vitest'
import { seedValueLine } from '../../../../components/provenance/copySeedValue.ts'
import { provenanceText } from '../../../../components/ui/CopyValue.tsx'
import type { SeedDetail } from '../../../../lib/contracts/httpSeed.ts'
import { SEED_COLUMNS } from '../../../../lib/contracts/metrics.ts'
import type { RunDescriptor } from '../../../../lib/contracts/runDescriptor.ts'

const descriptor = {
  run_id: 'run-a',
  version: 3,
  schema_id: 0xab12,
  seed_columns: SEED_COLUMNS,
} as never as RunDescriptor
const detail = {
  layer_id: 'layer/0',
  run_id: 'run-a',
  seed_id: 3,
  producer: 'agent-1',
  ingest_ms: 1_700_000_000_050,
  step: 400,
  tick: 20,
  entry: { topic: 'kasmina.telemetry.shard.0', entry_id: '1700000000000-0' },
  metrics: {
    alpha: { value: 0.25, age_ms: 10, entry_id: '1700000000000-0', siblings: null },
    sparsity: { value: null, age_ms: null, entry_id: null, siblings: null },
  },
} as never as SeedDetail
const wanted = (metric: string) => ({
  seed: { layerId: 'layer/0', seedId: 3 },
  descriptor,
  metric,
  nowMs: 1_700_000_000_100,
  origin: 'http://127.0.0.1:3000',
})

test('a copied value says where, when, by whom, in which layout, from which entry, and where to read that entry', () => {
  const line = seedValueLine(detail, wanted('alpha'))!
  for (const part of [
    'alpha',
    'layer/0 seed 3',
    'run run-a',
    'step 400',
    'tick 20',
    'accepted by the bus 2023-11-14T22:13:20.000Z',
    'read 2023-11-14T22:13:20.050Z',
    'shown 2023-11-14T22:13:20.100Z',
    'producer agent-1',
    'schema v3, layout ab12',
    'stream kasmina.telemetry.shard.0',
    'entry 1700000000000-0',
    'raw',
    'http://127.0.0.1:3000/layers/layer%2F0/seeds/3?run=run-a#raw',
  ])
    expect(line.split(' · ').some((field) => field.startsWith(part))).toBe(true)
})

test('an unmeasured value is copied as that, and a metric the run lacks is not copied', () => {
  expect(seedValueLine(detail, wanted('sparsity'))).toMatch(/^unmeasured · /)
  expect(seedValueLine(detail, wanted('nothing_here'))).toBe(null)
})

test('what is not known is left out, never guessed', () => {
  expect(provenanceText('3', { metric: 'x', atMs: null, entryId: null })).toBe('3 · x')
  expect(provenanceText('3', { entryId: 'not-a-time', atMs: 1_700_000_000_000 })).toBe(
    '3 · 2023-11-14T22:13:20.000Z · entry not-a-time',
  )
})
