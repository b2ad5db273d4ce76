/*
 * livesBook: the notes of every run, bounded, from which biographies are told.
 * In: notes as the ingest posts them. Out: the notes of one seed or of a whole run, and whether older ones were let go.
 * Invariant: memory is bounded over all runs: the run with the most notes gives up its oldest, and that is remembered.
 * Source: docs/architecture.md "state"; docs/protocol.md "lives".
 */
import type { LifeNote } from '../ingest/lifeNotes.ts'

/** About 60 MB at 600 bytes each. */
const MAX_NOTES = 100_000
const MAX_RUNS = 64

export interface LivesBook {
  note(notes: readonly LifeNote[]): void
  /** Oldest first, in the order of arrival. */
  ofSeed(runId: string, layerId: string, seedId: number): readonly LifeNote[]
  ofRun(runId: string): readonly LifeNote[]
  /** False when older notes of the run were let go. */
  isComplete(runId: string): boolean
  forget(runId: string): void
  /** The ingest tells everything again. */
  clear(): void
}

interface RunNotes {
  notes: LifeNote[]
  dropped: number
}

/** Creates an empty book. */
export function createLivesBook(maxNotes = MAX_NOTES): LivesBook {
  const runs = new Map<string, RunNotes>()
  let total = 0

  const largest = (): RunNotes => [...runs.values()].reduce((a, b) => (b.notes.length > a.notes.length ? b : a))
  /** A tenth at once: one at a time would move the whole list for every note. */
  const makeRoom = (): void => {
    while (total > maxNotes) {
      const run = largest()
      const count = Math.max(1, Math.floor(run.notes.length / 10))
      run.notes.splice(0, count)
      run.dropped += count
      total -= count
    }
  }
  const runOf = (runId: string): RunNotes => {
    const known = runs.get(runId)
    if (known !== undefined) return known
    if (runs.size >= MAX_RUNS) forget([...runs.keys()][0]!)
    const made = { notes: [], dropped: 0 }
    runs.set(runId, made)
    return made
  }
  const forget = (runId: string): void => {
    total -= runs.get(runId)?.notes.length ?? 0
    runs.delete(runId)
  }

  return {
    note(notes) {
      for (const note of notes) {
        runOf(note.run_id).notes.push(note)
        total++
      }
      makeRoom()
    },
    ofSeed: (runId, layerId, seedId) =>
      (runs.get(runId)?.notes ?? []).filter((note) => note.seed_id === seedId && note.layer_id === layerId),
    ofRun: (runId) => runs.get(runId)?.notes ?? [],
    isComplete: (runId) => (runs.get(runId)?.dropped ?? 0) === 0,
    forget,
    clear() {
      runs.clear()
      total = 0
    },
  }
}
