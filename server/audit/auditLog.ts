/*
 * auditLog: the one writer of the audit trail: numbers, chains, signs and keeps every act, and says so when it is on the disk.
 * In: drafts from any room. Out: receipts; checkpoints of the tree.
 * Invariant: an entry that was acknowledged is durable and chained to the one before it; of two writers only the newer one writes;
 * entries that come together share one commit. A checkpoint follows after 100 entries, a second, or any command.
 * Source: docs/audit.md; docs/adr/0010-audit-trail.md.
 */
import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { createAuditSigner, type AuditSigner } from '../../lib/audit/auditKey.ts'
import { sealText } from '../../lib/audit/bundle.ts'
import { signCheckpoint } from '../../lib/audit/checkpoint.ts'
import { encodeEntry, GENESIS_HASH, type AuditEntry } from '../../lib/audit/entry.ts'
import { EMPTY_FRONTIER, frontierRoot, growFrontier, leafHash, type TreeFrontier } from '../../lib/audit/merkle.ts'
import { AppError } from '../../lib/contracts/appError.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { Records } from '../stores/recordsDatabase.ts'
import type { AuditEntryRow, AuditIndexRow } from '../stores/recordsSchema.ts'
import { draftFields, type AuditDraft } from './auditDraft.ts'
import { addIndexRows, catchUp, readIndexTail, toIndexRow, type IndexTail } from './auditIndex.ts'

export interface AuditReceipt {
  readonly seq: number
  readonly hash: string
}

export interface AuditLog {
  readonly logId: string
  readonly publicKeyPem: string
  /** Resolves when the entry is on the disk. @throws STATE_STORAGE when it is not: then the act must not happen */
  append(draft: AuditDraft): Promise<AuditReceipt>
  /** Of everything that was acknowledged. */
  checkpoint(): { readonly size: number; readonly rootHex: string }
  /** How many entries can be found by their index; fewer than there are only while it is rebuilt. */
  indexed(): number
  /** Signs what is handed out of the log, under a tag of its own: base64. */
  signExport(digest: Uint8Array): string
  /** Acknowledges what was given, then ends. Never throws. */
  close(): Promise<void>
}

export interface AuditLogOptions {
  readonly records: Records
  readonly clock: Clock
  /** PEM of the private key that signs. */
  readonly keyPem: string
  /** Told what a person must look at: a writer that was replaced, an anchor that can not be written. */
  readonly onProblem: (text: string) => void
  /** Keeps a signed checkpoint away from the database. @throws when it can not */
  readonly anchor?: (note: string) => Promise<void>
  /** Newest size that the anchor knows: a database that holds less was put back to an older state. */
  readonly anchoredSize?: number
  readonly softwareVersion?: string
}

/** Signing is 30 us an entry: a commit of this many stays under the 10 ms that the loop may be held. */
const GROUP = 128
const CHECKPOINT_ENTRIES = 100
const CHECKPOINT_MS = 1_000
const POLICY_VERSION = '1'
/** An index is rebuilt in turns of some milliseconds, so that commits find their place between them. */
const CATCH_UP_REST_MS = 5

interface Pending {
  readonly draft: AuditDraft
  readonly resolve: (receipt: AuditReceipt) => void
  readonly reject: (error: unknown) => void
}

interface Tail {
  readonly tree: TreeFrontier
  readonly lastHash: string
  readonly lastWallMs: number
}

const frontierText = ({ hashes }: TreeFrontier): string =>
  hashes.map((hash) => Buffer.from(hash).toString('hex')).join(' ')

async function readTail({ db }: Records): Promise<Tail> {
  const point = await db.selectFrom('audit_checkpoints').selectAll().orderBy('size', 'desc').limit(1).executeTakeFirst()
  let tree: TreeFrontier = EMPTY_FRONTIER
  if (point !== undefined && point.size > 0)
    tree = { size: point.size, hashes: point.frontier.split(' ').map((hex) => Buffer.from(hex, 'hex')) }
  for (;;) {
    const rows = await db
      .selectFrom('audit_entries')
      .select(['seq', 'bytes'])
      .where('seq', '>=', tree.size)
      .orderBy('seq')
      .limit(1_000)
      .execute()
    for (const row of rows) tree = growFrontier(tree, leafHash(row.bytes))
    if (rows.length < 1_000) break
  }
  const last = await db
    .selectFrom('audit_entries')
    .select(['hash', 'at_ms'])
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst()
  return { tree, lastHash: last?.hash ?? GENESIS_HASH, lastWallMs: last?.at_ms ?? 0 }
}

