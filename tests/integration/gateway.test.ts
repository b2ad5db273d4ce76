/*
 * The gateway with real sockets: stops on both paths, latching, resume, commands, leases, readiness, strangers.
 * In: layer agents that verify every signature. Out: what they received, and the matrix.
 * Invariant: a layer counts as stopped by its own word only.
 * Source: docs/emergency-stop.md.
 */
import { randomUUID } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { connect } from 'node:net'
import path from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { createMemoryBus } from '../../lib/bus/drivers/memory/memoryBus.ts'
import { GATEWAY_LINE_BYTES } from '../../lib/contracts/gatewayWire.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import type { GatewayOptions } from '../../server/gateway/gateway.ts'
import { readGatewayFile } from '../../server/gateway/gatewayFile.ts'
import { wavesOf } from '../../server/gateway/resumeRamp.ts'
import { encodeJson } from '../../lib/telemetry/messageWriter.ts'
import { createFlakyBus } from '../support/flakyBus.ts'
import { startGateway, type GatewayHarness } from '../support/gatewayHarness.ts'
import { waitUntil } from '../support/waitUntil.ts'

const open: GatewayHarness[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})
async function gateway(options: Partial<GatewayOptions> = {}): Promise<GatewayHarness> {
  const made = await startGateway(options)
  open.push(made)
  return made
}
const stopAll = () => ({ id: randomUUID(), scope: 'all', issued_by: 'ada' }) as const
const transition = (layer: string, more: Record<string, unknown> = {}) => ({
  message_type: 'LifecycleTransitionCommand' as const,
  layer_id: layer,
  seed_id: 1,
  target_state: 'GERMINATED',
  issued_by: 'ada',
  ttl_ms: 2_000,
  ...more,
})

test('a stop reaches every layer on both paths and is verified by two signs of life', async () => {
  const world = await gateway()
  const one = await world.layer({ layers: ['layer_0', 'layer_1'] })
  const two = await world.layer({ layers: ['layer_2'] })
  const { id, stop_epoch } = await world.client.stop(stopAll())
  await waitUntil('all are applied', async () => (await world.client.stopState(id)).missing === 0)
  for (const layer of [one, two]) layer.beat()
  for (const layer of [one, two]) layer.beat()
  await waitUntil('all are verified', async () =>
    (await world.client.stopState(id)).layers.every(({ state }) => state === 'verified'),
  )
  expect([...one.stopped, ...two.stopped]).toEqual(['layer_0', 'layer_1', 'layer_2'])
  expect(new Set(one.received.filter((got) => got.id === id).map((got) => got.path))).toEqual(
    new Set(['bus', 'socket']),
  )
  const matrix = await world.client.stopState(id)
  expect(matrix.applied).toBe(3)
  expect(matrix.layers.map(({ took_ms }) => took_ms !== null)).toEqual([true, true, true])
  expect(stop_epoch).toBeGreaterThan(0)
})

test('with the bus gone the direct line stops alone', async () => {
  const inner = createMemoryBus({ clock: systemClock })
  await inner.start()
  const bus = createFlakyBus(inner)
  const world = await gateway({ bus, urgentBus: bus })
  const layer = await world.layer({ layers: ['layer_0'] })
  bus.setMode('hang')
  const { id } = await world.client.stop(stopAll())
  await waitUntil('it is applied', async () => (await world.client.stopState(id)).missing === 0)
  // Verified, when a repetition that was under way brought the second sign of life already.
  expect((await world.client.stopState(id)).layers[0]).toMatchObject({
    state: expect.stringMatching(/^(applied|verified)$/),
    path: 'socket',
  })
  expect(layer.stopped.has('layer_0')).toBe(true)
})

test('with the line gone the bus stops alone, and a layer that hears nothing is told again until it answers', async () => {
  const world = await gateway()
  const layer = await world.layer({ layers: ['layer_0'], lines: false })
  await waitUntil('it is known', async () => (await world.client.status()).layers.length === 1)
  layer.silent = true
  const { id } = await world.client.stop({ ...stopAll(), scope: ['layer_0'] })
  await waitUntil('it was told five times', () => layer.received.filter((got) => got.id === id).length >= 5)
  expect(await world.client.stopState(id)).toMatchObject({ missing: 1, layers: [{ state: 'sent' }] })
  layer.silent = false
  await waitUntil('it is applied', async () => (await world.client.stopState(id)).missing === 0)
  expect((await world.client.stopState(id)).layers[0]).toMatchObject({ path: 'bus' })
})

