/*
 * runEntries: a run as one line of the list of runs.
 * In: a descriptor, a recording as it was read back. Out: an entry.
 * Invariant: pure; of a file that can not be read only its name, size and fault are told.
 * Source: docs/protocol.md "runs and recordings".
 */
import type { RunEntry, RunKeeping } from '../../lib/contracts/httpRuns.ts'
import type { RunDescriptor } from '../../lib/contracts/runDescriptor.ts'
import type { DamagedRecording, Recording } from './recording.ts'

export const isDamaged = (one: Recording | DamagedRecording): one is DamagedRecording => 'damaged' in one

export function keepingOf({ problem, ended }: Recording): RunKeeping {
  if (problem !== null) return 'partial'
  return ended ? 'complete' : 'open'
}

export const describeRun = ({ run_id, title, origin, seed, layers }: RunDescriptor) => ({
  run_id,
  title,
  origin,
  seed,
  seeds: layers.reduce((sum, layer) => sum + layer.seeds, 0),
  layers: layers.length,
})

function entryOfDamaged(file: string, changedMs: number, { damaged, bytes }: DamagedRecording): RunEntry {
  return {
    run_id:
      file
        .replace(/-[0-9a-f]{12}\.run$/, '')
        .replaceAll(/[^\w-]/g, '_')
        .slice(0, 64) || 'unreadable',
    title: file.slice(0, 120),
    origin: null,
    seed: null,
    keeping: 'damaged',
    problem: damaged,
    first_seen_ms: null,
    newest_ms: changedMs,
    step: null,
    val_accuracy: null,
    seeds: null,
    layers: null,
    evaluations: 0,
    pictures: 0,
    bytes,
  }
}

/** Writes the line of a file. */
export function entryOf(file: string, changedMs: number, recording: Recording | DamagedRecording): RunEntry {
  if (isDamaged(recording)) return entryOfDamaged(file, changedMs, recording)
  const evaluations = recording.records.filter((record) => record.kind === 'evaluation')
  const last = evaluations.at(-1)
  return {
    ...describeRun(recording.head.descriptor),
    keeping: keepingOf(recording),
    problem: recording.problem,
    first_seen_ms: recording.head.firstSeenMs,
    newest_ms: changedMs,
    step: last?.step ?? recording.moments.at(-1)?.step ?? null,
    val_accuracy: last?.val_accuracy ?? null,
    evaluations: evaluations.length,
    pictures: recording.moments.length,
    bytes: recording.bytes,
  }
}
