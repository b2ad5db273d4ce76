/*
 * checkpointFiles: a run on disk: its newest checkpoint, the commands it applied, and what it answered to them.
 * In: bytes and plain data after each healthy snapshot. Out: three files, each replaced as a whole.
 * Invariant: a reader finds the old file or the new one, never half of one; seed, options and command log reproduce the run.
 * Source: seed-design.md 4.1; docs/training.md "checkpoints".
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '../../lib/contracts/appError.ts'
import type { TrainerRecord } from '../../lib/agents/trainerProtocol.ts'
import type { TrainerOptions } from '../../lib/training/trainerOptions.ts'
import type { CheckpointInfo, CommandLogEntry } from '../../lib/training/trainerTypes.ts'

export type KeptRecords = readonly { readonly key: string; readonly atMs: number; readonly entry: TrainerRecord }[]

export interface RunLog {
  readonly runId: string
  readonly options: TrainerOptions
  readonly dataset: { readonly name: string; readonly sha256: string | null }
  readonly step: number
  /** Taken when the run ended; null while it goes on. */
  readonly hash: { readonly weights: string; readonly events: string } | null
  readonly commands: readonly CommandLogEntry[]
}

export interface RunFiles {
  readonly folder: string
  writeCheckpoint(bytes: Uint8Array, info: CheckpointInfo, records: KeptRecords): void
  writeLog(log: RunLog): void
}

const CHECKPOINT = 'checkpoint.bin'
const RECORDS = 'outcomes.json'
const LOG = 'commands.json'

/** Opens the folder of a run, making it when needed. @throws whatever the file system says */
export function openRunFiles(parent: string, runId: string): RunFiles {
  const folder = join(parent, runId)
  mkdirSync(folder, { recursive: true })
  const replace = (name: string, data: Uint8Array | string): void => {
    const path = join(folder, name)
    writeFileSync(`${path}.new`, data)
    renameSync(`${path}.new`, path)
  }
  return {
    folder,
    writeCheckpoint(bytes, info, records) {
      replace(CHECKPOINT, bytes)
      replace(RECORDS, JSON.stringify({ checkpoint: info, records }))
    },
    writeLog: (log) => replace(LOG, JSON.stringify(log)),
  }
}

/** Reads a run's checkpoint and records back. @throws STATE_NOT_FOUND when there is no checkpoint · CONTRACT_INVALID when the records are damaged */
export function readRunFiles(folder: string): { readonly checkpoint: Uint8Array; readonly records: KeptRecords } {
  let checkpoint: Uint8Array
  try {
    checkpoint = readFileSync(join(folder, CHECKPOINT))
  } catch (cause) {
    throw new AppError('STATE_NOT_FOUND', `no checkpoint can be read in ${folder}`, {}, cause)
  }
  try {
    const { records } = JSON.parse(readFileSync(join(folder, RECORDS), 'utf8')) as { records?: KeptRecords }
    if (!Array.isArray(records)) throw new Error('records is not a list')
    return { checkpoint, records }
  } catch (cause) {
    throw new AppError('CONTRACT_INVALID', `the outcome records in ${folder} can not be read`, { path: RECORDS }, cause)
  }
}
