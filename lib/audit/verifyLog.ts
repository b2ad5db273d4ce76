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
  /**
   * Takes a note that came later, for a log that grows while it is looked at; one about entries that were passed long ago is only kept.
   * Gives the size it speaks of; null when no trusted key signed it.
   */
  note(text: string): number | null
  /** The verdict over what was given so far; more may follow. */
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

/** Keeps notes: signed ones by size, and what contradicts itself. */
function createNoteBook(keys: readonly AuditVerifier[]) {
  const bySize = new Map<number, Checkpoint>()
  const book = { bySize, unsigned: 0, largest: 0, twoHistories: null as FirstBad | null }
  return Object.assign(book, {
    /** Null when no trusted key signed it. */
    add(note: string): Checkpoint | null {
      const checkpoint = openCheckpoint(note, keys)
      if (checkpoint === null) {
        book.unsigned++
        return null
      }
      const known = bySize.get(checkpoint.size)
      if (known !== undefined && known.rootHex !== checkpoint.rootHex)
        book.twoHistories ??= {
          seq: Math.max(0, checkpoint.size - 1),
          kind: 'two histories',
          expected: known.rootHex,
          found: checkpoint.rootHex,
        }
      bySize.set(checkpoint.size, checkpoint)
      book.largest = Math.max(book.largest, checkpoint.size)
      return checkpoint
    },
  })
}

/** Creates a verifier; it reads the log once, from its first entry to its last. */
export function createLogVerifier(options: LogVerifierOptions): LogVerifier {
  const { keys } = options
  const book = createNoteBook(keys)
  for (const note of options.notes) book.add(note)
  const { bySize } = book
  const origins = new Set([...bySize.values()].map((checkpoint) => checkpoint.origin))
  let tree: TreeFrontier = EMPTY_FRONTIER
  /** As it was before the first entry that is held. */
  let base: TreeFrontier = EMPTY_FRONTIER
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
        base = tree
      } else if (held.length >= KEPT) {
        bad = firstUnsigned()
        held = []
        base = tree
      }
    },
    note(text) {
      const checkpoint = book.add(text)
      if (checkpoint === null) return null
      origins.add(checkpoint.origin)
      const { size, rootHex: expected } = checkpoint
      if (bad !== null || size <= base.size || size > tree.size) return size
      let then = base
      for (const { bytes } of held.slice(0, size - base.size)) then = growFrontier(then, leafHash(bytes))
      const found = frontierRoot(then).toString('hex')
      if (found !== expected) {
        refuse({ seq: covered, kind: 'rewritten', expected, found })
        return size
      }
      held = held.slice(size - base.size)
      base = then
      covered = size
      return size
    },
    finish() {
      bad ??= firstUnsigned()
      if (bad === null && book.largest > tree.size)
        bad = { seq: tree.size, kind: 'missing', expected: `${book.largest} entries`, found: `${tree.size} entries` }
      bad ??= book.twoHistories
      const missing = [
        ...(keys.length === 0 ? ['no public key was given'] : []),
        ...(bySize.size === 0
          ? ['no checkpoint that a trusted key signed was given: a cut-off tail would not show']
          : []),
        ...(book.unsigned > 0 ? [`${book.unsigned} notes are signed by no trusted key`] : []),
      ]
      return {
        outcome: bad !== null ? 'tampered' : keys.length === 0 || bySize.size === 0 ? 'incomplete' : 'ok',
        entries: tree.size,
        rootHex: frontierRoot(tree).toString('hex'),
        firstBad: bad,
        checkpoints: bySize.size,
        unsignedNotes: book.unsigned,
        exposed: tree.size - covered,
        missing,
      }
    },
  }
}
