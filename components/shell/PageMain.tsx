/*
 * PageMain: the main landmark of a page, with its name, its title and what is wrong right now.
 * In: the page's words and content, the time of this tab. Out: the landmark.
 * Invariant: while the past is on its way, a page that would show it shows neither emptiness nor the present.
 * Source: docs/ux.md "global frame", "time travel".
 */
'use client'
import { lazy, Suspense, useEffect, type ReactNode } from 'react'
import { useLive, useTime } from '../live/LiveProvider.tsx'
import { useLiveTopic } from '../live/useLiveTopic.ts'
import { HaltedBanner } from '../ops/HaltedBanner.tsx'
import { Banners } from './Banners.tsx'
import { OriginBanner } from './OriginBanner.tsx'

const ReplayBanner = lazy(async () => ({ default: (await import('../replay/ReplayBanner.tsx')).ReplayBanner }))
const PastPlace = lazy(async () => ({ default: (await import('../replay/PastPlace.tsx')).PastPlace }))

interface Props {
  /** Accessible name of the landmark and first words of the document's title. */
  readonly title: string
  /** The page shows its own h1. */
  readonly ownHeading?: boolean
  /** Nothing about the data is said: nobody is looking at it yet. */
  readonly withoutBanners?: boolean
  readonly children: ReactNode
}

export function PageMain({ title, ownHeading = false, withoutBanners = false, children }: Props) {
  useEffect(() => {
    document.title = `${title} · Morphoscope`
  }, [title])
  const time = useTime()
  const { session, live } = useLive()
  useLiveTopic(['runs'], 100)
  const past = time.kind === 'past' ? time.travel : null
  // Before the moment is there, a page would say that nothing is known: that is true of the page, not of the past.
  const waits = past !== null && session !== live && session.store.run() === null
  return (
    // Any page may scroll with nothing in it to focus (a phone, an empty state): the keyboard must then reach the page
    // itself. A focusable scroll container is what WCAG 2.1.1 asks for; the rule knows only widgets.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <main id="main" className="main" aria-label={title} tabIndex={0}>
      {(!ownHeading || waits) && <h1 className="visually-hidden">{title}</h1>}
      {!withoutBanners && (
        <>
          <OriginBanner />
          <HaltedBanner />
          {past === null ? (
            <Banners />
          ) : (
            <Suspense>
              <ReplayBanner travel={past} />
            </Suspense>
          )}
        </>
      )}
      {waits ? (
        <Suspense>
          <PastPlace travel={past} />
        </Suspense>
      ) : (
        children
      )}
    </main>
  )
}