test('an answer for a layer on the stream of another, or from an agent it does not belong to, is not believed', async () => {
  const world = await gateway()
  const victim = await world.layer({ layers: ['layer_0'] })
  const forger = await world.layer({ layers: ['layer_7'] })
  victim.silent = true
  const { id } = await world.client.stop({ ...stopAll(), scope: ['layer_0'] })
  await waitUntil('it was told', () => victim.received.some((got) => got.id === id))
  const outcome = {
    message_id: randomUUID(),
    timestamp: Date.now() / 1_000,
    source: 'forger',
    version: '2.0',
    message_type: 'CommandOutcome',
    command_id: id,
    command_type: 'EmergencyStopCommand',
    layer_id: 'layer_0',
    kind: 'applied',
    text: '',
    details: {},
  }
  const entry = { type: 'CommandOutcome', enc: 'json', data: encodeJson(outcome) } as const
  await world.bus.publish('kasmina.ack.layer.layer_7', entry)
  forger.line!.write(`${JSON.stringify({ kind: 'ack', outcome })}\n`)
  await waitUntil(
    'both were refused in words',
    () => world.problems.filter((text) => text.includes('not believed')).length === 2,
  )
  expect(await world.client.stopState(id)).toMatchObject({ missing: 1, applied: 0, layers: [{ state: 'sent' }] })
  victim.silent = false
  await waitUntil('its own word counts', async () => (await world.client.stopState(id)).missing === 0)
})

test('a stop of some layers leaves the others alone', async () => {
  const world = await gateway()
  const layer = await world.layer({ layers: ['layer_0', 'layer_1'] })
  const { id } = await world.client.stop({ ...stopAll(), scope: ['layer_1'] })
  await waitUntil('it is applied', async () => (await world.client.stopState(id)).missing === 0)
  expect([...layer.stopped]).toEqual(['layer_1'])
})

test('a stop nobody knows is answered as unreachable, and asserted in the moment its layer comes', async () => {
  const world = await gateway()
  const { id } = await world.client.stop({ ...stopAll(), scope: ['layer_9'] })
  expect((await world.client.stopState(id)).layers[0]).toMatchObject({ layer_id: 'layer_9', state: 'unreachable' })
  const late = await world.layer({ layers: ['layer_9'] })
  await waitUntil('it is applied', async () => (await world.client.stopState(id)).missing === 0)
  expect(late.stopped.has('layer_9')).toBe(true)
})

test('the same id stops once; for another scope it is refused', async () => {
  const world = await gateway()
  await world.layer({ layers: ['layer_0'] })
  const request = stopAll()
  const first = await world.client.stop(request)
  expect((await world.client.stop(request)).stop_epoch).toBe(first.stop_epoch)
  await expect(world.client.stop({ ...request, scope: ['layer_0'] })).rejects.toMatchObject({
    code: 'CONTRACT_INVALID',
  })
  expect((await world.client.stop(stopAll())).stop_epoch).toBe(first.stop_epoch + 1)
})

test('a restarted gateway asserts what was not resumed, to the layer that forgot it too, with a higher epoch', async () => {
  const world = await gateway()
  await world.layer({ layers: ['layer_0'], agentId: 'first' })
  const { id, stop_epoch } = await world.client.stop(stopAll())
  await waitUntil('it is applied', async () => (await world.client.stopState(id)).missing === 0)
  const before = world.gateway.epoch
  // What is written is written within 20 ms of a stop.
  const state = path.join(world.dataDir, 'gateway', 'state.json')
  await waitUntil('it is on disk', () => readFileSync(state, 'utf8').includes(id))
  await world.restart()
  expect(world.gateway.epoch).toBeGreaterThan(before)
  const forgetful = await world.layer({ layers: ['layer_0'], agentId: 'second' })
  await waitUntil('it is stopped again', () => forgetful.stopped.has('layer_0'))
  const told = forgetful.received.find(({ type }) => type === 'EmergencyStopCommand')
  expect(told?.body).toMatchObject({ stop_epoch })
  const { stops } = await world.client.status()
  expect(stops.map((stop) => stop.id)).toEqual([id])
})

