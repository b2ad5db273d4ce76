/*
 * CheckChip: whether the moment shown is the one that was recorded live.
 * In: the answer of the comparison. Out: a small chip when it is, a loud one when it is not.
 * Invariant: agreement says with what; a difference names what differs; not compared is a word of its own.
 * Source: docs/ux.md "time travel"; features B3.
 */
import type { MomentCheck } from '../../lib/live/replaySource.ts'
import { Icon } from '../ui/Icon.tsx'

/** Says the comparison in words. */
export function checkWords(check: MomentCheck): { readonly short: string; readonly long: string } {
  switch (check.kind) {
    case 'none':
      return { short: '', long: '' }
    case 'asking':
      return { short: 'comparing', long: 'The checksum of this moment is being compared.' }
    case 'unknown':
      return { short: 'not compared', long: check.text }
    case 'differs':
      return { short: 'MISMATCH', long: check.text }
    case 'agrees': {
      const drawn = check.own ? 'The picture drawn here, the one' : 'The states drawn here agree; the picture'
      return {
        short: check.checksum,
        long: `${drawn} rebuilt from the record${check.recorded ? ' and the one recorded live have' : ' has'} the checksum ${check.checksum}${check.recorded ? '' : '; none was recorded live'}.`,
      }
    }
  }
}

export function CheckChip({ check }: { readonly check: MomentCheck }) {
  const { short, long } = checkWords(check)
  if (short === '') return null
  return (
    <output className={`check-chip check-${check.kind}`} title={long} data-testid="checksum">
      <Icon name={check.kind === 'differs' ? 'critical' : check.kind === 'agrees' ? 'seed' : 'info'} size={12} />
      <span className="mono">{short}</span>
      <span className="visually-hidden">{long}</span>
    </output>
  )
}
