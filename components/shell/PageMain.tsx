/* PageMain: the main landmark of a page, with its name, its title and what is wrong right now. */
'use client'
import { useEffect, type ReactNode } from 'react'
import { HaltedBanner } from '../ops/HaltedBanner.tsx'
import { Banners } from './Banners.tsx'
import { OriginBanner } from './OriginBanner.tsx'

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
  return (
    // Any page may scroll with nothing in it to focus (a phone, an empty state): the keyboard must then reach the page
    // itself. A focusable scroll container is what WCAG 2.1.1 asks for; the rule knows only widgets.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <main id="main" className="main" aria-label={title} tabIndex={0}>
      {!ownHeading && <h1 className="visually-hidden">{title}</h1>}
      {!withoutBanners && (
        <>
          <OriginBanner />
          <HaltedBanner />
          <Banners />
        </>
      )}
      {children}
    </main>
  )
}
