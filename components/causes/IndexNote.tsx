/* IndexNote: how far back the index goes, and what it lost: what is not shown may only not be kept. */
import type { IndexState } from '../../lib/contracts/httpThreads.ts'
import { formatCount } from '../../lib/live/formatValue.ts'

export function IndexNote({ index }: { readonly index: IndexState }) {
  const since =
    index.since_ms === null
      ? 'Nothing is kept yet.'
      : `Kept since ${new Date(index.since_ms).toISOString().slice(0, 19).replace('T', ' ')} UTC.`
  return (
    <p className={index.lost > 0 ? 'index-note tone-warn' : 'index-note t3'}>
      {since}
      {index.lost > 0 && ` ${formatCount(index.lost)} moments could not be kept since this server began.`}
    </p>
  )
}