test('a stop found at a layer is taken up although the record of it was lost', async () => {
  const world = await gateway()
  await world.gateway.stop(500)
  writeFileSync(path.join(world.dataDir, 'gateway', 'state.json'), '{"broken":')
  await world.restart()
  expect(world.problems.join()).toContain('damaged')
  const layer = await world.layer({ layers: ['layer_0'] })
  layer.stopped.add('layer_0')
  layer.stopEpoch = 41
  layer.beat()
  await waitUntil('it is taken up', async () => (await world.client.status()).stops.length === 1)
  const { stops, stop_epoch } = await world.client.status()
  expect(stop_epoch).toBe(41)
  expect(stops[0]).toMatchObject({ origin: 'found', stop_epoch: 41, scope: ['layer_0'] })
  const resumed = await world.client.resume({ id: randomUUID(), stop_id: stops[0]!.id, issued_by: 'ada', hold_ms: 0 })
  await waitUntil('it goes on', async () => (await world.client.resumeState(resumed.id)).state === 'done')
  expect(layer.stopped.size).toBe(0)
})

test('a layer that says it runs after it confirmed is told again under another id, which no memory answers for it', async () => {
  const world = await gateway()
  const layer = await world.layer({ layers: ['layer_0'] })
  const { id } = await world.client.stop(stopAll())
  await waitUntil('it is applied', async () => (await world.client.stopState(id)).missing === 0)
  layer.stopped.clear()
  // A beat that was under way proves nothing: only what is said two seconds later counts.
  await waitUntil('it stands still again', () => {
    layer.beat()
    return layer.stopped.has('layer_0')
  })
  const stops = layer.received.filter(({ type }) => type === 'EmergencyStopCommand')
  expect(new Set(stops.map((got) => got.id)).size).toBe(2)
  expect(new Set(stops.map(({ body }) => body['stop_epoch'])).size).toBe(1)
  await waitUntil('it confirmed', async () => (await world.client.stopState(id)).missing === 0)
  expect((await world.client.stopState(id)).layers[0]?.text).toBe('')
})

test('waves are one layer, a tenth, the rest', () => {
  const layers = Array.from({ length: 31 }, (_, i) => `l${i}`)
  expect(wavesOf(layers).map((wave) => wave.length)).toEqual([1, 3, 27])
  expect(wavesOf(['a', 'b']).map((wave) => wave.length)).toEqual([1, 1])
  expect(wavesOf([])).toEqual([])
})

test('a resume goes in waves, ends the stop, and a repeated one does nothing new', async () => {
  const world = await gateway()
  const layers = Array.from({ length: 20 }, (_, i) => `layer_${i}`)
  const layer = await world.layer({ layers })
  const stop = await world.client.stop(stopAll())
  await waitUntil('it is applied', async () => (await world.client.stopState(stop.id)).missing === 0)
  const request = { id: randomUUID(), stop_id: stop.id, issued_by: 'ada', approved_by: ['bob'], hold_ms: 0 }
  await world.client.resume(request)
  await waitUntil('it is done', async () => (await world.client.resumeState(request.id)).state === 'done')
  const stages = layer.received.filter(({ type, path: way }) => type === 'Resume' && way === 'socket')
  expect(stages.map(({ body }) => (body['ramp'] as { stage: number }).stage)).toEqual(
    stages.map(({ body }) => (body['ramp'] as { stage: number }).stage).toSorted((a, b) => a - b),
  )
  expect(new Set(stages.map(({ body }) => JSON.stringify(body['ramp'])))).toEqual(
    new Set([1, 2, 3].map((stage) => JSON.stringify({ stage, of: 3 }))),
  )
  expect(layer.stopped.size).toBe(0)
  expect((await world.client.stopState(stop.id)).resumed_ms).not.toBeNull()
  expect((await world.client.resume(request)).state).toBe('done')
  await expect(world.client.resume({ ...request, id: randomUUID() })).rejects.toMatchObject({ code: 'STATE_CONFLICT' })
})

