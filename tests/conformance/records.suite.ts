/*
 * records.suite: what the records database promises, run unchanged on both dialects.
 * In: a name and a factory of addresses of empty databases. Out: vitest tests.
 * Invariant: a promise knows no dialect; the tests ask the real engines.
 * Source: docs/adr/0009-records-database.md.
 */
import { generateKeyPairSync } from 'node:crypto'
import { getMigrations } from 'better-auth/db/migration'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { isAppError } from '../../lib/contracts/appError.ts'
import type { Role } from '../../lib/contracts/permissions.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { createAccessVersion } from '../../server/operators/accessVersion.ts'
import { authOptions, createAuthLibrary } from '../../server/operators/authLibrary.ts'
import { createPasswords, type Passwords } from '../../server/operators/passwords.ts'
import { createPeople } from '../../server/operators/people.ts'
import type { Permission } from '../../lib/contracts/permissions.ts'
import { createTokens } from '../../server/operators/tokens.ts'
import { createManualClock } from '../support/manualClock.ts'
import { parseAuditQuery } from '../../lib/contracts/auditQuery.ts'
import { createAuditSearch } from '../../server/audit/auditSearch.ts'
import type { AuditDraft } from '../../server/audit/auditDraft.ts'
import { openAuditLog } from '../../server/audit/auditLog.ts'
import { alertTableLaws } from './alertTableLaws.ts'
import { threadIndexLaws } from './threadIndexLaws.ts'
import { openLogReader } from '../../server/audit/logReader.ts'
import { createPeopleNames } from '../../server/audit/peopleNames.ts'
import { waitUntil } from '../support/waitUntil.ts'
import { MIGRATIONS, migrate } from '../../server/stores/migration.ts'
import { openRecords, openRecordsReader, type Records } from '../../server/stores/recordsDatabase.ts'
import { isUniqueViolation } from '../../server/stores/recordsError.ts'

const keyPem = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()

export interface RecordsWorld {
  /** Address of a new, empty database. */
  address(): Promise<string>
  dispose(): Promise<void>
}

const library = (records: Records) => ({
  records,
  secret: 'a-secret-of-this-test-that-is-long-enough',
  origins: ['http://127.0.0.1:3000'],
  oidc: null,
  onProblem: () => undefined,
})

const row = (seq: number, more: Partial<Record<string, unknown>> = {}) => ({
  seq,
  at_ms: 1_800_000_000_000 + seq,
  actor_id: 'demo-1',
  action: 'test',
  object_type: 'layer',
  object_id: 'embed',
  outcome: 'done',
  command_id: null,
  correlation_id: null,
  bytes: Uint8Array.of(0, 255, 128),
  sig: Uint8Array.of(7),
  prev_hash: '00',
  hash: '01',
  ...more,
})

