/*
 * contributionScale: the common scale of all intervals, and what an interval says.
 * In: lives with their readings. Out: a range that contains zero and every interval; helps, harms or open.
 * Invariant: sure means that the whole interval lies on one side of zero; without an interval nothing is sure.
 * Source: features A15.
 */
import type { ContributionRead } from '../../lib/contracts/httpSeed.ts'
import type { RunLife } from '../../lib/contracts/httpRuns.ts'

export interface Scale {
  readonly low: number
  readonly high: number
}

/** Half a percent point, in which the ends of the scale are rounded away from zero. */
const GRAIN = 0.005

export const newestRead = ({ reads }: Pick<RunLife, 'reads'>): ContributionRead | null => reads.at(-1) ?? null

/** Finds the scale. */
export function contributionScale(lives: readonly Pick<RunLife, 'reads'>[]): Scale {
  const ends = lives.flatMap((life) => {
    const read = newestRead(life)
    return read === null || read.contribution === null
      ? []
      : [read.low ?? read.contribution, read.high ?? read.contribution]
  })
  return {
    low: Math.floor(Math.min(-GRAIN, ...ends) / GRAIN) * GRAIN,
    high: Math.ceil(Math.max(GRAIN, ...ends) / GRAIN) * GRAIN,
  }
}

/** Says on which side of zero the newest reading lies. */
export function verdictOf(life: Pick<RunLife, 'reads'>): 'helps' | 'harms' | 'open' {
  const read = newestRead(life)
  if (read?.low != null && read.low > 0) return 'helps'
  return read?.high != null && read.high < 0 ? 'harms' : 'open'
}
