/*
 * Empty state: no run has been seen. Says what is listened to, since when, and the ways to feed it.
 * In: connection and bus status. Out: a page that helps; a skeleton while the first answer is on its way.
 * Invariant: "nothing yet" is never shown as zero, and never before the server has said so.
 * Source: docs/ux.md 'pages: live, empty'.
 */
'use client'
import { useCallback, type ReactNode } from 'react'
import { formatAge } from '../../lib/live/formatValue.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { publishExample } from './publishExample.ts'
import { useShell } from '../shell/ShellContext.tsx'
import { ScrollRegion } from '../ui/ScrollRegion.tsx'
import { Ticking } from '../live/Ticking.tsx'
import { useLiveTopic } from '../live/useLiveTopic.ts'

export function EmptyState() {
  const { session } = useLive()
  const { act } = useShell()
  useLiveTopic(['status', 'connection'])
  const { status } = session.store
  const lastCheck = useCallback(() => {
    const bus = session.store.status?.bus
    return bus ? `${formatAge(session.client.serverNowMs() - bus.last_check_ms)} ago` : 'not yet'
  }, [session])
  if (!status) return <Skeleton />
  const { bus } = status
  const redis = bus.driver !== 'memory'
  return (
    <div className="empty">
      <h2>No telemetry yet</h2>
      <p className="t2">
        This page shows every seed of a network as soon as one reports.{' '}
        {status.trainer === 'running' || status.trainer === 'restarting'
          ? 'Nothing is wrong if you have just started: the first report of the demo trainer usually takes a few seconds.'
          : 'The demo trainer is not running here, so nothing appears until somebody publishes. Four ways to go on:'}
      </p>
      <dl>
        <dt>Listening to</dt>
        <dd className="mono">
          {bus.driver} at {bus.address}
        </dd>
        <dt>Streams</dt>
        <dd className="mono">{bus.patterns.length === 0 ? 'none yet' : bus.patterns.join('  ')}</dd>
        <dt>Bus</dt>
        <dd>
          {bus.state}
          {bus.cause === null ? '' : `: ${bus.cause}`}
        </dd>
        <dt>Last check</dt>
        <dd>
          <Ticking read={lastCheck} />
        </dd>
        <dt>Demo trainer</dt>
        <dd>{status.trainer}</dd>
      </dl>
      <ol className="fixes">
        <Fix title="Start the demo trainer">
          Stop the server and start it with the trainer on: a small network that really learns to read digits, 12 seeds.
          <ScrollRegion label="Command to start the trainer" className="code">
            <pre>TRAINER=on npm start</pre>
          </ScrollRegion>
        </Fix>
        {status.environment === 'DEMO' && (
          <Fix title="Start generated load">
            Made-up numbers in the likeness of a trainer, up to a million seeds, labelled everywhere. Nothing is
            trained.
            <p>
              <button type="button" className="primary" onClick={() => act('load')}>
                Start generated load
              </button>
            </p>
          </Fix>
        )}
        <Fix title="Publish from your own trainer">
          {redis ? (
            <>
              One report is enough to see a layer appear. The format is in docs/messages.md.
              {bus.address.includes('socket') &&
                ' Run it in the project folder; the socket lies in DATA_DIR, by default data.'}
              <ScrollRegion label="Command to publish a report" className="code">
                <pre>{publishExample(bus.address)}</pre>
              </ScrollRegion>
            </>
          ) : (
            <>
              The bus lives inside this process, so nothing outside can publish to it. Give it a Redis first (next
              point).
            </>
          )}
        </Fix>
        <Fix title="Check the address">
          {redis
            ? 'If your trainer writes to another Redis, start the server with its address.'
            : 'Start the server with the Redis your trainer writes to.'}
          <ScrollRegion label="Command with the address of a Redis" className="code">
            <pre>REDIS_URL=redis://host:6379 npm start</pre>
          </ScrollRegion>
        </Fix>
      </ol>
    </div>
  )
}

function Fix({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <li>
      <h3>{title}</h3>
      <div className="t2">{children}</div>
    </li>
  )
}

const SKELETON_ROWS = [0, 1, 2] as const

/** Holds the places of the page until the first answer: no spinner, no false zero. */
export function Skeleton() {
  return (
    <output className="skeleton">
      <span className="t2">Asking the server what is running…</span>
      {SKELETON_ROWS.map((row) => (
        <i key={row} aria-hidden="true" />
      ))}
    </output>
  )
}