test('a resume halts itself when a layer refuses, and everything in scope is stopped again', async () => {
  const world = await gateway()
  const layer = await world.layer({ layers: ['layer_0', 'layer_1'] })
  const stop = await world.client.stop(stopAll())
  await waitUntil('it is applied', async () => (await world.client.stopState(stop.id)).missing === 0)
  layer.refuseResume = true
  const request = { id: randomUUID(), stop_id: stop.id, issued_by: 'ada', hold_ms: 0 }
  await world.client.resume(request)
  await waitUntil('it halted', async () => (await world.client.resumeState(request.id)).state === 'halted')
  const { stops } = await world.client.status()
  expect(stops.map(({ issued_by }) => issued_by)).toEqual(['ada', 'gateway'])
  expect(stops[1]?.reason).toContain('layer_0 answered rejected')
})

test('a resume halts itself when the health of what it resumed falls under the floor', async () => {
  const world = await gateway()
  const layer = await world.layer({ layers: ['layer_0', 'layer_1'] })
  const stop = await world.client.stop(stopAll())
  await waitUntil('it is applied', async () => (await world.client.stopState(stop.id)).missing === 0)
  const request = { id: randomUUID(), stop_id: stop.id, issued_by: 'ada', hold_ms: 20_000, health_floor: 0.5 }
  await world.client.resume(request)
  const report = {
    message_id: randomUUID(),
    timestamp: Date.now() / 1_000,
    source: 'stub',
    version: '2.0',
    message_type: 'LayerHealthReport',
    layer_id: 'layer_0',
    total_seeds: 1,
    active_seeds: 1,
    health_metrics: { '0': { health_score: 0.1 } },
    telemetry_window: [1, 2],
  }
  await waitUntil('it halted', async () => {
    const data = new TextEncoder().encode(JSON.stringify({ ...report, message_id: randomUUID() }))
    await world.bus.publish('kasmina.telemetry.layer.layer_0.health', { type: 'LayerHealthReport', enc: 'json', data })
    return (await world.client.resumeState(request.id)).state === 'halted'
  })
  expect((await world.client.resumeState(request.id)).text).toContain('mean health 0.10 is under 0.5')
  await waitUntil('it stands again', () => layer.stopped.size === 2)
})

test('an order is stamped, signed, sent once, and ends with its one outcome', async () => {
  const world = await gateway()
  const events = world.follow()
  const layer = await world.layer({ layers: ['layer_0'] })
  const order = { id: randomUUID(), command: transition('layer_0'), audit_size: 7, audit_root: 'a'.repeat(64) }
  const taken = await world.client.command(order)
  expect(taken).toMatchObject({ id: order.id, layer_id: 'layer_0', gateway_epoch: world.gateway.epoch })
  await waitUntil('it is settled', async () => (await world.client.commandState(order.id)).state === 'settled')
  expect((await world.client.command(order)).state).toBe('settled')
  const copies = layer.received.filter((got) => got.id === order.id)
  expect(copies).toHaveLength(1)
  expect(Date.now() - Number(copies[0]?.body['issued_bus_ms'])).toBeLessThan(5_000)
  expect(copies[0]?.body).toMatchObject({
    seq: 1,
    gateway_epoch: world.gateway.epoch,
    audit_size: 7,
    source: 'gateway',
  })
  expect((await world.client.commandState(order.id)).stages.map(({ stage }) => stage)).toEqual(['taken', 'sent'])
  await waitUntil('the outcome was told', () =>
    events.some((event) => event.kind === 'command' && event.command.state === 'settled'),
  )
  await expect(
    world.client.command({ ...order, command: transition('layer_0', { seed_id: 2 }) }),
  ).rejects.toMatchObject({
    code: 'CONTRACT_INVALID',
  })
})

test('a command that is wrong is refused at once, with the path of what is wrong', async () => {
  const world = await gateway()
  const wrong = { id: randomUUID(), command: transition('layer_0', { target_state: 'SLEEPING' }) }
  await expect(world.client.command(wrong)).rejects.toMatchObject({
    code: 'CONTRACT_INVALID',
    context: { path: 'target_state' },
  })
})

