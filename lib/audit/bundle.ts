/*
 * bundle: a part of the log that is handed out: the entries somebody asked for, each with its proof, sealed as a whole.
 * In: lines. Out: the first and last line of a bundle; a verdict about all of them.
 * Invariant: an entry counts as right only by its own signature and, where a checkpoint covers it, by its proof; the seal covers every
 * byte before it, so that nothing is left out unseen. That the log holds no other entry that matches nobody can show.
 * Source: docs/audit.md "export".
 */
import { createHash } from 'node:crypto'
import type { AuditVerifier } from './auditKey.ts'
import { openCheckpoint, type Checkpoint } from './checkpoint.ts'
import { decodeEntry } from './entry.ts'
import { parseExportLine, toExportLine } from './exportLine.ts'
import { leafHash, verifyInclusion } from './merkle.ts'

export const BUNDLE_KIND = 'morphoscope-audit-bundle-v1'
const SEAL_TAG = Buffer.from('morph-audit-bundle-v1\n')

/** What the seal of an export signs. */
export function sealText(digest: Uint8Array): Buffer {
  return Buffer.concat([SEAL_TAG, digest])
}

export interface BundleHead {
  readonly bundle: typeof BUNDLE_KIND
  readonly log_id: string
  readonly query: string
  readonly made_at: string
  /** The signed note under which the proofs hold; null when there was none yet. */
  readonly checkpoint: string | null
}

/** Writes an entry with its proof; null where no checkpoint covers it. */
export function toBundleLine(bytes: Uint8Array, signature: Uint8Array, proof: readonly Uint8Array[] | null): string {
  const hashes = proof === null ? 'null' : JSON.stringify(proof.map((hash) => Buffer.from(hash).toString('hex')))
  return `${toExportLine(bytes, signature).slice(0, -1)},"proof":${hashes}}`
}

export interface Sealer {
  /** Takes one line, and gives it back with its line feed. */
  line(text: string): string
  /** The last line, behind `before`. */
  end(before?: string): string
}

/** Seals what passes through it; `sign` signs a digest. */
export function createSealer(sign: (digest: Uint8Array) => string): Sealer {
  const hash = createHash('sha256')
  let lines = 0
  return {
    line(text) {
      const whole = `${text}\n`
      hash.update(whole)
      lines++
      return whole
    },
    end(before = '') {
      const digest = hash.digest()
      return `${before}${JSON.stringify({ end: { lines, sha256: digest.toString('hex'), sig: sign(digest) } })}\n`
    },
  }
}

export interface BundleVerdict {
  readonly outcome: 'ok' | 'tampered' | 'incomplete'
  readonly entries: number
  /** Entries whose proof leads to the signed root. */
  readonly proved: number
  readonly firstBad: { readonly line: number; readonly seq: number | null; readonly text: string } | null
  readonly missing: readonly string[]
}

export interface BundleVerifier {
  /** Lines in their order, without line feeds, the first and the last among them. */
  add(line: string): void
  finish(): BundleVerdict
}

function parse(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : null
  } catch {
    return null
  }
}

/** Tells whether a file that begins with this line is a bundle. */
export function isBundleHead(line: string): boolean {
  return parse(line)?.['bundle'] === BUNDLE_KIND
}

/** Checks the seal of lines that were given one by one; `comment` stands before the last one. */
export function createSealCheck(keys: readonly AuditVerifier[], comment = '') {
  const hash = createHash('sha256')
  let lines = 0
  return {
    /** Null: not the last line. Else whether the seal holds. */
    add(line: string): boolean | null {
      const end = line.startsWith(`${comment}{"end":`) ? parse(line.slice(comment.length))?.['end'] : undefined
      if (end === undefined) {
        hash.update(`${line}\n`)
        lines++
        return null
      }
      const { lines: said, sha256, sig } = end as { lines?: unknown; sha256?: unknown; sig?: unknown }
      const digest = hash.digest()
      if (said !== lines || sha256 !== digest.toString('hex') || typeof sig !== 'string') return false
      return keys.some((key) => key.verifyNote(sealText(digest), Buffer.from(sig, 'base64')))
    },
  }
}

/** Creates a verifier of one bundle. */
export function createBundleVerifier(keys: readonly AuditVerifier[]): BundleVerifier {
  const seal = createSealCheck(keys)
  let checkpoint: Checkpoint | null = null
  let logId: unknown = null
  let at = 0
  let entries = 0
  let proved = 0
  let sealed = false
  let unproved = 0
  let bad: BundleVerdict['firstBad'] = null
  const wrong = (text: string, seq: number | null = null): void => {
    bad ??= { line: at, seq, text }
  }

  const entry = (line: string): void => {
    const found = parseExportLine(line)
    const decoded = found === null ? null : decodeEntry(found.bytes)
    if (found === null || decoded === null) return wrong('this is no entry')
    entries++
    const { seq, log_id } = decoded
    if (log_id !== logId) return wrong('an entry of another log', seq)
    if (!keys.some((key) => key.verifyEntry(found.bytes, found.signature)))
      return wrong('changed: its signature is of no trusted key over these bytes', seq)
    const hashes = parse(line)?.['proof']
    if (!Array.isArray(hashes) || checkpoint === null) {
      unproved++
      return
    }
    const proof = hashes.map((hash) => Buffer.from(String(hash), 'hex'))
    const root = Buffer.from(checkpoint.rootHex, 'hex')
    if (!verifyInclusion({ index: seq, size: checkpoint.size, leaf: leafHash(found.bytes), proof, root }))
      return wrong('its proof does not lead to the signed root', seq)
    proved++
  }

  return {
    add(line) {
      at++
      if (sealed) return wrong('lines follow the seal')
      const end = seal.add(line)
      if (end !== null) {
        sealed = true
        if (!end) wrong('the seal does not fit: lines were changed, added or left out')
        return
      }
      if (at > 1) return entry(line)
      const head = parse(line)
      logId = head?.['log_id'] ?? null
      const note = head?.['checkpoint']
      if (typeof note !== 'string') return
      checkpoint = openCheckpoint(note, keys)
      if (checkpoint === null) wrong('its checkpoint is signed by no trusted key')
      else if (checkpoint.origin !== `morphoscope/${String(logId)}`) wrong('its checkpoint is of another log')
    },
    finish() {
      const missing = [
        ...(keys.length === 0 ? ['no public key was given'] : []),
        ...(sealed ? [] : ['it ends without its seal: the rest is missing']),
        ...(unproved > 0 ? [`${unproved} entries are signed, and no checkpoint of this bundle covers them`] : []),
      ]
      const whole = keys.length > 0 && sealed
      return {
        outcome: keys.length > 0 && bad !== null ? 'tampered' : whole ? 'ok' : 'incomplete',
        entries,
        proved,
        firstBad: bad,
        missing,
      }
    },
  }
}
