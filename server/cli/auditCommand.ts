/*
 * auditCommand: `audit verify | prove | diff | export`: the audit trail, looked at by somebody who trusts only files and keys.
 * In: arguments, a place to write lines. Out: an exit code: 0 as it should be, 1 tampered, 2 evidence not whole, 3 unreadable, 64 usage.
 * Invariant: works without the product and without a network, except for an export from a Postgres; never writes to what it reads.
 * Source: docs/audit.md "verification".
 */
import { createReadStream, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { createAuditVerifier, type AuditVerifier } from '../../lib/audit/auditKey.ts'
import { createBundleVerifier, createSealCheck, isBundleHead, type BundleVerdict } from '../../lib/audit/bundle.ts'
import { openCheckpoint, splitNotes } from '../../lib/audit/checkpoint.ts'
import { CSV_COLUMNS, CSV_SEAL, csvLine } from '../../lib/audit/csv.ts'
import { decodeEntry } from '../../lib/audit/entry.ts'
import { parseExportLine } from '../../lib/audit/exportLine.ts'
import { inclusionProof, leafHash, verifyInclusion } from '../../lib/audit/merkle.ts'
import { createLogVerifier, type Verdict } from '../../lib/audit/verifyLog.ts'
import { readLogLines } from '../audit/readLogLines.ts'

export const AUDIT_USAGE = `morphoscope audit verify FILE --keys KEY.pub [--keys ...] --checkpoints FILE [--json]
morphoscope audit prove SEQ --file FILE --keys KEY.pub --checkpoints FILE [--json]
morphoscope audit diff A B
morphoscope audit export --database sqlite:FILE|postgres://... > FILE

verify  whether an export is what was written: the whole log, a bundle or a CSV of the audit page; exit 0 yes, 1 tampered,
        2 the evidence is not whole, 3 unreadable
prove   that one entry is in the log that a checkpoint signed
diff    where two exports part
export  every entry with its signature, one a line`

export interface AuditIo {
  readonly out: (line: string) => void
  readonly err: (line: string) => void
}

const EXIT = { ok: 0, tampered: 1, incomplete: 2, unreadable: 3, usage: 64 } as const

class Unreadable extends Error {}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new Unreadable(`${file} can not be read: ${(error as Error).message}`, { cause: error })
  }
}

function readKeys(files: readonly string[]): AuditVerifier[] {
  return files.map((file) => {
    try {
      return createAuditVerifier(readText(file))
    } catch (error) {
      if (error instanceof Unreadable) throw error
      throw new Unreadable(`${file} is no public key of Ed25519 in PEM`, { cause: error })
    }
  })
}

/** Longer than any line of an export. */
const MAX_LINE_BYTES = 16_777_216
const CHUNK_BYTES = 1_048_576
const LINE_FEED = 10

/** Lines of a file, many at a time: one by one they would cost more than what is verified of them. */
async function* linePages(file: string): AsyncGenerator<string[]> {
  let rest: Buffer = Buffer.alloc(0)
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: CHUNK_BYTES })) {
      const whole = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer])
      const end = whole.lastIndexOf(LINE_FEED)
      rest = whole.subarray(end + 1)
      if (rest.length > MAX_LINE_BYTES) throw new Unreadable(`${file} has a line that is longer than any of an export`)
      if (end >= 0) yield whole.toString('utf8', 0, end).split('\n')
    }
  } catch (error) {
    if (error instanceof Unreadable) throw error
    throw new Unreadable(`${file} can not be read: ${(error as Error).message}`, { cause: error })
  }
  if (rest.length > 0) yield [rest.toString('utf8')]
}

async function* linesOf(file: string): AsyncGenerator<string> {
  for await (const lines of linePages(file)) yield* lines
}

interface ExportedEntry {
  readonly bytes: Buffer
  readonly signature: Buffer
}

async function* entryPages(file: string): AsyncGenerator<ExportedEntry[]> {
  let number = 0
  for await (const lines of linePages(file)) {
    const entries: ExportedEntry[] = []
    for (const line of lines) {
      number++
      if (line === '' || line === '\r') continue
      const entry = parseExportLine(line)
      if (entry === null) throw new Unreadable(`${file}: line ${number} is no entry of an export`)
      entries.push(entry)
    }
    yield entries
  }
}

async function* entriesOf(file: string): AsyncGenerator<ExportedEntry> {
  for await (const entries of entryPages(file)) yield* entries
}

