/*
 * Guarded commands: who may ask, in which order, and what a stop, a resume and a lost gateway mean to everything else.
 * In: signed and forged entries on a memory bus. Out: the one outcome each must get, the effects, what stands still.
 * Invariant: a refusal has no effect; a stop overtakes everything; what was stopped is stopped after every restart.
 * Source: docs/protocol.md "commands", "emergency stop".
 */
import { expect, test } from 'vitest'
import { runAltered } from '../chaos/alteredCommands.ts'
import { runStale } from '../chaos/staleCommands.ts'
import type { ManualClock } from '../support/manualClock.ts'
import { LAYERS, nextId } from '../support/commandBench.ts'
import { createGuardedBench } from '../support/guardedBench.ts'

type Bench = Awaited<ReturnType<typeof createGuardedBench>>
const tick = (bench: Bench, ms = 5): Promise<void> => (bench.clock as ManualClock).advance(ms)

test('what the gateway signed is told received, queued and started, then applied once', async () => {
  const bench = await createGuardedBench()
  const { handler } = bench.create()
  await handler.start()
  const command = bench.compose()
  await bench.send(command)
  await tick(bench)
  const told = (await bench.outcomes()).map((outcome) => [
    outcome.command_id,
    outcome.kind,
    outcome.details['stage'] ?? null,
  ])
  const id = command['message_id']
  expect(told).toEqual([
    [id, 'accepted', 'received'],
    [id, 'accepted', 'queued'],
    [id, 'accepted', 'started'],
    [id, 'applied', null],
  ])
  await bench.send(command)
  await tick(bench)
  expect((await bench.finals()).map((outcome) => outcome.kind)).toEqual(['applied', 'duplicate'])
  expect(bench.effects).toHaveLength(1)
  await handler.stop(100)
})

test('the controller signs its own single decisions, and nothing else', async () => {
  const bench = await createGuardedBench()
  const { handler } = bench.create()
  await handler.start()
  const own = { issued_by: 'controller' }
  const cases: readonly [Record<string, unknown>, string | null][] = [
    [bench.compose(own), null],
    [
      bench.compose({
        ...own,
        message_type: 'BlueprintUpdateCommand',
        blueprint_id: 'mlp',
        grafting_strategy: 'linear',
      }),
      null,
    ],
    [bench.compose(), 'COMMAND_SCOPE'],
    [bench.compose({ ...own, message_type: 'BatchCommand', commands: [bench.compose(own)] }), 'COMMAND_SCOPE'],
    [bench.compose({ ...own, message_type: 'CheckpointCommand', operation: 'save' }), 'COMMAND_SCOPE'],
    [bench.stopLike('EmergencyStopCommand', { ...own, layer_id: 'layer_0', stop_epoch: 1 }), 'COMMAND_SCOPE'],
    [bench.stopLike('Resume', { ...own, layer_id: 'layer_0', stop_epoch: 1 }), 'COMMAND_SCOPE'],
    [bench.stopLike('NoOp', { ...own, layer_id: 'layer_0' }), 'COMMAND_SCOPE'],
  ]
  for (const [command] of cases) await bench.send(command, bench.controller)
  await tick(bench)
  const codes = new Map((await bench.finals()).map((outcome) => [outcome.command_id, outcome.code ?? null]))
  expect(cases.map(([command]) => codes.get(String(command['message_id'])))).toEqual(cases.map(([, code]) => code))
  expect(bench.effects).toHaveLength(2)
  expect(bench.brakes).toEqual([])
  await handler.stop(100)
})

test('a forgery is answered by its place, not by the id it claims, and spoils nothing for the true command', async () => {
  const bench = await createGuardedBench()
  const { handler } = bench.create()
  await handler.start()
  const command = bench.compose()
  const { sig: _s, key: _k, ...unsigned } = bench.sign(command)
  await bench.bus.publish('kasmina.control.layer.layer_0', unsigned)
  await bench.send(command, bench.stranger)
  await tick(bench)
  const refused = await bench.finals()
  expect(refused.map((outcome) => [outcome.kind, outcome.code, outcome.details['claimed_id']])).toEqual(
    Array.from({ length: 2 }, () => ['rejected', 'COMMAND_SIGNATURE', command['message_id']]),
  )
  for (const { command_id: id } of refused) expect(id).toMatch(/^entry:/)
  expect(bench.counted).toEqual(Array.from({ length: 2 }, () => ({ kind: 'rejected', code: 'COMMAND_SIGNATURE' })))
  await bench.send(command)
  await tick(bench)
  expect((await bench.finals()).at(-1)).toMatchObject({ command_id: command['message_id'], kind: 'applied' })
  await handler.stop(100)
})

