/*
 * Self chip: what this page itself does: the age of its newest picture, how often and how fast it draws.
 * In: the page's own meter, the server's clock. Out: two short lines in the header.
 * Invariant: measured where it draws; a page draws when something changed, so the count is no frame rate and is not called one.
 * Source: features H12.
 */
'use client'
import { useCallback } from 'react'
import { formatAge, formatCount } from '../../lib/live/formatValue.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { pagePerformance } from '../live/selfPerformance.ts'
import { Ticking } from '../live/Ticking.tsx'

export function SelfChip() {
  const { session } = useLive()
  const read = useCallback(() => {
    const { perSecond, slowestMs } = pagePerformance.read(performance.now())
    const ages = session.store
      .mirrors()
      .flatMap((mirror) => (mirror.frame > 0 && Number.isFinite(mirror.ingestMs) ? [mirror.ingestMs] : []))
    const newest = ages.length === 0 ? null : session.client.serverNowMs() - Math.max(...ages)
    const age = newest === null ? 'none yet' : `${formatAge(newest)} old`
    return perSecond === 0 ? age : `${age}, drawn in ${Math.max(0.1, slowestMs).toFixed(1)} ms`
  }, [session])
  const readLost = useCallback(() => {
    const skipped = session.store.status?.frames_skipped ?? null
    const lost = session.store.framesLost
    return lost === 0 && skipped === 0 ? 'none lost' : `${formatCount(skipped)} skipped, ${formatCount(lost)} lost`
  }, [session])
  return (
    <div
      className="field self wide"
      title="Age of the newest picture; the slowest drawing of the last second; pictures the server skipped because this page was slow, and pictures that arrived but did not fit"
    >
      <span className="k">
        Picture, <Ticking read={readLost} />
      </span>
      <b className="t2">
        <Ticking read={read} />
      </b>
    </div>
  )
}
