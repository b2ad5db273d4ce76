import type { RunDetail, RunEntry, RunKeeping } from '../../lib/contracts/httpRuns.ts'

const KEPT: Readonly<Record<RunKeeping, string>> = {
  live: 'live',
  complete: 'recorded, whole',
  open: 'recorded, its end was not seen',
  partial: 'recorded, a part is missing',
  damaged: 'can not be read',
}
const ORIGINS: Readonly<Record<RunDetail['origin'], string>> = {
  trainer: 'trainer',
  'load-generator': 'GENERATED LOAD',
  external: 'of a foreign program',
}

export const originWords = (origin: RunEntry['origin']): string => (origin === null ? 'unknown' : ORIGINS[origin])

/** What kind of run it is and how it is kept, with what is wrong. */
export const keepingWords = ({
  run_id,
  origin,
  keeping,
  problem,
}: Pick<RunDetail, 'run_id' | 'keeping' | 'problem'> & { readonly origin: RunEntry['origin'] }): string =>
  `${run_id}, ${originWords(origin)}, ${KEPT[keeping]}${problem === null ? '' : `: ${problem}`}`

export const keptWords = (keeping: RunKeeping): string => KEPT[keeping]