test('the same signed bytes on another stream, or for another layer, are refused', async () => {
  const bench = await createGuardedBench()
  const { handler } = bench.create()
  await handler.start()
  await bench.send(bench.compose(), undefined, 'kasmina.control.layer.layer_1')
  await bench.send(bench.stopLike('NoOp'), undefined, 'kasmina.control.layer.layer_1')
  await bench.send(bench.stopLike('NoOp', { layer_id: 'layer_1' }), undefined, 'kasmina.control.all')
  await tick(bench)
  const told = await bench.finals('layer_1')
  expect(told.map((outcome) => [outcome.kind, outcome.code, outcome.details['path']])).toEqual(
    Array.from({ length: 3 }, () => ['rejected', 'CONTRACT_INVALID', 'layer_id']),
  )
  expect(bench.effects).toEqual([])
  await handler.stop(100)
})

test('an older start of the gateway and a number that was heard are stale, also after a restart of the layer', async () => {
  const bench = await createGuardedBench()
  const first = bench.create()
  await first.handler.start()
  const recorded = bench.compose({ gateway_epoch: 2 })
  await bench.send(recorded)
  await bench.send(bench.compose({ gateway_epoch: 2 }))
  await tick(bench)
  await bench.send(bench.compose({ gateway_epoch: 1 }))
  await bench.send(bench.compose({ gateway_epoch: 2, seq: 1 }))
  await bench.send(bench.compose({ gateway_epoch: 2, seq: null }))
  await tick(bench)
  expect((await bench.finals()).slice(2).map((outcome) => outcome.code)).toEqual(
    Array.from({ length: 3 }, () => 'COMMAND_STALE'),
  )
  first.desk.persist(true)
  await first.handler.stop(100)
  const second = bench.create()
  await second.handler.start()
  // Known to the place of effect: the first outcome. Known to nobody any more: stale.
  await bench.send(recorded)
  await tick(bench)
  expect((await bench.finals()).at(-1)).toMatchObject({ kind: 'duplicate', duplicate_of: recorded['message_id'] })
  bench.records.clear()
  await second.handler.stop(100)
  const third = bench.create()
  await third.handler.start()
  await bench.send(recorded)
  await tick(bench)
  expect((await bench.finals()).at(-1)).toMatchObject({ kind: 'rejected', code: 'COMMAND_STALE' })
  expect(bench.effects).toHaveLength(2)
  await third.handler.stop(100)
})

test('a stop halts before commands that wait, refuses what comes, and what was issued before it stays refused after the resume', async () => {
  const bench = await createGuardedBench({ delayMs: 400 })
  const { handler, latch } = bench.create()
  await handler.start()
  // More than the stream hands out at once: an ordinary command behind them would wait.
  for (let i = 0; i < 100; i++) await bench.send(bench.compose())
  await tick(bench, 10)
  const stop = bench.stopLike('EmergencyStopCommand', { layer_id: 'layer_0', stop_epoch: 1, mode: 'freeze', ttl_ms: 1 })
  await bench.send(stop)
  await tick(bench, 1)
  expect(bench.brakes.at(-1)).toEqual(['layer_0'])
  expect([latch.isStopped('layer_0'), latch.isStopped('layer_1')]).toEqual([true, false])
  const about = (await bench.outcomes()).filter((outcome) => outcome.command_id === stop['message_id'])
  expect(about.map((outcome) => [outcome.kind, outcome.details['stage'] ?? outcome.details['effect']])).toEqual([
    ['accepted', 'received'],
    ['applied', 'stopped'],
  ])
  expect(bench.store.state?.layers['layer_0']).toEqual({ stopEpoch: 1, resumedEpoch: 0 })
  await tick(bench, 3_000)
  const late = bench.compose({ stop_epoch: 0 })
  await bench.send(late)
  await bench.send(bench.stopLike('Resume', { layer_id: 'layer_0', stop_epoch: 1 }))
  await tick(bench, 2_000)
  expect([latch.isStopped('layer_0'), bench.brakes.at(-1)]).toEqual([false, []])
  const old = bench.compose({ stop_epoch: 0 })
  await bench.send(old)
  const fresh = bench.compose({ stop_epoch: 1 })
  await bench.send(fresh)
  await tick(bench, 2_000)
  const kinds = new Map(
    (await bench.finals()).map((outcome) => [outcome.command_id, [outcome.kind, outcome.code ?? null]]),
  )
  expect(kinds.get(String(late['message_id']))).toEqual(['rejected', 'COMMAND_STOPPED'])
  expect(kinds.get(String(old['message_id']))).toEqual(['rejected', 'COMMAND_STOPPED'])
  expect(kinds.get(String(fresh['message_id']))).toEqual(['applied', null])
  await handler.stop(100)
})

