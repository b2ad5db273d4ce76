/*
 * newestRun: the run that is meant when none is named.
 * In: the runs that are known. Out: the newest of a trainer, else the newest at all; undefined when there is none.
 * Invariant: one answer wherever it is asked.
 * Source: docs/protocol.md "Runs and recordings".
 */
import type { KnownRun } from './runBook.ts'

/** Ours first, then the newest. */
export function newestRun(all: readonly KnownRun[]): KnownRun | undefined {
  return all.toSorted(
    (a, b) =>
      Number(b.descriptor.origin === 'trainer') - Number(a.descriptor.origin === 'trainer') ||
      b.firstSeenMs - a.firstSeenMs,
  )[0]
}
