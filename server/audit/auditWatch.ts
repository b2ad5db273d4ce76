/*
 * auditWatch: verifies the log of this installation again and again, as somebody would who trusts only keys and checkpoints.
 * In: a reader, the public key, the second file of checkpoints. Out: a verdict with its age; proofs of single entries.
 * Invariant: in turns of some milliseconds with rests between them; what was looked at in this pass is said, never more; a break is told
 * until a whole pass holds again.
 * Source: docs/audit.md "verification"; reliability goal 13.
 */
import { open, stat } from 'node:fs/promises'
import { createAuditVerifier, type AuditVerifier } from '../../lib/audit/auditKey.ts'
import { openCheckpoint, splitNotes } from '../../lib/audit/checkpoint.ts'
import { leafHash, verifyInclusion } from '../../lib/audit/merkle.ts'
import { createProofTree, type ProofTree } from '../../lib/audit/proofTree.ts'
import { createLogVerifier, type FirstBad, type LogVerifier } from '../../lib/audit/verifyLog.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { LogReader } from './logReader.ts'

export interface WatchState {
  readonly state: 'never' | 'verified' | 'incomplete' | 'broken'
  readonly running: boolean
  readonly verified: number
  readonly rootHex: string | null
  readonly atMs: number | null
  readonly exposed: number
  readonly anchored: { readonly size: number; readonly atMs: number | null } | null
  readonly wholePass: { readonly atMs: number; readonly tookMs: number; readonly entries: number } | null
  readonly firstBad: FirstBad | null
  readonly problems: readonly string[]
}

export interface CheckpointNote {
  readonly size: number
  readonly note: string
}

export interface WatchedProof extends CheckpointNote {
  readonly rootHex: string
  readonly hashes: readonly string[]
  readonly holds: boolean
}

export interface AuditWatch {
  /** Looks at what came since, or from the first entry on. One at a time; never throws. */
  look(whole: boolean): Promise<void>
  state(): WatchState
  /** Under the newest checkpoint that was reached, or a former one. Null: it does not cover the entry. */
  prove(seq: number, under: CheckpointNote | null): Promise<WatchedProof | null>
}

export interface AuditWatchOptions {
  readonly reader: LogReader
  readonly publicKeyPem: string
  /** Notes apart from the database. */
  readonly anchorFile: string
  readonly clock: Clock
  readonly onState: (state: WatchState) => void
}

const PAGE = 250
const NOTE_PAGE = 500
/** A turn is some 5 ms of work; the rest keeps the machine for others. */
const REST_MS = 6
/** Of the notes in the file, one turn. */
const NOTES_PER_TURN = 40
const KEPT_BLOCKS = 16
/** Between two looks at a busy log some notes are written; the whole pass reads all of them. */
const ANCHOR_TAIL_BYTES = 32_768

interface Pass {
  readonly verifier: LogVerifier
  readonly tree: ProofTree
  readonly startedMs: number
  /** Notes of the second file. */
  readonly known: Set<string>
  notesTo: number
  /** The newest note that the entries of this pass reached. */
  newest: CheckpointNote | null
  waiting: CheckpointNote[]
  whole: boolean
}

async function readFrom(file: string, from: number, to: number): Promise<string> {
  const handle = await open(file, 'r')
  try {
    const buffer = Buffer.alloc(Math.max(0, to - from))
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, from)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await handle.close()
  }
}

