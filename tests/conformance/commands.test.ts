/*
 * Exactly one outcome: a table of commands, good, bad and ugly, and the one answer each must get.
 * In: entries on a control topic of a memory bus. Out: outcomes as any reader would see them.
 * Invariant: every entry is answered once, no effect happens twice, and no entry delays its neighbours.
 * Source: docs/protocol.md "commands"; seed-design.md 3.3.
 */
import { deflateSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { type CommandReply, emptyReply, refusal } from '../../lib/commands/commandTarget.ts'
import { createCommandBench, json, nextId, type TestEntry, transition } from '../support/commandBench.ts'

type Entry = TestEntry
interface Case {
  readonly name: string
  readonly entry: () => Entry
  readonly kind: string
  readonly code: string | null
  readonly path?: string
  readonly effects?: number
}

const command = (overrides: Record<string, unknown> = {}): Entry => {
  const message = transition(overrides)
  return { type: String(message['message_type']), data: json(message) }
}
const without = (key: string): Entry => {
  const { [key]: _, ...rest } = transition()
  return { type: 'LifecycleTransitionCommand', data: json(rest) }
}
const other = (type: string, extra: Record<string, unknown> = {}): Entry => command({ message_type: type, ...extra })

/** What the place of effect answers, by seed id: 1 applies, the rest refuse or fail in their own way. */
const judge = ({ command: asked }: { command: { [key: string]: unknown } }): CommandReply => {
  switch (asked['seed_id']) {
    case 90:
      return refusal('rejected', 'COMMAND_ILLEGAL_EDGE', 'DORMANT -> FOSSILIZED is not an edge')
    case 91:
      return refusal('rejected', 'COMMAND_GUARD', 'reconstruction_loss 0.2 is above 0.05')
    case 92:
      return refusal('rejected', 'COMMAND_PRECONDITION', 'the seed is in TRAINING')
    case 93:
      return refusal('failed', 'INTERNAL', 'the trainer failed on the command: \u0007 and was recovered')
    case 94:
      return refusal('rejected', 'COMMAND_UNSUPPORTED', 'conditional is not built')
    default:
      return { kind: 'applied', ...emptyReply('done') }
  }
}

const invalid = (name: string, entry: () => Entry, path: string, code = 'CONTRACT_INVALID'): Case => ({
  name,
  entry,
  kind: 'rejected',
  code,
  path,
})
const applied = (name: string, entry: () => Entry): Case => ({ name, entry, kind: 'applied', code: null, effects: 1 })

const CASES: readonly Case[] = [
  applied('a plain transition', () => command()),
  applied('unknown extra fields', () => command({ colour: 'blue' })),
  applied('force and expectation', () => command({ force: true, expect: { from_state: 'DORMANT', generation: 0 } })),
  applied('a later minor version', () => command({ version: '2.7' })),
  applied('version 1.0 without our fields', () => {
    const { ttl_ms: _t, issued_by: _i, ...rest } = transition({ version: '1.0', timeout_ms: 4_000 })
    return { type: 'LifecycleTransitionCommand', data: json(rest) }
  }),
  applied('zlib without enc', () => ({ foreign: true, data: new Uint8Array(deflateSync(json(transition()))) })),
  applied('a blueprint update', () =>
    other('BlueprintUpdateCommand', { blueprint_id: 'mlp', grafting_strategy: 'linear', configuration: {} }),
  ),
  applied('NoOp', () => other('NoOp')),
  applied('an issuer whose clock is an hour late', () => command({ timestamp: 1_700_000_000 - 3_600 })),
  applied('an issuer whose clock is an hour early', () => command({ timestamp: 1_700_000_000 + 3_600 })),
  { name: 'an illegal edge', entry: () => command({ seed_id: 90 }), kind: 'rejected', code: 'COMMAND_ILLEGAL_EDGE' },
  { name: 'a refusing guard', entry: () => command({ seed_id: 91 }), kind: 'rejected', code: 'COMMAND_GUARD' },
  { name: 'another state', entry: () => command({ seed_id: 92 }), kind: 'rejected', code: 'COMMAND_PRECONDITION' },
  { name: 'a crash that was recovered', entry: () => command({ seed_id: 93 }), kind: 'failed', code: 'INTERNAL' },
  { name: 'an unbuilt strategy', entry: () => command({ seed_id: 94 }), kind: 'rejected', code: 'COMMAND_UNSUPPORTED' },
  {
    name: 'an emergency stop',
    entry: () => other('EmergencyStopCommand'),
    kind: 'rejected',
    code: 'COMMAND_UNSUPPORTED',
  },
  { name: 'a resume', entry: () => other('Resume'), kind: 'rejected', code: 'COMMAND_UNSUPPORTED' },
  applied('a batch', () => other('BatchCommand', { commands: [transition()] })),
  applied('a checkpoint', () => other('CheckpointCommand', { operation: 'save' })),
  invalid(
    'a batch that names another layer inside',
    () => other('BatchCommand', { commands: [transition({ layer_id: 'layer_1' })] }),
    'layer_id',
  ),
  { name: 'an unknown type', entry: () => other('MakeCoffee'), kind: 'rejected', code: 'COMMAND_UNKNOWN' },
  {
    name: 'a known type that is no command',
    entry: () => other('Heartbeat'),
    kind: 'rejected',
    code: 'COMMAND_UNKNOWN',
  },
  {
    name: 'frames on a control topic',
    entry: () => ({ type: 'TelemetryFrames', enc: 'columns', data: new Uint8Array(64) }),
    kind: 'rejected',
    code: 'COMMAND_UNKNOWN',
  },
  invalid('no seed', () => without('seed_id'), 'seed_id'),
  invalid('no target', () => without('target_state'), 'target_state'),
  invalid('no message id', () => without('message_id'), 'message_id'),
  invalid('a state of another scheme', () => command({ target_state: 'BLENDING' }), 'target_state'),
  invalid('a number as state', () => command({ target_state: 3 }), 'target_state'),
  invalid('a negative seed', () => command({ seed_id: -1 }), 'seed_id'),
  invalid('a ttl of zero', () => command({ ttl_ms: 0 }), 'ttl_ms'),
  invalid('a ttl of a day', () => command({ ttl_ms: 86_400_000 }), 'ttl_ms'),
  invalid('a forged reason', () => command({ reason: 'fine\u202e enif' }), 'reason'),
  invalid('an issuer stamped two days ago', () => command({ timestamp: 1_700_000_000 - 172_800 }), 'timestamp'),
  invalid('the layer of another stream', () => command({ layer_id: 'layer_1' }), 'layer_id'),
  invalid('a newer major version', () => command({ version: '3.0' }), 'version', 'CONTRACT_VERSION'),
  {
    name: 'a duplicate key',
    entry: () => ({ data: json(`{"seed_id":2,${JSON.stringify(transition()).slice(1)}`) }),
    kind: 'rejected',
    code: null,
  },
  { name: 'no JSON', entry: () => ({ data: json('{"message_id":') }), kind: 'rejected', code: 'CONTRACT_JSON' },
  { name: 'an empty payload', entry: () => ({ data: new Uint8Array(0) }), kind: 'rejected', code: null },
  {
    name: 'binary noise',
    entry: () => ({ data: Uint8Array.from({ length: 300 }, (_, i) => (i * 73) % 256) }),
    kind: 'rejected',
    code: null,
  },
  {
    name: 'a lie about compression',
    entry: () => ({ enc: 'json+zstd', data: json(transition()) }),
    kind: 'rejected',
    code: null,
  },
  {
    name: 'a prototype key',
    entry: () => ({ data: json(`{"__proto__":{"a":1},${JSON.stringify(transition()).slice(1)}`) }),
    kind: 'rejected',
    code: null,
  },
  {
    name: 'nesting of 100',
    entry: () => ({ data: json(`${'['.repeat(100)}${']'.repeat(100)}`) }),
    kind: 'rejected',
    code: null,
  },
  { name: 'a list', entry: () => ({ data: json([1, 2, 3]) }), kind: 'rejected', code: null },
]

test(`${CASES.length} commands: each gets exactly one final outcome, and its neighbours go on`, async () => {
  expect(CASES.length).toBeGreaterThanOrEqual(30)
  const bench = await createCommandBench({ judge: judge as never })
  const { handler, outbox } = bench.create()
  await handler.start()
  for (const each of CASES) {
    const before = (await bench.outcomes()).length
    const effectsBefore = bench.effects.length
    await bench.put(each.entry())
    const neighbour = transition()
    await bench.send(neighbour)
    await bench.clock.advance(5)
    const fresh = (await bench.outcomes()).slice(before)
    expect(fresh.length, each.name).toBe(2)
    const mine = fresh.find((outcome) => outcome.command_id !== neighbour['message_id'])
    expect(mine?.kind, each.name).toBe(each.kind)
    if (each.code !== null) expect(mine?.code, each.name).toBe(each.code)
    if (each.kind === 'rejected') expect(mine?.text, each.name).not.toBe('')
    if (each.path !== undefined) expect(mine?.details['path'], each.name).toBe(each.path)
    expect(fresh.find((outcome) => outcome.command_id === neighbour['message_id'])?.kind, each.name).toBe('applied')
    expect(bench.effects.length - effectsBefore, each.name).toBe(1 + (each.effects ?? 0))
  }
  expect(bench.bus.health().deadLettered).toBe(0)
  await handler.stop(100)
  await outbox.stop(100)
  expect(bench.clock.openTimers).toBe(0)
})

test('a repeat is answered as a duplicate of the first and has no second effect', async () => {
  const bench = await createCommandBench()
  const { handler } = bench.create()
  await handler.start()
  const first = transition()
  await bench.send(first)
  await bench.clock.advance(5)
  await bench.send(first)
  await bench.send(first)
  const sameIntent = transition({ idempotency_key: 'double-click' })
  const again = transition({ idempotency_key: 'double-click' })
  await bench.send(sameIntent)
  await bench.send(again)
  await bench.clock.advance(5)
  const outcomes = await bench.outcomes()
  expect(outcomes.map((outcome) => [outcome.command_id, outcome.kind])).toEqual([
    [first['message_id'], 'applied'],
    [first['message_id'], 'duplicate'],
    [first['message_id'], 'duplicate'],
    [sameIntent['message_id'], 'applied'],
    [again['message_id'], 'duplicate'],
  ])
  const last = outcomes[4]
  expect(last?.kind === 'duplicate' && last.duplicate_of).toBe(sameIntent['message_id'])
  expect(last?.details['outcome']).toBe('applied')
  expect(bench.effects.length).toBe(2)
  await handler.stop(100)
})

test('repeats that arrive while the first waits for its tick: one effect, one outcome that is not a duplicate', async () => {
  const bench = await createCommandBench({ delayMs: 133 })
  const { handler } = bench.create()
  await handler.start()
  const one = transition()
  for (let i = 0; i < 5; i++) await bench.send(one)
  await bench.send(transition())
  await bench.clock.advance(2_000)
  const outcomes = await bench.outcomes()
  expect(bench.effects.length).toBe(2)
  expect(outcomes.length).toBe(6)
  expect(
    outcomes.filter((outcome) => outcome.command_id === one['message_id'] && outcome.kind !== 'duplicate').length,
  ).toBe(1)
  await handler.stop(100)
})

test('expiry counts from acceptance in bus time: at read, and again before the effect', async () => {
  const late = await createCommandBench()
  const stale = transition({ ttl_ms: 1_000 })
  await late.send(stale)
  await late.clock.advance(1_500)
  const fresh = transition({ ttl_ms: 1_000, timestamp: 1_700_000_000 - 600 })
  await late.send(fresh)
  const { handler } = late.create()
  await handler.start()
  await late.clock.advance(5)
  expect((await late.outcomes()).map((outcome) => [outcome.command_id, outcome.kind, outcome.code ?? null])).toEqual([
    [stale['message_id'], 'expired', 'COMMAND_EXPIRED'],
    [fresh['message_id'], 'applied', null],
  ])
  expect(late.effects).toEqual([fresh['message_id']])
  await handler.stop(100)

  const slow = await createCommandBench({ delayMs: 2_000 })
  const waits = slow.create()
  await waits.handler.start()
  await slow.send(transition({ ttl_ms: 1_000 }))
  await slow.clock.advance(3_000)
  expect((await slow.outcomes()).map((outcome) => outcome.kind)).toEqual(['expired'])
  expect(slow.effects).toEqual([])
  await waits.handler.stop(100)
})

test('an agent that dies between effect and answer: the next one tells the stored outcome, with no second effect', async () => {
  const bench = await createCommandBench()
  const dying = bench.create()
  await dying.handler.start()
  const one = transition()
  bench.flaky.setMode('hang')
  await bench.send(one)
  await bench.clock.advance(50)
  expect(bench.effects.length).toBe(1)
  expect(await bench.outcomes()).toEqual([])
  const stopping = Promise.all([dying.outbox.stop(20), dying.handler.stop(20)])
  await bench.clock.advance(100)
  await stopping
  bench.flaky.setMode('up')
  const next = bench.create()
  await next.handler.start()
  await bench.clock.advance(120_000)
  const outcomes = await bench.outcomes()
  expect(outcomes.map((outcome) => [outcome.command_id, outcome.kind])).toEqual([[one['message_id'], 'applied']])
  expect(bench.effects.length).toBe(1)
  await next.handler.stop(100)
})

test('outcomes survive an outage of the bus, in order, once each', async () => {
  const bench = await createCommandBench()
  const { handler } = bench.create()
  await handler.start()
  bench.flaky.setMode('reject')
  const commands = [transition(), transition(), transition()]
  for (const each of commands) await bench.send(each)
  await bench.clock.advance(1_000)
  bench.flaky.setMode('up')
  await bench.clock.advance(200)
  expect((await bench.outcomes()).map((outcome) => outcome.command_id)).toEqual(
    commands.map((each) => each['message_id']),
  )
  await handler.stop(100)
})

test('a NoOp for everybody is answered once per layer; a stop for everybody is refused by name, never silent', async () => {
  const bench = await createCommandBench()
  const { handler } = bench.create()
  await handler.start()
  const { layer_id: _l, seed_id: _s, target_state: _t, ...base } = transition()
  await bench.send({ ...base, message_type: 'NoOp' }, 'kasmina.control.all')
  await bench.send({ ...base, message_id: nextId(), message_type: 'EmergencyStopCommand' }, 'kasmina.control.all')
  await bench.clock.advance(5)
  // Two commands under way at once: which is answered first is not promised.
  for (const layer of ['layer_0', 'layer_1']) {
    const kinds = (await bench.outcomes(layer)).map((outcome) => `${outcome.layer_id} ${outcome.kind}`)
    expect(new Set(kinds)).toEqual(new Set([`${layer} applied`, `${layer} rejected`]))
    expect(kinds.length).toBe(2)
  }
  await handler.stop(100)
})
