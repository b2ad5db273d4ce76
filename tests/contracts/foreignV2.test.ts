import { expect, test } from 'vitest'
import { isAppError } from '../../lib/contracts/appError.ts'
import { readV2Entry, type V2Reading } from '../../lib/compat/v2/readEntry.ts'
import { foreignV2Entries, foreignV2Names } from './foreignV2Fixtures.ts'

const read = (name: string, at = 0): V2Reading =>
  readV2Entry({ ...foreignV2Entries(name)[at]!, cursor: `1769500800000-${at}`, acceptedAtMs: 1_769_500_800_000 })

const messageOf = (name: string, at = 0) => {
  const [item] = read(name, at).items
  if (item?.kind !== 'message') throw new Error(`${name} holds no message`)
  return item
}

const failureOf = (name: string): { code: string; path: unknown } => {
  try {
    read(name)
  } catch (error) {
    if (isAppError(error)) return { code: error.code, path: error.context['path'] }
  }
  throw new Error(`${name} was not refused`)
}

const REFUSED: Readonly<Record<string, { code: string; path: unknown }>> = {
  'batch-claim-check-traversal': { code: 'CONTRACT_INVALID', path: 'metadata.claim_check_id' },
  'unknown-type': { code: 'CONTRACT_TYPE', path: 'type' },
  'not-json': { code: 'CONTRACT_JSON', path: '' },
}

test('every fixture is read or refused with its path; none surprises', () => {
  expect(foreignV2Names().length).toBeGreaterThanOrEqual(30)
  for (const name of foreignV2Names()) {
    if (name in REFUSED) expect([name, failureOf(name)]).toEqual([name, REFUSED[name]])
    else foreignV2Entries(name).forEach((_, at) => expect(read(name, at).topic.kind, name).not.toBe('other'))
  }
})

test('short JSON is plain, long JSON is zlib told by 78 9c; keys of seeds are text, states float ids', () => {
  expect(foreignV2Entries('health-plain')[0]!.data[0]).toBe(0x7b)
  expect([...foreignV2Entries('health-zlib')[0]!.data.subarray(0, 2)]).toEqual([0x78, 0x9c])
  expect(messageOf('health-plain').message).toMatchObject({
    message_type: 'LayerHealthReport',
    layer_id: 'layer_0',
    health_metrics: { '0': { lifecycle_state: 0 }, '1': { lifecycle_state: 2, accuracy: 0.5 } },
  })
  expect(messageOf('health-zlib').message).toMatchObject({ total_seeds: 12, active_seeds: 11 })
  expect(messageOf('health-aggregated-mixed-state').message).toMatchObject({
    health_metrics: { '0': { lifecycle_state: 2.5 }, '1': { lifecycle_state: 3 } },
  })
})

test('bare NaN and infinities become null, each with a flag that names it', () => {
  const { message, flags } = messageOf('health-non-finite')
  expect(message).toMatchObject({ health_metrics: { '0': { loss: null }, '1': { loss: null }, '2': { loss: null } } })
  expect(flags).toEqual([
    { path: 'health_metrics.0.loss', kind: 'nan' },
    { path: 'health_metrics.1.loss', kind: 'inf' },
    { path: 'health_metrics.2.loss', kind: '-inf' },
  ])
})

test('blueprints are text, whether the wire says number or text', () => {
  expect(messageOf('seed-snapshot-number-blueprint').message).toMatchObject({
    lifecycle_state: 'GRAFTING',
    blueprint_id: '7',
  })
  expect(messageOf('seed-snapshot-text-blueprint').message).toMatchObject({ blueprint_id: 'bottleneck' })
  expect(messageOf('blueprint-event-number').message).toMatchObject({ blueprint_id: '7', previous_blueprint_id: '3' })
})

test('a batch is taken apart by its bytes, not by what it says of them', () => {
  expect([...foreignV2Entries('batch-says-zstd-is-zlib')[0]!.data.subarray(0, 2)]).toEqual([0x78, 0x9c])
  const { items } = read('batch-says-zstd-is-zlib')
  expect(items.map((item) => item.kind === 'message' && item.message.message_type)).toEqual([
    'SeedMetricsSnapshot',
    'SeedMetricsSnapshot',
    'LayerHealthReport',
  ])
  expect(items[1]).toMatchObject({ flags: [{ path: 'metrics.loss', kind: 'nan' }] })
  expect(read('batch-says-zstd-is-plain').items).toHaveLength(1)
})

test('a bad message of a batch costs that message only and is named by its path', () => {
  const { items, refusals } = read('batch-one-bad-message')
  expect(items).toHaveLength(2)
  expect(refusals.map((error) => [error.code, error.context['path']])).toEqual([
    ['CONTRACT_INVALID', 'messages.1.lifecycle_state'],
  ])
})

test('a claim check is found with its size; an id that is no UUID is refused', () => {
  expect(read('batch-claim-check')).toMatchObject({
    items: [],
    claim: { id: '0b7b2a36-5f3c-4c55-9d5e-3f1a2b4c5d6e', sizeBytes: 70_000, source: 'telemetry_publisher' },
  })
})

test('transitions are read from both topics; one for all seeds is told apart', () => {
  expect(messageOf('transition-generic-topic').message).toMatchObject({ from_state: 'TRAINING', to_state: 'GRAFTING' })
  expect(messageOf('transition-seed-topic').message).toMatchObject({
    triggered_by: 'unknown',
    native_triggered_by: 'system',
  })
  expect(read('transition-all-seeds').items).toMatchObject([
    { kind: 'all-seeds', layerId: 'layer_0', toState: 'DORMANT', reason: 'Emergency stop' },
  ])
})

test('a result without an envelope keeps the id of its command', () => {
  const command = read('command-acknowledged').items[0]
  const { message } = messageOf('command-acknowledged', 1)
  expect(command).toMatchObject({
    kind: 'command',
    command: { layerId: 'layer_0', seedId: 1, targetState: 'TRAINING' },
  })
  expect(message).toMatchObject({ message_type: 'CommandResult', success: true })
  expect(message.correlation_id).toBe(command?.kind === 'command' && command.command.commandId)
})

test('layer names with dots keep their identity; windows told backwards are two moments still', () => {
  expect(messageOf('health-dotted-layer-wrong-clock').message).toMatchObject({
    layer_id: 'encoder:0',
    native_layer_id: 'encoder.0',
    telemetry_window: [1_769_500_800, 1_769_500_805],
  })
})
