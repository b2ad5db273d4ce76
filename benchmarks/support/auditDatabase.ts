/*
 * auditDatabase: a records database with a long audit trail, signed, chained, indexed and with checkpoints as the product makes them.
 * In: a folder, how many entries. Out: the file of the database, the public key and the notes beside it.
 * Invariant: the bytes are those that the product would write; what is rare in it is at its oldest end, where it is found last.
 * Source: docs/audit.md; docs/performance.md "audit trail".
 */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { AuditSigner } from '../../lib/audit/auditKey.ts'
import { signCheckpoint } from '../../lib/audit/checkpoint.ts'
import { encodeEntry, GENESIS_HASH, type AuditEntry } from '../../lib/audit/entry.ts'
import { EMPTY_FRONTIER, frontierRoot, growFrontier, leafHash } from '../../lib/audit/merkle.ts'
import { toIndexRow } from '../../server/audit/auditIndex.ts'
import { openRecords } from '../../server/stores/recordsDatabase.ts'
import { entryOf } from '../../tests/support/auditTrail.ts'

const LOG_ID = 'log-of-a-bench'
const CHECKPOINT_ENTRIES = 100
const BATCH = 20_000
const ACTIONS = ['command.intent', 'command.outcome', 'command.preview', 'session.sign-in', 'audit.read', 'alert.ack']
const REASONS = ['loss spike', 'try', 'known, ticket', 'looking', '']

/** One entry of many: people, layers and acts in the shares of a busy installation. */
function entryAt(seq: number, prevHash: string): AuditEntry {
  const isRare = seq === 777
  const denied = seq % 97 === 0
  const command = seq - (seq % 3)
  return entryOf(seq, prevHash, {
    log_id: LOG_ID,
    ts_wall: 1_800_000_000_000 + seq * 250,
    actor_id: seq % 50_000 === 7 ? 'person-rare' : `person-${seq % 23}`,
    action: denied ? 'access.denied' : ACTIONS[seq % ACTIONS.length]!,
    object_type: seq % 3 === 0 ? 'LifecycleTransitionCommand' : 'command',
    object_id: `c-${command}`,
    params_hash: 'a'.repeat(64),
    params: {
      layer_id: `layer_${seq % 40}`,
      seed_id: seq % 1_000,
      target_state: 'GERMINATED',
      type: 'LifecycleTransitionCommand',
    },
    precondition: { level: seq % 5, list_hash: 'b'.repeat(64) },
    reason_text: isRare ? 'the heron on the roof' : REASONS[seq % REASONS.length]!,
    outcome: denied ? 'denied' : seq % 3 === 0 ? 'intent' : 'done',
    error_code: denied ? 'GUARD_FORBIDDEN' : null,
    command_id: `c-${command}`,
    correlation_id: `c-${command}`,
  })
}

/** Makes the database and says where everything is. */
export async function makeAuditDatabase(folder: string, entries: number, signer: AuditSigner) {
  const file = path.join(folder, 'morphoscope.db')
  const records = await openRecords(`sqlite:${file}`)
  await records.close()
  const database = new DatabaseSync(file)
  for (const pragma of ['journal_mode = WAL', 'synchronous = OFF']) database.exec(`PRAGMA ${pragma}`)
  const placeholders = (columns: readonly string[]): string =>
    `(${columns.join(', ')}) values (${columns.map(() => '?').join(', ')})`
  const entryColumns = [
    'seq',
    'at_ms',
    'actor_id',
    'action',
    'object_type',
    'object_id',
    'outcome',
    'command_id',
    'correlation_id',
    'bytes',
    'sig',
    'prev_hash',
    'hash',
  ]
  const indexColumns = [
    'seq',
    'at_ms',
    'order_ms',
    'actor_id',
    'action',
    'object_type',
    'object_id',
    'outcome',
    'command_id',
    'correlation_id',
    'layer_id',
    'seed_id',
    'level',
    'error_code',
    'text',
  ] as const
  const addEntry = database.prepare(`insert into audit_entries ${placeholders(entryColumns)}`)
  const addIndex = database.prepare(`insert into audit_index ${placeholders(indexColumns)}`)
  const addNote = database.prepare('insert into audit_checkpoints (size, at_ms, frontier, note) values (?, ?, ?, ?)')
  const notes: string[] = []
  let tree = EMPTY_FRONTIER
  let last = GENESIS_HASH
  let orderMs = 0
  for (let seq = 0; seq < entries; seq++) {
    if (seq % BATCH === 0) database.exec('begin')
    const entry = entryAt(seq, last)
    const bytes = encodeEntry(entry)
    const leaf = leafHash(bytes)
    const hash = leaf.toString('hex')
    const { ts_wall, actor_id, action, object_type, object_id, outcome, command_id, correlation_id } = entry
    addEntry.run(
      seq,
      ts_wall,
      actor_id,
      action,
      object_type,
      object_id,
      outcome,
      command_id,
      correlation_id,
      bytes,
      signer.signEntry(bytes),
      last,
      hash,
    )
    const row = toIndexRow(entry, orderMs)
    orderMs = row.order_ms
    addIndex.run(...indexColumns.map((name) => row[name]))
    tree = growFrontier(tree, leaf)
    last = hash
    if (tree.size % CHECKPOINT_ENTRIES === 0) {
      const note = signCheckpoint(
        { origin: `morphoscope/${LOG_ID}`, size: tree.size, rootHex: frontierRoot(tree).toString('hex') },
        signer,
      )
      notes.push(note)
      addNote.run(tree.size, ts_wall, '', note)
    }
    if (seq % BATCH === BATCH - 1 || seq === entries - 1) database.exec('commit')
  }
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  database.close()
  const [keyFile, notesFile] = [path.join(folder, 'audit.pub'), path.join(folder, 'checkpoints.txt')]
  writeFileSync(keyFile, signer.publicKeyPem)
  writeFileSync(notesFile, notes.map((note) => `\n${note}\n`).join(''))
  return { file, keyFile, notesFile }
}
