/*
 * auditTrail: a signed log of a test's own, made entry by entry as the product makes it.
 * In: how many entries, how often a checkpoint. Out: entries, signatures, notes; forging tools for tests that attack it.
 * Invariant: the same code that the product signs with; nothing here is used by the product.
 * Source: docs/audit.md.
 */
import { generateKeyPairSync } from 'node:crypto'
import { createAuditSigner, type AuditSigner } from '../../lib/audit/auditKey.ts'
import { signCheckpoint } from '../../lib/audit/checkpoint.ts'
import { GENESIS_HASH, decodeEntry, encodeEntry, type AuditEntry } from '../../lib/audit/entry.ts'
import { EMPTY_FRONTIER, frontierRoot, growFrontier, leafHash } from '../../lib/audit/merkle.ts'

export interface SignedEntry {
  readonly bytes: Buffer
  readonly signature: Buffer
}

export const newSigner = (): AuditSigner =>
  createAuditSigner(generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString())

const LOG_ID = 'log-of-a-test'

export const entryOf = (seq: number, prevHash: string, more: Partial<AuditEntry> = {}): AuditEntry => ({
  v: 1,
  log_id: LOG_ID,
  seq,
  prev_hash: prevHash,
  writer_id: 'writer-1',
  writer_epoch: 1,
  writer_seq: seq,
  ts_wall: 1_800_000_000_000 + seq,
  ts_mono: seq,
  redis_time: null,
  actor_id: `person-${seq % 7}`,
  actor_role: ['operator'],
  auth_method: 'password',
  session_hash: null,
  src_ip_hash: null,
  action: seq % 3 === 0 ? 'command.intent' : 'command.outcome',
  object_type: 'seed',
  object_id: `embed/${seq % 12}`,
  params_hash: null,
  reason_text: 'because',
  command_id: `c-${seq}`,
  idempotency_key: null,
  approvals: [],
  precondition: null,
  outcome: 'done',
  error_code: null,
  result_hash: null,
  correlation_id: null,
  policy_version: '1',
  software_version: '0.1.0',
  key_id: 'k',
  ...more,
})

export const sign = (signer: AuditSigner, entry: AuditEntry): SignedEntry => {
  const bytes = encodeEntry(entry)
  return { bytes, signature: signer.signEntry(bytes) }
}

export const hashOf = ({ bytes }: SignedEntry): string => leafHash(bytes).toString('hex')

/** A log of `size` entries with a checkpoint after each `every`. */
export function makeTrail(signer: AuditSigner, size: number, every: number) {
  const entries: SignedEntry[] = []
  const notes: string[] = []
  let tree = EMPTY_FRONTIER
  let last = GENESIS_HASH
  for (let seq = 0; seq < size; seq++) {
    const entry = sign(signer, entryOf(seq, last))
    entries.push(entry)
    tree = growFrontier(tree, leafHash(entry.bytes))
    last = hashOf(entry)
    if (tree.size % every === 0)
      notes.push(
        signCheckpoint(
          { origin: `morphoscope/${LOG_ID}`, size: tree.size, rootHex: frontierRoot(tree).toString('hex') },
          signer,
        ),
      )
  }
  return { entries, notes }
}

/** Numbers and chains the entries anew from `from` on, as somebody does who has the database and not the key. */
export function rechain(entries: readonly SignedEntry[], from: number, signer: AuditSigner | null): SignedEntry[] {
  const all = entries.slice(0, from)
  let last = from === 0 ? GENESIS_HASH : hashOf(all[from - 1]!)
  for (let seq = from; seq < entries.length; seq++) {
    const old = entries[seq]!
    const entry = { ...decodeEntry(old.bytes)!, seq, prev_hash: last, writer_seq: seq }
    const bytes = encodeEntry(entry)
    const next = signer === null ? { bytes, signature: old.signature } : sign(signer, entry)
    all.push(next)
    last = hashOf(next)
  }
  return all
}
