/*
 * Commands end to end: the real server, gateway, layer agent and trainer, asked over HTTP and over /ops.
 * In: drafts of two operators. Out: one outcome each, told by layer or telemetry.
 * Invariant: nothing between the request and the weights is replaced.
 * Source: docs/commands.md.
 */
import { randomUUID } from 'node:crypto'
import { io } from 'socket.io-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CommandPreview } from '../../lib/contracts/commandPreview.ts'
import { HTTP_API } from '../../lib/contracts/httpApi.ts'
import type { CommandRecord, OpsStatus } from '../../lib/contracts/httpCommands.ts'
import type { Ack } from '../../lib/contracts/socketEvents.ts'
import { operatorOf } from '../support/operator.ts'
import { redisMissing, startRedis, type RedisServer } from '../support/redisHarness.ts'
import { startTestServer, type TestServer } from '../support/serverHarness.ts'
import { waitUntil } from '../support/waitUntil.ts'

const missing = redisMissing()
if (missing !== null) process.stdout.write(`commands on redis skipped: ${missing}\n`)

for (const driver of ['memory', 'redis'] as const)
  describe.skipIf(driver === 'redis' && missing !== null)(`commands to the real trainer on ${driver}`, () => {
    let redis: RedisServer | null = null
    let server: TestServer
    let one: ReturnType<typeof operatorOf>
    let two: ReturnType<typeof operatorOf>

    const statesOf = async (): Promise<{ layer: string; seed: number; state: string }[]> => {
      const found: { layer: string; seed: number; state: string }[] = []
      for (const layer of ['layer_0', 'layer_1', 'layer_2']) {
        const { body } = await one.get(`/api/layers/${layer}`)
        const { seeds } = body as { seeds: { seed_id: number[]; state: string[] } }
        seeds.seed_id.forEach((seed, at) => found.push({ layer, seed, state: seeds.state[at]! }))
      }
      return found
    }
    const find = async (state: string, skip = 0) => {
      const found = (await statesOf()).filter((seed) => seed.state === state)[skip]
      if (found === undefined) throw new Error(`no seed is ${state}`)
      return found
    }
    const transition = (seed: { layer: string; seed: number }, target_state: string, more: object = {}) => ({
      type: 'LifecycleTransitionCommand',
      layer_id: seed.layer,
      seed_id: seed.seed,
      target_state,
      reason: 'a test wants it',
      ...more,
    })

    beforeAll(async () => {
      redis = driver === 'redis' ? await startRedis() : null
      server = await startTestServer({
        TRAINER: 'on',
        TRAINER_STEPS_PER_S: '100',
        ...(redis === null ? {} : { REDIS_URL: redis.url }),
      })
      one = operatorOf(server, 'demo-1')
      two = operatorOf(server, 'demo-2')
      await waitUntil(
        'fresh layers, a measured loss and a gateway',
        async () => {
          const layers = (await one.get('/api/layers')).body['layers'] as { freshness: string }[]
          const status = (await one.get('/api/ops')).body as unknown as OpsStatus
          const { body } = await one.get('/api/runs')
          const evaluated = ((body['runs'] ?? []) as { val_accuracy: number | null }[]).some(
            (run) => run.val_accuracy !== null,
          )
          return (
            layers.length === 3 &&
            layers.every(({ freshness }) => freshness === 'fresh') &&
            status.gateway.state === 'up' &&
            evaluated
          )
        },
        60_000,
      )
    }, 90_000)
    afterAll(async () => {
      await server.end()
      await redis?.stop()
    })

    test('a dormant seed germinates, and its record tells every stage with its time and exactly one outcome', async () => {
      const seed = await find('DORMANT')
      const sent = await one.submit(transition(seed, 'GERMINATED', { parameters: { blueprint_id: 'mlp' } }))
      expect(sent.status).toBe(202)
      expect(HTTP_API.submitCommand.output.parse(sent.body)).toMatchObject({ state: 'HELD', level: 1 })
      const record = await one.final(sent.body['id'])
      expect(record).toMatchObject({
        state: 'APPLIED',
        outcome: { kind: 'applied' },
        layer_id: seed.layer,
        seed_id: seed.seed,
      })
      const stages = record.stages.map(({ stage }) => stage)
      expect(stages).toEqual(expect.arrayContaining(['drafted', 'validated', 'held', 'issued', 'sent', 'applied']))
      expect(stages.filter((stage) => stage === 'applied')).toHaveLength(1)
      const held = record.stages.find(({ stage }) => stage === 'issued')!
      expect(held.after_ms).toBeGreaterThanOrEqual(4_990)
      await one.until(record.id, 'telemetry verified it', ({ stages: all }) =>
        all.some(({ stage }) => stage === 'verified'),
      )
      const { body } = await one.get(`/api/layers/${seed.layer}/seeds/${seed.seed}`)
      const { lives } = HTTP_API.seed.output.parse(body)
      expect(JSON.stringify(lives.at(-1))).toContain(record.id)
    }, 40_000)

    test('what is held can be taken back with certainty, and what was sent can not', async () => {
      // The policy may be faster with a seed: then the next one is asked for.
      let sent = await one.submit(transition(await find('DORMANT'), 'GERMINATED'))
      for (let left = 20; sent.status !== 202 && left > 0; left--) {
        await new Promise((resolve) => setTimeout(resolve, 500))
        sent = await one.submit(transition(await find('DORMANT', left % 3), 'GERMINATED'))
      }
      expect(sent).toMatchObject({ status: 202 })
      const cancelled = await one.post(`/api/commands/${String(sent.body['id'])}/cancel`)
      expect(cancelled.body).toMatchObject({ state: 'CANCELLED', final: true, outcome: { kind: 'cancelled' } })
      const again = await one.post(`/api/commands/${String(sent.body['id'])}/cancel`, {})
      expect(again).toMatchObject({ status: 409, body: { code: 'COMMAND_STATE' } })
      const noop = await one.submit({ type: 'NoOp', layer_id: 'layer_0' })
      await one.final(noop.body['id'])
      const late = await one.post(`/api/commands/${String(noop.body['id'])}/cancel`, {})
      expect(late).toMatchObject({ status: 409, body: { code: 'COMMAND_STATE' } })
    }, 40_000)

    test('a living seed is cancelled, and the next blueprint of a dormant one is set', async () => {
      // The policy ends lives by itself: one that is alive is waited for.
      let living: Awaited<ReturnType<typeof statesOf>>[number] | undefined
      await waitUntil(
        'a living seed',
        async () => {
          living = (await statesOf()).find(({ state }) => state === 'GERMINATED' || state === 'TRAINING')
          return living !== undefined
        },
        60_000,
      )
      const cancel = await one.submit(transition(living!, 'CANCELLED'))
      expect(cancel.body).toMatchObject({ level: 2 })
      const dormant = await find('DORMANT')
      const update = await one.submit({
        type: 'BlueprintUpdateCommand',
        layer_id: dormant.layer,
        seed_id: dormant.seed,
        blueprint_id: 'affine',
        reason: 'smaller',
      })
      expect(update.status).toBe(202)
      for (const { body } of [cancel, update]) {
        const record = await one.final(body['id'])
        // Between the look and the effect the policy may have moved the seed: then it is refused by name, never half done.
        if (record.state !== 'APPLIED') expect(record.outcome?.code).toBe('COMMAND_PRECONDITION')
        expect(['APPLIED', 'REJECTED']).toContain(record.state)
      }
    }, 100_000)

    test('an edge that does not exist is refused with what comes first, leaves no record and burns no key', async () => {
      const seed = await find('DORMANT')
      const key = randomUUID()
      const refused = await one.submit(transition(seed, 'FOSSILIZED'), key)
      expect(refused).toMatchObject({ status: 409, body: { code: 'COMMAND_ILLEGAL_EDGE', path: 'target_state' } })
      expect(String(refused.body['detail'])).toContain('needs FINE_TUNING first')
      const preview = (await one.post('/api/commands/preview', transition(seed, 'FOSSILIZED')))
        .body as unknown as CommandPreview
      expect(preview).toMatchObject({ legal: false, confirm: { kind: 'blocked', arm_token: null } })
      const { body } = await one.get(`/api/layers/${seed.layer}/seeds/${seed.seed}/choices`)
      const choices = HTTP_API.seedChoices.output.parse(body)
      expect(choices.choices.filter(({ legal }) => legal).map(({ state }) => state)).toEqual(['GERMINATED'])
      const after = await one.submit({ type: 'NoOp', layer_id: 'layer_0' }, key)
      expect(after.status).toBe(202)
    }, 40_000)

    test('the same key and body get the same answer, another body is refused, and of two at once there is one command', async () => {
      const key = randomUUID()
      const draft = { type: 'NoOp', layer_id: 'layer_1' }
      const answers = await Promise.all(Array.from({ length: 8 }, () => one.submit(draft, key)))
      const ids = new Set(answers.filter(({ status }) => status === 202).map(({ body }) => body['id']))
      expect(ids.size).toBe(1)
      expect(answers.every(({ status, body }) => status === 202 || body['code'] === 'COMMAND_BUSY')).toBe(true)
      expect((await one.submit(draft, key)).body['id']).toBe([...ids][0])
      expect(await one.submit({ ...draft, layer_id: 'layer_2' }, key)).toMatchObject({
        status: 422,
        body: { code: 'COMMAND_KEY' },
      })
      expect(await one.post('/api/commands', draft)).toMatchObject({ status: 422, body: { path: 'Idempotency-Key' } })
      // The key is the person's own: another one may use the same word.
      expect((await two.submit(draft, key)).body['id']).not.toBe([...ids][0])
    }, 40_000)

    test('of two operators on one seed the second sees the first', async () => {
      const seed = await find('DORMANT')
      const answers = await Promise.all([
        one.submit(transition(seed, 'GERMINATED')),
        two.submit(transition(seed, 'GERMINATED', { reason: 'me too' })),
      ])
      const won = answers.find(({ status }) => status === 202)!
      const lost = answers.find(({ status }) => status === 409)!
      expect(lost.body['code']).toBe('STATE_CONFLICT')
      expect(String(lost.body['detail'])).toContain(String(won.body['id']))
      await one.post(`/api/commands/${String(won.body['id'])}/cancel`, {})
    }, 40_000)

    test('what can not be taken back wants the token of a fresh preview, once and in this session', async () => {
      const draft = {
        type: 'CheckpointCommand',
        layer_id: 'layer_0',
        operation: 'restore',
        checkpoint_id: 'none',
        reason: 'go back',
      }
      const bare = await one.submit(draft)
      expect(bare).toMatchObject({ status: 409, body: { code: 'COMMAND_ARM', path: 'confirm' } })
      const preview = (await one.post('/api/commands/preview', draft)).body as unknown as CommandPreview
      expect(preview.confirm).toMatchObject({ kind: 'hold', hold_ms: 1_200 })
      const confirm = { arm_token: preview.confirm.arm_token }
      const stolen = await two.submit({ ...draft, confirm })
      expect(stolen).toMatchObject({ status: 409, body: { code: 'COMMAND_ARM' } })
      const { sent } = await one.confirm(draft)
      expect(sent.status).toBe(202)
      // No checkpoint of this name exists: the layer says so, and that is the one outcome.
      const record = await one.final(sent.body['id'])
      expect(['REJECTED', 'FAILED']).toContain(record.state)
    }, 40_000)

    test('a run over five seeds goes in waves of 1, 1 and 3, and each seed has its own outcome', async () => {
      const dormant = (await statesOf())
        .filter(({ state }) => state === 'DORMANT' || state === 'GERMINATED' || state === 'TRAINING')
        .slice(0, 5)
      const layers = [...Map.groupBy(dormant, ({ layer }) => layer)].map(([layer_id, seeds]) => ({
        layer_id,
        seed_ids: seeds.map(({ seed }) => seed),
      }))
      const draft = {
        type: 'BlueprintUpdateCommand',
        targets: { kind: 'seeds', layers },
        blueprint_id: 'affine',
        reason: 'many at once',
      }
      const { preview, sent } = await one.confirm(draft)
      expect(preview.targets).toMatchObject({ total: dormant.length })
      if (preview.targets.will_change === 0) throw new Error('no seed takes a blueprint now')
      expect(sent.status).toBe(202)
      const record = await one.until(
        sent.body['id'],
        'the run over',
        ({ final, bulk }) => final || bulk?.state === 'halted' || bulk?.state === 'reask',
        60_000,
      )
      const children = HTTP_API.commands.output.parse(
        (await one.get(`/api/commands?parent=${record.id}`)).body,
      ).commands
      const counts = record.bulk!.counts
      expect(counts.applied + counts.failed + counts.unknown + counts.skipped + counts.waiting + counts.cancelled).toBe(
        preview.targets.will_change,
      )
      expect(children).toHaveLength(record.children)
      expect(new Set(children.map(({ id }) => id)).size).toBe(children.length)
      expect(children.every((child) => child.final && child.parent_id === record.id && child.outcome !== null)).toBe(
        true,
      )
      expect(record.bulk!.waves.map(({ size }) => size)).toEqual(preview.targets.waves)
    }, 90_000)

    test('who has control sends, who has not proposes, and only the holder agrees', async () => {
      expect((await one.post('/api/control', { action: 'take' })).body).toMatchObject({ holder: 'demo-1', yours: true })
      const proposed = await two.submit({ type: 'NoOp', layer_id: 'layer_0' })
      expect(proposed.body).toMatchObject({ state: 'AWAIT_APPROVAL', approvals_needed: 1 })
      const path = `/api/commands/${String(proposed.body['id'])}/approve`
      const hash = proposed.body['hash']
      expect(await two.post(path, { hash })).toMatchObject({ status: 403, body: { code: 'COMMAND_APPROVAL' } })
      expect(await one.post(path, { hash: 'f'.repeat(64) })).toMatchObject({ status: 403, body: { path: 'hash' } })
      const [first, second] = await Promise.all([one.post(path, { hash }), one.post(path, { hash })])
      expect(new Set([first.status, second.status])).toEqual(new Set([200, 409]))
      expect((await one.final(proposed.body['id'])).approvals).toMatchObject([{ by: 'demo-1', decision: 'approve' }])
      expect(await two.post('/api/control', { action: 'take' })).toMatchObject({ status: 409 })
      expect(await two.post('/api/control', { action: 'take-over' })).toMatchObject({
        status: 422,
        body: { path: 'reason' },
      })
      await two.post('/api/control', { action: 'request', reason: 'my turn' })
      expect((await one.post('/api/control', { action: 'hand-over' })).body).toMatchObject({ holder: 'demo-2' })
      expect((await two.post('/api/control', { action: 'release' })).body).toMatchObject({ holder: null })
    }, 40_000)

    test('over /ops the same functions answer, and every page sees every change', async () => {
      const socket = io(`${server.url}/ops`, {
        transports: ['websocket'],
        forceNew: true,
        reconnection: false,
        extraHeaders: { origin: server.url },
      })
      try {
        const told: CommandRecord[] = []
        socket.on('command', (record: CommandRecord) => told.push(record))
        const ask = <T>(event: string, request: unknown) =>
          new Promise<Ack<T>>((resolve) => void socket.emit(event, request, resolve))
        const hello = await ask<{ status: OpsStatus }>('hello', { protocol: 1 })
        expect(hello).toMatchObject({ ok: true, value: { status: { me: { actor: 'demo-1' } } } })
        const taken = await ask<{ id: string }>('submit', {
          key: randomUUID(),
          command: { type: 'NoOp', layer_id: 'layer_2' },
        })
        expect(taken.ok).toBe(true)
        const { id } = (taken as { value: { id: string } }).value
        await waitUntil('its end is told', () => told.some((record) => record.id === id && record.final))
        expect(await ask('submit', { key: 'short', command: {} })).toMatchObject({
          ok: false,
          problem: { code: 'CONTRACT_INVALID' },
        })
      } finally {
        socket.disconnect()
      }
    }, 40_000)
  })
