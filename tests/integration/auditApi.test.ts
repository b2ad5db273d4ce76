import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterEach, expect, test } from 'vitest'
import { AUDIT_ROUTES } from '../../lib/contracts/httpAudit.ts'
import type { AuditDetail, AuditFacets, AuditPage, AuditVerdict } from '../../lib/contracts/httpAudit.ts'
import { runAudit } from '../../server/cli/auditCommand.ts'
import { startTestServer, type TestServer } from '../support/serverHarness.ts'
import { waitUntil } from '../support/waitUntil.ts'

let server: TestServer | null = null
afterEach(async () => {
  await server?.end()
  server = null
})

const folderOf = (test: TestServer): string => path.dirname(test.databaseFile)
async function send(test: TestServer, method: string, at: string, body?: unknown, cookie = ''): Promise<Response> {
  return fetch(test.url + at, {
    method,
    headers: { origin: test.url, 'content-type': 'application/json', ...(cookie === '' ? {} : { cookie }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
}
const page = async (test: TestServer, query = '', rest = ''): Promise<AuditPage> => {
  const { status, body } = await test.get(`/api/audit?query=${encodeURIComponent(query)}${rest}`)
  expect(status).toBe(200)
  return AUDIT_ROUTES.audit.output.parse(body)
}
const verdict = async (test: TestServer): Promise<AuditVerdict> =>
  AUDIT_ROUTES.auditVerify.output.parse((await test.get('/api/audit/verify')).body)
async function cli(args: readonly string[]) {
  const lines: string[] = []
  const io = { out: (line: string) => void lines.push(line), err: (line: string) => void lines.push(line) }
  return { code: await runAudit(args, io), text: lines.join('\n') }
}

test('what is done is found: starts, changes with before and after, refusals, notes, reads; by pages that end', async () => {
  server = await startTestServer()
  const { version, limits } = (await server.get('/api/limits')).body as {
    version: number
    limits: { metric: string }[]
  }
  const [one, ...others] = limits
  await send(server, 'PUT', '/api/limits', { version, limits: [{ ...one, note: 'changed' }, ...others] })
  expect((await send(server, 'PUT', '/api/limits', { version, limits })).status).toBe(409)
  expect((await send(server, 'POST', '/api/control', { action: 'take', reason: 'mine' })).status).toBe(200)
  expect((await send(server, 'POST', '/api/control', { action: 'take', reason: 'again' })).status).toBe(409)
  expect((await send(server, 'DELETE', '/api/load')).status).toBe(200)
  expect((await send(server, 'POST', '/api/audit/notes', { text: '=cmd|calc, noted by hand' })).status).toBe(201)
  await waitUntil(
    'the refusal is written',
    async () => (await page(server!, 'action:control.take outcome:denied')).entries.length === 1,
    5_000,
  )
  await waitUntil(
    'the read is written',
    async () => (await page(server!, 'action:audit.read')).entries.length > 0,
    5_000,
  )

  const all = await page(server)
  expect(all.entries.map(({ action, outcome }) => `${action} ${outcome}`)).toEqual(
    expect.arrayContaining([
      'server.start done',
      'limits.change intent',
      'limits.change done',
      'limits.change denied',
      'control.take done',
      'control.take denied',
      'load.stop intent',
      'load.stop done',
      'note.add done',
      'audit.read done',
    ]),
  )
  expect(all.entries.map(({ seq }) => seq)).toEqual(all.entries.map(({ seq }) => seq).toSorted((a, b) => b - a))
  const done = (await page(server, 'action:limits.change outcome:done')).entries[0]!
  const detail = AUDIT_ROUTES.auditEntry.output.parse((await server.get(`/api/audit/${done.seq}`)).body)
  expect(detail).toMatchObject({ hash_holds: true, signature_holds: true })
  expect(detail.diff).toContainEqual(expect.objectContaining({ path: `${one!.metric}.note`, after: 'changed' }))
  const denied = (await page(server, 'action:limits.change outcome:denied')).entries[0]!
  expect(denied).toMatchObject({ error_code: 'STATE_CONFLICT', actor: 'demo-1' })

  const first = await page(server, '', '&limit=2')
  expect(first.entries).toHaveLength(2)
  const second = await page(server, '', `&limit=2&cursor=${first.next}`)
  expect(second.entries[0]!.seq).toBe(first.entries[1]!.seq - 1)
  expect((await page(server, '', `&after=${first.entries[1]!.seq}`)).entries.length).toBeGreaterThan(0)
  expect((await page(server, 'noted by hand')).entries[0]).toMatchObject({
    action: 'note.add',
    reason: '=cmd|calc, noted by hand',
  })
  // Together in one value, never across two: action and type of the object stand beside each other.
  expect((await page(server, '"note.add note"')).entries).toEqual([])
  expect((await page(server, 'note.add note')).entries.length).toBeGreaterThan(0)

  const facets = AUDIT_ROUTES.auditFacets.output.parse(
    (await server.get('/api/audit/facets?query=')).body,
  ) as AuditFacets
  expect(facets.facets.actor.map(({ value }) => value)).toEqual(expect.arrayContaining(['demo-1', 'system']))
  expect(facets.more).toBe(false)
  const suggested = await server.get('/api/audit/suggest?token=action&begins=limits')
  expect(AUDIT_ROUTES.auditSuggest.output.parse(suggested.body).values[0]).toMatchObject({ value: 'limits.change' })
  const wrong = await server.get('/api/audit?query=acter%3Ame')
  expect(wrong).toMatchObject({ status: 422, body: { path: 'query', detail: expect.stringContaining('character 1') } })
  expect((await server.get('/api/audit/999999')).status).toBe(404)
  expect((await server.get('/api/audit/x')).status).toBe(422)
})

test('only auditors read the trail, and who tries is in it', async () => {
  server = await startTestServer()
  const made = await send(server, 'POST', '/api/tokens', { name: 'looker', permissions: ['viewer'], days: 1 })
  const { token } = (await made.json()) as { token: string }
  const bearer = { authorization: `Bearer ${token}` }
  for (const at of ['/api/audit', '/api/audit/0', '/api/audit/verify', '/api/audit/facets', '/api/audit/export'])
    expect((await server.get(at, bearer)).status).toBe(403)
  await waitUntil(
    'the refusals are written',
    async () => (await page(server!, 'action:access.denied')).entries.length >= 5,
    5_000,
  )
  expect((await page(server, 'action:access.denied'))!.entries[0]).toMatchObject({
    error_code: 'GUARD_FORBIDDEN',
    outcome: 'denied',
  })
})

test('the trail is verified in the background, an entry is proved, exports hold for the command line, an edit turns it red', async () => {
  server = await startTestServer()
  for (let n = 0; n < 12; n++) await send(server, 'POST', '/api/audit/notes', { text: `note ${n}` })
  await waitUntil(
    'a first verdict',
    async () => {
      const { state, verified, size } = await verdict(server!)
      return state === 'verified' && verified > 0 && size > 12
    },
    50_000,
  )
  expect((await send(server, 'POST', '/api/audit/verify')).status).toBe(202)
  await waitUntil(
    'a verdict over all entries',
    async () => {
      const { state, running, verified, exposed } = await verdict(server!)
      return state === 'verified' && !running && verified >= 13 && exposed <= 2
    },
    50_000,
  )
  const found = (await page(server, 'action:note.add "note 3"')).entries
  expect(found.map(({ reason }) => reason)).toEqual(['note 3'])
  const { seq } = found[0]!
  const detail = (await server.get(`/api/audit/${seq}`)).body as AuditDetail
  expect(detail.proof).toMatchObject({ holds: true })

  const folder = folderOf(server)
  const keys = ['--keys', path.join(folder, 'keys', 'audit.pub')]
  const save = async (format: string, query = ''): Promise<string> => {
    const response = await fetch(`${server!.url}/api/audit/export?format=${format}&query=${encodeURIComponent(query)}`)
    expect(response.headers.get('content-disposition')).toContain('attachment')
    const file = path.join(folder, `export.${format}`)
    writeFileSync(file, Buffer.from(await response.arrayBuffer()))
    return file
  }
  const bundle = await cli(['verify', await save('bundle', 'action:note.add'), ...keys])
  expect(bundle).toMatchObject({ code: 0 })
  expect(bundle.text).toContain('OK: 12 entries')
  const csv = await cli(['verify', await save('csv', 'note'), ...keys])
  expect(csv).toMatchObject({ code: 0 })
  const checkpoints = ['--checkpoints', path.join(folder, 'audit', 'checkpoints.txt')]
  const log = await cli(['verify', await save('log'), ...keys, ...checkpoints])
  expect(log.text).toContain('OK:')
  await waitUntil(
    'the exports are written',
    async () => (await page(server!, 'action:audit.export outcome:done')).entries.length === 3,
    5_000,
  )
  expect((await page(server, 'action:audit.export outcome:intent')).entries).toHaveLength(3)

  // Another process: this one's loop must go on, or a commit that waits for it would hold the lock.
  const edit = `update audit_entries set bytes = cast(replace(cast(bytes as text), 'note 3', 'note X') as blob) where seq = ${seq}`
  const script = `new (require('node:sqlite').DatabaseSync)(process.argv[1], { timeout: 5000 }).exec(process.argv[2])`
  await promisify(execFile)(process.execPath, ['-e', script, server.databaseFile, edit])
  await send(server, 'POST', '/api/audit/verify')
  await waitUntil('the break is found', async () => (await verdict(server!)).state === 'broken', 50_000)
  expect((await verdict(server)).first_bad).toMatchObject({ seq, kind: 'changed' })
  expect((await server.get(`/api/audit/${seq}`)).body).toMatchObject({
    hash_holds: false,
    signature_holds: false,
    proof: null,
  })
  expect(server.lines.join('\n')).toContain('the first wrong entry is')
  expect((await cli(['verify', await save('log'), ...keys, ...checkpoints])).code).toBe(1)
}, 240_000)
