/*
 * ReplayBanner: says on every page that the past is shown, which moment, what is refused, and how to come back; and a checksum that differs.
 * In: the time of this tab, the path. Out: one banner; a panel of what differs.
 * Invariant: a page that can only show the present says so; STOP is named as acting on the present.
 * Source: docs/ux.md "time travel"; features B3, B7.
 */
'use client'
import Link from 'next/link'
import { usePathname } from 'next/navigation'
import { useCallback } from 'react'
import { formatUtc } from '../../lib/live/formatValue.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { drawsPast, hrefOf } from '../live/pageLinks.ts'
import { Ticking } from '../live/Ticking.tsx'
import { goLive } from '../live/timeActions.ts'
import type { Travel } from '../live/timeTravel.ts'
import { usePageState } from '../live/useLiveTopic.ts'
import { Icon } from '../ui/Icon.tsx'
import { gapWords } from './gapWords.ts'
import { presentWords } from './presentWords.ts'
import { usePlayer } from './usePlayer.ts'

export function ReplayBanner({ travel }: { readonly travel: Travel }) {
  const { page, live } = useLive()
  const state = usePageState()
  const path = usePathname()
  const past = drawsPast(path)
  const { player } = travel
  const view = usePlayer(player)
  const read = useCallback(() => `${formatUtc(player.get().atMs)} UTC`, [player])
  const gap = view.gaps.find(({ fromMs, toMs }) => fromMs <= view.atMs && view.atMs <= toMs)
  return (
    <>
      <output className="banner tone-warn replay-banner">
        <Icon name="clock" size={20} />
        <span className="grow">
          {past ? (
            <b>
              The past is shown: <Ticking read={read} />.
            </b>
          ) : (
            <b>
              This page shows the present, not <Ticking read={read} />.
            </b>
          )}{' '}
          <span className="t2">
            {past ? '' : `${presentWords(path)} `}
            Commands are refused meanwhile. The emergency stop acts on LIVE, not on the moment shown.
            {past && gap && view.state.kind === 'fixed' ? ` Here the record has a gap: ${gapWords(gap)}.` : ''}
          </span>
        </span>
        {!past && (
          <Link className="button" href={hrefOf('/', state)} prefetch={false}>
            Show the moment
          </Link>
        )}
        <button type="button" onClick={() => goLive({ page, live })}>
          Go live
        </button>
      </output>
      {view.check.kind === 'differs' && (
        <section className="banner tone-crit" aria-label="Checksum mismatch">
          <Icon name="critical" size={20} />
          <span className="grow">
            <b>This moment is not what was recorded live.</b>{' '}
            <span className="t2">
              {view.check.text}. Do not rely on this picture; the record of this stretch is damaged or incomplete.
            </span>
          </span>
        </section>
      )}
    </>
  )
}
