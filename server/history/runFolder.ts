/*
 * runFolder: where the history of a run lies: a folder of its own with what the run is, its segments and its tails.
 * In: the folder of all histories, a run. Out: names, what is there, the run's words read and written.
 * Invariant: a folder's name is one that any file system takes; run.json is replaced whole or not at all; the events of the server
 * itself, which belong to no run, have a folder of the same form.
 * Source: docs/history.md "files".
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { RunDescriptor } from '../../lib/contracts/runDescriptor.ts'
import { Finite, RunId } from '../../lib/contracts/ids.ts'

/** Of records that name no run. */
export const SERVER_FOLDER = '_server'
const SEGMENT = /^(\d{6})\.mhs$/
const TAIL = /^(\d{6})\.mht$/

export const RunFile = z.object({
  form: z.literal(1),
  run_id: RunId,
  /** What it was called where it was recorded: another name only when it was opened from a bundle. */
  recorded_run_id: RunId,
  kept: z.enum(['recorded', 'imported']),
  first_seen_ms: Finite,
  /** exact: float32. fine: picture bytes and sixteenths. */
  descriptor: RunDescriptor,
})
export type RunFile = z.infer<typeof RunFile>

/** A name a file system takes, whatever the run is called. */
export function folderOf(runId: string | null): string {
  if (runId === null) return SERVER_FOLDER
  const plain = runId.replaceAll(/[^\w-]/g, '_').slice(0, 64)
  return `${plain}-${createHash('sha256').update(runId).digest('hex').slice(0, 12)}`
}

const numbered = (number: number): string => String(number).padStart(6, '0')
export const segmentFile = (folder: string, number: number): string => path.join(folder, `${numbered(number)}.mhs`)
/** The columns of the records of a segment, beside it. */
export const indexFile = (segment: string): string => `${segment.slice(0, -'.mhs'.length)}.mhx`
export const tailFile = (folder: string, number: number): string => path.join(folder, `${numbered(number)}.mht`)

function numbersIn(folder: string, form: RegExp): number[] {
  try {
    return readdirSync(folder)
      .flatMap((name) => form.exec(name)?.[1] ?? [])
      .map(Number)
      .toSorted((a, b) => a - b)
  } catch {
    return []
  }
}
/** Oldest first. */
export const segmentsIn = (folder: string): number[] => numbersIn(folder, SEGMENT)
export const tailsIn = (folder: string): number[] => numbersIn(folder, TAIL)

/** Reads what a run is; null when it does not say. */
export function readRunFile(folder: string): RunFile | null {
  try {
    const parsed = RunFile.safeParse(JSON.parse(readFileSync(path.join(folder, 'run.json'), 'utf8')))
    return parsed.success ? parsed.data : null
  } catch {
    return null
  }
}

/** Writes what a run is. @throws what the disk says */
export function writeRunFile(folder: string, run: RunFile): void {
  mkdirSync(folder, { recursive: true })
  const file = path.join(folder, 'run.json')
  writeFileSync(`${file}.new`, JSON.stringify(run))
  renameSync(`${file}.new`, file)
}

/** Folders of runs, by name; that of the server is not among them. */
export function runFoldersIn(root: string): readonly string[] {
  try {
    return readdirSync(root, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name !== SERVER_FOLDER && !entry.name.startsWith('.'))
      .map((entry) => path.join(root, entry.name))
  } catch {
    return []
  }
}

export interface KeptFile {
  readonly file: string
  readonly folder: string
  readonly bytes: number
  readonly changedMs: number
}

/** Every segment, with what lies beside it, and tail of a folder with its size. */
export function filesIn(folder: string): readonly KeptFile[] {
  const files = [
    ...segmentsIn(folder).map((number) => segmentFile(folder, number)),
    ...tailsIn(folder).map((number) => tailFile(folder, number)),
  ]
  return files.flatMap((file) => {
    try {
      const { size, mtimeMs } = statSync(file)
      const beside = file.endsWith('.mhs') ? (statSync(indexFile(file), { throwIfNoEntry: false })?.size ?? 0) : 0
      return [{ file, folder, bytes: size + beside, changedMs: mtimeMs }]
    } catch {
      return []
    }
  })
}
