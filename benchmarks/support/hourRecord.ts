/*
 * hourRecord: a record on the disk that a benchmark fills.
 * In: the folder of the records, the run. Out: the recorder's own writer, opened on that run, and its end.
 * Invariant: what is written is written as the recorder writes it.
 * Source: docs/history.md "files".
 */
import path from 'node:path'
import type { RunDescriptor } from '../../lib/contracts/runDescriptor.ts'
import { openHistoryWriter, type HistoryWriter } from '../../server/history/historyWriter.ts'
import { folderOf, writeRunFile } from '../../server/history/runFolder.ts'

export interface HourRecord {
  readonly folder: string
  readonly writer: HistoryWriter
  /** Writes what is pending, without turns. */
  readonly close: () => void
}

/** Opens the record of a run that began at `startMs`. */
export function openHourRecord(root: string, run: RunDescriptor, startMs: number): HourRecord {
  const folder = path.join(root, folderOf(run.run_id))
  writeRunFile(folder, {
    form: 1,
    run_id: run.run_id,
    recorded_run_id: run.run_id,
    kept: 'recorded',
    first_seen_ms: startMs,
    descriptor: run,
  })
  const writer = openHistoryWriter(folder)
  writer.describe(run, 'fine')
  return {
    folder,
    writer,
    close() {
      const work = writer.close()
      while (work.next().done !== true);
    },
  }
}
