import { io, type Socket } from 'socket.io-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AlertItem } from '../../lib/contracts/alerts.ts'
import { HTTP_API } from '../../lib/contracts/httpApi.ts'
import type { AlertsChanged } from '../../lib/contracts/httpAlerts.ts'
import { OPS_NAMESPACE } from '../../lib/contracts/socketNames.ts'
import { startAlertWorld, type AlertWorld } from '../support/alertWorld.ts'
import { redisMissing } from '../support/redisHarness.ts'
import { waitUntil } from '../support/waitUntil.ts'

const missing = redisMissing()
if (missing !== null) process.stdout.write(`alerts skipped: ${missing}\n`)

describe.skipIf(missing !== null)('alerts of a server on a real Redis', () => {
  let world: AlertWorld
  beforeAll(async () => {
    world = await startAlertWorld()
    await waitUntil('the engine runs', async () => (await world.list()).engine.age_ms !== null, 60_000)
  }, 120_000)
  afterAll(() => world.end())

  const complain = (layer: string, type = 'threshold_exceeded', severity = 'warning', seed = 1) =>
    world.send('PerformanceAlert', layer, {
      seed_id: seed,
      alert_type: type,
      severity,
      metric_name: 'gpu_temperature',
      metric_value: 91,
      threshold: 85,
    })
  const seen = ({ version, seq }: AlertItem) => ({ version, seq })

  test('before anything is wrong the list is empty and says since when, and that the engine runs', async () => {
    const list = await world.list()
    expect(list.alerts).toEqual([])
    expect(list.engine.clear_since).not.toBeNull()
    expect(list.engine.age_ms).toBeLessThan(5_000)
    expect(list.engine.limits).toEqual([])
  })

  test("a producer's alert is listed in its own words, acknowledged once, and who comes second learns who was first", async () => {
    await complain('l1')
    const alert = await world.until('the alert', ({ layer_id: layer }) => layer === 'l1', '')
    expect(alert).toMatchObject({
      rule: 'inbound',
      state: 'unacked_active',
      urgency: 'soon',
      seed_id: 1,
      evidence: { metric: 'gpu_temperature', trigger: 91, threshold: 85 },
    })
    const first = await world.act('demo-1', alert.id, 'ack', { ...seen(alert), note: 'looking' })
    expect(first).toMatchObject({ status: 200, body: { acked_by: 'demo-1', note: 'looking' } })
    const second = await world.act('demo-2', alert.id, 'ack', seen(alert))
    expect(second.status).toBe(409)
    expect(second.body).toMatchObject({ code: 'ALERT_CHANGED', alert: { id: alert.id, acked_by: 'demo-1' } })
    expect(second.body['detail']).toMatch(/demo-1 acknowledged \d+ s before you/)
    const { history } = await world.detail(alert.id)
    expect(history.map(({ act, actor }) => `${act} ${actor}`)).toEqual(['raised engine', 'ack demo-1'])
  })

  test('an acknowledgement of the occurrence before does not clear the one that followed', async () => {
    await complain('l2')
    const first = await world.until('the first', ({ layer_id: layer }) => layer === 'l2', '')
    await world.act('demo-1', first.id, 'ack', seen(first))
    await complain('l2')
    const again = await world.until('the second', ({ id, seq }) => id === first.id && seq === 2, '')
    const old = await world.act('demo-2', first.id, 'ack', seen(first))
    expect(old).toMatchObject({ status: 409, body: { code: 'ALERT_CHANGED' } })
    expect((await world.detail(again.id)).state).toBe('unacked_active')
  })

  test('a group is acknowledged by its members that were seen; who joined is counted and still asks', async () => {
    for (let seed = 0; seed < 4; seed++) await complain('l3', 'anomaly', seed === 0 ? 'critical' : 'warning', seed)
    await waitUntil('four', async () => (await world.list('?layer=l3')).alerts.length === 4)
    const { alerts, groups } = await world.list('?layer=l3')
    // The critical one is first, and listed by itself besides its group.
    expect(alerts[0]).toMatchObject({ severity: 'critical', urgency: 'now', seed_id: 0 })
    const key = alerts[0]!.group
    expect(groups.find((group) => group.key === key)).toMatchObject({ count: 4, critical: 1, unacked: 4 })
    await complain('l3', 'anomaly', 'warning', 9)
    await waitUntil('five', async () => (await world.list('?layer=l3')).alerts.length === 5)
    const versions = alerts.map(({ id, version, seq }) => ({ id, version, seq }))
    const { body } = await world.as('demo-1').post('/api/alerts/groups/ack', { group: key, versions })
    expect(body).toMatchObject({ acked: 4, lost_count: 0, new: 1 })
    expect((await world.list('?layer=l3')).alerts).toMatchObject([{ seed_id: 9, state: 'unacked_active' }])
    // An undo of each within its time.
    const undo = HTTP_API.ackAlertGroup.output.parse(body).versions[0]!
    const back = await world.act('demo-1', undo.id, 'unack', { version: undo.version, seq: undo.seq })
    expect(back).toMatchObject({ status: 200, body: { state: 'unacked_active' } })
  })

  test('shelved it is out of sight and counted, and a day is the limit without an administrator', async () => {
    await complain('l4')
    const alert = await world.until('it', ({ layer_id: layer }) => layer === 'l4', '')
    const shelved = await world.act('demo-1', alert.id, 'shelve', { ...seen(alert), minutes: 15 })
    expect(shelved).toMatchObject({ status: 200, body: { state: 'shelved', underlying: 'unacked_active' } })
    expect((await world.list('?layer=l4')).alerts).toEqual([])
    expect((await world.list('?layer=l4&state=shelved')).alerts).toHaveLength(1)
    const back = await world.act('demo-2', alert.id, 'unshelve', seen(shelved.body as unknown as AlertItem))
    expect(back).toMatchObject({ status: 200, body: { state: 'unacked_active' } })
  })

  test('an edge that does not exist is an alert, and so is a governor that restored', async () => {
    const move = (from: string, to: string, generation: number) =>
      world.send('StateTransitionEvent', 'l5', { seed_id: 2, from_state: from, to_state: to, generation })
    await move('DORMANT', 'GERMINATED', 4)
    await move('GERMINATED', 'FOSSILIZED', 4)
    const illegal = await world.until('the edge', ({ rule }) => rule === 'illegal_transition', '')
    expect(illegal.text).toContain('GERMINATED to FOSSILIZED')
    await move('DORMANT', 'GERMINATED', 2)
    await world.until('the number', ({ id, text }) => id === illegal.id && text.includes('went back from 4 to 2'), '')
    await world.send('PerformanceAlert', 'l5', {
      alert_type: 'governor_rollback',
      severity: 'critical',
      details: { reason: 'loss 23.1 is far above the window', loss: 23.1, snapshot_step: 6_000 },
    })
    const restored = await world.until('the governor', ({ rule }) => rule === 'governor_rollback', '')
    expect(restored).toMatchObject({ severity: 'critical', evidence: { trigger: 23.1 } })
    const acked = await world.act('demo-1', restored.id, 'ack', seen(restored))
    expect(acked.body).toMatchObject({ state: 'normal' })
    expect((await world.list('?state=history')).alerts.map(({ id }) => id)).toContain(restored.id)
  })

  test('an open page hears of a change within half a second, with the counts of the header', async () => {
    const socket: Socket = io(`${world.server().url}${OPS_NAMESPACE}`, {
      transports: ['websocket'],
      forceNew: true,
      extraHeaders: { origin: world.server().url },
    })
    const told: { atMs: number; changed: AlertsChanged }[] = []
    socket.on('alerts', (changed: AlertsChanged) => told.push({ atMs: performance.now(), changed }))
    const answer = await new Promise<{ ok: boolean; value: { alerts: unknown } }>((resolve) =>
      socket.on('connect', () => socket.emit('hello', { protocol: 1 }, resolve)),
    )
    expect(answer.value.alerts).toMatchObject({ counts: { open: expect.any(Number) as number } })
    const sentMs = performance.now()
    await complain('l6')
    await waitUntil('word of it', () => told.some(({ changed }) => changed.changed.some(({ asks }) => asks)))
    const heard = told.find(({ changed }) => changed.changed.some(({ asks }) => asks))!
    process.stdout.write(`alert: from its message to the page ${(heard.atMs - sentMs).toFixed(0)} ms\n`)
    expect(heard.changed.summary.counts.unacked).toBeGreaterThan(0)
    socket.disconnect()
  })

  test('after a restart the states are as they were, nothing is told twice, and a run nobody hears is not normal', async () => {
    // A busy machine may have alerts of its own.
    const ofProducers = ({ run_id: run, rule }: AlertItem) => run !== null || rule === 'inbound'
    const before = (await world.list('?state=open')).alerts.filter(ofProducers)
    expect(before.length).toBeGreaterThan(3)
    await world.restart()
    await waitUntil('the engine runs', async () => (await world.list()).engine.age_ms !== null, 60_000)
    await complain('l7')
    await world.until('what came after', ({ layer_id: layer }) => layer === 'l7', '')
    const after = (await world.list('?state=open')).alerts
      .filter(ofProducers)
      .filter(({ layer_id: layer }) => layer !== 'l7')
    const facts = (list: readonly AlertItem[]) =>
      list.map(({ id, state, seq, version, acked_by, count }) => ({ id, state, seq, version, acked_by, count }))
    expect(facts(after)).toEqual(facts(before))
  }, 60_000)
})

