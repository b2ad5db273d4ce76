/*
 * Emergency stop end to end: real gateway, real training thread, real keys, both paths.
 * In: stops, resumes, restarts, a gateway that goes silent. Out: what the trainer really did.
 * Invariant: stopped means no step, from the answer on until the resume; every figure printed is measured here.
 * Source: docs/emergency-stop.md; docs/adr/0012-stop-and-lease.md.
 */
import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { systemClock as clock } from '../../lib/primitives/clock.ts'
import { startGateway, type GatewayHarness } from '../support/gatewayHarness.ts'
import { startLiveTrainer } from '../support/liveTrainer.ts'
import { waitUntil } from '../support/waitUntil.ts'

type Live = Awaited<ReturnType<typeof startLiveTrainer>>
const cleanUps: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

async function world(): Promise<GatewayHarness> {
  const harness = await startGateway()
  cleanUps.push(() => harness.close())
  return harness
}
async function trainer(harness: GatewayHarness, stepsPerS = 150): Promise<Live> {
  const live = await startLiveTrainer(harness.bus, { dataDir: harness.dataDir, stepsPerS })
  cleanUps.push(() => live.stop())
  await waitUntil('the direct line is proven', () =>
    live.agentEvents.some((event) => event.kind === 'line' && event.up),
  )
  return live
}
const stepOf = (live: Live): number => live.link.status()?.step ?? 0
const isMoving = async (live: Live): Promise<boolean> => {
  const before = stepOf(live)
  await clock.sleep(1_200)
  return stepOf(live) > before
}
async function stop(harness: GatewayHarness, scope: 'all' | string[] = 'all') {
  const { id } = await harness.client.stop({ id: randomUUID(), scope, issued_by: 'ada' })
  await waitUntil('every layer stands still', async () => (await harness.client.stopState(id)).missing === 0)
  return id
}
async function resume(harness: GatewayHarness, stopId: string) {
  const { id } = await harness.client.resume({
    id: randomUUID(),
    stop_id: stopId,
    issued_by: 'ada',
    approved_by: ['bo'],
    hold_ms: 0,
    health_floor: 0,
  })
  await waitUntil('the resume is done', async () => (await harness.client.resumeState(id)).state !== 'running')
  return (await harness.client.resumeState(id)).state
}

test('a stop of all halts the training thread, is verified by heartbeats, survives trainer, agent and gateway, and ends exactly by its resume', async () => {
  const harness = await world()
  const first = await trainer(harness)
  await waitUntil('it trains', () => stepOf(first) > 40)
  const id = await stop(harness)
  await waitUntil('it is verified', async () =>
    (await harness.client.stopState(id)).layers.every(({ state }) => state === 'verified'),
  )
  expect(await isMoving(first)).toBe(false)
  expect(first.link.status()).toMatchObject({ halted: true, held: first.run.layers.map((layer) => layer.layer_id) })
  await cleanUps.pop()!()
  await harness.restart()

  const second = await trainer(harness)
  expect(await isMoving(second)).toBe(false)
  expect(stepOf(second)).toBe(0)
  const [inForce] = (await harness.client.status()).stops
  expect(inForce?.id).toBe(id)
  expect(await resume(harness, id)).toBe('done')
  await waitUntil('it trains again', () => stepOf(second) > 40)
})

