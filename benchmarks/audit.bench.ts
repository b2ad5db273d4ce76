/*
 * audit.bench: how long the verifier takes for a million entries, the command line as it is called, and the first rows of a query.
 * In: --entries N (1,000,000), --json FILE. Out: seconds of CPU per million entries beside hashing the same bytes; seconds of one call
 * of the command line; milliseconds to the first rows of queries on a database of that size.
 * Invariant: the verdict of each round is checked: what was verified was all of it, and right; a query is checked to find what is there.
 * Source: docs/audit.md "verification"; docs/performance.md; docs/ux.md "pages: audit".
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { leafHash } from '../lib/audit/merkle.ts'
import { createLogVerifier, type Verdict } from '../lib/audit/verifyLog.ts'
import { parseAuditQuery } from '../lib/contracts/auditQuery.ts'
import { systemClock } from '../lib/primitives/clock.ts'
import { createAuditSearch } from '../server/audit/auditSearch.ts'
import { openRecordsReader } from '../server/stores/recordsDatabase.ts'
import { makeTrail, newSigner } from '../tests/support/auditTrail.ts'
import { makeAuditDatabase } from './support/auditDatabase.ts'
import { cpuNs, finish, judge, judgeOnce, numberFlag, say, type BenchResult } from './support/benchReport.ts'

const SAMPLE = 100_000
const ENTRIES = Math.floor(numberFlag('entries', 1_000_000))
const ROUNDS = 5
const VERIFY_S = 30
const FIRST_ROWS_MS = 300
const PAGE = 100
const run = promisify(execFile)

const signer = newSigner()
say(`signing ${SAMPLE.toLocaleString('en-US')} entries`)
const { entries, notes } = makeTrail(signer, SAMPLE, 100)
const perMillion = (ns: number): number => (ns / SAMPLE) * 1e-3

function verify(kept: readonly string[], list = entries): Verdict {
  const verifier = createLogVerifier({ keys: [signer], notes: kept })
  for (const { bytes, signature } of list) verifier.add(bytes, signature)
  return verifier.finish()
}

function measure(name: string, kept: readonly string[], outcome: Verdict['outcome'], bar: number | null) {
  const rounds = Array.from({ length: ROUNDS }, () => {
    let verdict: Verdict | null = null
    const value = perMillion(cpuNs(1, () => (verdict = verify(kept))))
    const { entries: seen, outcome: said } = verdict!
    if (seen !== SAMPLE || said !== outcome) throw new Error(`${name}: ${said} after ${seen} entries`)
    const ceiling = perMillion(cpuNs(1, () => entries.forEach(({ bytes }) => leafHash(bytes))))
    return { value, ceiling }
  })
  return judge(name, 's CPU per million entries', rounds, {
    text: bar === null ? 'informative' : `<= ${bar} s`,
    holds: bar === null ? null : (value) => value <= bar,
  })
}

/** What a query must find in the database of makeAuditDatabase: at least so many on its first page, or on a later one. */
const QUERIES: readonly (readonly [name: string, query: string, least: number])[] = [
  ['everything', '', PAGE],
  ['one person', 'actor:person-3', PAGE],
  ['somebody rare', 'actor:person-rare', 1],
  ['refusals', 'outcome:denied', PAGE],
  ['acts of a layer', 'action:command.intent layer:layer_12', PAGE],
  ['a frequent word', 'spike', PAGE],
  ['a word of one entry, the oldest there is', 'heron', 0],
  ['what is not', '-action:command.* -actor:person-3', PAGE],
  ['one thread', 'correlation:c-300', 3],
  ['before a moment in the middle', `before:${1_800_000_000_000 + (ENTRIES / 2) * 250}`, PAGE],
]

