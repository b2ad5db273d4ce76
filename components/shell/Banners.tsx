/*
 * Banners: what is wrong right now, since when, what still works, and what to do.
 * In: connection, bus status, ages, own gaps. Out: at most one banner, the most basic trouble first.
 * Invariant: all data stays on the page; a banner never covers it and never says more than is known.
 * Source: docs/ux.md "freshness model", "degraded-mode truth".
 */
'use client'
import { useCallback, useEffect, useState, type ReactNode } from 'react'
import { formatAge, formatCount } from '../../lib/live/formatValue.ts'
import type { OwnGap } from '../../lib/live/liveStore.ts'
import { summarizeAges } from '../../lib/live/staleness.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { layerAges } from '../live/layerAges.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { Ticking } from '../live/Ticking.tsx'
import { useLiveTopic, useTickKey } from '../live/useLiveTopic.ts'
import { Icon, type IconName } from '../ui/Icon.tsx'

export function Banners() {
  const { session } = useLive()
  useLiveTopic(['connection', 'status', 'records'], 100)
  const ages = useCallback(() => layerAges(session), [session])
  useTickKey(() =>
    ages()
      .map((age) => age.freshness)
      .join(' '),
  )
  const { connection } = session.client
  const { status } = session.store

  if (connection.kind === 'refused') return <RefusedBanner reason={connection.reason} />
  if (connection.kind === 'reconnecting') return <ServerBanner />
  if (status && status.bus.state !== 'up') return <BusBanner />
  const old = ages().filter((age) => age.freshness === 'stale' || age.freshness === 'silent')
  if (old.length > 0) return <LayersBanner />
  const gap = session.store.ownGaps.at(-1)
  return gap ? <GapNotice key={gap.to_ms} gap={gap} /> : null
}

function Banner({
  icon,
  tone,
  children,
  action,
}: {
  readonly icon: IconName
  readonly tone: 'warn' | 'crit' | 'info'
  readonly children: ReactNode
  readonly action?: ReactNode
}) {
  return (
    <output className={`banner tone-${tone}`}>
      <Icon name={icon} size={20} />
      <span className="grow">{children}</span>
      {action}
    </output>
  )
}

function useLastData(): () => string {
  const { session } = useLive()
  return useCallback(() => {
    const known = layerAges(session).flatMap((age) => age.ageMs ?? [])
    return known.length === 0 ? 'no data yet' : `last data ${formatAge(Math.min(...known))} ago`
  }, [session])
}

function RefusedBanner({ reason }: { readonly reason: string }) {
  return (
    <Banner
      icon="warning"
      tone="crit"
      action={
        <button type="button" onClick={() => location.reload()}>
          Reload
        </button>
      }
    >
      <b>The server no longer understands this page.</b> <span className="t2">{reason} Reload to go on.</span>
    </Banner>
  )
}

function ServerBanner() {
  const { session } = useLive()
  const lastData = useLastData()
  const countdown = useCallback(() => {
    const { connection } = session.client
    if (connection.kind !== 'reconnecting') return ''
    const leftMs = connection.retryAtMs - systemClock.wallMs()
    return leftMs <= 0 ? 'trying now' : `next try in ${formatAge(leftMs)}`
  }, [session])
  const since = useCallback(() => {
    const { connection } = session.client
    return connection.kind === 'reconnecting' ? formatAge(systemClock.wallMs() - connection.lostAtMs) : ''
  }, [session])
  const { connection } = session.client
  if (connection.kind !== 'reconnecting') return null
  return (
    <Banner
      icon="broken"
      tone="warn"
      action={
        <button type="button" onClick={() => session.client.retryNow()}>
          Retry now
        </button>
      }
    >
      <b>
        The server can not be reached, for <Ticking read={since} />.
      </b>{' '}
      Everything below is the last known state, <Ticking read={lastData} />.
      <br />
      <span className="t2">
        {connection.cause}, attempt {connection.attempt}, <Ticking read={countdown} />. What happened meanwhile is asked
        for on return; training does not depend on this page.
      </span>
    </Banner>
  )
}

function BusBanner() {
  const { session } = useLive()
  const lastData = useLastData()
  const since = useCallback(() => {
    const bus = session.store.status?.bus
    return bus ? formatAge(session.client.serverNowMs() - bus.since_ms) : '?'
  }, [session])
  const { status } = session.store
  if (!status) return null
  const { bus } = status
  const name = bus.driver === 'memory' ? 'The in-process bus' : bus.driver === 'redis' ? 'Redis' : 'Kafka'
  return (
    <Banner icon="broken" tone="warn">
      <b>
        {bus.state === 'starting' ? `Connecting to ${name}` : `${name} can not be reached`} at{' '}
        <span className="mono">{bus.address}</span>, for <Ticking read={since} />.
      </b>{' '}
      Everything below is the last known state, <Ticking read={lastData} />.
      <br />
      <span className="t2">
        {bus.cause ?? 'No cause given'}; retrying.{' '}
        {status.trainer === 'running' ? 'Training goes on; its reports wait at the source and are sent again. ' : ''}
        {status.mode === 'local-only' ? 'Only this server is answering. ' : ''}
        Still working: this page, its history, the events received so far.
      </span>
    </Banner>
  )
}

function LayersBanner() {
  const { session } = useLive()
  const read = useCallback(() => {
    const old = layerAges(session).filter((age) => age.freshness === 'stale' || age.freshness === 'silent')
    const { worst, worstAgeMs } = summarizeAges(old)
    const first = old.toSorted((a, b) => (b.ageMs ?? 0) - (a.ageMs ?? 0))[0]
    if (!first) return ''
    if (old.length === 1) return `${first.layerId} is ${worst}, last heard ${formatAge(worstAgeMs)} ago.`
    return `${formatCount(old.length)} layers are ${worst} or older than usual; ${first.layerId} was last heard ${formatAge(first.ageMs)} ago.`
  }, [session])
  const trainer = session.store.status?.trainer
  // Only our own run's silence is explained by our own trainer.
  const own = session.store.run()?.descriptor.origin === 'trainer'
  return (
    <Banner icon="clock" tone="warn">
      <b>
        <Ticking read={read} />
      </b>{' '}
      <span className="t2">
        {own && (trainer === 'off' || trainer === 'failed')
          ? `The trainer is ${trainer}.`
          : own && trainer === 'restarting'
            ? 'The trainer is restarting.'
            : 'The bus answers; the producer does not report.'}{' '}
        Its last values stay, marked as old.
      </span>
    </Banner>
  )
}

const GAP_WORDS = { browser_asleep: 'This browser was asleep', disconnected: 'This page was cut off' } as const

function GapNotice({ gap }: { readonly gap: OwnGap }) {
  const [shown, setShown] = useState(true)
  useEffect(() => systemClock.after(8_000, () => setShown(false)), [])
  if (!shown) return null
  return (
    <output className="notice">
      <Icon name="info" /> {GAP_WORDS[gap.cause]} for {formatAge(gap.to_ms - gap.from_ms)}. Records were caught up; the
      picture is marked in the coverage strip.
      <button type="button" className="icon-button" aria-label="Dismiss" onClick={() => setShown(false)}>
        <Icon name="close" size={12} />
      </button>
    </output>
  )
}