test('of what waits for a layer a critical command leaves first, and seq follows the order on the bus', async () => {
  const inner = createMemoryBus({ clock: systemClock })
  await inner.start()
  const bus = createFlakyBus(inner)
  const world = await gateway({ bus, urgentBus: bus })
  const layer = await world.layer({ layers: ['layer_0'] })
  bus.setMode('reject')
  const ids: string[] = []
  for (const priority of ['normal', 'low', 'normal', 'critical', 'high']) {
    const id = randomUUID()
    ids.push(id)
    await world.client.command({ id, command: transition('layer_0', { priority, ttl_ms: 10_000 }) })
  }
  bus.setMode('up')
  const orders = () => layer.received.filter(({ type }) => type === 'LifecycleTransitionCommand')
  await waitUntil('all arrived', () => orders().length === 5)
  expect(orders().map(({ id }) => ids.indexOf(id))).toEqual([0, 3, 4, 2, 1])
  expect(orders().map(({ body }) => body['seq'])).toEqual([1, 2, 3, 4, 5])
})

test('silence is unknown, and a late outcome still settles it', async () => {
  const world = await gateway()
  const layer = await world.layer({ layers: ['layer_0'] })
  layer.silent = true
  const id = randomUUID()
  await world.client.command({ id, command: transition('layer_0', { ttl_ms: 100 }) })
  await waitUntil('it is unknown', async () => (await world.client.commandState(id)).state === 'unknown')
  const outcome = {
    message_id: randomUUID(),
    timestamp: 1,
    source: 'stub',
    version: '2.0',
    message_type: 'CommandOutcome',
    command_id: id,
    command_type: 'LifecycleTransitionCommand',
    layer_id: 'layer_0',
    kind: 'applied',
  }
  layer.line?.write(`${JSON.stringify({ kind: 'ack', outcome })}\n`)
  await waitUntil('it is settled', async () => (await world.client.commandState(id)).state === 'settled')
})

test('a bus that never comes leaves a command undelivered, in words', async () => {
  const inner = createMemoryBus({ clock: systemClock })
  await inner.start()
  const bus = createFlakyBus(inner)
  const world = await gateway({ bus, urgentBus: bus })
  bus.setMode('reject')
  const id = randomUUID()
  await world.client.command({ id, command: transition('layer_0', { ttl_ms: 100 }) })
  await waitUntil('it ended', async () => (await world.client.commandState(id)).state === 'undelivered')
  expect((await world.client.commandState(id)).text).toContain('it never left')
})

test('leases come on both paths', async () => {
  const world = await gateway()
  const layer = await world.layer({ layers: ['layer_0'] })
  await waitUntil('leases came on both paths', () => new Set(layer.leases.map(({ path: way }) => way)).size === 2)
})

test('readiness counts the layers whose probe came back, with the round trip of each path', async () => {
  const world = await gateway()
  await world.layer({ layers: ['layer_0', 'layer_1'] })
  await waitUntil('both are ready', async () => (await world.client.readiness()).ready === 2)
  await waitUntil('both paths were measured', async () =>
    (await world.client.readiness()).layers.every(({ bus, socket }) => bus.ok && socket.ok),
  )
  const { of, worst_ms } = await world.client.readiness()
  expect(of).toBe(2)
  expect(worst_ms).toBeGreaterThan(0)
})

test('a v2 layer is told in its own words on both of its topics, and its answer settles the command', async () => {
  const world = await gateway()
  await world.bus.publish('morphogenetic.heartbeat.layer.encoder.0', {
    type: 'Heartbeat',
    data: new Uint8Array([123, 125]),
  })
  await world.restart()
  await waitUntil('it is known', async () => (await world.client.status()).layers.length === 1)
  const got: { topic: string; body: Record<string, unknown> }[] = []
  const consume = (delivery: { topic: string; data: Uint8Array }): void =>
    void got.push({ topic: delivery.topic, body: JSON.parse(new TextDecoder().decode(delivery.data)) as never })
  await world.bus.subscribe('morphogenetic.control.#', consume, { mode: 'broadcast', from: 'latest' })
  const id = randomUUID()
  const taken = await world.client.command({ id, command: transition('encoder:0') })
  expect(taken.foreign).toBe(true)
  await waitUntil('it was told', () => got.length === 2)
  expect(got.map(({ topic }) => topic).toSorted()).toEqual([
    'morphogenetic.control.layer.encoder.0',
    'morphogenetic.control.lifecycle.layer.encoder.0',
  ])
  expect(got[0]?.body).toMatchObject({
    message_id: id,
    layer_id: 'encoder.0',
    version: '1.0',
    target_state: 'GERMINATED',
  })
  expect(got[0]?.body).not.toHaveProperty('gateway_epoch')
  const result = { success: true, execution_time_ms: 3, metadata: { correlation_id: id } }
  const data = new TextEncoder().encode(JSON.stringify(result))
  await world.bus.publish('morphogenetic.control.ack.layer.encoder.0', { type: 'CommandResult', data })
  await waitUntil('it is settled', async () => (await world.client.commandState(id)).state === 'settled')
  const { id: stopId } = await world.client.stop(stopAll())
  expect((await world.client.stopState(stopId)).layers[0]).toMatchObject({ layer_id: 'encoder:0', state: 'unknown' })
  await expect(
    world.client.command({
      id: randomUUID(),
      command: { message_type: 'NoOp', layer_id: 'encoder:0', issued_by: 'a', ttl_ms: 1_000 },
    }),
  ).rejects.toMatchObject({ code: 'COMMAND_UNSUPPORTED' })
})

