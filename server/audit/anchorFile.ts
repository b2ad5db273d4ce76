/*
 * anchorFile: signed checkpoints in a file beside the database: who changes the database alone does not change this.
 * In: notes, one after the other. Out: the newest size that was ever signed.
 * Invariant: only ever appended to, on the disk before it is acknowledged; a half-written last note is no note.
 * Source: docs/audit.md "checkpoints".
 */
import { mkdirSync, readFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import path from 'node:path'
import { createAuditVerifier } from '../../lib/audit/auditKey.ts'
import { openCheckpoint, splitNotes } from '../../lib/audit/checkpoint.ts'

export interface AnchorFile {
  readonly path: string
  /** Of the newest note that the key signed; 0 when there is none. */
  readonly newestSize: number
  append(note: string): Promise<void>
}

function newestOf(file: string, publicKeyPem: string): number {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0
    throw error
  }
  const trusted = [createAuditVerifier(publicKeyPem)]
  for (const note of splitNotes(text).reverse()) {
    const checkpoint = openCheckpoint(note, trusted)
    if (checkpoint !== null) return checkpoint.size
  }
  return 0
}

/** Opens the file; it need not be there yet. */
export function openAnchorFile(file: string, publicKeyPem: string): AnchorFile {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
  return {
    path: file,
    newestSize: newestOf(file, publicKeyPem),
    async append(note) {
      const handle = await open(file, 'a', 0o600)
      try {
        // The empty line before it keeps a note that was torn off by a power cut from swallowing this one.
        await handle.write(`\n${note}\n`)
        await handle.datasync()
      } finally {
        await handle.close()
      }
    },
  }
}
