/*
 * livesContribution: how much a paired reading says: the contribution and its 95 % interval.
 * In: one reading. Out: contribution with its bounds and the way they were found.
 * Invariant: with discordant counts the interval is that of the paired difference; without them it is the wider one of two
 * independent samples, and says so; nothing is measured when an accuracy is missing.
 * Source: seed-design.md 2.4; McNemar, Psychometrika 12 (1947).
 */
import type { ContributionRead } from '../../lib/contracts/httpSeed.ts'
import type { ReadingNote } from '../ingest/lifeNotes.ts'

const Z95 = 1.96

/** Half of the 95 % interval of (on - off) / samples. */
function pairedHalf([on, off]: readonly [number, number], samples: number): number {
  const variance = (on + off - (on - off) ** 2 / samples) / samples ** 2
  return Z95 * Math.sqrt(Math.max(0, variance))
}

const independentHalf = (on: number, off: number, samples: number): number =>
  Z95 * Math.sqrt((on * (1 - on) + off * (1 - off)) / samples)

/** Turns a reading into what is drawn. */
export function toContribution(note: ReadingNote): ContributionRead {
  const { accuracy_on: on, accuracy_off: off, samples, discordant } = note
  const contribution = on === null || off === null ? null : on - off
  const half =
    on === null || off === null
      ? null
      : discordant === null
        ? independentHalf(on, off, samples)
        : pairedHalf(discordant, samples)
  return {
    at_ms: note.at_ms,
    step: note.step,
    tick: note.tick,
    samples,
    contribution,
    low: contribution === null || half === null ? null : contribution - half,
    high: contribution === null || half === null ? null : contribution + half,
    method: half === null ? null : discordant === null ? 'independent' : 'paired',
    loss_delta: note.loss_delta,
    entry: note.entry,
  }
}
