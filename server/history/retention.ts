/*
 * retention: how long histories are kept: the oldest files go when all together are too large, or when they are too old.
 * In: the folder of all histories, two bounds. Out: what was removed, and which runs are gone for good.
 * Invariant: only files nobody writes to go, oldest first; a run whose last file went is remembered, so that a bus that still tells
 * its events does not make it anew.
 * Source: docs/history.md "retention"; docs/configuration.md.
 */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { filesIn, indexFile, type KeptFile, readRunFile, runFoldersIn, SERVER_FOLDER } from './runFolder.ts'

export interface RetentionBounds {
  readonly maxBytes: number
  /** Null: whatever its age. */
  readonly maxAgeMs: number | null
}
export interface Removed {
  readonly bytes: number
  readonly files: number
}

const MAX_REMEMBERED = 2_000
const REMEMBERED = 'removed.json'

/** Runs that were let go. Never throws. */
export function readRemoved(root: string): Set<string> {
  try {
    return new Set(JSON.parse(readFileSync(path.join(root, REMEMBERED), 'utf8')) as string[])
  } catch {
    return new Set()
  }
}

function remember(root: string, runs: readonly string[]): void {
  const kept = [...readRemoved(root), ...runs].slice(-MAX_REMEMBERED)
  const file = path.join(root, REMEMBERED)
  writeFileSync(`${file}.new`, JSON.stringify(kept))
  renameSync(`${file}.new`, file)
}

/** Removes what is over the bounds. `isOpen`: somebody writes there. @throws what the disk says */
export function enforceRetention(
  root: string,
  { maxBytes, maxAgeMs }: RetentionBounds,
  { nowMs, isOpen }: { readonly nowMs: number; readonly isOpen: (file: string) => boolean },
): Removed {
  const folders = [...runFoldersIn(root), path.join(root, SERVER_FOLDER)]
  const files = folders.flatMap((folder) => [...filesIn(folder)]).toSorted((a, b) => a.changedMs - b.changedMs)
  let bytes = files.reduce((sum, one) => sum + one.bytes, 0)
  const removed: KeptFile[] = []
  for (const one of files) {
    const tooOld = maxAgeMs !== null && nowMs - one.changedMs > maxAgeMs
    if (!tooOld && bytes <= maxBytes) break
    if (isOpen(one.file)) continue
    rmSync(one.file, { force: true })
    if (one.file.endsWith('.mhs')) rmSync(indexFile(one.file), { force: true })
    removed.push(one)
    bytes -= one.bytes
  }
  const emptied = [...new Set(removed.map((one) => one.folder))].filter(
    (folder) => path.basename(folder) !== SERVER_FOLDER && filesIn(folder).length === 0,
  )
  const gone = emptied.flatMap((folder) => readRunFile(folder)?.run_id ?? [])
  if (gone.length > 0) remember(root, gone)
  for (const folder of emptied) if (existsSync(folder)) rmSync(folder, { recursive: true, force: true })
  return { bytes: removed.reduce((sum, one) => sum + one.bytes, 0), files: removed.length }
}
