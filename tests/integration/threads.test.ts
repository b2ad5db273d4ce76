/*
 * Causes end to end on a real Redis: the real trainer with a real fault, real commands, the index on a real disk.
 * In: a fault of the training thread, a command that goes on in the thread of an alert, events out of order. Out: what changed, threads, lives.
 * Invariant: nothing between the weights and the answer is replaced.
 * Source: docs/protocol.md "threads"; docs/training.md "faults".
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createRedisBus } from '../../lib/bus/drivers/redis/redisBus.ts'
import type { MessageBus } from '../../lib/bus/messageBus.ts'
import { HTTP_API } from '../../lib/contracts/httpApi.ts'
import type { OpsStatus } from '../../lib/contracts/httpCommands.ts'
import { THREAD_LINKS } from '../../lib/contracts/threadLinks.ts'
import { systemClock as clock } from '../../lib/primitives/clock.ts'
import { startLiveTrainer } from '../support/liveTrainer.ts'
import { operatorOf } from '../support/operator.ts'
import { redisMissing, startRedis, type RedisServer } from '../support/redisHarness.ts'
import { startTestServer, type TestServer } from '../support/serverHarness.ts'
import { waitUntil } from '../support/waitUntil.ts'

const missing = redisMissing()
if (missing !== null) process.stdout.write(`threads on redis skipped: ${missing}\n`)

const FAULT = 'noise-of-the-test'

describe.skipIf(missing !== null)('what led to what, with the real trainer on redis', () => {
  let redis: RedisServer
  let folder: string
  let server: TestServer
  let bus: MessageBus
  let live: Awaited<ReturnType<typeof startLiveTrainer>>
  let ops: ReturnType<typeof operatorOf>

  const start = () => startTestServer({ REDIS_URL: redis.url, DATA_DIR: folder })
  const thread = async (id: string) => {
    const { status, body } = await server.get(`/api${THREAD_LINKS.thread(id)}`)
    return status === 200 ? HTTP_API.thread.output.parse(body) : null
  }
  const changes = async (query: string) =>
    HTTP_API.changes.output.parse((await server.get(`/api/changes?${query}`)).body)
  const life = async (layer: string, seed: number, generation: number) =>
    server.get(`/api/layers/${layer}/seeds/${seed}/lives/${generation}?run=${live.run.run_id}`)
  /** Validations as this server's own run page gets them. */
  const curve = async () => {
    const { body } = await server.get(`/api/runs/${live.run.run_id}?points=1000`)
    return HTTP_API.run.output.parse(body).curve
  }

  /** The place of the newest packed entry, as a value of a seed names it. */
  const newestFrames = async (): Promise<string> => {
    const { body } = await server.get(`/api/layers/layer_0/seeds/0?run=${live.run.run_id}`)
    const { entry } = HTTP_API.seed.output.parse(body)
    return `topic=${entry!.topic}&entry=${entry!.entry_id}`
  }

  beforeAll(async () => {
    redis = await startRedis()
    folder = mkdtempSync(path.join(tmpdir(), 'morphoscope-threads-'))
    server = await start()
    ops = operatorOf(server)
    bus = createRedisBus({ url: redis.url, clock, name: 'threads' })
    await bus.start()
    live = await startLiveTrainer(bus, { dataDir: folder, options: { seed: 1, faultsAllowed: true }, stepsPerS: 300 })
    await waitUntil(
      'a gateway and an accuracy above 75 %',
      async () => {
        const status = (await ops.get('/api/ops')).body as unknown as OpsStatus
        const points = await curve().catch(() => [])
        return status.gateway.state === 'up' && points.some((point) => (point.val_accuracy ?? 0) > 0.75)
      },
      90_000,
    )
  }, 120_000)
  afterAll(async () => {
    await live.stop()
    await bus.stop()
    await server.end()
    await redis.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  test('a command that was opened from an alert goes on in its thread: preview, stages, outcome, transition, each with its latency', async () => {
    const { body } = await ops.get(`/api/layers/layer_1?run=${live.run.run_id}`)
    const { seeds } = HTTP_API.layer.output.parse(body)
    const seed = seeds.seed_id.find((_, at) => seeds.state[at] === 'DORMANT')!
    const sent = await ops.submit({
      type: 'LifecycleTransitionCommand',
      layer_id: 'layer_1',
      seed_id: seed,
      run_id: live.run.run_id,
      target_state: 'GERMINATED',
      parameters: { blueprint_id: 'mlp' },
      reason: 'the alert asks for it',
      correlation_id: 'alert-of-the-test',
    })
    expect(sent.status).toBe(202)
    const record = await ops.final(sent.body['id'])
    expect([record.state, record.outcome?.text, record.correlation_id]).toEqual([
      'APPLIED',
      expect.any(String),
      'alert-of-the-test',
    ])
    await ops.until(record.id, 'verified by telemetry', ({ stages }) =>
      stages.some(({ stage }) => stage === 'verified'),
    )
    await waitUntil('the transition in the thread', async () => {
      const view = await thread('alert-of-the-test')
      return view?.nodes.some(({ kind }) => kind === 'transition') === true
    })
    const view = (await thread('alert-of-the-test'))!
    const kinds = view.nodes.filter(({ relation }) => relation === 'member').map(({ kind }) => kind)
    for (const kind of ['command', 'preview', 'stage', 'outcome', 'transition'] as const) expect(kinds).toContain(kind)
    const moved = view.nodes.find(({ kind }) => kind === 'transition')!
    expect(moved).toMatchObject({ command_id: record.id, state: 'GERMINATED', seed_id: seed, by: 'operator' })
    expect(view.edges.find(({ to }) => to === moved.id)).toMatchObject({ kind: 'cause' })
    expect(view.edges.filter(({ latency_ms }) => latency_ms !== null).length).toBeGreaterThan(4)

    const told = await life('layer_1', seed, moved.generation!)
    expect(told.status).toBe(200)
    const story = HTTP_API.life.output.parse(told.body)
    expect(story.life).toMatchObject({ generation: moved.generation, complete: true })
    expect(story.nodes.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['command', 'transition']))
    expect(story.nodes.some(({ guards }) => guards.length > 0)).toBe(true)
    expect((await life('layer_1', seed, 999)).status).toBe(404)
  }, 60_000)

  test('why accuracy dropped is the first answer: the injected fault, and its thread tells it from injection to what it did', async () => {
    const before = Math.max(...(await curve()).map((point) => point.val_accuracy ?? 0))
    const injectedMs = clock.wallMs()
    const reply = await live.link.execute({
      key: FAULT,
      commandId: FAULT,
      entry: 'test',
      expiresAtMs: clock.wallMs() + 60_000,
      command: {
        type: 'fault',
        correlationId: null,
        fault: { faultId: FAULT, kind: 'label_noise', ratio: 0.9, steps: 900 },
      },
    })
    expect(reply).toMatchObject({ kind: 'record', record: { outcome: { kind: 'done' } } })
    let dropped: { readonly at_ms: number; readonly val_accuracy: number | null } | undefined
    await waitUntil(
      'the accuracy to drop by five points',
      async () => {
        dropped = (await curve()).findLast(
          (point) => point.at_ms > injectedMs && (point.val_accuracy ?? 1) < before - 0.05,
        )
        return dropped !== undefined
      },
      30_000,
    )
    const found = await changes(`run=${live.run.run_id}&at=${Math.round(dropped!.at_ms)}&before_s=120`)
    expect(found.changes[0]).toMatchObject({
      kind: 'fault',
      overlap: 'run',
      ongoing: true,
      thread: `fault:${FAULT}`,
      link: THREAD_LINKS.thread(`fault:${FAULT}`),
    })
    expect(found.changes[0]!.text).toContain('random labels for 900 steps')

    // The alert it raised, acknowledged, answered with a command: one story, with the fault beside it.
    const raised = async () => {
      const { body } = await server.get('/api/alerts?state=all&rule=loss_degradation')
      return HTTP_API.alerts.output.parse(body).alerts.find(({ run_id: run }) => run === live.run.run_id)
    }
    await waitUntil('the alert', async () => (await raised()) !== undefined, 30_000)
    const alert = (await raised())!
    const acked = await ops.post(`/api/alerts/${alert.id}/ack`, {
      version: alert.version,
      seq: alert.seq,
      note: 'looking',
    })
    expect(acked.status).toBe(200)
    const saved = await ops.submit({
      type: 'CheckpointCommand',
      operation: 'save',
      layer_id: 'layer_0',
      run_id: live.run.run_id,
      reason: 'before anything else is lost',
      correlation_id: alert.correlation_id,
    })
    expect(saved.status).toBe(202)
    expect((await ops.final(saved.body['id'])).state).toBe('APPLIED')
    const story = async () => (await thread(alert.correlation_id!))?.nodes ?? []
    await waitUntil(
      'health after the alert',
      async () => (await story()).some(({ kind, relation }) => kind === 'health' && relation === 'member'),
      30_000,
    )
    const kinds = (await story()).map(({ kind, relation }) => (relation === 'overlap' ? `${kind} beside` : kind))
    for (const kind of ['fault beside', 'alert', 'evidence', 'ack', 'command', 'stage', 'outcome', 'health'])
      expect(kinds).toContain(kind)
    const told = (await thread(alert.correlation_id!))!
    expect(told.title).toBe(alert.text)
    const joined = told.edges.filter(({ kind }) => kind !== 'overlap')
    expect(joined).toHaveLength(told.nodes.filter(({ relation }) => relation === 'member').length - 1)
    expect(joined.every(({ latency_ms }) => latency_ms !== null)).toBe(true)
    expect(told.nodes.find(({ kind }) => kind === 'ack')).toMatchObject({ by: 'demo-1', text: 'acknowledged: looking' })
    expect(told.nodes.find(({ kind }) => kind === 'evidence')?.evidence?.metric).toBe(alert.evidence.metric)

    await waitUntil(
      'the end of the fault and health after it',
      async () => {
        const view = await thread(`fault:${FAULT}`)
        return view !== null && view.nodes.filter(({ kind }) => kind === 'health').length > 0
      },
      40_000,
    )
    const view = (await thread(`fault:${FAULT}`))!
    const members = view.nodes.filter(({ relation }) => relation === 'member')
    expect(members.map(({ kind }) => kind)).toEqual(['fault', 'fault', 'health'].toSorted(byFirst(members)))
    expect(view.edges.filter(({ kind }) => kind !== 'overlap')).toHaveLength(members.length - 1)
    const accuracy = view.nodes.flatMap(({ health }) => health).find(({ metric }) => metric === 'val_accuracy')
    expect(accuracy?.before).toBeGreaterThan(0.7)
    expect(accuracy?.after).not.toBeNull()
  }, 120_000)

  test('a decision of the controller is a thread from the telemetry it looked at to the transition', async () => {
    const germinated = (): Promise<string | null> =>
      changes(`run=${live.run.run_id}&before_s=3600`).then(
        ({ changes: found }) => found.find(({ kind, by }) => kind === 'transition' && by === 'policy')?.thread ?? null,
      )
    await waitUntil('a transition of the policy', async () => (await germinated()) !== null, 90_000)
    const view = (await thread((await germinated())!))!
    expect(view.nodes.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['command', 'outcome', 'transition']))
  }, 100_000)

  test('events out of their order are marked late where they stand, a second delivery is dropped, the hole is told', async () => {
    const send = (seq: number) =>
      bus.publish('kasmina.event.layer.layer_0', {
        type: 'FaultEvent',
        enc: 'json',
        src: 'stranger:event:layer_0',
        epoch: 1,
        seq,
        data: new TextEncoder().encode(
          JSON.stringify({
            message_id: crypto.randomUUID(),
            timestamp: clock.wallMs() / 1_000,
            source: 'stranger',
            version: '2.0',
            message_type: 'FaultEvent',
            correlation_id: 'order-of-the-test',
            layer_id: 'layer_0',
            fault_id: `f${seq}`,
            action: 'injected',
            text: `number ${seq}`,
          }),
        ),
      })
    for (const seq of [1, 2, 4, 3, 3]) await send(seq)
    await waitUntil('the events', async () => ((await thread('order-of-the-test'))?.of ?? 0) >= 4)
    const view = (await thread('order-of-the-test'))!
    const members = view.nodes.filter(({ kind, relation }) => kind === 'fault' && relation === 'member')
    expect(members.map(({ text, late }) => [text.slice(-1), late])).toEqual([
      ['1', false],
      ['2', false],
      ['4', false],
      ['3', true],
    ])
    const late = members.at(-1)!
    const where = `topic=${late.entry!.topic}&entry=${late.entry!.entry_id}`
    const raw = await server.get(`/api/entries?${where}`)
    expect(raw.status).toBe(200)
    expect(HTTP_API.entry.output.parse(raw.body)).toMatchObject({
      type: 'FaultEvent',
      check: { ok: true },
      source: { src: 'stranger:event:layer_0', epoch: 1, seq: 3 },
      content: { fault_id: 'f3', correlation_id: 'order-of-the-test' },
    })
    expect((await server.get(`/api/entries?topic=${late.entry!.topic}&entry=1-1`)).status).toBe(404)
    expect((await server.get('/api/entries?topic=kasmina.run&entry=soon')).status).toBe(422)
    const frames = await server.get(`/api/entries?${await newestFrames()}`)
    expect(HTTP_API.entry.output.parse(frames.body).content).toMatchObject({ frames_in_entry: 6 })
    const { changes: found } = await changes('before_s=60')
    expect(found.some(({ kind, by }) => kind === 'incident' && by === 'EVENTS_MISSING')).toBe(true)
  })

  test('threads and lives outlive the server', async () => {
    const wanted = (await thread('alert-of-the-test'))!
    const transition = wanted.nodes.find(({ kind }) => kind === 'transition')!
    await server.stop(5_000)
    server = await start()
    const again = await thread('alert-of-the-test')
    expect(again!.nodes.map(({ id }) => id)).toEqual(expect.arrayContaining(wanted.nodes.map(({ id }) => id)))
    await waitUntil(
      'the life',
      async () => (await life('layer_1', transition.seed_id!, transition.generation!)).status === 200,
    )
    const { status, body } = await server.get('/api/threads/nobody-knows-this')
    expect([status, (body as { code: string }).code]).toEqual([404, 'STATE_NOT_FOUND'])
    expect((body as { detail: string }).detail).toMatch(/what is kept begins at \d{4}-/)
  }, 30_000)
})

/** The order in which the kinds stand in the thread: the fault may end before or after health is read. */
function byFirst(members: readonly { readonly kind: string }[]) {
  return (a: string, b: string): number =>
    members.findIndex(({ kind }) => kind === a) - members.findIndex(({ kind }) => kind === b)
}
