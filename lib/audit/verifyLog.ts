/*
 * verifyLog: whether a log is what was written: from an export, the kept checkpoints and the public keys, and nothing else.
 * In: entries in their order with signatures; signed notes; trusted keys. Out: a verdict with the first wrong entry.
 * Invariant: an entry counts as right only under a signed root or its own signature; what no checkpoint covers is said; memory
 * is bounded whatever the length of the log.
 * Source: docs/audit.md "verification".
 */
import type { AuditVerifier } from './auditKey.ts'
import { openCheckpoint, type Checkpoint } from './checkpoint.ts'
import { GENESIS_HASH, decodeEntry } from './entry.ts'
import { EMPTY_FRONTIER, frontierRoot, growFrontier, leafHash, type TreeFrontier } from './merkle.ts'

export type TamperKind =
  | 'changed' // its signature is of no trusted key over these bytes
  | 'out of place' // another sequence number belongs here
  | 'broken chain' // it does not follow the entry before it
  | 'another log'
  | 'writer' // an older writer after a newer one, or a hole in what one wrote
  | 'rewritten' // every signature is right, but a signed root says something else was here
  | 'missing' // a checkpoint saw more entries than there are
  | 'two histories' // two signed roots of one size

export interface FirstBad {
  readonly seq: number
  readonly kind: TamperKind
  readonly expected: string
  readonly found: string
}

export interface Verdict {
  readonly outcome: 'ok' | 'tampered' | 'incomplete'
  readonly entries: number
  readonly rootHex: string
  readonly firstBad: FirstBad | null
  /** Checkpoints that a trusted key signed, and those that none did. */
  readonly checkpoints: number
  readonly unsignedNotes: number
  /** Entries after the newest checkpoint: nothing shows that there were not more of them. */
  readonly exposed: number
  /** Why the evidence is not whole; empty when it is. */
  readonly missing: readonly string[]
}

export interface LogVerifierOptions {
  readonly keys: readonly AuditVerifier[]
  readonly notes: readonly string[]
}

export interface LogVerifier {
  /** In the order of the log. After the first wrong entry the rest is not looked at. */
  add(bytes: Uint8Array, signature: Uint8Array): void
  finish(): Verdict
}

/** What no checkpoint covers yet is kept, to find the first wrong entry by its signature; beyond this it is verified at once. */
const KEPT = 4_096

interface Held {
  readonly seq: number
  readonly bytes: Uint8Array
  readonly signature: Uint8Array
}

interface Head {
  readonly log_id: string
  readonly seq: number
  readonly prev_hash: string
  readonly writer_id: string
  readonly writer_epoch: number
  readonly writer_seq: number
}

function readHead(bytes: Uint8Array): Head | null {
  try {
    const head = JSON.parse(
      Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'),
    ) as Head | null
    return typeof head === 'object' ? head : null
  } catch {
    return null
  }
}

/** Reads the notes: signed ones by size, and what contradicts itself. */
function readNotes({ keys, notes }: LogVerifierOptions) {
  const bySize = new Map<number, Checkpoint>()
  let unsigned = 0
  let twoHistories: FirstBad | null = null
  for (const note of notes) {
    const checkpoint = openCheckpoint(note, keys)
    if (checkpoint === null) {
      unsigned++
      continue
    }
    const known = bySize.get(checkpoint.size)
    if (known !== undefined && known.rootHex !== checkpoint.rootHex)
      twoHistories ??= {
        seq: Math.max(0, checkpoint.size - 1),
        kind: 'two histories',
        expected: known.rootHex,
        found: checkpoint.rootHex,
      }
    bySize.set(checkpoint.size, checkpoint)
  }
  return { bySize, unsigned, twoHistories }
}

