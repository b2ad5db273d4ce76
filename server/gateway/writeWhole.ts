/*
 * writeWhole: puts a small private file on disk so that it is there whole or not at all, also after a power cut.
 * In: a path, a text. Out: nothing.
 * Invariant: written beside, synced, renamed, folder synced; nobody but the owner may read it, not even for a moment.
 * Source: docs/adr/0008-gateway-process.md.
 */
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import path from 'node:path'

const PRIVATE_FILE = 0o600
const PRIVATE_FOLDER = 0o700

/** The same without holding the thread: a slow disk must not hold up whoever has more urgent things to do. */
export async function writeWholeSoon(file: string, text: string): Promise<void> {
  const folder = path.dirname(file)
  await mkdir(folder, { recursive: true, mode: PRIVATE_FOLDER })
  const beside = `${file}.${process.pid}.soon`
  try {
    const handle = await open(beside, 'w', PRIVATE_FILE)
    try {
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(beside, file)
  } catch (error) {
    await rm(beside, { force: true })
    throw error
  }
  const entry = await open(folder, 'r')
  try {
    await entry.sync()
  } finally {
    await entry.close()
  }
}

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