describe.skipIf(missing !== null)('rules of a server', () => {
  let world: AlertWorld
  beforeAll(async () => {
    world = await startAlertWorld()
  }, 120_000)
  afterAll(() => world.end())
  const rules = async () => HTTP_API.rules.output.parse((await world.as('demo-1').get('/api/rules')).body)
  const draftOf = (rule: object) => {
    const {
      shipped: _s,
      protected: _p,
      saved_at: _a,
      saved_by: _b,
      change: _c,
      version: _v,
      ...draft
    } = rule as Record<string, unknown>
    return draft
  }

  test('a rule changes from the version its writer saw; the second writer is told what the first did', async () => {
    const rule = (await rules()).rules.find(({ id }) => id === 'inbound')!
    const operator = world.as('demo-1')
    const write = { ...draftOf(rule), severity: 'critical', version: rule.version }
    const first = await operator.ask('PUT', '/api/rules/inbound', write)
    expect(first).toMatchObject({ status: 200, body: { version: 1, change: 'severity warning to critical' } })
    const second = await world.as('demo-2').ask('PUT', '/api/rules/inbound', draftOf(rule), { 'if-match': '"0"' })
    expect(second).toMatchObject({ status: 409, body: { code: 'STATE_CONFLICT' } })
    expect(second.body['detail']).toContain('severity warning to critical')
    const bare = await world.as('demo-2').ask('PUT', '/api/rules/inbound', draftOf(rule))
    expect(bare).toMatchObject({ status: 422, body: { path: 'version' } })
    const back = await operator.ask('DELETE', '/api/rules/inbound?version=1')
    expect(back.status).toBe(200)
    expect((await rules()).rules.find(({ id }) => id === 'inbound')).toMatchObject({ severity: 'warning', version: 2 })
  })

  test('what is not acceptable names the field and what is', async () => {
    const rule = (await rules()).rules.find(({ id }) => id === 'bus_lag')!
    const wrong = { ...draftOf(rule), params: { entries: 0.1, wishes: 3 }, version: rule.version }
    const { status, body } = await world.as('demo-1').ask('PUT', '/api/rules/bus_lag', wrong)
    expect([status, body['path']]).toEqual([422, 'params.entries'])
    const none = await world.as('demo-1').post('/api/rules', { ...draftOf(rule), id: 'export' })
    expect(none).toMatchObject({ status: 422, body: { path: 'id' } })
  })

  test('the rule that watches the engine can neither be switched off nor deleted', async () => {
    const rule = (await rules()).rules.find(({ id }) => id === 'engine_dead')!
    const off = { ...draftOf(rule), enabled: false, version: rule.version }
    expect((await world.as('demo-1').ask('PUT', '/api/rules/engine_dead', off)).body['code']).toBe('ALERT_PROTECTED')
    expect((await world.as('demo-1').ask('DELETE', '/api/rules/engine_dead?version=0')).body['code']).toBe(
      'ALERT_PROTECTED',
    )
  })

  test('rules travel as a file: what differs is said first, then taken, all or none; and they are there after a restart', async () => {
    const file = HTTP_API.exportRules.output.parse((await world.as('demo-1').get('/api/rules/export')).body)
    const changed = file.rules.map((rule) => (rule.id === 'dead_letters' ? { ...rule, severity: 'critical' } : rule))
    const own = { ...draftOf(file.rules[0]!), id: 'my_own', title: 'Mine' }
    const dry = await world.as('demo-1').post('/api/rules/import', { rules: [...changed, own], dry_run: true })
    expect(dry.body).toMatchObject({
      added: ['my_own'],
      changed: [{ id: 'dead_letters', change: 'severity warning to critical' }],
      dry_run: true,
    })
    expect((await rules()).rules.some(({ id }) => id === 'my_own')).toBe(false)
    const broken = { ...own, id: 'other', params: { nothing: 1 } }
    expect((await world.as('demo-1').post('/api/rules/import', { rules: [own, broken] })).status).toBe(422)
    expect((await rules()).rules.some(({ id }) => id === 'my_own')).toBe(false)
    expect((await world.as('demo-1').post('/api/rules/import', { rules: [...changed, own] })).status).toBe(200)
    await world.restart()
    const after = (await rules()).rules
    expect(after.find(({ id }) => id === 'my_own')).toMatchObject({ version: 1, shipped: false })
    expect(after.find(({ id }) => id === 'dead_letters')).toMatchObject({ severity: 'critical' })
    const twice = await world.as('demo-1').post('/api/rules', own)
    expect(twice).toMatchObject({ status: 409, body: { code: 'STATE_CONFLICT' } })
  }, 60_000)

  test('every version of a rule is kept, and any of them comes back as the next one', async () => {
    const operator = world.as('demo-1')
    const rule = (await rules()).rules.find(({ id }) => id === 'dead_chunk')!
    const versionsOf = async () =>
      HTTP_API.ruleVersions.output.parse((await operator.get('/api/rules/dead_chunk/versions')).body)
    let version = rule.version
    for (const severity of ['critical', 'info']) {
      const { body } = await operator.ask('PUT', '/api/rules/dead_chunk', { ...draftOf(rule), severity, version })
      version = body['version'] as number
    }
    const before = await versionsOf()
    expect(before).toMatchObject({ current: version, more: 0 })
    expect(before.versions.map((one) => [one.version, one.severity, one.saved_by])).toEqual([
      [version, 'info', 'demo-1'],
      [version - 1, 'critical', 'demo-1'],
      [0, 'warning', null],
    ])
    expect(before.versions[0]!.change).toBe('severity critical to info')
    const late = await world.as('demo-2').post('/api/rules/dead_chunk/revert', { version: version - 1, to: 0 })
    expect(late).toMatchObject({ status: 409, body: { code: 'STATE_CONFLICT' } })
    const none = await world.as('demo-2').post('/api/rules/dead_chunk/revert', { version, to: 99 })
    expect(none).toMatchObject({ status: 404, body: { path: 'to' } })
    const back = await world.as('demo-2').post('/api/rules/dead_chunk/revert', { version, to: version - 1 })
    expect(back).toMatchObject({
      status: 200,
      body: {
        version: version + 1,
        severity: 'critical',
        saved_by: 'demo-2',
        change: `back to version ${version - 1}: severity info to critical`,
      },
    })
    const shipped = await operator.post('/api/rules/dead_chunk/revert', { version: version + 1, to: 0 })
    expect(shipped).toMatchObject({ status: 200, body: { severity: 'warning', version: version + 2 } })
    expect((await versionsOf()).versions).toHaveLength(5)
    expect((await operator.get('/api/rules/nobody/versions')).status).toBe(404)
  })

  test('an own rule is deleted by two persons: one asks with a reason, another does it', async () => {
    const [first, second] = [world.as('demo-1'), world.as('demo-2')]
    const own = { ...draftOf((await rules()).rules[0]!), id: 'two_persons', title: 'Two persons' }
    expect((await first.post('/api/rules', own)).status).toBe(201)
    const url = '/api/rules/two_persons'
    const alone = await first.ask('DELETE', `${url}?version=1`)
    expect(alone).toMatchObject({ status: 403, body: { code: 'COMMAND_APPROVAL' } })
    const ask = (version: number) => first.post(`${url}/deletion`, { version, reason: 'nobody reads it' })
    expect((await ask(7)).status).toBe(409)
    expect(await ask(1)).toMatchObject({
      status: 200,
      body: { deletions: [{ id: 'two_persons', version: 1, by: 'demo-1', reason: 'nobody reads it' }] },
    })
    expect(await first.ask('DELETE', `${url}?version=1`)).toMatchObject({ status: 403, body: { path: 'actor' } })
    // Withdrawn, it is as if nobody had asked; changed meanwhile too.
    await second.ask('DELETE', `${url}/deletion`)
    expect((await second.ask('DELETE', `${url}?version=1`)).status).toBe(403)
    await ask(1)
    await first.ask('PUT', url, { ...own, severity: 'info', version: 1 })
    expect((await second.ask('DELETE', `${url}?version=2`)).status).toBe(403)
    await ask(2)
    expect((await second.ask('DELETE', `${url}?version=2`)).status).toBe(200)
    expect((await rules()).rules.some(({ id }) => id === 'two_persons')).toBe(false)
    expect((await rules()).deletions).toEqual([])
    // A replace deletes nothing by itself either.
    const { rules: all } = await rules()
    await first.post('/api/rules', own)
    const replaced = await first.post('/api/rules/import', { rules: all.map(draftOf), mode: 'replace' })
    expect(replaced.body).toMatchObject({ removed: ['two_persons'] })
    expect(await rules()).toMatchObject({ deletions: [{ id: 'two_persons' }] })
    expect((await rules()).rules.some(({ id }) => id === 'two_persons')).toBe(true)
  })
})
