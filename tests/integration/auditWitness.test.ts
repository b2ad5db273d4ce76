/*
 * auditWitness: somebody puts an older database back; the layers heard how large the audit trail was, and an alert says so.
 * In: the real server, gateway, layer agent and trainer, three times on one folder. Out: tests.
 * Invariant: the database is the product's own file, copied while the server was down; nothing else in the folder is touched.
 * Source: docs/audit.md "witnesses"; docs/alerts.md.
 */
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { HTTP_API } from '../../lib/contracts/httpApi.ts'
import type { OpsStatus } from '../../lib/contracts/httpCommands.ts'
import { operatorOf } from '../support/operator.ts'
import { startTestServer, type TestServer } from '../support/serverHarness.ts'
import { waitUntil } from '../support/waitUntil.ts'

const GUARD_MS = 90_000
const folder = mkdtempSync(path.join(tmpdir(), 'morphoscope-witness-'))
const database = path.join(folder, 'morphoscope.db')
let server: TestServer | null = null
afterEach(async () => {
  await server?.end()
  rmSync(folder, { recursive: true, force: true })
})

async function start(): Promise<ReturnType<typeof operatorOf>> {
  server = await startTestServer({ TRAINER: 'on', TRAINER_STEPS_PER_S: '60', DATA_DIR: folder })
  const operator = operatorOf(server, 'demo-1')
  await waitUntil(
    'the gateway and three fresh layers',
    async () => {
      const layers = (await operator.get('/api/layers')).body['layers'] as { freshness: string }[]
      const status = (await operator.get('/api/ops')).body as unknown as OpsStatus
      return (
        layers.length === 3 && layers.every(({ freshness }) => freshness === 'fresh') && status.gateway.state === 'up'
      )
    },
    GUARD_MS,
  )
  return operator
}
async function end(): Promise<void> {
  await server!.end()
  server = null
}

/** A command that the layer hears, and what it then knows of the trail. */
async function command(operator: ReturnType<typeof operatorOf>): Promise<void> {
  const draft = { type: 'CheckpointCommand', layer_id: 'layer_0', operation: 'save', reason: 'a witness is wanted' }
  const sent = await operator.submit(draft)
  expect(sent.status, JSON.stringify(sent.body)).toBeLessThan(300)
  await operator.until(sent.body['id'], 'the outcome', ({ state }) => state === 'APPLIED', GUARD_MS)
}
const witnessed = (): { size: number; atMs: number } | null => {
  const kept = JSON.parse(readFileSync(path.join(folder, 'layers', 'trainer.json'), 'utf8')) as {
    witnessed?: { size: number; atMs: number } | null
  }
  return kept.witnessed ?? null
}

test('an older database that is put back is told as a critical alert by the layers that heard more', async () => {
  let operator = await start()
  await command(operator)
  await end()
  const before = witnessed()!
  copyFileSync(database, `${database}.old`)

  operator = await start()
  for (let note = 0; note < 40; note++)
    expect((await operator.post('/api/audit/notes', { text: `note ${note}` })).status).toBe(201)
  await command(operator)
  await waitUntil('the layer keeps what it heard', () => witnessed()!.size > before.size + 40, GUARD_MS)
  const most = witnessed()!
  await end()

  // What somebody with access to the database does: the old file, and no trace of the log beside it.
  copyFileSync(`${database}.old`, database)
  for (const rest of ['-wal', '-shm']) rmSync(database + rest, { force: true })
  operator = await start()
  const list = async () =>
    HTTP_API.alerts.output
      .parse((await operator.get('/api/alerts?rule=inbound')).body)
      .alerts.filter(({ text }) => text.includes('audit rollback'))
  expect(await list()).toEqual([])
  // Two commands that overtook each other are no rollback: so long must lie between them.
  await waitUntil('half a minute since the layer heard the most', () => Date.now() - most.atMs > 31_000, GUARD_MS)
  await command(operator)
  await waitUntil('the alert', async () => (await list()).length > 0, GUARD_MS)
  const [alert] = await list()
  expect(alert).toMatchObject({ severity: 'critical', state: 'unacked_active', layer_id: 'layer_0' })
  expect(alert!.text).toContain(`had ${most.size} entries`)
  expect(alert!.text).toContain('its database was put back, or entries were removed')
  // What was known stays known: the layer does not take the shorter trail for the truth.
  expect(witnessed()).toMatchObject({ size: most.size })
}, 420_000)
