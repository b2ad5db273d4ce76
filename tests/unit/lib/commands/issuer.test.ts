import { expect, test } from 'vitest'
import { decodeEntry } from '../../../../lib/bus/codec.ts'
import { createMemoryBus } from '../../../../lib/bus/drivers/memory/memoryBus.ts'
import { createCommandIssuer, type SettledCommand } from '../../../../lib/commands/issuer.ts'
import { type CommandOutcome, CommandOutcome as Outcome } from '../../../../lib/contracts/outcomes.ts'
import type { Signer } from '../../../../lib/commands/signing.ts'
import { createOutbox } from '../../../../lib/telemetry/outbox.ts'
import { nextId } from '../../../support/commandBench.ts'
import { newSigner } from '../../../support/guardedBench.ts'
import { createFlakyBus } from '../../../support/flakyBus.ts'
import { createManualClock } from '../../../support/manualClock.ts'

async function setUp(signer?: Signer) {
  const clock = createManualClock()
  const inner = createMemoryBus({ clock })
  await inner.start()
  const bus = createFlakyBus(inner)
  const outbox = createOutbox({ bus, clock, src: 'controller', epoch: 1 })
  const settled: SettledCommand[] = []
  const time = { known: true }
  const issuer = createCommandIssuer({
    clock,
    busNowMs: () => (time.known ? clock.wallMs() : null),
    ...(signer ? { signer } : {}),
    outbox,
    source: 'controller',
    issuedBy: 'controller',
    epoch: 1,
    newId: nextId,
    onSettled: (each) => settled.push(each),
  })
  const order = (key: string) => ({
    key,
    layerId: 'layer_0',
    seedId: 1,
    targetState: 'GERMINATED' as const,
    expect: { fromState: 'DORMANT' as const, generation: 0 },
    reason: 'plateau',
    parameters: { blueprint_id: 'mlp' },
    correlationId: key,
    ttlMs: 5_000,
    runId: 'run-1',
  })
  const sent = async () => {
    const result = await inner.read('kasmina.control.layer.layer_0', {})
    return result.kind === 'entries' ? result.entries.map((entry) => decodeEntry(entry)) : []
  }
  const outcome = (commandId: string, kind: CommandOutcome['kind']): CommandOutcome =>
    Outcome.parse({
      message_id: nextId(),
      timestamp: 1,
      source: 'x',
      version: '2.0',
      message_type: 'CommandOutcome',
      command_id: commandId,
      command_type: 'LifecycleTransitionCommand',
      kind,
      code: 'COMMAND_GUARD',
      duplicate_of: 'x',
    })
  return { clock, bus, outbox, issuer, order, sent, outcome, settled, time }
}

test('publishes a valid command and never a second one for an intent under way', async () => {
  const { clock, issuer, order, sent, outcome, settled } = await setUp()
  const id = issuer.issue(order('a'))
  expect(issuer.issue(order('a'))).toBeNull()
  await clock.advance(1)
  const all = await sent()
  expect(all.length).toBe(1)
  expect(all[0]?.kind === 'message' && all[0].message).toMatchObject({
    message_id: id,
    issued_by: 'controller',
    target_state: 'GERMINATED',
    expect: { from_state: 'DORMANT', generation: 0 },
    ttl_ms: 5_000,
    correlation_id: 'a',
    metadata: { run_id: 'run-1' },
  })
  expect(issuer.settle(outcome(id ?? '', 'accepted'))).toBe(false)
  expect(issuer.settle(outcome(id ?? '', 'rejected'))).toBe(true)
  expect(issuer.settle(outcome(id ?? '', 'applied'))).toBe(false)
  expect(settled.map((each) => [each.key, each.kind, each.code])).toEqual([['a', 'rejected', 'COMMAND_GUARD']])
  expect(issuer.issue(order('a'))).not.toBeNull()
})

test('silence after ttl and grace is unknown, counted from acceptance and not from the wish', async () => {
  const { clock, bus, issuer, order, settled } = await setUp()
  bus.setMode('reject')
  issuer.issue(order('a'))
  await clock.advance(60_000)
  issuer.sweep()
  expect(settled).toEqual([])
  bus.setMode('up')
  await clock.advance(100)
  issuer.sweep()
  expect(settled).toEqual([])
  await clock.advance(10_100)
  issuer.sweep()
  expect(settled.map((each) => each.kind)).toEqual(['unknown'])
  expect(issuer.underWay).toBe(0)
})

test('a command the bus never took is unknown, not failed', async () => {
  const { clock, bus, outbox, issuer, order, settled } = await setUp()
  bus.setMode('hang')
  issuer.issue(order('a'))
  const stopping = outbox.stop(10)
  await clock.advance(20)
  await stopping
  expect(settled.map((each) => each.kind)).toEqual(['unknown'])
})

test('what is signed is dated by the bus, and is not issued while its time is not known', async () => {
  const { clock, issuer, order, sent, time } = await setUp(newSigner())
  time.known = false
  expect(issuer.issue(order('a'))).toBeNull()
  expect(issuer.underWay).toBe(0)
  time.known = true
  expect(issuer.issue(order('a'))).not.toBeNull()
  const nowMs = Math.floor(clock.wallMs())
  await clock.advance(1)
  const [entry] = await sent()
  expect(entry?.kind === 'message' && entry.message).toMatchObject({ issued_bus_ms: nowMs })
})