test('a stop for all holds over a restart, a repeat of it is answered and changes nothing, and its ghost does not fire again', async () => {
  const bench = await createGuardedBench()
  const first = bench.create()
  await first.handler.start()
  const stop = bench.stopLike('EmergencyStopCommand', { stop_epoch: 4 })
  for (let i = 0; i < 5; i++) await bench.send(stop)
  await tick(bench)
  for (const layer of LAYERS)
    expect((await bench.finals(layer)).map((outcome) => outcome.kind)).toEqual([
      'applied',
      ...Array.from({ length: 4 }, () => 'duplicate'),
    ])
  await first.handler.stop(100)
  const second = bench.create()
  expect(second.latch.stopped()).toEqual(LAYERS)
  await second.handler.start()
  await tick(bench)
  // The retained stop was known: nobody is told again.
  expect(await bench.finals()).toHaveLength(5)
  await bench.send(bench.stopLike('Resume', { stop_epoch: 3 }))
  await bench.send(bench.stopLike('Resume', { stop_epoch: 4 }))
  await tick(bench)
  expect((await bench.finals()).slice(5).map((outcome) => [outcome.kind, outcome.code ?? null])).toEqual([
    ['rejected', 'COMMAND_STOPPED'],
    ['applied', null],
  ])
  await second.handler.stop(100)
  const third = bench.create()
  await third.handler.start()
  await bench.send({ ...stop, message_id: nextId() })
  await tick(bench)
  expect((await bench.finals()).at(-1)?.details['effect']).toBe('over')
  expect(third.latch.stopped()).toEqual([])
  await third.handler.stop(100)
})

test('a stop said to everybody while the layer was away is obeyed when it comes back', async () => {
  const bench = await createGuardedBench()
  await bench.send(bench.stopLike('EmergencyStopCommand', { stop_epoch: 1, ttl_ms: 1 }))
  for (let i = 0; i < 20; i++) await bench.send(bench.stopLike('NoOp'))
  await tick(bench, 3_600_000)
  const { handler, latch } = bench.create()
  await handler.start()
  await tick(bench)
  expect(latch.stopped()).toEqual(LAYERS)
  expect((await bench.finals()).map((outcome) => outcome.kind)).toEqual(['applied'])
  await handler.stop(100)
})

test('a full disk does not hold a stop back, and holds a resume back', async () => {
  const bench = await createGuardedBench()
  const { handler, latch } = bench.create()
  await handler.start()
  bench.store.fail = true
  await bench.send(bench.stopLike('EmergencyStopCommand', { stop_epoch: 1 }))
  await tick(bench)
  expect(latch.stopped()).toEqual(LAYERS)
  expect((await bench.finals()).at(-1)?.details).toMatchObject({ effect: 'stopped' })
  expect(bench.errors).toHaveLength(1)
  await bench.send(bench.stopLike('Resume', { stop_epoch: 1 }))
  await tick(bench)
  expect((await bench.finals()).at(-1)).toMatchObject({ kind: 'failed', code: 'STATE_STORAGE' })
  expect(latch.stopped()).toEqual(LAYERS)
  await handler.stop(100)
})

test('without a lease structure is refused by name, readiness and stops are not', async () => {
  const bench = await createGuardedBench()
  const { handler } = bench.create()
  await handler.start()
  bench.leases.set('layer_0', 'frozen')
  const commands = [
    bench.compose(),
    bench.compose({ message_type: 'CheckpointCommand', operation: 'save' }),
    bench.stopLike('NoOp', { layer_id: 'layer_0' }),
    bench.stopLike('EmergencyStopCommand', { layer_id: 'layer_0', stop_epoch: 1 }),
    bench.compose({ layer_id: 'layer_1' }),
  ]
  for (const command of commands) await bench.send(command)
  await tick(bench)
  const all = [...(await bench.finals()), ...(await bench.finals('layer_1'))]
  const codes = new Map(all.map((outcome) => [outcome.command_id, outcome.code ?? outcome.kind]))
  expect(commands.map((command) => codes.get(String(command['message_id'])))).toEqual([
    'COMMAND_LEASE',
    ...Array.from({ length: 4 }, () => 'applied'),
  ])
  await handler.stop(100)
})

