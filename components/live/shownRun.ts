import type { RunView } from '../../lib/live/recordLog.ts'

/** The run a page shows when none is named: the newest that trains, else the newest of all. */
export function newestRun(known: ReadonlyMap<string, RunView>): RunView | null {
  const runs = [...known.values()]
  const trainers = runs.filter((run) => run.descriptor.origin === 'trainer')
  return (trainers.length > 0 ? trainers : runs).toSorted((a, b) => b.firstSeenMs - a.firstSeenMs)[0] ?? null
}
