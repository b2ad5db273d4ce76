import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, expect, test } from 'vitest'
import { leafHash } from '../../lib/audit/merkle.ts'
import { parseExportLine } from '../../lib/audit/exportLine.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { openInstallationLog } from '../../server/audit/openInstallationLog.ts'
import { runAudit } from '../../server/cli/auditCommand.ts'
import { openRecords } from '../../server/stores/recordsDatabase.ts'
import { SYSTEM_ACTOR } from '../../server/audit/auditDraft.ts'
import { createManualClock } from '../support/manualClock.ts'
import { waitUntil } from '../support/waitUntil.ts'

/** More of them: AUDIT_KILLS=200 npm test. */
const KILLS = Number(process.env['AUDIT_KILLS'] ?? 20)
const APPENDER = path.resolve(import.meta.dirname, '../support/auditAppender.ts')

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})
const newFolder = (): string => {
  const folder = mkdtempSync(path.join(tmpdir(), 'morphoscope-audit-'))
  folders.push(folder)
  return folder
}

/** What the command line says about a data folder, from files alone. */
async function verifyFolder(folder: string): Promise<{ code: number; lines: string[] }> {
  const lines: string[] = []
  const io = { out: (line: string) => void lines.push(line), err: (line: string) => void lines.push(line) }
  expect(await runAudit(['export', '--database', `sqlite:${folder}/morphoscope.db`], io)).toBe(0)
  const file = path.join(folder, 'export.jsonl')
  writeFileSync(file, `${lines.splice(0).join('\n')}\n`)
  const code = await runAudit(
    ['verify', file, '--keys', `${folder}/keys/audit.pub`, '--checkpoints', `${folder}/audit/checkpoints.txt`],
    io,
  )
  return { code, lines }
}

test(`a writer that is killed ${KILLS} times leaves a log that is right, with everything it acknowledged`, async () => {
  const folder = newFolder()
  const acknowledged = new Map<number, string>()
  for (let kill = 0; kill < KILLS; kill++) {
    const child = spawn(process.execPath, [APPENDER, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    const wanted = 5 + ((kill * 37) % 120)
    let seen = 0
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      text += part
      seen += part.split('\n').length - 1
      if (seen >= wanted) child.kill('SIGKILL')
    })
    await once(child, 'close')
    const whole = text.slice(0, text.lastIndexOf('\n') + 1)
    for (const line of whole.split('\n').filter(Boolean)) {
      const [seq, hash] = line.split(' ') as [string, string]
      expect(acknowledged.has(Number(seq))).toBe(false)
      acknowledged.set(Number(seq), hash)
    }
  }
  const { code, lines } = await verifyFolder(folder)
  expect(lines.join('\n')).toMatch(/^OK: /)
  expect(code).toBe(0)
  const kept = readFileSync(path.join(folder, 'export.jsonl'), 'utf8').trimEnd().split('\n')
  const hashes = kept.map((line) => leafHash(parseExportLine(line)!.bytes).toString('hex'))
  const lost = [...acknowledged].filter(([seq, hash]) => hashes[seq] !== hash)
  process.stdout.write(`audit: ${KILLS} kills, ${acknowledged.size} acknowledged, ${hashes.length} kept\n`)
  expect(lost).toEqual([])
}, 600_000)

test('the command line proves one entry, finds an edit in the database, and where two exports part', async () => {
  const folder = newFolder()
  const records = await openRecords(`sqlite:${folder}/morphoscope.db`)
  const audit = await openInstallationLog({ dataDir: folder, records, clock: systemClock, onProblem: () => undefined })
  const act = {
    actor: SYSTEM_ACTOR,
    action: 'test.act',
    object: { type: 'layer', id: 'embed' },
    outcome: 'done' as const,
  }
  for (let n = 0; n < 250; n++) await audit.append({ ...act, commandId: n % 50 === 0 ? `c-${n}` : null })
  await audit.close()
  await records.close()
  expect((await verifyFolder(folder)).lines[0]).toMatch(/^OK: 250 entries/)
  const lines: string[] = []
  const io = { out: (line: string) => void lines.push(line), err: (line: string) => void lines.push(line) }
  const file = path.join(folder, 'export.jsonl')
  const evidence = ['--keys', `${folder}/keys/audit.pub`, '--checkpoints', `${folder}/audit/checkpoints.txt`]
  expect(await runAudit(['prove', '77', '--file', file, ...evidence], io)).toBe(0)
  expect(lines.pop()).toMatch(/^OK: entry 77 \(test.act by system\)/)

  const before = path.join(folder, 'before.jsonl')
  writeFileSync(before, readFileSync(file))
  const thief = new DatabaseSync(`${folder}/morphoscope.db`)
  thief.exec(
    `update audit_entries set bytes = cast(replace(cast(bytes as text), '"embed"', '"other"') as blob) where seq = 77`,
  )
  thief.close()
  const found = await verifyFolder(folder)
  expect(found).toMatchObject({ code: 1 })
  expect(found.lines[0]).toContain('the first wrong entry is 77: changed')
  expect(await runAudit(['prove', '77', '--file', file, ...evidence], io)).toBe(1)
  expect(await runAudit(['diff', before, file], io)).toBe(1)
  expect(lines.join('\n')).toContain('they part at entry 77')

  expect(await runAudit(['verify', file, '--keys', `${folder}/keys/audit.pub`], io)).toBe(1)
  expect(await runAudit(['verify', before, '--keys', `${folder}/keys/audit.pub`], io)).toBe(2)
  expect(await runAudit(['verify', path.join(folder, 'not there')], io)).toBe(3)
  expect(await runAudit(['verify', `${folder}/keys/audit.pub`], io)).toBe(3)
  expect(await runAudit(['verify', '--what'], io)).toBe(64)
  expect(await runAudit(['nonsense'], io)).toBe(64)
})

