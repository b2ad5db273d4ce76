/*
 * openBundle: makes a bundle of another installation a recorded run of this one.
 * In: a tar file, the folder of all histories. Out: the run's name here; words for what is wrong with the file.
 * Invariant: nothing is kept of a bundle whose manifest, lengths or hashes do not match; the run is labelled imported and gets a name
 * of its own, so that it never mixes with a run recorded here.
 * Source: docs/history.md "bundles".
 */
import { createHash } from 'node:crypto'
import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs'
import path from 'node:path'
import { AppError } from '../../lib/contracts/appError.ts'
import { BundleManifest } from './bundle.ts'
import { folderOf, RunFile, segmentFile, writeRunFile } from './runFolder.ts'
import { listTar, type TarEntry } from './tar.ts'

const PIECE = 1_048_576
const MAX_TEXT = 4 * 1_048_576

const refuse = (why: string): never => {
  throw new AppError('CONTRACT_INVALID', `this bundle can not be opened: ${why}`, { path: 'file' })
}

function* piecesOf(fd: number, { at, bytes }: TarEntry): Generator<Buffer, void, void> {
  for (let done = 0; done < bytes;) {
    const piece = Buffer.alloc(Math.min(PIECE, bytes - done))
    const read = readSync(fd, piece, 0, piece.byteLength, at + done)
    if (read === 0) return refuse('it ends early')
    yield piece.subarray(0, read)
    done += read
  }
}
const textOf = (fd: number, entry: TarEntry): string =>
  entry.bytes > MAX_TEXT
    ? refuse(`${entry.name} is too long`)
    : Buffer.concat([...piecesOf(fd, entry)]).toString('utf8')

function parse<T>(
  name: string,
  text: string,
  schema: { safeParse(value: unknown): { success: true; data: T } | { success: false } },
): T {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return refuse(`${name} is not JSON`)
  }
  const parsed = schema.safeParse(value)
  return parsed.success ? parsed.data : refuse(`${name} does not have its form`)
}

export interface OpenedBundle {
  readonly runId: string
  readonly manifest: BundleManifest
  /** It had been opened before. */
  readonly known: boolean
}

/** Checks a bundle and every hash in it; keeps nothing. @throws CONTRACT_INVALID */
export function checkBundle(fd: number): {
  readonly manifest: BundleManifest
  readonly entries: ReadonlyMap<string, TarEntry>
} {
  const { size } = fstatSync(fd)
  const read = (at: number, bytes: number): Buffer => {
    const piece = Buffer.alloc(bytes)
    readSync(fd, piece, 0, bytes, at)
    return piece
  }
  const entries = new Map(listTar(size, read).map((entry) => [entry.name, entry]))
  const first = entries.get('manifest.json')
  if (first === undefined) return refuse('it has no manifest.json')
  const manifest = parse('manifest.json', textOf(fd, first), BundleManifest)
  for (const { name, bytes, sha256 } of manifest.files) {
    const entry = entries.get(name)
    if (entry === undefined) return refuse(`${name} is missing`)
    const hash = createHash('sha256')
    for (const piece of piecesOf(fd, entry)) hash.update(piece)
    if (entry.bytes !== bytes || hash.digest('hex') !== sha256)
      return refuse(`${name} is not what the manifest says: it was changed or damaged`)
  }
  return { manifest, entries }
}

/** Opens a bundle as a recorded run. @throws CONTRACT_INVALID, what the disk says */
export function openBundle(file: string, root: string): OpenedBundle {
  const fd = openSync(file, 'r')
  try {
    const { manifest, entries } = checkBundle(fd)
    const [about, segment] = [entries.get('run.json'), entries.get('history/000001.mhs')]
    if (about === undefined || segment === undefined) return refuse('it holds no history')
    const run = parse('run.json', textOf(fd, about), RunFile)
    const sum = createHash('sha256').update(JSON.stringify(manifest.files)).digest('hex').slice(0, 8)
    const runId = `${run.recorded_run_id.slice(0, 100)}:imported-${sum}`
    const folder = path.join(root, folderOf(runId))
    if (existsSync(folder)) return { runId, manifest, known: true }
    // Under a name that readers pass over, until it is whole.
    const making = path.join(root, `.opening-${sum}`)
    rmSync(making, { recursive: true, force: true })
    mkdirSync(making, { recursive: true })
    const target = openSync(segmentFile(making, 1), 'w')
    for (const piece of piecesOf(fd, segment)) writeSync(target, piece)
    closeSync(target)
    writeRunFile(making, { ...run, run_id: runId, kept: 'imported' })
    renameSync(making, folder)
    return { runId, manifest, known: false }
  } finally {
    closeSync(fd)
  }
}
