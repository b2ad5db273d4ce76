/*
 * checkpoint: how large the log was and what its root was, signed, in the text form that witnesses of other makers read.
 * In: origin, size, root. Out: a signed note and back.
 * Invariant: a note is believed only when a trusted key signed exactly its text; size and root are never read out of another.
 * Source: docs/audit.md "checkpoints"; C2SP tlog-checkpoint and signed-note.
 */
import { createHash } from 'node:crypto'
import type { AuditSigner, AuditVerifier } from './auditKey.ts'

const ED25519 = 1
const DASH = '\u2014'

export interface Checkpoint {
  /** Name of the log: `morphoscope/` and its id. */
  readonly origin: string
  readonly size: number
  readonly rootHex: string
}

/** Four bytes that tell keys of one name apart. */
function noteKeyId(name: string, rawPublicKey: Buffer): Buffer {
  const typed = Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(ED25519), rawPublicKey])
  return createHash('sha256').update(typed).digest().subarray(0, 4)
}

/** The key as tools for signed notes take it: `name+id+base64`. */
export function noteVerifierKey(name: string, { rawPublicKey }: AuditVerifier): string {
  const typed = Buffer.concat([Buffer.of(ED25519), rawPublicKey]).toString('base64')
  return `${name}+${noteKeyId(name, rawPublicKey).toString('hex')}+${typed}`
}

const bodyOf = ({ origin, size, rootHex }: Checkpoint): string =>
  `${origin}\n${size}\n${Buffer.from(rootHex, 'hex').toString('base64')}\n`

/** Signs a checkpoint. */
export function signCheckpoint(checkpoint: Checkpoint, signer: AuditSigner): string {
  const body = bodyOf(checkpoint)
  const signature = Buffer.concat([
    noteKeyId(checkpoint.origin, signer.rawPublicKey),
    signer.signNote(Buffer.from(body)),
  ])
  return `${body}\n${DASH} ${checkpoint.origin} ${signature.toString('base64')}\n`
}

/** Reads one note; null when it is none, or no trusted key signed it. */
export function openCheckpoint(note: string, trusted: readonly AuditVerifier[]): Checkpoint | null {
  const end = note.indexOf('\n\n')
  if (end < 0) return null
  const body = note.slice(0, end + 1)
  const match = /^([^\n+ ]+)\n(0|[1-9]\d{0,15})\n([A-Za-z0-9+/]{43}=)\n$/.exec(body)
  if (match === null) return null
  const root = Buffer.from(match[3]!, 'base64')
  const checkpoint = { origin: match[1]!, size: Number(match[2]), rootHex: root.toString('hex') }
  if (bodyOf(checkpoint) !== body) return null
  const lines = note
    .slice(end + 2)
    .split('\n')
    .filter(Boolean)
  const signed = lines.some((line) => {
    const [dash, name, base64] = line.split(' ')
    if (dash !== DASH || name !== checkpoint.origin || base64 === undefined) return false
    const bytes = Buffer.from(base64, 'base64')
    if (bytes.toString('base64') !== base64 || bytes.byteLength !== 68) return false
    return trusted.some(
      (key) =>
        noteKeyId(name, key.rawPublicKey).equals(bytes.subarray(0, 4)) &&
        key.verifyNote(Buffer.from(body), bytes.subarray(4)),
    )
  })
  return signed ? checkpoint : null
}

/** Splits a file of notes: each is a body, an empty line and its signatures, and ends with an empty line. */
export function splitNotes(text: string): string[] {
  return text
    .split(/\n(?=\n?[^\n]+\n\d+\n[A-Za-z0-9+/=]+\n\n)/)
    .map((note) => `${note.replace(/^\n+/, '').trimEnd()}\n`)
    .filter((note) => note.trim() !== '')
}
