/*
 * Stop and resume end to end: the real server, gateway, layer agent and trainer, asked over HTTP, by form and over /ops.
 * In: stops of one operator, resumes of two. Out: matrices, halted and running layers.
 * Invariant: nothing between the request and the training loop is replaced.
 * Source: docs/commands.md "emergency stop", "resume".
 */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HTTP_API } from '../../lib/contracts/httpApi.ts'
import type { OpsStatus } from '../../lib/contracts/httpCommands.ts'
import type { StopMatrix } from '../../lib/contracts/httpStops.ts'
import { operatorOf } from '../support/operator.ts'
import { startTestServer, type TestServer } from '../support/serverHarness.ts'
import { waitUntil } from '../support/waitUntil.ts'

describe('stop and resume of the real trainer', () => {
  let server: TestServer
  let one: ReturnType<typeof operatorOf>
  let two: ReturnType<typeof operatorOf>
  const status = async () => HTTP_API.opsStatus.output.parse((await one.get('/api/ops')).body) as OpsStatus
  const stepOf = async (): Promise<number> => {
    const { body } = await one.get('/api/runs')
    return Math.max(...(body['runs'] as { step: number | null }[]).map(({ step }) => step ?? 0))
  }
  const complete = async (id: string): Promise<StopMatrix> => {
    let matrix: StopMatrix | null = null
    await waitUntil('every layer confirmed', async () => {
      matrix = HTTP_API.emergencyStopMatrix.output.parse((await one.get(`/api/emergency-stop/${id}`)).body)
      return matrix.complete
    })
    return matrix!
  }
  const ready = () =>
    waitUntil(
      'a stop would reach every layer',
      async () => {
        const { stop_ready } = await status()
        return stop_ready.of === 3 && stop_ready.ready === 3
      },
      40_000,
    )
  const resume = async (stop_id: string) => {
    await waitUntil(
      'the checklist passes',
      async () => {
        const checklist = HTTP_API.resumeChecklist.output.parse((await one.get('/api/resume')).body)
        return checklist.ready && checklist.stop?.id === stop_id
      },
      40_000,
    )
    const proposal = {
      stop_id,
      reason: 'the test saw it',
      confirmed: ['cause', 'alerts'],
      ramp: { hold_s: 2, health_floor: 0 },
    }
    const taken = await one.post('/api/resume', proposal, { 'idempotency-key': randomUUID() })
    expect(taken).toMatchObject({ status: 202, body: { state: 'AWAIT_APPROVAL', level: 4 } })
    const { id, hash } = taken.body
    expect(await one.post(`/api/commands/${String(id)}/approve`, { hash })).toMatchObject({
      status: 403,
      body: { code: 'COMMAND_APPROVAL' },
    })
    expect((await two.post(`/api/commands/${String(id)}/approve`, { hash })).status).toBe(200)
    return one.final(id, 60_000)
  }

  beforeAll(async () => {
    server = await startTestServer({ TRAINER: 'on', TRAINER_STEPS_PER_S: '100' })
    one = operatorOf(server, 'demo-1')
    two = operatorOf(server, 'demo-2')
    await waitUntil(
      'fresh layers',
      async () => {
        const layers = (await one.get('/api/layers')).body['layers'] as { freshness: string }[]
        return layers.length === 3 && layers.every(({ freshness }) => freshness === 'fresh')
      },
      60_000,
    )
    await ready()
  }, 120_000)
  afterAll(() => server.end())

  test('a stop of all halts every layer, cancels what is queued, refuses what is new, and two persons lift it in waves', async () => {
    const { body } = await one.get('/api/layers/layer_0')
    const seeds = body['seeds'] as { seed_id: number[]; state: string[] }
    const seed_id = seeds.seed_id[seeds.state.indexOf('DORMANT')]
    const held = await one.submit({
      type: 'LifecycleTransitionCommand',
      layer_id: 'layer_0',
      seed_id,
      target_state: 'GERMINATED',
    })
    const stop = await two.post('/api/emergency-stop', { scope: 'all' })
    expect(stop).toMatchObject({ status: 202, body: { layers: 3, cancelled: [{ id: held.body['id'] }] } })
    const id = String(stop.body['id'])
    const matrix = await complete(id)
    expect(matrix.layers.every((layer) => layer.applied_at !== null && layer.ms !== null)).toBe(true)
    expect((await one.record(held.body['id'])).state).toBe('CANCELLED')
    const stood = await stepOf()
    const refused = await one.submit({
      type: 'LifecycleTransitionCommand',
      layer_id: 'layer_0',
      seed_id,
      target_state: 'GERMINATED',
    })
    expect(refused).toMatchObject({ status: 409, body: { code: 'COMMAND_HALTED' } })
    expect(await status()).toMatchObject({ halted: { id, scope: 'all', by: 'demo-2' } })
    expect((await two.post(`/api/emergency-stop/${id}/reason`, { reason: 'a drill' })).body).toMatchObject({
      reason: 'a drill',
    })
    const record = await resume(id)
    expect(record, JSON.stringify(record.outcome)).toMatchObject({
      state: 'APPLIED',
      bulk: { total: 3, counts: { applied: 3 } },
    })
    await waitUntil('training goes on', async () => (await stepOf()) > stood, 30_000)
    expect((await status()).halted).toBeNull()
  }, 150_000)

  test('a plain form stops one layer and is answered with a plain page; another site is refused', async () => {
    const form = (body: string, headers: Record<string, string>) =>
      fetch(`${server.url}/api/emergency-stop`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
        body,
      })
    const foreign = await form('scope=all', { origin: 'https://evil.example' })
    expect(foreign.status).toBe(403)
    const nothing = await form('scope=', { origin: server.url })
    expect([nothing.status, await nothing.text()]).toEqual([422, expect.stringContaining('Nothing was stopped')])
    const stopped = await form('layer=layer_1&reason=%3Cb%3E', { origin: server.url })
    const page = await stopped.text()
    expect(stopped.status).toBe(202)
    expect(stopped.headers.get('content-type')).toContain('text/html')
    expect(page).toContain('<h1>Emergency stop sent</h1>')
    expect(page).not.toContain('<script')
    const id = /emergency-stop\/([0-9a-f-]{36})/.exec(page)![1]!
    expect((await complete(id)).scope).toEqual(['layer_1'])
    expect((await one.submit({ type: 'NoOp', layer_id: 'layer_1' })).status).toBe(202)
    const record = await resume(id)
    expect(record, JSON.stringify(record.outcome)).toMatchObject({ state: 'APPLIED' })
  }, 150_000)

  test('a run is paused and resumed by one person, and a pause is no emergency', async () => {
    const pause = await one.submit({ type: 'RunControl', layer_id: 'layer_0', action: 'pause', reason: 'lunch' })
    expect(pause.body).toMatchObject({ state: 'HELD', level: 2 })
    expect(await one.final(pause.body['id'])).toMatchObject({ state: 'APPLIED' })
    const stood = await stepOf()
    const again = await one.submit({ type: 'RunControl', layer_id: 'layer_0', action: 'pause', reason: 'twice' })
    expect(again).toMatchObject({ status: 409, body: { code: 'COMMAND_STATE' } })
    const go = await one.submit({ type: 'RunControl', layer_id: 'layer_0', action: 'resume', reason: 'back' })
    expect(await one.final(go.body['id'], 40_000)).toMatchObject({ state: 'APPLIED' })
    await waitUntil('training goes on', async () => (await stepOf()) > stood, 30_000)
  }, 120_000)
})