test('beside the bus a stop and a probe are obeyed, other commands are sent to the bus', async () => {
  const bench = await createGuardedBench()
  const { handler, latch } = bench.create()
  await handler.start()
  const stop = bench.stopLike('EmergencyStopCommand', { stop_epoch: 2 })
  handler.receive(bench.sign(stop))
  handler.receive(bench.sign(bench.compose()))
  handler.receive(bench.sign(bench.stopLike('Resume', { stop_epoch: 2 }), bench.stranger))
  await tick(bench)
  await bench.send(stop)
  await tick(bench)
  expect(latch.stopped()).toEqual(LAYERS)
  const kinds = (await bench.finals()).map((outcome) => outcome.code ?? outcome.kind)
  expect(kinds.toSorted()).toEqual(['COMMAND_DUPLICATE', 'COMMAND_SIGNATURE', 'COMMAND_UNSUPPORTED', 'applied'])
  expect(bench.effects).toEqual([])
  await handler.stop(100)
})

test('a stop that failed once is worked on again at its next copy, and told as it stands then', async () => {
  const bench = await createGuardedBench()
  const { handler } = bench.create()
  await handler.start()
  const stop = bench.stopLike('EmergencyStopCommand', { stop_epoch: 1 })
  bench.trainer.answer = async () => ({ kind: 'silent', afterMs: 5_000 })
  await bench.send(stop)
  await tick(bench)
  await bench.send(stop)
  await tick(bench)
  bench.trainer.answer = async () => ({ kind: 'obeyed', step: 9, tick: 2, halted: true })
  handler.receive(bench.sign(stop))
  await tick(bench)
  await bench.send(stop)
  await tick(bench)
  expect((await bench.finals()).map(({ kind, details, step }) => [kind, details['outcome'] ?? null, step])).toEqual([
    ['failed', null, null],
    ['duplicate', 'failed', null],
    ['applied', null, 9],
    ['duplicate', 'applied', 9],
  ])
  // The halt is asked for at each copy: what stood still when the first came may have been moved since.
  expect(bench.brakes).toHaveLength(4)
  await handler.stop(100)
})

test('a copy of a stop halts at once although the copy before it still waits for the trainer', async () => {
  const bench = await createGuardedBench()
  const { handler } = bench.create()
  await handler.start()
  const stop = bench.stopLike('EmergencyStopCommand', { stop_epoch: 1 })
  const waiting = Promise.withResolvers<{ kind: 'obeyed'; step: number; tick: number; halted: boolean }>()
  bench.trainer.answer = () => waiting.promise
  handler.receive(bench.sign(stop))
  await tick(bench)
  handler.receive(bench.sign(stop))
  expect(bench.brakes).toHaveLength(2)
  waiting.resolve({ kind: 'obeyed', step: 1, tick: 1, halted: true })
  await tick(bench)
  expect((await bench.finals()).map(({ kind }) => kind)).toEqual(['applied', 'duplicate'])
  await handler.stop(100)
})

test('a signed command that was kept from the bus is as old as its issue, and one without a date is refused', async () => {
  const bench = await createGuardedBench()
  const { handler } = bench.create()
  await handler.start()
  const withheld = bench.sign(bench.compose({ ttl_ms: 1_000 }))
  const resume = bench.sign(bench.stopLike('Resume', { stop_epoch: 1, ttl_ms: 1_000 }))
  await bench.send(bench.stopLike('EmergencyStopCommand', { layer_id: 'layer_1', stop_epoch: 1 }))
  await tick(bench, 1_000)
  await bench.bus.publish('kasmina.control.layer.layer_0', withheld)
  await bench.bus.publish('kasmina.control.all', resume)
  await bench.send(bench.compose({ issued_bus_ms: null }))
  await bench.send(bench.compose({ issued_bus_ms: Math.floor(bench.clock.wallMs()) + 3_000 }))
  await tick(bench)
  const told = (await bench.finals()).map(({ kind, code, details }) => [kind, code ?? null, details['path'] ?? null])
  expect(told).toHaveLength(4)
  expect(told).toEqual(
    expect.arrayContaining([
      ['expired', 'COMMAND_EXPIRED', null],
      ['expired', 'COMMAND_EXPIRED', null],
      ['rejected', 'CONTRACT_INVALID', 'issued_bus_ms'],
      ['rejected', 'CONTRACT_INVALID', 'timestamp'],
    ]),
  )
  expect(bench.effects).toEqual([])
  await handler.stop(100)
})

test('altered signed commands of every kind: none is accepted', async () => {
  const report = await runAltered({ commands: 2_000, seed: 7 })
  expect(report).toEqual({ commands: 2_000, accepted: 0, refused: 2_000, unanswered: 0 })
})

test.each([0, 3_600_000, -3_600_000])(
  'stale and replayed commands with the clock of the layer off by %i ms: none is applied, every fresh one is',
  async (skewMs) => {
    const report = await runStale({ commands: 1_000, seed: 7, skewMs })
    expect(report).toMatchObject({ stale: 1_000, applied: 0, unanswered: 0 })
    expect(report.freshApplied).toBe(report.fresh)
    expect(report.fresh).toBeGreaterThan(50)
  },
)