async function searches(file: string): Promise<BenchResult[]> {
  const reader = openRecordsReader(`sqlite:${file}`)
  const search = createAuditSearch({ records: reader, clock: systemClock, idsOfName: () => Promise.resolve([]) })
  const results: BenchResult[] = []
  for (const [name, query, least] of QUERIES) {
    const parsed = parseAuditQuery(query)
    if (!parsed.ok) throw new Error(parsed.problem.text)
    const page = async (before: number) => {
      const found = await search.find(parsed.terms, { after: -1, before }, PAGE)
      if (found.seqs.length > 0)
        await reader.db
          .selectFrom('audit_entries')
          .selectAll()
          .where('seq', 'in', [...found.seqs])
          .execute()
      return found
    }
    const rounds = []
    for (let round = 0; round < ROUNDS + 1; round++) {
      const startMs = performance.now()
      const found = await page(ENTRIES)
      const value = performance.now() - startMs
      if (found.seqs.length < least) throw new Error(`${name}: ${found.seqs.length} found, at least ${least} are there`)
      const emptyMs = performance.now()
      await reader.db.selectFrom('audit_entries').select('seq').where('seq', '=', 1).execute()
      rounds.push({ value, ceiling: performance.now() - emptyMs })
    }
    say(`  ${name}: first call ${rounds[0]!.value.toFixed(1)} ms`)
    results.push(
      judge(`audit first rows, ${name}`, 'ms', rounds.slice(1), {
        text: `<= ${FIRST_ROWS_MS} ms`,
        holds: (value) => value <= FIRST_ROWS_MS,
        anySpread: true,
      }),
    )
    if (name.startsWith('a word of one entry')) {
      const startMs = performance.now()
      let pages = 0
      let seqs: readonly number[] = []
      for (let before = ENTRIES; before > 0 && seqs.length === 0; pages++) {
        const found = await page(before)
        seqs = found.seqs
        before = found.ended ? 0 : found.lookedTo
      }
      if (seqs[0] !== 777) throw new Error(`the word is in entry 777, found was ${seqs.join()}`)
      say(`  ${name}: found after ${pages} pages, ${(performance.now() - startMs).toFixed(0)} ms`)
    }
  }
  const startMs = performance.now()
  const { counted } = await search.count([], ENTRIES)
  say(`  counts over ${counted} entries: ${(performance.now() - startMs).toFixed(0)} ms`)
  await reader.close()
  return results
}

/** The command line in a process of its own, as somebody calls it. */
async function commandLine(
  folder: string,
  of: { file: string; keyFile: string; notesFile: string },
): Promise<BenchResult[]> {
  const log = path.join(folder, 'log.jsonl')
  const cli = `${JSON.stringify(process.execPath)} scripts/morphoscope.mjs audit`
  await run('bash', ['-c', `${cli} export --database sqlite:${of.file} > ${log}`])
  say(`  export of ${(statSync(log).size / 1e6).toFixed(0)} MB`)
  const timed = `TIMEFORMAT='%R %U %S'; time ${cli} verify ${log} --keys ${of.keyFile} --checkpoints ${of.notesFile}`
  const { stdout, stderr } = await run('bash', ['-c', timed])
  if (!stdout.startsWith(`OK: ${ENTRIES} entries`)) throw new Error(`the command line said: ${stdout}`)
  const [wall = Number.NaN, user = Number.NaN, system = Number.NaN] = stderr
    .trim()
    .split('\n')
    .at(-1)!
    .split(' ')
    .map(Number)
  say(`  wall ${wall.toFixed(1)} s, processor ${(user + system).toFixed(1)} s`)
  return [
    judgeOnce(
      `audit verify, command line, ${ENTRIES.toLocaleString('en-US')} entries`,
      's CPU',
      { value: user + system, samples: 1 },
      { text: `<= ${VERIFY_S} s`, limit: VERIFY_S },
    ),
  ]
}

const verified = [
  measure('audit verify, a checkpoint each 100 entries', notes, 'ok', VERIFY_S),
  measure('audit verify, every signature', [], 'incomplete', null),
]
const folder = mkdtempSync(path.join(tmpdir(), 'morphoscope-audit-bench-'))
try {
  say(`making a database of ${ENTRIES.toLocaleString('en-US')} entries`)
  const made = await makeAuditDatabase(folder, ENTRIES, signer)
  const found = await searches(made.file)
  finish([...verified, ...found, ...(await commandLine(folder, made))])
} finally {
  rmSync(folder, { recursive: true, force: true })
}