/** Creates the watch; it looks when it is asked to. */
export function createAuditWatch({ reader, publicKeyPem, anchorFile, clock, onState }: AuditWatchOptions): AuditWatch {
  const key: AuditVerifier = createAuditVerifier(publicKeyPem)
  let pass: Pass | null = null
  let busy: Promise<void> = Promise.resolve()
  let state: WatchState = {
    state: 'never',
    running: false,
    verified: 0,
    rootHex: null,
    atMs: null,
    exposed: 0,
    anchored: null,
    wholePass: null,
    firstBad: null,
    problems: [],
  }
  const put = (part: Partial<WatchState>): void => {
    state = { ...state, ...part }
    onState(state)
  }
  const rest = (): Promise<void> => clock.sleep(REST_MS)

  /** Entries asked for one after the other mostly lie in the same blocks. */
  const blocks = new Map<string, Promise<readonly Uint8Array[]>>()
  const readBlock = (from: number, to: number): Promise<readonly Uint8Array[]> => {
    const place = `${from} ${to}`
    const known = blocks.get(place) ?? reader.hashes(from, to)
    blocks.delete(place)
    blocks.set(place, known)
    if (blocks.size > KEPT_BLOCKS) blocks.delete(blocks.keys().next().value!)
    return known
  }

  /** Notes of the second file, which show what the database alone would hide: all of them, or the newest. */
  const readAnchors = async ({ verifier, known, whole }: Pass): Promise<void> => {
    let text = ''
    let atMs: number | null = null
    try {
      const { size, mtimeMs } = await stat(anchorFile)
      const from = whole ? 0 : Math.max(0, size - ANCHOR_TAIL_BYTES)
      text = await readFrom(anchorFile, from, size)
      atMs = mtimeMs
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
    let newest = whole ? 0 : (state.anchored?.size ?? 0)
    let at = 0
    for (const note of splitNotes(text)) {
      // A tail begins inside a note, and nothing is signed twice.
      if (known.has(note) || (!whole && openCheckpoint(note, [key]) === null)) continue
      known.add(note)
      // One that was torn off by a power cut is no evidence of anything: the verifier counts it.
      newest = Math.max(newest, verifier.note(note) ?? 0)
      if (++at % NOTES_PER_TURN === 0) await rest()
    }
    put({ anchored: newest === 0 ? null : { size: newest, atMs } })
  }

  const readNotes = async (now: Pass): Promise<void> => {
    for (;;) {
      const rows = await reader.notes(now.notesTo, NOTE_PAGE)
      for (const [index, row] of rows.entries()) {
        // Both places keep the same notes: a signature is looked at once.
        if (!now.known.has(row.note)) now.verifier.note(row.note)
        now.waiting.push(row)
        now.notesTo = row.size
        if (index % NOTES_PER_TURN === NOTES_PER_TURN - 1) await rest()
      }
      if (rows.length < NOTE_PAGE) return
    }
  }

  const readEntries = async (now: Pass): Promise<void> => {
    for (;;) {
      const rows = await reader.entries(now.tree.size - 1, PAGE)
      for (const { bytes, sig } of rows) {
        now.verifier.add(bytes, sig)
        now.tree.add(leafHash(bytes))
      }
      const reached = now.waiting.filter(({ size }) => size <= now.tree.size).at(-1)
      if (reached !== undefined) {
        now.newest = reached
        now.waiting = now.waiting.filter(({ size }) => size > now.tree.size)
      }
      if (rows.length > 0) put({ verified: now.tree.size })
      if (rows.length < PAGE) return
      await rest()
    }
  }

  const run = async (whole: boolean): Promise<void> => {
    const now: Pass =
      whole || pass === null
        ? {
            verifier: createLogVerifier({ keys: [key], notes: [] }),
            tree: createProofTree(),
            startedMs: clock.monotonicMs(),
            known: new Set(),
            notesTo: 0,
            newest: null,
            waiting: [],
            whole: true,
          }
        : pass
    if (now.whole) blocks.clear()
    put({ running: true, ...(now.whole ? { verified: 0 } : {}) })
    try {
      await readAnchors(now)
      await readNotes(now)
      await readEntries(now)
      // A checkpoint is written after its entries: once more in this order, and none speaks of entries that were not read.
      await readNotes(now)
      await readEntries(now)
      const verdict = now.verifier.finish()
      const atMs = clock.wallMs()
      const broken = verdict.outcome === 'tampered'
      if (now.whole) put({ wholePass: { atMs, tookMs: clock.monotonicMs() - now.startedMs, entries: verdict.entries } })
      // A break stays until a whole pass holds.
      if (broken || now.whole || state.state !== 'broken')
        put({
          state: broken ? 'broken' : verdict.outcome === 'ok' || verdict.entries === 0 ? 'verified' : 'incomplete',
          firstBad: verdict.firstBad,
          rootHex: verdict.rootHex,
          exposed: verdict.exposed,
          problems: verdict.missing,
          verified: verdict.entries,
          atMs,
        })
      now.whole = false
      pass = broken ? null : now
    } catch (error) {
      pass = null
      put({ problems: [`the trail could not be read: ${(error as Error).message}`.slice(0, 2_000)] })
    } finally {
      put({ running: false })
    }
  }

  return {
    look(whole) {
      busy = busy.then(() => run(whole))
      return busy
    },
    state: () => state,
    async prove(seq, under) {
      const known = pass
      const point = under ?? known?.newest ?? null
      if (known === null || point === null || seq >= point.size || point.size > known.tree.size) return null
      const { size, note } = point
      const checkpoint = openCheckpoint(note, [key])
      const [leaf] = await reader.hashes(seq, seq + 1)
      if (checkpoint === null || leaf === undefined) return null
      const hashes = await known.tree.prove(seq, size, readBlock)
      const root = Buffer.from(checkpoint.rootHex, 'hex')
      return {
        size,
        rootHex: checkpoint.rootHex,
        note,
        hashes: hashes.map((hash) => Buffer.from(hash).toString('hex')),
        holds: verifyInclusion({ index: seq, size, leaf, proof: hashes, root }),
      }
    },
  }
}
