/* Origin banner: says, as long as such a run is shown, that its numbers come from a load generator. It can not be dismissed. */
'use client'
import { useLive } from '../live/LiveProvider.tsx'
import { useLiveTopic } from '../live/useLiveTopic.ts'
import { Icon } from '../ui/Icon.tsx'
import { useShell } from './ShellContext.tsx'

export function OriginBanner() {
  const { session } = useLive()
  const { act } = useShell()
  useLiveTopic(['runs', 'view'])
  if (session.store.run()?.descriptor.origin !== 'load-generator') return null
  return (
    <div className="origin-banner" role="note">
      <Icon name="info" />
      <span className="grow">
        <b>Load generator.</b> These values are made up to load the system; no network is training here.
      </span>
      <button type="button" onClick={() => act('load')}>
        Watch or stop
      </button>
    </div>
  )
}