interface Evidence {
  readonly keys: readonly string[]
  readonly checkpoints: readonly string[]
}

async function judge(file: string, { keys, checkpoints }: Evidence): Promise<Verdict> {
  const notes = checkpoints.flatMap((one) => splitNotes(readText(one)))
  const verifier = createLogVerifier({ keys: readKeys(keys), notes })
  for await (const entries of entryPages(file))
    for (const { bytes, signature } of entries) verifier.add(bytes, signature)
  return verifier.finish()
}

function tell(verdict: Verdict, { out }: AuditIo): void {
  const { outcome, entries, firstBad, checkpoints, exposed, missing } = verdict
  if (firstBad !== null)
    out(
      `TAMPERED: the first wrong entry is ${firstBad.seq}: ${firstBad.kind}; expected ${firstBad.expected}, found ${firstBad.found}`,
    )
  else if (outcome === 'ok')
    out(`OK: ${entries} entries, root ${verdict.rootHex}, under ${checkpoints} signed checkpoints`)
  else out(`INCOMPLETE: ${entries} entries follow each other, root ${verdict.rootHex}`)
  for (const text of missing) out(`  ${text}`)
  if (firstBad === null && exposed > 0)
    out(`  the last ${exposed} entries are signed, and no checkpoint shows that there were not more`)
}

async function firstLine(file: string): Promise<string> {
  for await (const line of linesOf(file)) return line
  return ''
}

/** A part of a log: each entry with its proof, and a seal over all of them. */
async function verifyBundle(file: string, keys: readonly AuditVerifier[], json: boolean, io: AuditIo): Promise<number> {
  const verifier = createBundleVerifier(keys)
  for await (const line of linesOf(file)) if (line !== '') verifier.add(line)
  const verdict: BundleVerdict = verifier.finish()
  const { outcome, entries, proved, firstBad, missing } = verdict
  if (json) io.out(JSON.stringify(verdict))
  else {
    const where =
      firstBad === null ? '' : `line ${firstBad.line}${firstBad.seq === null ? '' : `, entry ${firstBad.seq}`}`
    if (outcome === 'tampered') io.out(`TAMPERED: ${where}: ${firstBad?.text ?? ''}`)
    else if (outcome === 'ok')
      io.out(`OK: ${entries} entries, each signed, ${proved} proved in the log, sealed as a whole`)
    else io.out(`INCOMPLETE: ${entries} entries`)
    for (const text of missing) io.out(`  ${text}`)
  }
  return EXIT[outcome]
}

/** A table: nothing in it is signed by itself, the seal covers every byte before it. */
async function verifyTable(file: string, keys: readonly AuditVerifier[], io: AuditIo): Promise<number> {
  const seal = createSealCheck(keys, CSV_SEAL)
  let rows = -1
  let sealed: boolean | null = null
  for await (const line of linesOf(file)) {
    if (sealed !== null) {
      io.out('TAMPERED: lines follow the seal')
      return EXIT.tampered
    }
    sealed = seal.add(line)
    if (sealed === null) rows++
  }
  if (sealed === null || keys.length === 0) {
    io.out(keys.length === 0 ? 'INCOMPLETE: no public key was given' : 'INCOMPLETE: it ends without its seal')
    return EXIT.incomplete
  }
  io.out(
    sealed
      ? `OK: ${rows} rows, sealed as a whole`
      : 'TAMPERED: the seal does not fit: rows were changed, added or left out',
  )
  return sealed ? EXIT.ok : EXIT.tampered
}

async function verify(file: string | undefined, evidence: Evidence, json: boolean, io: AuditIo): Promise<number> {
  if (file === undefined) return usage(io)
  const head = await firstLine(file)
  if (isBundleHead(head)) return verifyBundle(file, readKeys(evidence.keys), json, io)
  if (head === csvLine([...CSV_COLUMNS])) return verifyTable(file, readKeys(evidence.keys), io)
  const verdict = await judge(file, evidence)
  if (json) io.out(JSON.stringify(verdict))
  else tell(verdict, io)
  return EXIT[verdict.outcome]
}