/** Becomes the writer: whoever wrote until now finds a greater number and stops. */
async function takeOver({ db }: Records, holder: string): Promise<{ logId: string; epoch: number }> {
  return db.transaction().execute(async (inside) => {
    await inside
      .insertInto('audit_writer')
      .values({ id: 1, log_id: randomUUID(), epoch: 0, holder })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute()
    const row = await inside
      .updateTable('audit_writer')
      .set((of) => ({ epoch: of('epoch', '+', 1), holder }))
      .where('id', '=', 1)
      .returning(['log_id', 'epoch'])
      .executeTakeFirstOrThrow()
    return { logId: row.log_id, epoch: row.epoch }
  })
}

/** Opens the log and becomes its writer. @throws STATE_STORAGE */
export async function openAuditLog(options: AuditLogOptions): Promise<AuditLog> {
  const { records, clock, onProblem, anchor, anchoredSize = 0, softwareVersion = '0.1.0' } = options
  const { db, dialect } = records
  const signer: AuditSigner = createAuditSigner(options.keyPem)
  const writerId = randomUUID()
  const { logId, epoch } = await takeOver(records, writerId)
  const origin = `morphoscope/${logId}`
  let tail = await readTail(records)
  let writerSeq = 0
  let checkpointed = tail.tree.size
  let pending: Pending[] = []
  let running: Promise<void> | null = null
  let undoTimer: (() => void) | null = null
  let doubtful = false
  let ended: AppError | null = null
  let index: IndexTail = await readIndexTail(records)
  if (anchoredSize > tail.tree.size)
    onProblem(
      `the audit trail holds ${tail.tree.size} entries, and a checkpoint of ${anchoredSize} was signed: the database was put back to an older state, or entries were removed. Verify it with the kept checkpoints.`,
    )

  const build = (drafts: readonly AuditDraft[]) => {
    let { tree, lastHash, lastWallMs } = tail
    const rows: AuditEntryRow[] = []
    const found: AuditIndexRow[] = []
    let { orderMs } = index
    for (const draft of drafts) {
      const wallMs = Math.round(clock.wallMs())
      const entry: AuditEntry = {
        v: 1,
        log_id: logId,
        seq: tree.size,
        prev_hash: lastHash,
        writer_id: writerId,
        writer_epoch: epoch,
        writer_seq: writerSeq + rows.length,
        ts_wall: wallMs,
        ts_mono: Math.round(clock.monotonicMs() * 1_000) / 1_000,
        ...(wallMs < lastWallMs ? { clock_back_ms: lastWallMs - wallMs } : {}),
        ...draftFields(draft),
        policy_version: POLICY_VERSION,
        software_version: softwareVersion,
        key_id: signer.keyId,
      }
      const bytes = encodeEntry(entry)
      const leaf = leafHash(bytes)
      rows.push({
        seq: entry.seq,
        at_ms: wallMs,
        actor_id: entry.actor_id,
        action: entry.action,
        object_type: entry.object_type,
        object_id: entry.object_id,
        outcome: entry.outcome,
        command_id: entry.command_id,
        correlation_id: entry.correlation_id,
        bytes,
        sig: signer.signEntry(bytes),
        prev_hash: lastHash,
        hash: leaf.toString('hex'),
      })
      const row = toIndexRow(entry, orderMs)
      found.push(row)
      orderMs = row.order_ms
      tree = growFrontier(tree, leaf)
      lastHash = leaf.toString('hex')
      lastWallMs = wallMs
    }
    return { rows, found, orderMs, next: { tree, lastHash, lastWallMs } satisfies Tail }
  }

  /** @throws STATE_STORAGE when another writer has taken over */
  const keep = (rows: readonly AuditEntryRow[], found: readonly AuditIndexRow[]): Promise<void> =>
    db.transaction().execute(async (inside) => {
      const lock = dialect.name === 'postgres' ? sql` for update` : sql``
      const { rows: writers } = await sql<{
        epoch: number
      }>`select epoch from audit_writer where id = 1${lock}`.execute(inside)
      if (writers[0]?.epoch !== epoch) {
        ended = new AppError('STATE_STORAGE', 'another process has become the writer of the audit trail')
        onProblem(ended.message)
        throw ended
      }
      await inside.insertInto('audit_entries').values(rows).execute()
      await addIndexRows(inside, found)
    })

  const writeCheckpoint = async (): Promise<void> => {
    undoTimer?.()
    undoTimer = null
    const { tree } = tail
    if (tree.size === checkpointed || ended !== null) return
    const note = signCheckpoint({ origin, size: tree.size, rootHex: frontierRoot(tree).toString('hex') }, signer)
    try {
      await db
        .insertInto('audit_checkpoints')
        .values({ size: tree.size, at_ms: Math.round(clock.wallMs()), frontier: frontierText(tree), note })
        .execute()
      checkpointed = tree.size
      await anchor?.(note)
    } catch (error) {
      onProblem(`a checkpoint of the audit trail could not be kept: ${(error as Error).message}`)
    }
  }

  const commit = async (group: readonly Pending[]): Promise<void> => {
    if (ended !== null) throw ended
    // After a commit whose end is not known the tail is read again, not guessed.
    if (doubtful) {
      tail = await readTail(records)
      index = await readIndexTail(records)
    }
    doubtful = true
    const { rows, found, orderMs, next } = build(group.map((item) => item.draft))
    // While older entries wait for their place in the index, these wait behind them.
    const inOrder = index.size === rows[0]!.seq
    await keep(rows, inOrder ? found : [])
    doubtful = false
    tail = next
    if (inOrder) index = { size: next.tree.size, orderMs }
    else indexSoon()
    writerSeq += rows.length
    const command = group.some((item) => item.draft.commandId !== undefined && item.draft.commandId !== null)
    if (command || tail.tree.size - checkpointed >= CHECKPOINT_ENTRIES) await writeCheckpoint()
    else undoTimer ??= clock.after(CHECKPOINT_MS, () => void schedule(writeCheckpoint))
    group.forEach((item, index) => item.resolve({ seq: rows[index]!.seq, hash: rows[index]!.hash }))
  }

  const drain = async (): Promise<void> => {
    for (let group = pending.splice(0, GROUP); group.length > 0; group = pending.splice(0, GROUP)) {
      try {
        await commit(group)
      } catch (error) {
        for (const item of group) item.reject(error)
      }
    }
  }

  /** One at a time, in the order asked. */
  const schedule = (work: () => Promise<void>): Promise<void> => {
    const before = running ?? Promise.resolve()
    const after = before.then(work).finally(() => {
      if (running === after) running = null
    })
    running = after
    return after
  }

  let closed = false
  let undoIndex: (() => void) | null = null
  const indexTurn = async (): Promise<void> => {
    if (closed || ended !== null || index.size >= tail.tree.size) return
    try {
      const next = await catchUp(records, index)
      // Where nothing follows although it should, entries were removed: the verifier names them.
      index = next.size > index.size ? next : { ...next, size: tail.tree.size }
      indexSoon()
    } catch (error) {
      onProblem(`entries of the audit trail could not be indexed, and are not found: ${(error as Error).message}`)
    }
  }
  function indexSoon(): void {
    if (closed || undoIndex !== null || index.size >= tail.tree.size) return
    undoIndex = clock.after(CATCH_UP_REST_MS, () => {
      undoIndex = null
      void schedule(indexTurn)
    })
  }
  indexSoon()
  return {
    logId,
    publicKeyPem: signer.publicKeyPem,
    append: (draft) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(new AppError('STATE_STORAGE', 'the audit trail is closed'))
        const first = pending.push({ draft, resolve, reject }) === 1
        // Whatever else comes while the disk is busy goes into the next commit together.
        if (first) void schedule(drain)
      }),
    checkpoint: () => ({ size: tail.tree.size, rootHex: frontierRoot(tail.tree).toString('hex') }),
    indexed: () => index.size,
    signExport: (digest) => signer.signNote(sealText(digest)).toString('base64'),
    async close() {
      closed = true
      undoIndex?.()
      await schedule(drain)
      await schedule(writeCheckpoint)
      undoTimer?.()
    },
  }
}
