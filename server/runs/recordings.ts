/*
 * recordings: every run is written down while it goes on, so that it can be looked at and compared with when it is over.
 * In: announcements, records, notes as they arrive. Out: recordings by run, a list, how full the folder is.
 * Invariant: nothing waits for the disk: what arrives is queued, bounded, and appended in one chain of writes; folder and file are
 * bounded, the oldest run makes room and is counted; a failed write is counted and said, and the server goes on.
 * Source: docs/protocol.md "runs and recordings"; docs/configuration.md "DATA_DIR".
 */
import { createHash } from 'node:crypto'
import { appendFile, mkdir, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { RunEntry } from '../../lib/contracts/httpRuns.ts'
import type { LiveRecord } from '../../lib/contracts/liveRecords.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { LifeNote } from '../ingest/lifeNotes.ts'
import type { KnownRun } from '../state/runBook.ts'
import { halve, readRecording, type DamagedRecording, type Recording } from './recording.ts'
import { endBlock, headBlock, linesBlock, MAGIC, pictureBlock, type PictureMoment } from './recordingFile.ts'
import { entryOf } from './runEntries.ts'
import { MAX_PICTURED_SEEDS, seedsOf, takePicture } from './takePicture.ts'

export const RECORDING_BOUNDS = Object.freeze({
  count: 40,
  bytes: 256 * 1_048_576,
  fileBytes: 8 * 1_048_576,
  /** Records and notes of one run that wait for the disk. */
  pending: 20_000,
})
const FLUSH_MS = 2_000
const PICTURE_MS = 5_000
const PART = 1_000

export interface Recordings {
  announce(run: KnownRun): void
  record(records: readonly LiveRecord[]): void
  note(notes: readonly LifeNote[]): void
  setGone(runId: string, gone: boolean): void
  forget(runId: string): void
  /** Written out first. Null when the run has none. */
  load(runId: string): Promise<Recording | DamagedRecording | null>
  /** Files nobody writes to, newest first; count and bytes are of all. */
  list(): Promise<{ readonly entries: readonly RunEntry[]; readonly count: number; readonly bytes: number }>
  /** Of a run that is being recorded. */
  written(runId: string): { readonly bytes: number | null; readonly moments: readonly PictureMoment[] }
  counters(): { readonly removed: number; readonly dropped: number; readonly problem: string | null }
  /** Why a run has no pictures; null when it has. */
  whyNoPictures(run: KnownRun): string | null
  stop(deadlineMs: number): Promise<void>
}

interface Writer {
  run: KnownRun
  records: LiveRecord[]
  notes: LifeNote[]
  opened: boolean
  bytes: number
  describe: boolean
  shape: string
  gone: boolean | null
  pictureMs: number
  pictureEveryMs: number
  dropped: number
  moments: readonly PictureMoment[]
}

export interface RecordingsOptions {
  readonly folder: string
  readonly clock: Clock
  readonly bounds?: Partial<Record<keyof typeof RECORDING_BOUNDS, number>>
  /** Told when writing begins to fail, and not again until it worked. */
  readonly onProblem: (text: string) => void
}

const shapeOf = ({ descriptor }: KnownRun): string =>
  `${descriptor.schema_id} ${descriptor.epoch} ${descriptor.blueprints.length}`

const EXTENSION = '.run'

/** A name a file system takes, whatever the run is called. */
export function fileOf(runId: string): string {
  const plain = runId.replaceAll(/[^\w-]/g, '_').slice(0, 64)
  return `${plain}-${createHash('sha256').update(runId).digest('hex').slice(0, 12)}${EXTENSION}`
}

/** Opens the folder; it is made with the first write. */
export function createRecordings({ folder, clock, bounds, onProblem }: RecordingsOptions): Recordings {
  const limit: Record<keyof typeof RECORDING_BOUNDS, number> = { ...RECORDING_BOUNDS, ...bounds }
  const writers = new Map<string, Writer>()
  const read = new Map<string, { readonly key: string; readonly recording: Recording | DamagedRecording }>()
  const entries = new Map<string, { readonly key: string; readonly entry: RunEntry }>()
  let removed = 0
  let dropped = 0
  let problem: string | null = null
  /** One write at a time: the disk is shared with everything else. */
  let chain: Promise<void> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = chain.then(work)
    chain = turn.then(
      () => undefined,
      () => undefined,
    )
    return turn
  }
  const placeOf = (runId: string): string => path.join(folder, fileOf(runId))

  const openFiles = (): ReadonlySet<string> =>
    new Set([...writers.entries()].flatMap(([id, one]) => (one.opened ? [placeOf(id)] : [])))

  const filesOf = async (): Promise<readonly { file: string; bytes: number; changedMs: number }[]> => {
    const names = await readdir(folder).catch(() => [] as string[])
    const files = await Promise.all(
      names
        .filter((name) => name.endsWith(EXTENSION))
        .map(async (name) => {
          const file = path.join(folder, name)
          const about = await stat(file).catch(() => null)
          return about === null ? [] : [{ file, bytes: about.size, changedMs: about.mtimeMs }]
        }),
    )
    return files.flat().toSorted((a, b) => b.changedMs - a.changedMs)
  }

  /** The oldest that nobody writes to go first. */
  const makeRoom = async (): Promise<void> => {
    const files = await filesOf()
    const written = openFiles()
    let [count, bytes] = [files.length + 1, files.reduce((sum, one) => sum + one.bytes, limit.fileBytes)]
    for (const one of files.toReversed()) {
      if (count <= limit.count && bytes <= limit.bytes) return
      if (written.has(one.file)) continue
      await rm(one.file, { force: true })
      read.delete(one.file)
      removed++
      count--
      bytes -= one.bytes
    }
  }

  const open = async (runId: string, writer: Writer): Promise<void> => {
    const file = placeOf(runId)
    await mkdir(folder, { recursive: true })
    const before = await readFile(file).catch(() => null)
    const known = before === null ? null : await readRecording(before)
    if (known !== null && !('damaged' in known)) {
      // Goes on where it is whole: a torn end is cut off, or all that follows it would be lost too.
      if (known.validBytes < known.bytes) await truncate(file, known.validBytes)
      writer.bytes = known.validBytes
      writer.moments = known.moments
    } else {
      if (known !== null) await rename(file, `${file}.damaged`)
      await makeRoom()
      await writeFile(file, MAGIC)
      writer.bytes = MAGIC.byteLength
    }
    writer.opened = true
    writer.describe = true
  }

  const shrink = async (runId: string, writer: Writer): Promise<void> => {
    const file = placeOf(runId)
    const smaller = await halve(await readFile(file))
    if (smaller === null) return
    await writeFile(`${file}.new`, smaller)
    await rename(`${file}.new`, file)
    writer.bytes = smaller.byteLength
    const kept = await readRecording(smaller)
    if (!('damaged' in kept)) writer.moments = kept.moments
    writer.pictureEveryMs *= 2
  }

  const blocksOf = async (writer: Writer): Promise<readonly Buffer[]> => {
    const { run } = writer
    const blocks: Buffer[] = []
    if (writer.describe) {
      const { descriptor, firstSeenMs } = run
      blocks.push(await headBlock({ descriptor, firstSeenMs, notesLeftOut: writer.dropped, picturesLeftOut: 0 }))
      writer.describe = false
    }
    const [records, notes] = [writer.records.splice(0), writer.notes.splice(0)]
    for (let at = 0; at < Math.max(records.length, notes.length); at += PART)
      blocks.push(await linesBlock({ records: records.slice(at, at + PART), notes: notes.slice(at, at + PART) }))
    const nowMs = clock.wallMs()
    if (nowMs - writer.pictureMs >= writer.pictureEveryMs && seedsOf(run) <= MAX_PICTURED_SEEDS) {
      const picture = takePicture(run)
      if (picture !== null) {
        blocks.push(await pictureBlock(picture))
        writer.pictureMs = nowMs
        const { atMs, step, tick } = picture
        writer.moments = [...writer.moments, { atMs, step, tick }]
      }
    }
    if (writer.gone !== null) {
      blocks.push(await endBlock(writer.gone))
      writer.gone = null
    }
    return blocks
  }

  const flush = async (runId: string, writer: Writer): Promise<void> => {
    const waiting = writer.records.length + writer.notes.length
    try {
      if (!writer.opened) await open(runId, writer)
      const blocks = await blocksOf(writer)
      if (blocks.length === 0) return
      const bytes = Buffer.concat(blocks)
      await appendFile(placeOf(runId), bytes)
      writer.bytes += bytes.byteLength
      if (writer.bytes > limit.fileBytes) await shrink(runId, writer)
      problem = null
    } catch (error) {
      dropped += waiting
      writer.opened = false
      const text = `A recording can not be written: ${(error as Error).message}`
      if (problem === null) onProblem(text)
      problem = text
    }
  }
  const flushAll = (): Promise<void> =>
    inTurn(async () => {
      for (const [runId, writer] of writers) await flush(runId, writer)
    })

  const keep = <T>(writer: Writer, list: T[], item: T): void => {
    list.push(item)
    if (list.length <= limit.pending) return
    const gone = list.splice(0, limit.pending >> 3).length
    writer.dropped += gone
    dropped += gone
  }

  let busy = false
  const cancel = clock.every(FLUSH_MS, () => {
    if (busy) return
    busy = true
    void flushAll().finally(() => {
      busy = false
    })
  })

  const readFrom = async (file: string): Promise<Recording | DamagedRecording | null> => {
    const about = await stat(file).catch(() => null)
    if (about === null) return null
    const key = `${about.size} ${about.mtimeMs}`
    const known = read.get(file)
    if (known?.key === key) return known.recording
    const recording = await readRecording(await readFile(file))
    read.delete(file)
    read.set(file, { key, recording })
    return recording
  }
  /** Read ones are kept for the next question, the few that were asked for last. */
  const forgetOldest = (): void => {
    for (const file of [...read.keys()].slice(0, Math.max(0, read.size - 6))) read.delete(file)
  }

  return {
    announce(run) {
      const known = writers.get(run.descriptor.run_id)
      if (known !== undefined) {
        known.run = run
        known.describe ||= known.shape !== shapeOf(run)
        known.shape = shapeOf(run)
        return
      }
      writers.set(run.descriptor.run_id, {
        run,
        records: [],
        notes: [],
        opened: false,
        bytes: 0,
        describe: true,
        shape: shapeOf(run),
        gone: null,
        pictureMs: Number.NEGATIVE_INFINITY,
        pictureEveryMs: PICTURE_MS,
        dropped: 0,
        moments: [],
      })
    },
    record(records) {
      for (const record of records) {
        if (record.run_id === null || (record.kind !== 'evaluation' && record.kind !== 'fault')) continue
        const writer = writers.get(record.run_id)
        if (writer !== undefined) keep(writer, writer.records, record)
      }
    },
    note(notes) {
      for (const note of notes) {
        const writer = writers.get(note.run_id)
        if (writer !== undefined) keep(writer, writer.notes, note)
      }
    },
    setGone(runId, gone) {
      const writer = writers.get(runId)
      if (writer !== undefined) writer.gone = gone
    },
    forget(runId) {
      const writer = writers.get(runId)
      if (writer === undefined) return
      void inTurn(() => flush(runId, writer))
      writers.delete(runId)
    },
    load: (runId) =>
      inTurn(async () => {
        const writer = writers.get(runId)
        if (writer !== undefined) await flush(runId, writer)
        const recording = await readFrom(placeOf(runId))
        forgetOldest()
        return recording
      }),
    list: () =>
      inTurn(async () => {
        const files = await filesOf()
        const written = openFiles()
        const found: RunEntry[] = []
        for (const { file, changedMs, bytes } of files) {
          if (written.has(file)) continue
          const key = `${bytes} ${changedMs}`
          let known = entries.get(file)
          if (known?.key !== key) {
            const name = path.basename(file)
            known = { key, entry: entryOf(name, changedMs, await readRecording(await readFile(file))) }
            entries.set(file, known)
          }
          found.push(known.entry)
        }
        for (const file of entries.keys()) if (!files.some((one) => one.file === file)) entries.delete(file)
        return { entries: found, count: files.length, bytes: files.reduce((sum, one) => sum + one.bytes, 0) }
      }),
    written(runId) {
      const writer = writers.get(runId)
      return { bytes: writer?.opened === true ? writer.bytes : null, moments: writer?.moments ?? [] }
    },
    counters: () => ({ removed, dropped, problem }),
    whyNoPictures: (run) =>
      seedsOf(run) <= MAX_PICTURED_SEEDS
        ? null
        : `Pictures are recorded of runs with up to ${MAX_PICTURED_SEEDS.toLocaleString('en')} seeds.`,
    async stop() {
      cancel()
      await flushAll()
    },
  }
}