test('key files and the announcement are for their owner only', async () => {
  const world = await gateway()
  for (const file of ['keys/gateway.pem', 'keys/layer.secret', 'gateway.json', 'gateway/state.json'])
    expect(statSync(path.join(world.dataDir, file)).mode & 0o777, file).toBe(0o600)
})

/** One raw request to the control API. */
function ask(port: number, method: string, target: string, token: string, body?: string) {
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const headers = { authorization: token }
    const asked = request({ host: '127.0.0.1', port, method, path: target, headers, agent: false }, (response) => {
      let text = ''
      response.on('data', (part: Buffer) => (text += part.toString()))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
      response.on('error', reject)
    })
    asked.on('error', reject)
    asked.end(body)
  })
}

test('the control API tells nothing without its token, and answers nonsense in words', async () => {
  const world = await gateway()
  const { control_port: port, token } = readGatewayFile(world.dataDir)
  for (const wrong of ['', 'Bearer', `Bearer ${token.slice(0, -1)}x`, token])
    expect((await ask(port, 'POST', '/v1/stop', wrong, JSON.stringify(stopAll()))).status, wrong).toBe(401)
  expect((await world.client.status()).stops).toEqual([])
  const right = `Bearer ${token}`
  expect(await ask(port, 'POST', '/v1/stop', right, '{"id":')).toMatchObject({
    status: 422,
    text: expect.stringContaining('CONTRACT_JSON') as string,
  })
  expect((await ask(port, 'POST', '/v1/stop', right, JSON.stringify({ ...stopAll(), scope: [] }))).status).toBe(422)
  expect((await ask(port, 'POST', '/v1/stop', right, `"${'x'.repeat(300_000)}"`)).status).toBe(413)
  expect((await ask(port, 'GET', '/v1/nothing', right)).status).toBe(404)
  expect((await ask(port, 'PUT', '/v1/stop', right)).status).toBe(405)
  expect((await ask(port, 'GET', '/v1/events?after=x', right)).status).toBe(422)
})

test('a stranger on the direct line gets a hello, a reason, and nothing more', async () => {
  const world = await gateway()
  const { socket_port: port } = readGatewayFile(world.dataDir)
  const nonce = '0'.repeat(64)
  const who = { kind: 'join', version: 1, agent_id: 'x', run_id: 'r', layers: ['layer_0'], nonce }
  const attempts: [string, string][] = [
    [`${JSON.stringify({ ...who, mac: '1'.repeat(64) })}\n`, 'does not fit the layer secret'],
    [`${JSON.stringify({ ...who, mac: '1'.repeat(64), version: 2 })}\n`, 'version 2 is not spoken'],
    ['{"kind":"ack"}\n', 'not of the contract'],
    ['nonsense\n', 'not JSON'],
    ['x'.repeat(GATEWAY_LINE_BYTES + 10), 'longer than'],
  ]
  for (const [said, expected] of attempts) {
    const text = await new Promise<string>((resolve) => {
      let heard = ''
      const socket = connect(port, '127.0.0.1')
      socket.on('data', (part) => (heard += part.toString()))
      socket.on('error', () => undefined)
      socket.on('close', () => resolve(heard))
      socket.write(said)
    })
    expect(text).toContain('"kind":"hello"')
    expect(text).toContain(expected)
    expect(text).not.toContain('"kind":"entry"')
  }
  expect((await world.client.status()).layers).toEqual([])
})