test('a database that was put back to an older state is noticed at the next start', async () => {
  const folder = newFolder()
  const problems: string[] = []
  const clock = createManualClock()
  const open = async () => {
    const records = await openRecords(`sqlite:${folder}/morphoscope.db`)
    const audit = await openInstallationLog({
      dataDir: folder,
      records,
      clock,
      onProblem: (text) => void problems.push(text),
    })
    return { records, audit }
  }
  const first = await open()
  for (let n = 0; n < 20; n++)
    await first.audit.append({ actor: SYSTEM_ACTOR, action: 'a', object: { type: 't', id: 'i' }, outcome: 'done' })
  await first.audit.close()
  await first.records.db.deleteFrom('audit_entries').where('seq', '>=', 12).execute()
  await first.records.db.deleteFrom('audit_checkpoints').execute()
  await first.records.close()
  const second = await open()
  await second.audit.close()
  await second.records.close()
  expect(problems.join()).toContain('holds 12 entries, and a checkpoint of 20 was signed')
})

test('of two writers only the newer one writes, and the older one says so', async () => {
  const folder = newFolder()
  const records = await openRecords(`sqlite:${folder}/morphoscope.db`)
  const problems: string[] = []
  const open = () =>
    openInstallationLog({ dataDir: folder, records, clock: systemClock, onProblem: (text) => void problems.push(text) })
  const draft = { actor: SYSTEM_ACTOR, action: 'a', object: { type: 't', id: 'i' }, outcome: 'done' as const }
  const older = await open()
  await older.append(draft)
  const newer = await open()
  await newer.append(draft)
  await expect(older.append(draft)).rejects.toMatchObject({ code: 'STATE_STORAGE' })
  expect(problems.join()).toContain('another process has become the writer')
  expect((await newer.append(draft)).seq).toBe(2)
  await newer.close()
  await older.close()
  await records.close()
  expect((await verifyFolder(folder)).code).toBe(0)
})

test('of two processes that append to one log the newer one goes on and the older one stops, with one chain and nothing lost', async () => {
  const folder = newFolder()
  const acknowledged: { readonly by: string; readonly seq: number; readonly hash: string }[] = []
  const start = (by: string) => {
    const child = spawn(process.execPath, [APPENDER, folder], { stdio: ['ignore', 'pipe', 'ignore'] })
    let text = ''
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      text += part
      const lines = text.split('\n')
      text = lines.pop()!
      for (const line of lines) {
        const [seq, hash] = line.split(' ') as [string, string]
        acknowledged.push({ by, seq: Number(seq), hash })
      }
    })
    const count = (): number => acknowledged.filter((one) => one.by === by).length
    return { child, count, closed: once(child, 'close') as Promise<[number | null]> }
  }
  const older = start('older')
  await waitUntil('the older one appends', () => older.count() >= 40, 60_000)
  const newer = start('newer')
  const [code] = await older.closed
  expect(code).toBe(1)
  const before = newer.count()
  await waitUntil('the newer one goes on', () => newer.count() >= before + 40, 60_000)
  newer.child.kill('SIGKILL')
  await newer.closed

  const { code: verdict, lines } = await verifyFolder(folder)
  expect(lines.join('\n')).toMatch(/^OK: /)
  expect(verdict).toBe(0)
  const kept = readFileSync(path.join(folder, 'export.jsonl'), 'utf8').trimEnd().split('\n')
  const hashes = kept.map((line) => leafHash(parseExportLine(line)!.bytes).toString('hex'))
  expect(acknowledged.filter(({ seq, hash }) => hashes[seq] !== hash)).toEqual([])
  expect(new Set(acknowledged.map(({ seq }) => seq)).size).toBe(acknowledged.length)
  const last = Math.max(...acknowledged.filter(({ by }) => by === 'older').map(({ seq }) => seq))
  expect(Math.min(...acknowledged.filter(({ by }) => by === 'newer').map(({ seq }) => seq))).toBeGreaterThan(last)
}, 200_000)
