/*
 * recording: one recording as it was read back: the run, its records and notes, the moments it has pictures of.
 * In: the bytes of a file. Out: a recording with words for whatever is missing; a smaller file of the same run.
 * Invariant: a file that is torn gives what lies before the tear; one that can not be read gives words, never an exception.
 * Source: docs/protocol.md "runs and recordings".
 */
import type { LiveRecord } from '../../lib/contracts/liveRecords.ts'
import type { LifeNote } from '../ingest/lifeNotes.ts'
import {
  BLOCK,
  frameBlock,
  headBlock,
  linesBlock,
  MAGIC,
  readEnd,
  readHead,
  readLines,
  readMoment,
  readPicture,
  walkBlocks,
  type Block,
  type PictureMoment,
  type RecordedPicture,
  type RecordingHead,
} from './recordingFile.ts'

export interface Recording {
  readonly head: RecordingHead
  readonly records: readonly LiveRecord[]
  readonly notes: readonly LifeNote[]
  /** The publisher said goodbye, and nothing came after it. */
  readonly ended: boolean
  readonly moments: readonly PictureMoment[]
  /** The picture nearest to what is asked; null when there is none, or none that can be read. */
  picture(distance: (moment: PictureMoment) => number): Promise<RecordedPicture | null>
  readonly problem: string | null
  readonly bytes: number
  readonly validBytes: number
}
export interface DamagedRecording {
  readonly damaged: string
  readonly bytes: number
}

const WORDS = Object.freeze({
  form: 'The file is not a recording.',
  version: 'The recording was written in a form of another version.',
  torn: 'The end of the recording is torn; what lies before the tear is shown.',
})
/** Notes that a recording is read with. */
const MAX_NOTES = 60_000
const MAX_RECORDS = 60_000

const isMomentWhole = ({ payload }: Block): boolean => payload.byteLength >= 24

/** Reads a file. Never throws. */
export async function readRecording(bytes: Buffer): Promise<Recording | DamagedRecording> {
  const { blocks, validBytes, fault } = walkBlocks(bytes)
  const damaged = (text: string): DamagedRecording => ({ damaged: text, bytes: bytes.byteLength })
  if (fault === 'form' || fault === 'version') return damaged(WORDS[fault])
  let head: RecordingHead | null = null
  let unread = 0
  let ended = false
  const records: LiveRecord[] = []
  const notes: LifeNote[] = []
  for (const { kind, payload } of blocks) {
    try {
      if (kind === BLOCK.head) head = await readHead(payload)
      else if (kind === BLOCK.end) ended = await readEnd(payload)
      else if (kind === BLOCK.lines) {
        const lines = await readLines(payload)
        records.push(...lines.records.slice(0, Math.max(0, MAX_RECORDS - records.length)))
        notes.push(...lines.notes.slice(0, Math.max(0, MAX_NOTES - notes.length)))
        ended = false
      }
    } catch {
      unread++
    }
  }
  if (head === null) return damaged('The recording does not say which run it is of.')
  const pictures = blocks.filter((block) => block.kind === BLOCK.picture && isMomentWhole(block))
  const problems = [
    ...(fault === 'torn' ? [WORDS.torn] : []),
    ...(unread > 0 ? [`${unread} parts of it can not be read.`] : []),
  ]
  return {
    head,
    records,
    notes,
    ended,
    moments: pictures.map(({ payload }) => readMoment(payload)),
    async picture(distance) {
      const near = pictures
        .map((block) => ({ block, far: distance(readMoment(block.payload)) }))
        .filter(({ far }) => Number.isFinite(far))
      if (near.length === 0) return null
      const { block } = near.reduce((a, b) => (b.far < a.far ? b : a))
      try {
        return await readPicture(block.payload)
      } catch {
        return null
      }
    },
    problem: problems.length === 0 ? null : problems.join(' '),
    bytes: bytes.byteLength,
    validBytes,
  }
}

const everySecond = <T>(list: readonly T[]): readonly T[] =>
  list.filter((_, at) => at % 2 === 0 || at === list.length - 1)

/** Makes a file of about half the size: every second picture and evaluation, the newer half of the notes; what is left out is counted. */
export async function halve(bytes: Buffer): Promise<Buffer | null> {
  const recording = await readRecording(bytes)
  if ('damaged' in recording) return null
  const { head, records, notes } = recording
  const pictures = walkBlocks(bytes).blocks.filter((block) => block.kind === BLOCK.picture)
  const keptPictures = everySecond(pictures)
  const evaluations = everySecond(records.filter((record) => record.kind === 'evaluation'))
  const others = records.filter((record) => record.kind !== 'evaluation').slice(-2_000)
  const keptNotes = notes.slice(notes.length >> 1)
  return Buffer.concat([
    MAGIC,
    await headBlock({
      ...head,
      notesLeftOut: head.notesLeftOut + notes.length - keptNotes.length,
      picturesLeftOut: head.picturesLeftOut + pictures.length - keptPictures.length,
    }),
    await linesBlock({ records: [...evaluations, ...others], notes: keptNotes }),
    ...keptPictures.map(({ kind, payload }) => frameBlock(kind, payload)),
  ])
}