async function prove(
  seqText: string | undefined,
  file: string | undefined,
  evidence: Evidence,
  json: boolean,
  io: AuditIo,
) {
  const seq = Number(seqText)
  if (file === undefined || !Number.isSafeInteger(seq) || seq < 0) return usage(io)
  const keys = readKeys(evidence.keys)
  const points = evidence.checkpoints
    .flatMap((one) => splitNotes(readText(one)))
    .flatMap((note) => openCheckpoint(note, keys) ?? [])
    .filter((point) => point.size > seq)
    .sort((a, b) => a.size - b.size)
  const point = points[0]
  if (point === undefined) {
    io.out(`INCOMPLETE: no signed checkpoint covers entry ${seq}`)
    return EXIT.incomplete
  }
  const leaves: Buffer[] = []
  let wanted: Buffer | null = null
  for await (const { bytes } of entriesOf(file)) {
    if (leaves.length === seq) wanted = bytes
    leaves.push(leafHash(bytes))
    if (leaves.length === point.size) break
  }
  if (wanted === null || leaves.length < point.size) {
    io.out(`TAMPERED: the checkpoint saw ${point.size} entries, the file holds ${leaves.length}`)
    return EXIT.tampered
  }
  const root = Buffer.from(point.rootHex, 'hex')
  const proof = inclusionProof(leaves, seq)
  const holds = verifyInclusion({ index: seq, size: point.size, leaf: leaves[seq]!, proof, root })
  const entry = decodeEntry(wanted)
  if (json)
    io.out(
      JSON.stringify({
        seq,
        holds,
        size: point.size,
        root: point.rootHex,
        leaf: leaves[seq]!.toString('hex'),
        proof: proof.map((hash) => Buffer.from(hash).toString('hex')),
        entry,
      }),
    )
  else if (holds)
    io.out(
      `OK: entry ${seq} (${entry?.action} by ${entry?.actor_id}) is in the log of ${point.size} entries, by ${proof.length} hashes`,
    )
  else io.out(`TAMPERED: entry ${seq} is not the one in the log of ${point.size} entries`)
  return holds ? EXIT.ok : EXIT.tampered
}

async function diff(a: string | undefined, b: string | undefined, io: AuditIo): Promise<number> {
  if (a === undefined || b === undefined) return usage(io)
  const [left, right] = [entriesOf(a), entriesOf(b)]
  for (let seq = 0; ; seq++) {
    const [one, two] = [await left.next(), await right.next()]
    if (one.done === true || two.done === true) {
      const longer = one.done === true && two.done === true ? null : one.done === true ? b : a
      io.out(longer === null ? `the same ${seq} entries` : `the same up to entry ${seq}; ${longer} goes on from there`)
      return EXIT.ok
    }
    const same = Buffer.compare(one.value.bytes, two.value.bytes) === 0
    if (same) continue
    io.out(`they part at entry ${seq}:`)
    io.out(`< ${one.value.bytes.toString('utf8')}`)
    io.out(`> ${two.value.bytes.toString('utf8')}`)
    return EXIT.tampered
  }
}

async function exportLog(url: string | undefined, io: AuditIo): Promise<number> {
  if (url === undefined) return usage(io)
  try {
    for await (const line of readLogLines(url)) io.out(line)
    return EXIT.ok
  } catch (error) {
    throw new Unreadable(`the database can not be read: ${(error as Error).message}`, { cause: error })
  }
}

function usage({ err }: AuditIo): number {
  err(AUDIT_USAGE)
  return EXIT.usage
}

/** Runs one command; never throws. */
export async function runAudit(args: readonly string[], io: AuditIo): Promise<number> {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        keys: { type: 'string', multiple: true, default: [] },
        checkpoints: { type: 'string', multiple: true, default: [] },
        file: { type: 'string' },
        database: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
    const [verb, first, second] = positionals
    if (values.help) {
      io.out(AUDIT_USAGE)
      return EXIT.ok
    }
    const evidence = { keys: values.keys, checkpoints: values.checkpoints }
    switch (verb) {
      case 'verify':
        return await verify(first, evidence, values.json, io)
      case 'prove':
        return await prove(first, values.file, evidence, values.json, io)
      case 'diff':
        return await diff(first, second, io)
      case 'export':
        return await exportLog(values.database, io)
      case undefined:
      default:
        return usage(io)
    }
  } catch (error) {
    if (error instanceof Unreadable) {
      io.err(`UNREADABLE: ${error.message}`)
      return EXIT.unreadable
    }
    if ((error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS') === true) {
      io.err((error as Error).message)
      return usage(io)
    }
    io.err(`UNREADABLE: ${String(error)}`)
    return EXIT.unreadable
  }
}
