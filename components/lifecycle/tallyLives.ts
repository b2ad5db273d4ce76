import type { LiveRecord } from '../../lib/contracts/liveRecords.ts'

export interface LivesTally {
  readonly ended: number
  readonly kept: number
  readonly culled: number
  readonly cancelled: number
  readonly rolledBack: number
}

/** Tallies how lives ended, from transitions; the recycling of a slot afterwards is no ending. */
export function tallyLives(records: readonly LiveRecord[]): LivesTally {
  const count = (state: string): number =>
    records.filter((record) => record.kind === 'transition' && record.to_state === state).length
  const kept = count('FOSSILIZED')
  const culled = count('CULLED')
  const cancelled = count('CANCELLED')
  const rolledBack = count('ROLLED_BACK')
  return { ended: kept + culled + cancelled + rolledBack, kept, culled, cancelled, rolledBack }
}
