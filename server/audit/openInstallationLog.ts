/*
 * openInstallationLog: the audit trail of this installation: its key, its database, its checkpoints in a second file.
 * In: the data folder, the records database. Out: the open log.
 * Invariant: key and checkpoints lie apart from the database; a trail that is shorter than its checkpoints is said at once.
 * Source: docs/audit.md.
 */
import { createPublicKey } from 'node:crypto'
import path from 'node:path'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { Records } from '../stores/recordsDatabase.ts'
import { openAnchorFile } from './anchorFile.ts'
import { openAuditLog, type AuditLog } from './auditLog.ts'
import { ensureKeyFile } from '../stores/keyFiles.ts'

export interface InstallationLogOptions {
  /** Absolute. */
  readonly dataDir: string
  readonly records: Records
  readonly clock: Clock
  readonly onProblem: (text: string) => void
}

/** The second place of the checkpoints: who changes the database alone does not change this. */
export const anchorFileOf = (dataDir: string): string => path.join(dataDir, 'audit', 'checkpoints.txt')

/** @throws STATE_STORAGE */
export async function openInstallationLog({
  dataDir,
  records,
  clock,
  onProblem,
}: InstallationLogOptions): Promise<AuditLog> {
  const keyPem = ensureKeyFile(path.join(dataDir, 'keys'), 'audit')
  const publicKeyPem = createPublicKey(keyPem).export({ format: 'pem', type: 'spki' }).toString()
  const anchor = openAnchorFile(anchorFileOf(dataDir), publicKeyPem)
  return openAuditLog({
    records,
    clock,
    keyPem,
    onProblem,
    anchor: (note) => anchor.append(note),
    anchoredSize: anchor.newestSize,
  })
}