/** Creates a verifier; it reads the log once, from its first entry to its last. */
export function createLogVerifier(options: LogVerifierOptions): LogVerifier {
  const { keys } = options
  const { bySize, unsigned, twoHistories } = readNotes(options)
  const origins = new Set([...bySize.values()].map((checkpoint) => checkpoint.origin))
  const largest = Math.max(0, ...bySize.keys())
  let tree: TreeFrontier = EMPTY_FRONTIER
  let held: Held[] = []
  let before: Head | null = null
  let lastHash = GENESIS_HASH
  let covered = 0
  let bad: FirstBad | null = null

  const isSigned = ({ bytes, signature }: Held): boolean => keys.some((key) => key.verifyEntry(bytes, signature))
  const changed = ({ seq, bytes }: Held): FirstBad => ({
    seq,
    kind: 'changed',
    expected: 'a signature of a trusted key',
    found: leafHash(bytes).toString('hex'),
  })
  /** The first of what is held that nobody signed; null when all of it is signed and in canonical form. */
  const firstUnsigned = (): FirstBad | null => {
    const found = held.find((one) => !isSigned(one) || decodeEntry(one.bytes) === null)
    return found === undefined ? null : changed(found)
  }
  const refuse = (found: FirstBad): void => {
    // An entry that was changed shows in the one after it: by signature it is found itself.
    bad = firstUnsigned() ?? found
  }

  const misplaced = (head: Head | null, seq: number): FirstBad | null => {
    if (head === null) return { seq, kind: 'changed', expected: 'an entry', found: 'unreadable bytes' }
    const wrong = (kind: TamperKind, expected: string | number, found: unknown): FirstBad => ({
      seq,
      kind,
      expected: String(expected),
      found: String(found).slice(0, 100),
    })
    if (head.seq !== seq) return wrong('out of place', seq, head.seq)
    if (head.prev_hash !== lastHash) return wrong('broken chain', lastHash, head.prev_hash)
    const logId = before?.log_id ?? head.log_id
    if (head.log_id !== logId) return wrong('another log', logId, head.log_id)
    if (origins.size > 0 && !origins.has(`morphoscope/${head.log_id}`))
      return wrong('another log', [...origins].join(), head.log_id)
    if (before === null) return null
    const same = head.writer_epoch === before.writer_epoch
    if (head.writer_epoch < before.writer_epoch) return wrong('writer', before.writer_epoch, head.writer_epoch)
    if (same && head.writer_id !== before.writer_id) return wrong('writer', before.writer_id, head.writer_id)
    const next = same ? before.writer_seq + 1 : 0
    return head.writer_seq === next ? null : wrong('writer', next, head.writer_seq)
  }

  return {
    add(bytes, signature) {
      if (bad !== null) return
      const seq = tree.size
      const head = readHead(bytes)
      held.push({ seq, bytes, signature })
      const wrong = misplaced(head, seq)
      if (wrong !== null) return refuse(wrong)
      const leaf = leafHash(bytes)
      tree = growFrontier(tree, leaf)
      lastHash = leaf.toString('hex')
      before = head
      const checkpoint = bySize.get(tree.size)
      if (checkpoint !== undefined) {
        const rootHex = frontierRoot(tree).toString('hex')
        if (rootHex !== checkpoint.rootHex)
          return refuse({ seq: covered, kind: 'rewritten', expected: checkpoint.rootHex, found: rootHex })
        covered = tree.size
        held = []
      } else if (held.length >= KEPT) {
        bad = firstUnsigned()
        held = []
      }
    },
    finish() {
      bad ??= firstUnsigned()
      if (bad === null && largest > tree.size)
        bad = { seq: tree.size, kind: 'missing', expected: `${largest} entries`, found: `${tree.size} entries` }
      bad ??= twoHistories
      const missing = [
        ...(keys.length === 0 ? ['no public key was given'] : []),
        ...(bySize.size === 0
          ? ['no checkpoint that a trusted key signed was given: a cut-off tail would not show']
          : []),
        ...(unsigned > 0 ? [`${unsigned} notes are signed by no trusted key`] : []),
      ]
      return {
        outcome: bad !== null ? 'tampered' : keys.length === 0 || bySize.size === 0 ? 'incomplete' : 'ok',
        entries: tree.size,
        rootHex: frontierRoot(tree).toString('hex'),
        firstBad: bad,
        checkpoints: bySize.size,
        unsignedNotes: unsigned,
        exposed: tree.size - covered,
        missing,
      }
    },
  }
}