test('a stop of one layer leaves the host and the others training, and its commands are refused', async () => {
  const harness = await world()
  const live = await trainer(harness)
  const id = await stop(harness, ['layer_1'])
  expect(await isMoving(live)).toBe(true)
  expect(live.link.status()).toMatchObject({ halted: false, held: ['layer_1'] })
  const order = (layer: string) => ({
    id: randomUUID(),
    command: {
      message_type: 'LifecycleTransitionCommand' as const,
      layer_id: layer,
      seed_id: 3,
      target_state: 'GERMINATED',
      issued_by: 'ada',
      ttl_ms: 5_000,
    },
  })
  await waitUntil('validation is measured', () => stepOf(live) > 110)
  const [refused, applied] = [order('layer_1'), order('layer_2')]
  for (const each of [refused, applied]) await harness.client.command(each)
  const outcomeOf = async (each: { id: string }) => (await harness.client.commandState(each.id)).outcome
  await waitUntil('both are answered', async () => ((await outcomeOf(refused)) && (await outcomeOf(applied))) !== null)
  expect(await outcomeOf(refused)).toMatchObject({ kind: 'rejected', code: 'COMMAND_STOPPED' })
  expect(await outcomeOf(applied)).toMatchObject({ kind: 'applied', state: 'GERMINATED' })
  const stages = (await harness.client.commandState(applied.id)).stages.map(({ stage }) => stage)
  expect(stages).toEqual(['taken', 'sent', 'received', 'queued', 'started'])
  expect(await resume(harness, id)).toBe('done')
  await waitUntil('nothing stands still', () => live.link.status()?.held.length === 0)
})

test('without its gateway structure freezes after 3 s while training goes on; a gateway that is back ends that by itself', async () => {
  const harness = await world()
  const live = await trainer(harness)
  await harness.gateway.stop(1_000)
  const silentMs = clock.monotonicMs()
  const { bus } = harness
  const leases: { atMs: number; lease: unknown }[] = []
  const watching = await bus.subscribe(
    'kasmina.service',
    ({ type, data }) => {
      if (type !== 'Heartbeat') return
      const beat = JSON.parse(new TextDecoder().decode(data)) as { lease?: unknown }
      leases.push({ atMs: clock.monotonicMs() - silentMs, lease: beat.lease })
    },
    { mode: 'broadcast', from: 'latest' },
  )
  await waitUntil('it is frozen', () => leases.some(({ lease }) => lease === 'frozen'), 8_000)
  const frozen = leases.find(({ lease }) => lease === 'frozen')
  process.stdout.write(`isolated: frozen after ${Math.round(frozen?.atMs ?? Number.NaN)} ms\n`)
  expect(frozen?.atMs).toBeGreaterThan(2_600)
  expect(await isMoving(live)).toBe(true)
  await harness.restart()
  await waitUntil('it is free', () => leases.at(-1)?.lease === 'ok')
  await watching.stop()
})

test('a kept state that can not be read counts as stopped', async () => {
  const harness = await world()
  const first = await trainer(harness)
  await stop(harness)
  await cleanUps.pop()!()
  expect(first.link.status()?.halted).toBe(true)
  writeFileSync(path.join(harness.dataDir, 'layers', 'trainer.json'), '{"version":1,"layers":')
  const second = await trainer(harness)
  expect(await isMoving(second)).toBe(false)
  expect(second.link.status()?.halted).toBe(true)
  expect(second.agentEvents.filter((event) => event.kind === 'error').map((event) => event.error.code)).toContain(
    'STATE_STORAGE',
  )
})

test('fifty stops and resumes of a training thread at full speed: none is missing', async () => {
  const harness = await world()
  const live = await startLiveTrainer(harness.bus, { dataDir: harness.dataDir, stepsPerS: null })
  cleanUps.push(() => live.stop())
  await waitUntil('the direct line is proven', () =>
    live.agentEvents.some((event) => event.kind === 'line' && event.up),
  )
  const took: number[] = []
  for (let i = 0; i < 50; i++) {
    const id = await stop(harness)
    const state = await harness.client.stopState(id)
    for (const layer of state.layers) took.push(layer.took_ms ?? Number.NaN)
    expect(await resume(harness, id)).toBe('done')
  }
  const sorted = took.toSorted((a, b) => a - b)
  const at = (share: number): string => (sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN).toFixed(1)
  process.stdout.write(`50 stops, ${took.length} layers: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms\n`)
  expect(took.every(Number.isFinite)).toBe(true)
}, 120_000)
