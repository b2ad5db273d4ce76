/*
 * foreignClaims: the files a v2 client wrote instead of sending a large batch, where their folder is ours to read.
 * In: a checked UUID. Out: the bytes of the file, or why they can not be had.
 * Invariant: only `<folder>/<uuid>.bin`, a plain file (never a link), at most 1 MB on disk; nothing else of the disk can be reached.
 * Source: docs/connect-your-own-run.md "large batches"; docs/configuration.md.
 */
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import path from 'node:path'
import { MAX_ENTRY_BYTES } from '../../lib/bus/entryBounds.ts'
import type { ClaimCheck } from '../../lib/compat/v2/claimCheck.ts'

export type ClaimBytes =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'missing'; readonly why: string }

export type ClaimReader = (claim: ClaimCheck) => Promise<ClaimBytes>

const missing = (why: string): ClaimBytes => ({ kind: 'missing', why })

const UNSET = 'CLAIM_CHECK_DIR is not set here, so it can not be read.'

async function readBounded(file: string): Promise<ClaimBytes> {
  // Without following links, and without waiting for a writer when the name is a pipe.
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const stat = await handle.stat()
    if (!stat.isFile()) return missing('what lies under its name is not a plain file.')
    if (stat.size > MAX_ENTRY_BYTES) return missing(`the file has ${stat.size} bytes, ${MAX_ENTRY_BYTES} are accepted.`)
    const bytes = Buffer.alloc(stat.size)
    const { bytesRead } = await handle.read(bytes, 0, stat.size, 0)
    return { kind: 'bytes', bytes: bytes.subarray(0, bytesRead) }
  } finally {
    await handle.close()
  }
}

/** Creates the reader of one folder; null = no folder, every claim is missing. The reader never throws. */
export function createClaimReader(folder: string | null): ClaimReader {
  return async (claim) => {
    if (folder === null) return missing(UNSET)
    try {
      return await readBounded(path.join(folder, `${claim.id}.bin`))
    } catch (error) {
      const code = (error as { code?: unknown }).code
      return missing(
        code === 'ENOENT' ? 'no such file lies in CLAIM_CHECK_DIR.' : `the file can not be read (${String(code)}).`,
      )
    }
  }
}