export function recordsSuite(name: string, makeWorld: () => Promise<RecordsWorld>): void {
  describe(name, () => {
    let world: Promise<RecordsWorld> | null = null
    const opened: Records[] = []
    const address = async () => (await (world ??= makeWorld())).address()
    const open = async (at?: string): Promise<Records> => {
      const records = await openRecords(at ?? (await address()))
      opened.push(records)
      return records
    }
    afterEach(async () => {
      for (const records of opened.splice(0)) await records.close()
    })
    afterAll(async () => {
      await (await world)?.dispose()
    })

    threadIndexLaws(open, address)
    alertTableLaws(open, address)

    test('opens an empty database with every table, and again without changing anything', async () => {
      const at = await address()
      const first = await open(at)
      await first.db.insertInto('audit_entries').values(row(1)).execute()
      await first.close()
      const again = await open(at)
      expect(await migrate(again.db, again.dialect)).toEqual([])
      expect(await again.db.selectFrom('audit_entries').select('seq').execute()).toEqual([{ seq: 1 }])
    })

    test('gives numbers, text, bytes and null as they were written', async () => {
      const { db } = await open()
      await db.insertInto('audit_entries').values(row(1)).execute()
      const read = await db.selectFrom('audit_entries').selectAll().executeTakeFirstOrThrow()
      expect({ ...read, bytes: [...read.bytes], sig: [...read.sig] }).toEqual({
        ...row(1),
        bytes: [0, 255, 128],
        sig: [7],
      })
      const { sum } = await db
        .selectFrom('audit_entries')
        .select((of) => of.fn.sum<number>('at_ms').as('sum'))
        .executeTakeFirstOrThrow()
      expect(sum).toBe(1_800_000_000_001)
    })

    test('says by kind that a row with this key is there already, and changes nothing', async () => {
      const { db } = await open()
      await db.insertInto('audit_entries').values(row(1)).execute()
      const error = await db
        .insertInto('audit_entries')
        .values(row(1, { actor_id: 'demo-2' }))
        .execute()
        .then(
          () => null,
          (cause: unknown) => cause,
        )
      expect(isUniqueViolation(error)).toBe(true)
      const missing = await db
        .insertInto('audit_entries')
        .values(row(2, { actor_id: null }) as never)
        .execute()
        .then(
          () => null,
          (cause: unknown) => cause,
        )
      expect(missing).not.toBeNull()
      expect(isUniqueViolation(missing)).toBe(false)
      expect(await db.selectFrom('audit_entries').select('actor_id').execute()).toEqual([{ actor_id: 'demo-1' }])
    })

    test('takes back a transaction that fails, as a whole, and goes on', async () => {
      const { db } = await open()
      const failed = db.transaction().execute(async (inside) => {
        await inside.insertInto('audit_entries').values(row(1)).execute()
        throw new Error('changed my mind')
      })
      await expect(failed).rejects.toThrow('changed my mind')
      await db.insertInto('audit_entries').values(row(2)).execute()
      expect(await db.selectFrom('audit_entries').select('seq').execute()).toEqual([{ seq: 2 }])
    })

    test('keeps a hundred writers that come at once apart', async () => {
      const { db } = await open()
      await db.insertInto('audit_entries').values(row(0)).execute()
      await Promise.all(
        Array.from({ length: 100 }, () =>
          db.transaction().execute(async (inside) => {
            const { last } = await inside
              .selectFrom('audit_entries')
              .select((of) => of.fn.max('seq').as('last'))
              .where('outcome', '=', 'done')
              .executeTakeFirstOrThrow()
            await inside
              .updateTable('audit_entries')
              .set((of) => ({ at_ms: of('at_ms', '+', 1) }))
              .where('seq', '=', last)
              .execute()
          }),
        ),
      )
      const { at_ms } = await db.selectFrom('audit_entries').select('at_ms').executeTakeFirstOrThrow()
      expect(at_ms).toBe(row(0).at_ms + 100)
    })

    test('two that start at once on an empty database make each table once', async () => {
      const at = await address()
      const both = await Promise.all([open(at), open(at)])
      const names = await both[0].db.introspection.getTables()
      expect(names.map((table) => table.name)).toContain('audit_entries')
    })

    test('a step that fails leaves the steps before it, and says which one it was', async () => {
      const records = await open()
      const steps = { ...MIGRATIONS, '9999-broken': () => Promise.reject(new Error('no such type')) }
      const error = await migrate(records.db, records.dialect, steps).then(
        () => null,
        (cause: unknown) => cause,
      )
      expect(isAppError(error, 'STATE_STORAGE')).toBe(true)
      expect((error as Error).message).toContain('9999-broken')
      expect(await records.db.selectFrom('audit_entries').select('seq').execute()).toEqual([])
    })

    test('a database of a newer program is refused', async () => {
      const records = await open()
      await migrate(records.db, records.dialect, { ...MIGRATIONS, '9999-later': () => Promise.resolve() })
      await expect(migrate(records.db, records.dialect)).rejects.toThrow('could not be brought up to date')
    })

    test('the audit log goes on where it ended, under a new writer', async () => {
      const at = await address()
      const clock = createManualClock()
      const draft = {
        actor: { id: 'demo-1', roles: ['operator' as const], method: 'demo' as const },
        action: 'test.act',
        object: { type: 'layer', id: 'embed' },
        outcome: 'done' as const,
      }
      const first = await open(at)
      const log = await openAuditLog({ records: first, clock, keyPem, onProblem: () => undefined })
      const receipts = await Promise.all([log.append(draft), log.append(draft)])
      expect(receipts.map((receipt) => receipt.seq)).toEqual([0, 1])
      await log.close()
      await first.close()
      const second = await open(at)
      const next = await openAuditLog({ records: second, clock, keyPem, onProblem: () => undefined })
      expect((await next.append(draft)).seq).toBe(2)
      expect(next.checkpoint().size).toBe(3)
      const rows = await second.db.selectFrom('audit_entries').selectAll().orderBy('seq').execute()
      expect(rows.map((entry) => entry.prev_hash).slice(1)).toEqual(rows.map((entry) => entry.hash).slice(0, -1))
      await next.close()
    })

    const person = (id: string) => ({ id, roles: ['operator' as const], method: 'demo' as const })
    const act = (more: Partial<AuditDraft>): AuditDraft => ({
      actor: person('demo-1'),
      action: 'command.intent',
      object: { type: 'LifecycleTransitionCommand', id: 'c' },
      outcome: 'intent',
      ...more,
    })

    test('finds audit entries by every token, by free text and by what they are not, newest first and page by page', async () => {
      const at = await address()
      const clock = createManualClock()
      const records = await open(at)
      const log = await openAuditLog({ records, clock, keyPem, onProblem: () => undefined })
      const drafts: AuditDraft[] = [
        act({ params: { layer_id: 'layer_3', seed_id: 17 }, precondition: { level: 3 }, reason: 'Loss spike, 50%' }),
        act({
          actor: person('ada-id'),
          object: { type: 'seed', id: 'layer_3/18' },
          correlationId: 't-1',
          commandId: 'c-1',
        }),
        act({
          action: 'stop.intent',
          object: { type: 'EmergencyStopCommand', id: 'x' },
          params: { scope: ['layer_4'] },
        }),
        act({
          action: 'access.denied',
          outcome: 'denied',
          errorCode: 'GUARD_FORBIDDEN',
          object: { type: 'access', id: 'stop' },
        }),
        act({ action: 'command.outcome', outcome: 'done', correlationId: 't-1', commandId: 'c-1', reason: 'ÄRGER' }),
      ]
      for (const draft of drafts) {
        await log.append(draft)
        await clock.advance(60_000)
      }
      expect(log.indexed()).toBe(5)
      await records.db
        .insertInto('user')
        .values({
          id: 'ada-id',
          name: 'Ada',
          email: 'ada@people.invalid',
          emailVerified: 0,
          createdAt: new Date().toISOString(),
          updatedAt: new Date().toISOString(),
        } as never)
        .execute()
      const reader = openRecordsReader(at)
      opened.push(reader)
      const names = createPeopleNames(reader)
      const search = createAuditSearch({ records: reader, clock, idsOfName: (called) => names.idsOf(called) })
      const terms = (line: string) => {
        const parsed = parseAuditQuery(line)
        if (!parsed.ok) throw new Error(parsed.problem.text)
        return parsed.terms
      }
      const find = async (line: string) =>
        (await search.find(terms(line), { after: -1, before: log.checkpoint().size }, 100)).seqs
      expect(await find('')).toEqual([4, 3, 2, 1, 0])
      expect(await find('actor:demo-1')).toEqual([4, 3, 2, 0])
      expect(await find('actor:ADA')).toEqual([1])
      expect(await find('-actor:demo-1')).toEqual([1])
      expect(await find('action:command.*')).toEqual([4, 1, 0])
      expect(await find('-action:command.* -action:stop.intent')).toEqual([3])
      expect(await find('object:EmergencyStopCommand')).toEqual([2])
      expect(await find('object:layer_3/18')).toEqual([1])
      expect(await find('outcome:denied,done')).toEqual([4, 3])
      expect(await find('outcome:intent actor:demo-1 action:command.intent')).toEqual([0])
      expect(await find('layer:layer_3')).toEqual([1, 0])
      expect(await find('layer:layer_4')).toEqual([2])
      expect(await find('-layer:layer_3')).toEqual([4, 3, 2])
      expect(await find('seed:17')).toEqual([0])
      expect(await find('seed:layer_3/18')).toEqual([1])
      expect(await find('correlation:t-1')).toEqual([4, 1])
      expect(await find('-command:c-1')).toEqual([3, 2, 0])
      expect(await find('level:>=3')).toEqual([0])
      expect(await find('error:GUARD_FORBIDDEN')).toEqual([3])
      expect(await find('loss "spike, 50%"')).toEqual([0])
      expect(await find('ärger')).toEqual([4])
      expect(await find("'; drop table audit_index; --")).toEqual([])
      const moment = (minutes: number) => new Date(1_700_000_000_000 + minutes * 60_000).toISOString().slice(0, 23)
      expect(await find(`after:${moment(3)}`)).toEqual([4, 3])
      expect(await find(`before:${moment(2)}`)).toEqual([1, 0])
      expect(await find(`at:${moment(2)}`)).toEqual([2])
      expect(await find('after:1s')).toEqual([])
      const first = await search.find(terms('actor:demo-1'), { after: -1, before: 5 }, 2)
      expect(first).toEqual({ seqs: [4, 3], lookedTo: 3, ended: false })
      expect(await search.find(terms('actor:demo-1'), { after: -1, before: first.lookedTo }, 5)).toEqual({
        seqs: [2, 0],
        lookedTo: 0,
        ended: true,
      })
      expect((await search.find(terms('actor:demo-1'), { after: 2, before: 5 }, 100)).seqs).toEqual([4, 3])
      const counts = await search.count(terms('-outcome:denied'), 5)
      expect(counts).toMatchObject({ counted: 4, more: false })
      expect(counts.facets.actor).toEqual([
        { value: 'demo-1', count: 3 },
        { value: 'ada-id', count: 1 },
      ])
      expect(counts.facets.layer).toEqual([
        { value: 'layer_3', count: 2 },
        { value: 'layer_4', count: 1 },
      ])
      expect(await search.values('action', 'command.', 5)).toEqual([
        { value: 'command.intent', count: 2 },
        { value: 'command.outcome', count: 1 },
      ])
      await expect(reader.db.deleteFrom('audit_index').execute()).rejects.toThrow()
      const raw = await openLogReader(at)
      expect((await raw.entries(2, 10)).map(({ seq }) => seq)).toEqual([3, 4])
      expect((await raw.notes(0, 10)).length).toBeGreaterThan(0)
      expect(await raw.hashes(1, 3)).toHaveLength(2)
      await raw.close()
      await log.close()
    })

    test('an index that is behind its log is filled in turns, in order, while entries go on to be written', async () => {
      const at = await address()
      const records = await open(at)
      const draft = act({ reason: 'again' })
      const first = await openAuditLog({ records, clock: systemClock, keyPem, onProblem: () => undefined })
      await Promise.all(Array.from({ length: 450 }, () => first.append(draft)))
      await first.close()
      await records.db.deleteFrom('audit_index').execute()
      const problems: string[] = []
      const second = await openAuditLog({
        records,
        clock: systemClock,
        keyPem,
        onProblem: (text) => void problems.push(text),
      })
      await second.append(draft)
      await waitUntil('every entry is indexed', () => second.indexed() === 451)
      await second.append(draft)
      expect(second.indexed()).toBe(452)
      await second.close()
      const rows = await records.db.selectFrom('audit_index').select('seq').orderBy('seq').execute()
      expect(rows.map(({ seq }) => seq)).toEqual(Array.from({ length: 452 }, (_, seq) => seq))
      expect(problems).toEqual([])
    })

    test('has every table and column that the auth library asks for', async () => {
      const records = await open()
      const plan = await getMigrations(authOptions({ ...library(records), passwords: createPasswords() }))
      expect({ made: plan.toBeCreated, added: plan.toBeAdded, wrong: plan.schemaProblems }).toEqual({
        made: [],
        added: [],
        wrong: [],
      })
    })

    test('keeps people: they sign in with a new session each time, and a name that is not there costs a hash too', async () => {
      const records = await open()
      const clock = systemClock
      const hashing = createPasswords()
      let hashes = 0
      const passwords: Passwords = {
        hash: (password) => (hashes++, hashing.hash(password)),
        verify: (hash, password) => (hashes++, hashing.verify(hash, password)),
      }
      const settings = { ...library(records), passwords }
      const people = createPeople({ ...settings, clock, library: createAuthLibrary(settings) })
      const person = {
        username: 'Ada.L',
        name: 'Ada',
        password: 'correct horse',
        roles: ['operator', 'admin'] as Role[],
      }
      const { id } = await people.create(person)
      await expect(people.create({ ...person, username: 'ada.l' })).rejects.toMatchObject({ code: 'STATE_CONFLICT' })
      const first = (await people.signIn({ username: 'ada.l', password: 'correct horse' }, null))!
      const cookie = first.cookies[0]!.split(';')[0]!
      const second = (await people.signIn({ username: 'Ada.L', password: 'correct horse' }, cookie))!
      expect(second.subject).toMatchObject({ id, name: 'Ada', method: 'password', roles: ['operator', 'admin'] })
      expect(second.subject.sessionId).not.toBe(first.subject.sessionId)
      expect((await people.sessions()).map((session) => session.session_id)).toEqual([second.subject.sessionId])
      const costs = []
      for (const username of ['ada.l', 'nobody.here', '?', 'x'.repeat(200)]) {
        const before = hashes
        expect(await people.signIn({ username, password: 'wrong' }, null)).toBeNull()
        costs.push(hashes - before)
      }
      expect(costs).toEqual([1, 1, 1, 1])
      await expect(people.change(id, { disabled: true })).rejects.toMatchObject({ code: 'STATE_CONFLICT' })
      await people.create({ ...person, username: 'other', roles: ['admin'] })
      expect(await people.change(id, { disabled: true, name: 'Ada L.' })).toMatchObject({
        disabled: true,
        name: 'Ada L.',
      })
      expect(await people.sessions()).toEqual([])
      expect(await people.signIn({ username: 'ada.l', password: 'correct horse' }, null)).toBeNull()
      await people.remove(id)
      expect((await people.list()).map((one) => one.username)).toEqual(['other'])
    })

    test('keeps tokens as hashes: what was revoked or ran out is nobody, and other nodes see the change', async () => {
      const at = await address()
      const [one, other] = [await open(at), await open(at)]
      const clock = createManualClock()
      let roles: readonly Role[] = ['operator', 'admin']
      const rolesOf = async (id: string): Promise<readonly Role[]> => (id === 'ada' ? roles : [])
      const tokens = createTokens(one, clock, rolesOf)
      const ada = { id: 'ada', name: 'Ada', permissions: new Set<Permission>(['none', 'viewer', 'operator', 'admin']) }
      const wanted = { name: 'robot', permissions: ['viewer', 'operator', 'metrics'], days: 2 } as const
      await expect(tokens.make({ ...wanted, permissions: ['viewer', 'auditor'] }, ada)).rejects.toMatchObject({
        code: 'GUARD_FORBIDDEN',
        context: { path: 'permissions' },
      })
      expect(await tokens.list()).toEqual([])
      const { token, item } = await tokens.make({ ...wanted, permissions: [...wanted.permissions] }, ada)
      expect(JSON.stringify(await one.db.selectFrom('service_tokens').selectAll().execute())).not.toContain(token)
      const claim = () =>
        createTokens(other, clock, rolesOf)
          .source.claim({ cookie: null, authorization: `Bearer ${token}`, address: 'a', loopback: false })!
          .resolve()
      expect(await claim()).toMatchObject({ id: `token:${item.id}`, method: 'token' })
      const may = async () => [...((await claim())?.permissions ?? [])].toSorted()
      expect(await may()).toEqual(['metrics', 'none', 'operator', 'viewer'])
      roles = ['operator']
      expect(await may()).toEqual(['none', 'operator', 'viewer'])
      roles = ['viewer', 'admin', 'auditor']
      expect(await may()).toEqual(['metrics', 'none', 'viewer'])
      expect((await tokens.list())[0]).toMatchObject({
        permissions: wanted.permissions,
        effective: ['viewer', 'metrics'],
      })
      roles = []
      expect(await claim()).toBeNull()
      roles = ['operator']
      await clock.advance(2 * 86_400_000)
      expect(await claim()).toBeNull()
      const [here, there] = [createAccessVersion(one), createAccessVersion(other)]
      expect(await there.version()).toBe(0)
      await here.raiseVersion()
      await here.raiseVersion()
      expect(await there.version()).toBe(2)
      await tokens.revoke(item.id)
      await expect(tokens.revoke('not there')).rejects.toMatchObject({ code: 'STATE_NOT_FOUND' })
      expect((await tokens.list())[0]!.revoked_at).not.toBeNull()
    })
  })
}
