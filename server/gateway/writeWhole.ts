/*
 * writeWhole: puts a small private file on disk so that it is there whole or not at all, also after a power cut.
 * In: a path, a text. Out: nothing.
 * Invariant: written beside, synced, renamed, folder synced; nobody but the owner may read it, not even for a moment.
 * Source: docs/adr/0008-gateway-process.md.
 */
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import path from 'node:path'

const PRIVATE_FILE = 0o600
const PRIVATE_FOLDER = 0o700

/** @throws what the file system says; then the old content stands */
export function writeWhole(file: string, text: string): void {
  const folder = path.dirname(file)
  mkdirSync(folder, { recursive: true, mode: PRIVATE_FOLDER })
  const beside = `${file}.${process.pid}.new`
  try {
    const handle = openSync(beside, 'w', PRIVATE_FILE)
    try {
      writeSync(handle, text)
      fsyncSync(handle)
    } finally {
      closeSync(handle)
    }
    renameSync(beside, file)
  } catch (error) {
    rmSync(beside, { force: true })
    throw error
  }
  const entry = openSync(folder, 'r')
  try {
    fsyncSync(entry)
  } finally {
    closeSync(entry)
  }
}
